/* "indrik.deadline/1": how long a request may take, and whether anybody still waits for its answer. */
#ifndef INDRIK_EXT_DEADLINE_H
#define INDRIK_EXT_DEADLINE_H

#include <indrik/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INDRIK_DEADLINE "indrik.deadline/1"
#define INDRIK_NO_DEADLINE INT64_MAX

/* Room for one who wants to hear of a cancellation, in the plugin's memory. Zero it before its first use; it must
 * neither move nor be freed while it waits. */
typedef struct indrik_cancel_watch {
  uint64_t opaque[8];
} indrik_cancel_watch;

/* A request's deadline is the server's `timeout` after it has arrived whole; waiting for a thread counts. When it
 * passes, the client gets 504, its connection closes, and the exchange is cancelled: what the handler answers is
 * dropped, but the handler still ends as it would otherwise, and the exchange lives until then. How it learns of it:
 *   - async: on_cancel() calls it; also when the client has left, unless cancel_on_disconnect is off.
 *   - blocking, class green: the sleep it is in ends, and fails with ECANCELED (not EINTR, after which many sleep on);
 *     later ones too, after 10 ms at most. sleep(3) returns what it did not sleep.
 *   - blocking, class event: it goes on undisturbed in its thread; cancelled() tells.
 *   - blocking, class sync: it holds the loop, so that the client gets its 504 only when it returns. One that does not
 *     return within a second of the deadline is killed with its worker.
 * When:      all functions: while the exchange lives, on the thread or fiber that runs its handler. */
typedef struct indrik_deadline {
  uint32_t struct_size;
  uint32_t reserved;

  /* Returns:   the deadline in nanoseconds of CLOCK_MONOTONIC, or INDRIK_NO_DEADLINE. */
  int64_t (*get)(const indrik_exchange* exchange);

  /* Moves the deadline to from_now_ns nanoseconds from now, if that is later than it is.
   * Returns:   INDRIK_OK; INDRIK_E_OUT_OF_RANGE: it stands at the server's max_timeout, as far as it goes;
   *            INDRIK_E_WRONG_PHASE: it has passed; INDRIK_E_INVALID: from_now_ns is negative. */
  int32_t (*extend)(indrik_exchange* exchange, int64_t from_now_ns);

  /* Returns:   1: the deadline has passed, or the client of an async handler has left and the server is told to take
   *            that for the same (cancel_on_disconnect); 0: neither. */
  int32_t (*cancelled)(const indrik_exchange* exchange);

  /* Returns:   1: the client has closed its connection, or its sending half: TCP does not tell which, so the answer is
   *            still sent. 0: not that we know. */
  int32_t (*client_gone)(const indrik_exchange* exchange);

  /* Calls fired(context) once, on the loop's thread, when the exchange is cancelled; never from inside this call.
   * fired() must not throw; it may complete the exchange.
   * When:      async handlers only. forget() it, unless it has fired, before the exchange completes.
   * Returns:   INDRIK_OK; INDRIK_E_WRONG_PHASE: cancelled already; INDRIK_E_INVALID for NULL. */
  int32_t (*on_cancel)(indrik_exchange* exchange, indrik_cancel_watch* watch, void (*fired)(void* context),
                       void* context);

  /* The opposite; does nothing if it does not wait. */
  void (*forget)(indrik_cancel_watch* watch);
} indrik_deadline;

#ifdef __cplusplus
}
#endif

#endif
