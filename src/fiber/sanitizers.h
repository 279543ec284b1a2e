#pragma once

// What the sanitizers must be told of every change of stack; nothing in a build without them. Valgrind is told of every
// stack, which costs some instructions that do nothing where it does not run.
// Sources: sanitizer/common_interface_defs.h, sanitizer/tsan_interface.h, valgrind/valgrind.h.

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

#if __has_include(<valgrind/valgrind.h>)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>
#pragma GCC diagnostic pop
#define INDRIK_VALGRIND 1
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

  unsigned valgrind_id = 0;

  /// `bottom` and `size` are there.
  void create() noexcept {
#ifdef INDRIK_TSAN
    tsan_fiber = __tsan_create_fiber(0);
#endif
#ifdef INDRIK_VALGRIND
    valgrind_id = VALGRIND_STACK_REGISTER(bottom, static_cast<const char*>(bottom) + size);
#endif
  }
  void destroy() noexcept {
#ifdef INDRIK_TSAN
    __tsan_destroy_fiber(tsan_fiber);
#endif
#ifdef INDRIK_VALGRIND
    VALGRIND_STACK_DEREGISTER(valgrind_id);
#endif
  }
  void adopt_current() noexcept {
#ifdef INDRIK_TSAN
    tsan_fiber = __tsan_get_current_fiber();
#endif
  }
};

/// Memory of a stack below what is in use may be read and written all the same.
inline void allow_access([[maybe_unused]] const void* begin, [[maybe_unused]] std::size_t size) noexcept {
#ifdef INDRIK_VALGRIND
  VALGRIND_MAKE_MEM_DEFINED(begin, size);
#endif
}

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
