/* "indrik.http.response/1": the answer to a request. RFC 9110.
 * An answer that nobody touched is 200 without a body. Framing and connection are the server's. */
#ifndef INDRIK_EXT_HTTP_RESPONSE_H
#define INDRIK_EXT_HTTP_RESPONSE_H

#include <indrik/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INDRIK_HTTP_RESPONSE "indrik.http.response/1"

/* When:      while the exchange lives, on the thread or fiber that runs its handler, in any order. After fail() all
 *            others change nothing and return INDRIK_E_WRONG_PHASE; so they do once the answer is on its way in pieces,
 *            see http_stream.h.
 * OWNERSHIP: what is passed in is copied.
 * Memory:    any of them may return INDRIK_E_NO_MEMORY. */
typedef struct indrik_http_response {
  uint32_t struct_size;
  uint32_t reserved;

  /* Returns:   INDRIK_OK; INDRIK_E_OUT_OF_RANGE outside 200 to 599 (RFC 9110 15); INDRIK_E_WRONG_PHASE: the answer is a
   *            file, see ext/http_file.h. */
  int32_t (*set_status)(indrik_exchange* exchange, int32_t status);

  /* Appends one field line; the same name may be added again.
   * Returns:   INDRIK_OK, INDRIK_E_BAD_NAME, INDRIK_E_BAD_VALUE or INDRIK_E_RESERVED_FIELD; what is refused is not
   * added. */
  int32_t (*add_field)(indrik_exchange* exchange, indrik_text name, indrik_text value);

  /* Appends bytes to the body. The server sends none to HEAD, 204 and 304.
   * Returns:   INDRIK_OK; INDRIK_E_WRONG_PHASE: the answer is a file. */
  int32_t (*append_body)(indrik_exchange* exchange, indrik_text bytes);

  /* Says that the handler failed: the answer so far is dropped, the client gets 500, and `reason` is logged with the
   * request; it is never sent. The handler still ends as usual: it returns 0 or completes. */
  int32_t (*fail)(indrik_exchange* exchange, indrik_text reason);
} indrik_http_response;

#ifdef __cplusplus
}
#endif

#endif
