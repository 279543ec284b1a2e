/* "indrik.http.request/1": what a client asked. RFC 9110, RFC 9112. */
#ifndef INDRIK_EXT_HTTP_REQUEST_H
#define INDRIK_EXT_HTTP_REQUEST_H

#include <indrik/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INDRIK_HTTP_REQUEST "indrik.http.request/1"

/* Everything of a request but its fields and parameters. */
typedef struct indrik_request {
  uint32_t struct_size;  /* set by the plugin: how far the host may write */
  int32_t minor_version; /* HTTP/1.x */
  indrik_text method;    /* as sent: "GET" */
  indrik_text target;    /* as sent: "/users/7?full=1" */
  indrik_text path;      /* of the target, still percent-encoded; the mount is part of it */
  indrik_text query;     /* of the target, without '?', still percent-encoded */
  indrik_text body;      /* complete, chunks joined */
  indrik_text peer;      /* the client, "192.0.2.1:4711"; without a port where a trusted proxy tells none, and
                          * "[2001:db8::1]" then; empty on a unix socket */
  indrik_text scheme;    /* "http" or "https", as the client has it */
  uint64_t field_count;
  /* Added to the first revision: zeroed by the plugin, they stay empty where an older host does not know them. */
  indrik_text remote; /* whoever made the connection: a trusted proxy, or the same as peer */
  indrik_text host;   /* what the client asked for, "example.org:8443": as a trusted proxy says, or the Host field */
  indrik_text prefix; /* "/app": what the client's path begins with and ours does not, as a trusted proxy says */
} indrik_request;

typedef struct indrik_field {
  indrik_text name; /* as sent: compare without case, RFC 9110 5.1 */
  indrik_text value;
} indrik_field;

/* When:      while the exchange lives, on the thread or fiber that runs its handler.
 * OWNERSHIP: all texts are the host's and live as long as the exchange. */
typedef struct indrik_http_request {
  uint32_t struct_size;
  uint32_t reserved;

  /* Fills *request, as far as request->struct_size reaches.
   * Returns:   INDRIK_OK; INDRIK_E_INVALID if struct_size is smaller than it was in the first revision. */
  int32_t (*read)(const indrik_exchange* exchange, indrik_request* request);

  /* The first field of that name, compared without case.
   * Returns:   INDRIK_OK or INDRIK_E_NOT_FOUND. */
  int32_t (*field)(const indrik_exchange* exchange, indrik_text name, indrik_text* value);

  /* Copies the fields from number `first` on, in the order sent, to fields[0 .. capacity).
   * Returns:   how many were copied. */
  uint64_t (*fields)(const indrik_exchange* exchange, uint64_t first, indrik_field* fields, uint64_t capacity);

  /* What the path has for {name} in the route's pattern, percent-decoded.
   * Returns:   INDRIK_OK or INDRIK_E_NOT_FOUND. */
  int32_t (*param)(const indrik_exchange* exchange, indrik_text name, indrik_text* value);
} indrik_http_request;

#ifdef __cplusplus
}
#endif

#endif
