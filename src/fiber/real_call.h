#pragma once

#include <dlfcn.h>

#include <atomic>

// A call is named by libc's own declaration of it, decltype(::read); that the type goes without its attributes
// (nonnull, pure) is as it should be.
#pragma GCC diagnostic ignored "-Wignored-attributes"

namespace indrik::fiber {

/// What a hook stands before: libc's function of that name, or a sanitizer's interceptor in front of it. Looked up when
/// first called. Constant-initialised and without a guard, because hooks are called before main() and by libraries'
/// constructors, and because a guard's own functions are hooked.
template <class Function>
class RealCall {
 public:
  constexpr explicit RealCall(const char* name) noexcept : name_{name} {}

  template <class... Arguments>
  auto operator()(Arguments... arguments) {
    Function* const found = function_.load(std::memory_order_relaxed);
    return (found != nullptr ? found : find())(arguments...);
  }

 private:
  [[gnu::noinline, gnu::cold]] Function* find() noexcept {
    // The next definition after the executable's. Of a name with several versions it is the default one.
    auto* const found = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name_));
    function_.store(found, std::memory_order_relaxed);
    return found;
  }

  const char* name_;
  std::atomic<Function*> function_{nullptr};
};

}  // namespace indrik::fiber
