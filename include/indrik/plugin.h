/* indrik/plugin.h: the interface between Indrik and a plugin. C11 and C++, no other header of ours is needed.
 *
 * A plugin is one shared object that exports one function. This is a whole one:
 *
 * @code{.c}
 *   #include <indrik/ext/http_response.h>
 *   #include <indrik/ext/http_routes.h>
 *   #include <indrik/plugin.h>
 *
 *   static const indrik_http_response *response;  // the same for every request: looked up once, in create()
 *
 *   static int32_t hello(void *user_data, indrik_exchange *exchange) {
 *     (void)user_data;
 *     const int32_t refused = response->add_field(exchange, INDRIK_TEXT("Content-Type"), INDRIK_TEXT("text/plain"));
 *     if (refused) return refused;  // the client gets 500 and the log says why
 *     return response->append_body(exchange, INDRIK_TEXT("Hello from C!\n"));
 *   }
 *
 *   static int32_t create(const indrik_host *host, indrik_instance **self, char *error, uint64_t error_capacity) {
 *     const indrik_http_routes *routes = host->get_interface(host, INDRIK_HTTP_ROUTES);
 *     const indrik_route route = {.struct_size = sizeof route, .method = INDRIK_TEXT("GET"),
 *                                 .pattern = INDRIK_TEXT("/"), .handle = hello};
 *     response = host->get_interface(host, INDRIK_HTTP_RESPONSE);
 *     *self = NULL;  // this plugin keeps nothing
 *     return routes->add(host, &route, error, error_capacity);
 *   }
 *
 *   static const char *const required[] = {INDRIK_HTTP_ROUTES, INDRIK_HTTP_RESPONSE, NULL};
 *
 *   static const indrik_plugin plugin = {
 *       INDRIK_PLUGIN_HEADER, .name = "example", .version = "1.0",
 *       .required_interfaces = required, .create = create};
 *
 *   INDRIK_EXPORT const indrik_plugin *indrik_plugin_entry(const indrik_host *host) {
 *     (void)host;
 *     return &plugin;
 *   }
 * @endcode
 *
 *   cc -std=c11 -shared -fPIC -Iinclude -o example.so example.c && indrik ./example.so
 *
 * What a failure looks like: a plugin that is refused is named with the reason in one sentence ("plugin example.so:
 * built for plugin interface 2.0, this server has 1.0"), and the server does not start.
 *
 * What holds everywhere
 *   - Structs grow at their end only. struct_size is what its maker's header said; each side reads no further than
 *     the smaller of the two sizes and takes what is missing as 0 or NULL.
 *   - Text is pointer and length, not terminated, unless it is `const char *`. It is not copied unless it says so.
 *   - What one side allocates, that side frees.
 *   - No exception and no longjmp crosses: an exception that leaves a plugin's function ends the process. The C++
 *     interface, indrik/indrik.hpp, sees to that.
 *   - Functions return 0 (INDRIK_OK) or a negative INDRIK_E_*. Treat numbers you do not know as INDRIK_E_FAILED.
 *   - No function of the host's blocks or yields unless it says so.
 */
#ifndef INDRIK_PLUGIN_H
#define INDRIK_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A host accepts a plugin of the same major whose min_host_minor is not above the host's own minor. */
#define INDRIK_ABI_MAJOR 1
#define INDRIK_ABI_MINOR 0
#define INDRIK_MAGIC 0x52444e49u /* "INDR" in memory, little-endian */

#if defined(__GNUC__)
#define INDRIK_EXPORT __attribute__((visibility("default")))
#else
#define INDRIK_EXPORT
#endif

enum {
  INDRIK_OK = 0,
  INDRIK_E_FAILED = -1,         /* none of the others; the error text says what */
  INDRIK_E_INVALID = -2,        /* an argument that can never be right: NULL, an unknown number */
  INDRIK_E_NOT_FOUND = -3,      /* no such key, field or parameter */
  INDRIK_E_OUT_OF_RANGE = -4,   /* a number outside the range stated */
  INDRIK_E_NO_MEMORY = -5,      /* nothing was changed */
  INDRIK_E_WRONG_PHASE = -6,    /* not now: see the function's "When" */
  INDRIK_E_BAD_NAME = -7,       /* a field name that is no token, RFC 9110 5.6.2 */
  INDRIK_E_BAD_VALUE = -8,      /* a field value with CR, LF, NUL or another control but tab, RFC 9110 5.5 */
  INDRIK_E_RESERVED_FIELD = -9, /* a field that is the server's: Connection, Content-Length, Date, ... */
  INDRIK_E_REFUSED = -10,       /* a route that the server does not take; the error text says why */
  INDRIK_E_AGAIN = -11,         /* nothing can be moved now: try again when told */
  INDRIK_E_CLIENT_GONE = -12,   /* nobody is there to read from or to write to */
  INDRIK_E_CANCELLED = -13,     /* the request's deadline has passed */
  INDRIK_E_CUT_SHORT = -14,     /* the rest of a request's body will not come */
  INDRIK_E_ENDED = -15,         /* a client has ended its half of a stream's connection */
  INDRIK_E_STOPPING = -16,      /* the worker stops, and a stream's next message is not awaited */
  INDRIK_E_TIMED_OUT = -17      /* nothing has moved in time */
};

