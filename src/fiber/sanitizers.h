#pragma once

// What the sanitizers must be told of every change of stack; nothing in a build without them.
// Sources: sanitizer/common_interface_defs.h, sanitizer/tsan_interface.h.

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define INDRIK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INDRIK_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define INDRIK_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define INDRIK_TSAN 1
#endif
#endif

#ifdef INDRIK_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef INDRIK_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace indrik::fiber {

/// One side of a switch as the sanitizers see it: the loop's stack, or a fiber's.
struct SanitizedStack {
  const void* bottom = nullptr;
  std::size_t size = 0;
  void* fake_stack = nullptr;  // ASan's
  void* tsan_fiber = nullptr;

#ifdef INDRIK_TSAN
  void create() noexcept { tsan_fiber = __tsan_create_fiber(0); }
  void destroy() noexcept { __tsan_destroy_fiber(tsan_fiber); }
  void adopt_current() noexcept { tsan_fiber = __tsan_get_current_fiber(); }
#else
  void create() noexcept {}
  void destroy() noexcept {}
  void adopt_current() noexcept {}
#endif
};

/// Just before the switch. `leaving_for_good`: the stack we leave is not entered again.
inline void before_switch([[maybe_unused]] SanitizedStack& from, [[maybe_unused]] const SanitizedStack& to,
                          [[maybe_unused]] bool leaving_for_good = false) noexcept {
#ifdef INDRIK_ASAN
  __sanitizer_start_switch_fiber(leaving_for_good ? nullptr : &from.fake_stack, to.bottom, to.size);
#endif
#ifdef INDRIK_TSAN
  __tsan_switch_to_fiber(to.tsan_fiber, 0);
#endif
}

/// First thing on the stack `here` that was switched to; learns where `from` lies.
inline void after_switch([[maybe_unused]] SanitizedStack& here, [[maybe_unused]] SanitizedStack& from) noexcept {
#ifdef INDRIK_ASAN
  __sanitizer_finish_switch_fiber(here.fake_stack, &from.bottom, &from.size);
#endif
}

}  // namespace indrik::fiber
