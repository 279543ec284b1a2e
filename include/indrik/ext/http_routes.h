/* "indrik.http.routes/1": which requests a plugin answers. */
#ifndef INDRIK_EXT_HTTP_ROUTES_H
#define INDRIK_EXT_HTTP_ROUTES_H

#include <indrik/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INDRIK_HTTP_ROUTES "indrik.http.routes/1"

/* A route has a blocking handler, an async one, or both: the host uses the one that suits its worker class (sync and
 * green prefer the blocking one, event prefers the async one). At least one is not NULL.
 * In the worker class `event` blocking handlers run in a pool: handle() is called on several threads at once, each
 * with an exchange of its own. In all other cases calls come one after the other on the loop's thread. */
enum {
  /* The handler begins when a request's head has arrived and reads the body itself: see http_stream.h. Otherwise it
   * begins with the whole body. */
  INDRIK_ROUTE_STREAMS_BODY = 1
};

typedef struct indrik_route {
  uint32_t struct_size;
  uint32_t reserved;   /* 0 */
  indrik_text method;  /* "GET"; compared as it stands, RFC 9110 9.1 */
  indrik_text pattern; /* "/users/{id}", below the place where the plugin is mounted */

  /* Answers one request, blocking.                                                                         [serving]
   * When:      between start() and stop().
   * OWNERSHIP: exchange belongs to the host and ends with this call; copy what you keep.
   * Time:      return within timeout (default 30 s), or the client gets 504: see ext/deadline.h. In the class `green`
   *            calls that wait, such as nanosleep(2), yield to other requests.
   * Returns:   0: the answer is what was set. Otherwise the client gets 500, and the number is logged with the request.
   */
  int32_t (*handle)(void* user_data, indrik_exchange* exchange);

  /* Begins to answer one request, async.                                                                   [serving]
   * When:      between start() and stop(), on the loop's thread.
   * OWNERSHIP: exchange belongs to the host and lives until indrik_async.complete() is called for it.
   * Time:      return soon: the loop waits.
   * Returns:   0: complete() was or will be called, exactly once. Otherwise it was not and will not be: the client gets
   *            500, and the number is logged with the request. */
  int32_t (*start)(void* user_data, indrik_exchange* exchange);

  void* user_data;
  /* Called exactly once when the route is gone, or when add() refused it; before destroy(). May be NULL. */
  void (*free_user_data)(void* user_data);
  /* INDRIK_ROUTE_*, added up. Bits that the host does not know are a refusal. */
  uint64_t flags;
} indrik_route;

typedef struct indrik_http_routes {
  uint32_t struct_size;
  uint32_t reserved;

  /* Adds a route.                                                                                             [boot]
   * When:      within create().
   * OWNERSHIP: *route and its texts are copied; user_data is the host's from now on, also when add() fails, until
   *            free_user_data() gives it back.
   * Returns:   INDRIK_OK, INDRIK_E_INVALID, INDRIK_E_WRONG_PHASE, INDRIK_E_REFUSED (a pattern that is none, a route
   * that exists already); on failure one sentence stands in error, if error_capacity is not 0. */
  int32_t (*add)(const indrik_host* host, const indrik_route* route, char* error, uint64_t error_capacity);
} indrik_http_routes;

#ifdef __cplusplus
}
#endif

#endif
