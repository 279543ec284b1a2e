#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "fiber/hook_families.h"
#include "fiber/real_call.h"
#include "fiber/wait.h"

namespace indrik::fiber {
namespace {

constexpr std::array<std::string_view, 8> kHooked{"close", "__close",     "dup2",      "__dup2",
                                                  "dup3",  "close_range", "closefrom", "fclose"};

constinit RealCall<decltype(::close)> real_close{"close"};
constinit RealCall<int(int, int)> real_dup2{"dup2"};
constinit RealCall<int(int, int, int)> real_dup3{"dup3"};
constinit RealCall<int(unsigned, unsigned, int)> real_close_range{"close_range"};
constinit RealCall<void(int)> real_closefrom{"closefrom"};
constinit RealCall<int(FILE*)> real_fclose{"fclose"};

bool is_open(int descriptor) noexcept { return ::fcntl(descriptor, F_GETFD) >= 0; }

/// dup2(2) closes `target` unless it fails or has nothing to do.
void wake_before_dup(int descriptor, int target) noexcept {
  if (may_have_waiters(target) && descriptor != target && is_open(descriptor)) wake_before_close(target);
}

}  // namespace

SymbolNames close_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

// In a fiber or not, these close at once; but the loop must no longer watch for fibers what is closed, and they are to
// hear of it. Where libc closes a descriptor by itself (freopen, pclose), they do not.
// NOLINTBEGIN(bugprone-reserved-identifier): the names are libc's
extern "C" {

using namespace indrik::fiber;

int close(int descriptor) {
  wake_before_close(descriptor);
  return real_close(descriptor);
}

int __close(int descriptor) { return close(descriptor); }

int dup2(int descriptor, int target) noexcept {
  wake_before_dup(descriptor, target);
  return real_dup2(descriptor, target);
}

int __dup2(int descriptor, int target) { return dup2(descriptor, target); }

int dup3(int descriptor, int target, int flags) noexcept {
  if ((flags & ~O_CLOEXEC) == 0) wake_before_dup(descriptor, target);
  return real_dup3(descriptor, target, flags);
}

int close_range(unsigned first, unsigned last, int flags) noexcept {
  if (first <= last && (flags & static_cast<int>(CLOSE_RANGE_CLOEXEC)) == 0) wake_before_close(first, last);
  return real_close_range(first, last, flags);
}

void closefrom(int first) noexcept {
  wake_before_close(static_cast<unsigned>(std::max(first, 0)), ~0U);
  real_closefrom(first);
}

int fclose(FILE* file) {
  wake_before_close(::fileno(file));
  return real_fclose(file);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
