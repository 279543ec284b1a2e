/* "indrik.http.stream/1": bodies piece by piece, both ways. RFC 9110, RFC 9112, RFC 8297. */
#ifndef INDRIK_EXT_HTTP_STREAM_H
#define INDRIK_EXT_HTTP_STREAM_H

#include <indrik/ext/http_request.h>
#include <indrik/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INDRIK_HTTP_STREAM "indrik.http.stream/1"

/* Whether read() and write() wait until something can be moved. */
enum {
  INDRIK_NO_WAIT = 0, /* the only one for async handlers; on_ready() tells when to try again */
  INDRIK_WAIT = 1     /* blocking handlers: a thread blocks, a fiber yields; class sync serves this one client only */
};
enum { INDRIK_READ = 0, INDRIK_WRITE = 1 };

/* A request's body can be read in pieces on every route. On one with INDRIK_ROUTE_STREAMS_BODY the handler begins when
 * the head has arrived, a client that sent Expect: 100-continue is asked for its body by the first read(), and no more
 * is taken from the client than is read. What was not read when the handler ends is dropped, within bounds.
 *
 * An answer can be written in pieces in place of append_body(). The first write() sends status and fields: they are
 * final then. It goes by the declared length, in chunks, or, to HTTP/1.0, until the connection closes. A handler that
 * fails after that, or writes less than it declared, has its connection cut, so that the client can tell.
 *
 * Every piece moved gives the request its whole `timeout` anew.
 * When:      all functions: while the exchange lives, on the thread or fiber that runs its handler.
 * Failures:  INDRIK_E_CANCELLED, the deadline has passed; INDRIK_E_CLIENT_GONE; INDRIK_E_AGAIN, nothing can be moved
 *            now; INDRIK_E_WRONG_PHASE; INDRIK_E_NO_MEMORY. */
typedef struct indrik_http_stream {
  uint32_t struct_size;
  uint32_t reserved;

  /* Some of the request's body, at most `capacity` bytes of it, into `room`.
   * Returns:   how many; 0: the body has ended, and was whole. INDRIK_E_CUT_SHORT: the rest will not come; a handler
   *            that fails because of it leaves the answer (400, 408, 413) to the server. */
  int64_t (*read)(indrik_exchange* exchange, char* room, uint64_t capacity, uint32_t wait);

  /* The next bytes of the answer's body; they are copied. No bytes at all: sends the head.
   * Returns:   how many were taken: all with INDRIK_WAIT, as many as there is room for with INDRIK_NO_WAIT.
   *            INDRIK_E_OUT_OF_RANGE: they went beyond the declared length; what fitted was taken. */
  int64_t (*write)(indrik_exchange* exchange, indrik_text bytes, uint32_t wait);

  /* Calls ready(context) once, on the loop's thread, never from inside this call, when a read() or write() would not
   * return INDRIK_E_AGAIN any more, failures included. One for each direction, INDRIK_READ or INDRIK_WRITE; NULL
   * forgets it, as must be done before the context or the exchange goes. ready() must not throw. Async handlers only.
   * Returns:   INDRIK_OK or INDRIK_E_INVALID. */
  int32_t (*on_ready)(indrik_exchange* exchange, uint32_t direction, void (*ready)(void* context), void* context);

  /* Sends an interim answer, 103 (Early Hints), with these fields; to HTTP/1.0 it sends nothing.
   * When:      before the answer has begun. */
  int32_t (*early_hints)(indrik_exchange* exchange, const indrik_field* fields, uint64_t count);

  /* Says how many bytes will be written: the answer has a Content-Length and no chunks.
   * When:      before the answer has begun. */
  int32_t (*declare_length)(indrik_exchange* exchange, uint64_t size);

  /* Adds a field line behind the body, RFC 9110 6.5; it is dropped where the answer does not go in chunks.
   * Returns:   INDRIK_OK, INDRIK_E_BAD_NAME, INDRIK_E_BAD_VALUE or INDRIK_E_RESERVED_FIELD. */
  int32_t (*add_trailer)(indrik_exchange* exchange, indrik_text name, indrik_text value);

  /* Copies the request's trailers from number `first` on to fields[0 .. capacity). They are there when the body has
   * ended; those that must not stand in a trailer are left out. Valid as long as the exchange.
   * Returns:   how many were copied. */
  uint64_t (*trailers)(const indrik_exchange* exchange, uint64_t first, indrik_field* fields, uint64_t capacity);
} indrik_http_stream;

#ifdef __cplusplus
}
#endif

#endif
