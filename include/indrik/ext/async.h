/* "indrik.async/1": completion and timers for async handlers. The loop's thread only. */
#ifndef INDRIK_EXT_ASYNC_H
#define INDRIK_EXT_ASYNC_H

#include <indrik/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INDRIK_ASYNC "indrik.async/1"

/* Room for one timer, in the plugin's memory, so that starting one allocates nothing. Zero it before its first use;
 * it must neither move nor be freed while the timer runs. */
typedef struct indrik_timer {
#ifdef __cplusplus
  alignas(16) uint64_t opaque[16];
#else
  _Alignas(16) uint64_t opaque[16];
#endif
} indrik_timer;

typedef struct indrik_async {
  uint32_t struct_size;
  uint32_t reserved;

  /* Says that the answer is final.                                                                         [serving]
   * When:      exactly once for each call of indrik_route.start() that returned or will return 0, from inside it or
   *            later, on the loop's thread. The exchange is gone when this returns. */
  void (*complete)(indrik_exchange* exchange);

  /* Calls fired(context) once, on the loop's thread, after delay_ns nanoseconds: never before, never from inside this
   * call. fired() must not throw.
   * When:      while the exchange lives. A timer must have fired or been cancelled before its exchange completes.
   * Returns:   INDRIK_OK, or INDRIK_E_INVALID for NULL. */
  int32_t (*start_timer)(indrik_exchange* exchange, indrik_timer* timer, uint64_t delay_ns,
                         void (*fired)(void* context), void* context);

  /* Forgets a running timer; does nothing if it does not run. */
  void (*cancel_timer)(indrik_exchange* exchange, indrik_timer* timer);
} indrik_async;

#ifdef __cplusplus
}
#endif

#endif