enum {
  INDRIK_LOG_DEBUG = 0,
  INDRIK_LOG_INFO = 1,
  INDRIK_LOG_WARNING = 2,
  INDRIK_LOG_ERROR = 3,
  INDRIK_LOG_CRITICAL = 4
};

/* Bytes of someone else's; data may be NULL where size is 0. */
typedef struct indrik_text {
  const char* data;
  uint64_t size;
} indrik_text;

#ifdef __cplusplus
#define INDRIK_TEXT(literal) (indrik_text{(literal), sizeof(literal) - 1})
#else
#define INDRIK_TEXT(literal) ((indrik_text){(literal), sizeof(literal) - 1})
#endif

typedef struct indrik_instance indrik_instance; /* the plugin's own: the host only hands it back */
typedef struct indrik_exchange indrik_exchange; /* the host's: one request being answered */

/* What the server offers. Passed to indrik_plugin_entry() for that call only, and to create() for the instance's life:
 * each instance has a table of its own, which stands for it in calls such as indrik_http_routes.add(). */
typedef struct indrik_host {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  const char* server_version; /* "0.1.0"; for the log, not for decisions: ask for interfaces instead */

  /* Finds a named interface, "indrik.http.request/1": a struct of functions, declared in indrik/ext/.
   * When:      any time, any thread. Look up once, in create(), not for each request.
   * OWNERSHIP: the host's; valid until the process ends.
   * Returns:   the struct, or NULL if this host has no such interface or revision. */
  const void* (*get_interface)(const struct indrik_host* host, const char* id);

  /* Writes one line to the error log, with the plugin's name. Line ends and controls in the text are escaped.
   * When:      any time, any thread.
   * level:     INDRIK_LOG_*; a greater number counts as INDRIK_LOG_CRITICAL.
   * Time:      one write(2) at most. */
  void (*log)(const struct indrik_host* host, uint32_t level, indrik_text text);
} indrik_host;

/* What the plugin is. Static storage: the host keeps no copy of the strings and reads them until the process ends. */
typedef struct indrik_plugin {
  uint32_t magic;       /* INDRIK_MAGIC */
  uint32_t struct_size; /* sizeof(indrik_plugin) */
  uint16_t abi_major;   /* INDRIK_ABI_MAJOR and _MINOR of the header it was built with */
  uint16_t abi_minor;
  uint16_t min_host_minor; /* the oldest host that will do; 0 is all of this major */
  uint16_t reserved;       /* 0 */
  /* Bits 0 to 31 ask for something the host must know: one that it does not know is a refusal. Bits 32 to 63 are
   * hints that a host may ignore. None is defined yet: 0. */
  uint64_t flags;
  const char* name;    /* for logs and status: not NULL, not empty */
  const char* version; /* may be NULL */
  /* Ids ended by NULL; NULL is none. A host that lacks any refuses the plugin and says which. */
  const char* const* required_interfaces;

  /* Makes an instance: reads its configuration and adds its routes.                                          [boot]
   * When:      once for each place where the plugin is mounted, in each worker, after the fork, on its only thread.
   *            Files, sockets and threads wait for start().
   * OWNERSHIP: *self is the plugin's, NULL if it needs none. host is valid until destroy() has returned.
   * Failure:   write one sentence to error, NUL-terminated, within error_capacity bytes (512 at least) and return a
   *            negative number: the plugin is refused, the server does not start; destroy() is not called. */
  int32_t (*create)(const indrik_host* host, indrik_instance** self, char* error, uint64_t error_capacity);

  /* Opens what serving needs: connections, threads, files. May be NULL.                                      [boot]
   * When:      once, after every plugin of the worker was created, before the first request. May block.
   * Failure:   as create(), but destroy() is called. stop() is not. */
  int32_t (*start)(indrik_instance* self, char* error, uint64_t error_capacity);

  /* Ends what start() began. May be NULL.                                                                  [ending]
   * When:      once, when start() succeeded, after the last request was answered; not in a worker that dies or
   *            is killed.
   * Time:      within graceful_timeout, what the last requests left of it. */
  void (*stop)(indrik_instance* self);

  /* Frees the instance. May be NULL.                                                                       [ending]
   * When:      last, after its routes are gone. */
  void (*destroy)(indrik_instance* self);

  /* Finds a named interface of the plugin's, as get_interface() does of the host's. May be NULL.
   * When:      after create() succeeded, before destroy(). None is asked for by hosts of 1.0.
   * Returns:   NULL for every id that it does not know. */
  const void* (*get_extension)(indrik_instance* self, const char* id);
} indrik_plugin;

#define INDRIK_PLUGIN_HEADER                                                                  \
  .magic = INDRIK_MAGIC, .struct_size = sizeof(indrik_plugin), .abi_major = INDRIK_ABI_MAJOR, \
  .abi_minor = INDRIK_ABI_MINOR

/* The one symbol that a plugin exports: its name is "indrik_plugin_entry".
 * When:      once for each place where the plugin is mounted, right after the shared object was loaded, on the
 *            process's only thread. It and the constructors of static objects must not throw: the process would end.
 * Returns:   the descriptor; NULL is a refusal without a reason. */
INDRIK_EXPORT const indrik_plugin* indrik_plugin_entry(const indrik_host* host);

#ifdef __cplusplus
}
#endif

#endif
