/* "indrik.loop/1": what a worker's loop does for a plugin, whether or not a request is being answered: timers, watches
 * of descriptors, work for threads, calls from other threads; and waiting, for whatever a plugin's code runs in. */
#ifndef INDRIK_EXT_LOOP_H
#define INDRIK_EXT_LOOP_H

#include <indrik/ext/async.h>
#include <indrik/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INDRIK_LOOP "indrik.loop/1"

/* Rooms for what is waited for, in the plugin's memory, so that waiting allocates nothing; indrik_timer is another.
 * Zero each before its first use; it must neither move nor be freed while it is in use. */
#ifdef __cplusplus
#define INDRIK_ROOM(words) alignas(16) uint64_t opaque[words]
#else
#define INDRIK_ROOM(words) _Alignas(16) uint64_t opaque[words]
#endif
typedef struct indrik_watch {
  INDRIK_ROOM(16);
} indrik_watch;
typedef struct indrik_post {
  INDRIK_ROOM(8);
} indrik_post;
typedef struct indrik_job {
  INDRIK_ROOM(10);
} indrik_job;
typedef struct indrik_parker {
  INDRIK_ROOM(22);
} indrik_parker;
#undef INDRIK_ROOM

/* For watches. */
enum { INDRIK_READABLE = 1, INDRIK_WRITABLE = 2 };

/* Where code runs. */
enum {
  INDRIK_ON_LOOP = 0,  /* the loop's thread: handlers of class sync, async handlers, everything called from here */
  INDRIK_IN_FIBER = 1, /* a fiber of it: blocking handlers of class green */
  INDRIK_ON_THREAD = 2 /* another thread: blocking handlers of class event, jobs, a plugin's own threads */
};

#define INDRIK_NO_TIMEOUT INT64_MAX

/* What one worker's loop does for one instance. What is called back is called on the loop's thread and in no fiber,
 * unless it says otherwise, never from inside the call that asked for it, and must not throw.
 * When:      from start() until stop() has returned; before and after, functions return INDRIK_E_WRONG_PHASE and do
 *            nothing. A room that is still in use when stop() returns is never called any more.
 * Thread:    the loop's, in a fiber or not, unless it says otherwise; elsewhere INDRIK_E_WRONG_PHASE. */
typedef struct indrik_loop {
  uint32_t struct_size;
  uint32_t reserved;

  /* Any thread.
   * Returns:   INDRIK_ON_LOOP, INDRIK_IN_FIBER, INDRIK_ON_THREAD, or INDRIK_E_WRONG_PHASE. */
  int32_t (*place)(const indrik_host* host);

  /* Calls fired(context) once, after delay_ns nanoseconds: never before.
   * Returns:   INDRIK_OK, INDRIK_E_INVALID for NULL, INDRIK_E_WRONG_PHASE. */
  int32_t (*start_timer)(const indrik_host* host, indrik_timer* timer, uint64_t delay_ns, void (*fired)(void* context),
                         void* context);
  /* Forgets it, if it runs. */
  void (*cancel_timer)(const indrik_host* host, indrik_timer* timer);

  /* Calls ready(context, what) once, when the descriptor is ready for any of `events` (INDRIK_READABLE,
   * INDRIK_WRITABLE), has an error or was hung up: `what` is those of the events that hold, all of them for an error,
   * which the next call on the descriptor tells. A regular file is always ready. Cancel it before you close the
   * descriptor.
   * Returns:   INDRIK_OK; INDRIK_E_INVALID: NULL, no events or unknown ones, a descriptor that is not
   *            open; INDRIK_E_WRONG_PHASE. */
  int32_t (*start_watch)(const indrik_host* host, indrik_watch* watch, int32_t descriptor, uint32_t events,
                         void (*ready)(void* context, uint32_t what), void* context);
  /* Forgets it, if it waits. */
  void (*cancel_watch)(const indrik_host* host, indrik_watch* watch);

  /* Calls run(context) on a thread beside the loop, when one of offload_threads is free, in the order they came; then
   * done(context) on the loop. The room is in use until done().
   * Returns:   INDRIK_OK; INDRIK_E_NO_MEMORY: no thread could be started; INDRIK_E_INVALID; INDRIK_E_WRONG_PHASE. */
  int32_t (*offload)(const indrik_host* host, indrik_job* job, void (*run)(void* context), void (*done)(void* context),
                     void* context);

  /* Calls fired(context) once, soon: in the order in which posts came. Any thread; one that is not the loop's wakes it.
   * Not for a post that waits already.
   * Returns:   INDRIK_OK, INDRIK_E_INVALID for NULL, INDRIK_E_WRONG_PHASE. */
  int32_t (*post)(const indrik_host* host, indrik_post* post, void (*fired)(void* context), void* context);
  /* Forgets it, if it waits. */
  void (*withdraw)(const indrik_host* host, indrik_post* post);

  /* Waits until unpark() is called on the same parker; not at all if it was already. A fiber lets others run meanwhile,
   * a thread sleeps, on the loop the worker stands still. The parker can then be zeroed and used again.
   * Any thread; one at a time on one parker.
   * Returns:   INDRIK_OK: unparked; INDRIK_E_AGAIN: not within timeout_ns nanoseconds; INDRIK_E_CANCELLED: the
   *            fiber's request is cancelled; INDRIK_E_WRONG_PHASE. After the latter three unpark() may still be called
   *            and does nothing: see to it that it is not once the parker's memory has gone. */
  int32_t (*park)(const indrik_host* host, indrik_parker* parker, int64_t timeout_ns);
  /* Ends the wait, or the next. Any thread. */
  void (*unpark)(const indrik_host* host, indrik_parker* parker);

  /* Serves what is ready, waiting for it for timeout_ns nanoseconds at most: one turn of the loop.
   * When:      inside start() and stop(), which can so wait for what they have begun.
   * Returns:   INDRIK_OK, INDRIK_E_WRONG_PHASE. */
  int32_t (*turn)(const indrik_host* host, int64_t timeout_ns);
} indrik_loop;

#ifdef __cplusplus
}
#endif

#endif
