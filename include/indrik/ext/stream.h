/* "indrik.stream/1": other protocols than HTTP, each on listeners of its own. */
#ifndef INDRIK_EXT_STREAM_H
#define INDRIK_EXT_STREAM_H

#include <indrik/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INDRIK_STREAM "indrik.stream/1"

typedef struct indrik_connection indrik_connection; /* the host's: one client of a stream */

enum { INDRIK_STREAM_NO_WAIT = 0, INDRIK_STREAM_WAIT = 1 };
enum { INDRIK_STREAM_READ = 0, INDRIK_STREAM_WRITE = 1 };

/* A stream has a blocking handler, an async one, or both: the host uses the one that suits its worker class (sync and
 * green prefer the blocking one, event prefers the async one). At least one is not NULL. A blocking handler has a fiber
 * (green) or a thread of the pool (event) for as long as its client stays; in class sync it has the worker, and all
 * others wait. */
typedef struct indrik_stream_handler {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  indrik_text name;  /* "resp": in logs, and in bind = {resp = [...]} of the [[app]] */

  /* Serves one connection, blocking, from its first byte to its last.                                      [serving]
   * When:      between start() and stop(); in class event on several threads at once, each with its own connection.
   * OWNERSHIP: connection belongs to the host and ends with this call. What was written is sent, then it is closed.
   * Returns:   0; otherwise the connection is reset, and the number is logged. */
  int32_t (*serve)(void* user_data, indrik_connection* connection);

  /* Begins to serve one connection, async.                                                                 [serving]
   * When:      between start() and stop(), on the loop's thread.
   * OWNERSHIP: connection belongs to the host and lives until indrik_stream.end() is called for it.
   * Time:      return soon: the loop waits.
   * Returns:   0: end() was or will be called, exactly once. Otherwise it was not and will not be: the connection is
   *            reset, and the number is logged. */
  int32_t (*start)(void* user_data, indrik_connection* connection);

  void* user_data;
  /* Called exactly once when the stream is gone, or when add() refused it; before destroy(). May be NULL. */
  void (*free_user_data)(void* user_data);
} indrik_stream_handler;

/* What fill(), write() and flush() come to:
 *   INDRIK_OK               done
 *   INDRIK_E_AGAIN          not now: see on_ready(). With INDRIK_STREAM_NO_WAIT only
 *   INDRIK_E_ENDED          fill: the client has ended its half; what came before was given, write() still works
 *   INDRIK_E_STOPPING       fill: the worker stops, and nothing is awaited between two messages any more
 *   INDRIK_E_TIMED_OUT      nothing has moved for as long as set_timeout() says; may be tried again
 *   INDRIK_E_CLIENT_GONE    nobody is there, or is too slow to be waited for
 *   INDRIK_E_NO_MEMORY      nothing was changed
 * When:      all functions but add(): while the connection lives, on the thread or fiber that runs its handler. */
typedef struct indrik_stream {
  uint32_t struct_size;
  uint32_t reserved;

  /* Adds a stream. Its addresses stand in the configuration: [[app]] bind.                                     [boot]
   * When:      within create().
   * OWNERSHIP: *handler and its name are copied; user_data is the host's from now on, also when add() fails, until
   *            free_user_data() gives it back.
   * Returns:   INDRIK_OK, INDRIK_E_INVALID, INDRIK_E_WRONG_PHASE, INDRIK_E_REFUSED (a name that is none or is taken);
   *            on failure one sentence stands in error, if error_capacity is not 0. */
  int32_t (*add)(const indrik_host* host, const indrik_stream_handler* handler, char* error, uint64_t error_capacity);

  /* Returns:   what has come and was not consumed; the host's, valid until the next fill(). */
  indrik_text (*input)(const indrik_connection* connection);

  /* The first `size` bytes of the input, which are there, are dealt with. Views of them stay valid until the next
   * fill(). */
  void (*consume)(indrik_connection* connection, uint64_t size);

  /* Sees to it that there are more than `more_than` bytes of input. The host reads ahead that far and some 16 KiB at
   * most, in memory that grows with what comes. No input at `more_than` 0 means "between two messages". Before it
   * waits, or returns INDRIK_E_AGAIN, what was written is sent: a batch of messages costs one receive and one send.
   * wait:      INDRIK_STREAM_WAIT for blocking handlers only; it yields in class green. */
  int32_t (*fill)(indrik_connection* connection, uint64_t more_than, uint32_t wait);

  /* Copies bytes to be sent: 64 KiB at most stand there, then the client must take some.
   * wait:      INDRIK_STREAM_WAIT: all of them are written, or the result is negative. INDRIK_STREAM_NO_WAIT: as many
   *            as there is room for.
   * Returns:   the number of bytes, or a negative number. */
  int64_t (*write)(indrik_connection* connection, indrik_text bytes, uint32_t wait);

  /* Sends what was written; the socket then has all of it. For who goes on to something that takes long. */
  int32_t (*flush)(indrik_connection* connection, uint32_t wait);

  /* Calls ready(context) once, on the loop's thread, never from inside this call, when the last fill() (direction
   * INDRIK_STREAM_READ), or write() or flush() (INDRIK_STREAM_WRITE), would no longer return INDRIK_E_AGAIN. One for
   * each direction; ready NULL forgets it, as end() does. ready() must not throw; it may end the connection.
   * When:      async handlers only. */
  int32_t (*on_ready)(indrik_connection* connection, uint32_t direction, void (*ready)(void* context), void* context);

  /* For how long fill() waits without a byte coming, or write() and flush() without room: 0 is for ever. From the next
   * call on. Reading: at first the server's stream_idle_timeout. Writing: at first for ever, within the server's
   * write_timeout and min_write_rate, which hold in any case. */
  void (*set_timeout)(indrik_connection* connection, uint32_t direction, uint64_t timeout_ns);

  /* Returns:   1: the worker stops: answer what has come, then end. 0: it does not. */
  int32_t (*is_stopping)(const indrik_connection* connection);

  /* Returns:   "192.0.2.1:4711"; empty on a unix socket. Valid as long as the connection. */
  indrik_text (*peer)(const indrik_connection* connection);

  /* Says that the handler failed, and why: logged; the connection is reset when the handler ends. */
  void (*fail)(indrik_connection* connection, indrik_text reason);

  /* Says that it is over: what was written is sent, then the connection is closed.
   * When:      async handlers: exactly once for each start() that returned or will return 0, from inside it or later,
   *            on the loop's thread. The connection is gone when this returns. */
  void (*end)(indrik_connection* connection);
} indrik_stream;

#ifdef __cplusplus
}
#endif

#endif
