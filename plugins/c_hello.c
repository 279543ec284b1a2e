/* A plugin in plain C, with both flavours: GET / greets, GET /later greets after `delay_ms` milliseconds. */
#define _POSIX_C_SOURCE 200809L /* nanosleep(2) */
#include <indrik/ext/async.h>
#include <indrik/ext/config.h>
#include <indrik/ext/http_response.h>
#include <indrik/ext/http_routes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct indrik_instance {
  const indrik_http_response* response;
  const indrik_async* async;
  uint64_t delay_ns;
};

/* One greeting that waits. */
typedef struct {
  indrik_timer timer;
  indrik_instance* self;
  indrik_exchange* exchange;
} later;

static int32_t greet(const indrik_instance* self, indrik_exchange* exchange) {
  const int32_t refused =
      self->response->add_field(exchange, INDRIK_TEXT("Content-Type"), INDRIK_TEXT("text/plain; charset=utf-8"));
  return refused ? refused : self->response->append_body(exchange, INDRIK_TEXT("Hello from C!\n"));
}

static int32_t handle_now(void* user_data, indrik_exchange* exchange) { return greet(user_data, exchange); }

static int32_t handle_later(void* user_data, indrik_exchange* exchange) {
  const indrik_instance* self = user_data;
  const struct timespec delay = {.tv_sec = (time_t)(self->delay_ns / 1000000000u),
                                 .tv_nsec = (long)(self->delay_ns % 1000000000u)};
  nanosleep(&delay, NULL);
  return greet(self, exchange);
}

static void greet_at_last(void* context) {
  later* waiting = context;
  indrik_instance* self = waiting->self;
  indrik_exchange* exchange = waiting->exchange;
  free(waiting);
  if (greet(self, exchange)) self->response->fail(exchange, INDRIK_TEXT("the answer was refused"));
  self->async->complete(exchange);
}

static int32_t start_later(void* user_data, indrik_exchange* exchange) {
  indrik_instance* self = user_data;
  later* waiting = aligned_alloc(_Alignof(later), sizeof *waiting);
  if (waiting == NULL) return INDRIK_E_NO_MEMORY;
  *waiting = (later){.self = self, .exchange = exchange};
  return self->async->start_timer(exchange, &waiting->timer, self->delay_ns, greet_at_last, waiting);
}

static int32_t read_delay(const indrik_host* host, indrik_instance* self, char* error, uint64_t error_capacity) {
  const indrik_config* config = host->get_interface(host, INDRIK_CONFIG);
  indrik_config_value value = {.struct_size = sizeof value};
  self->delay_ns = 100 * 1000000u;
  if (config->get(host, INDRIK_TEXT("delay_ms"), &value) == INDRIK_E_NOT_FOUND) return INDRIK_OK;
  if (value.type != INDRIK_CONFIG_INTEGER || value.integer < 0 || value.integer > 3600000) {
    snprintf(error, error_capacity, "config key delay_ms: expected an integer from 0 to 3600000");
    return INDRIK_E_FAILED;
  }
  self->delay_ns = (uint64_t)value.integer * 1000000u;
  return INDRIK_OK;
}

static int32_t add_routes(const indrik_host* host, indrik_instance* self, char* error, uint64_t error_capacity) {
  const indrik_http_routes* routes = host->get_interface(host, INDRIK_HTTP_ROUTES);
  const indrik_route now = {.struct_size = sizeof now,
                            .method = INDRIK_TEXT("GET"),
                            .pattern = INDRIK_TEXT("/"),
                            .handle = handle_now,
                            .user_data = self};
  const indrik_route soon = {.struct_size = sizeof soon,
                             .method = INDRIK_TEXT("GET"),
                             .pattern = INDRIK_TEXT("/later"),
                             .handle = handle_later,
                             .start = start_later,
                             .user_data = self};
  const int32_t refused = routes->add(host, &now, error, error_capacity);
  return refused ? refused : routes->add(host, &soon, error, error_capacity);
}

static int32_t create(const indrik_host* host, indrik_instance** out, char* error, uint64_t error_capacity) {
  indrik_instance* self = calloc(1, sizeof *self);
  if (self == NULL) return INDRIK_E_NO_MEMORY;
  self->response = host->get_interface(host, INDRIK_HTTP_RESPONSE);
  self->async = host->get_interface(host, INDRIK_ASYNC);
  int32_t refused = read_delay(host, self, error, error_capacity);
  if (!refused) refused = add_routes(host, self, error, error_capacity);
  if (refused) {
    free(self); /* nothing serves before create() has returned 0 */
    return refused;
  }
  *out = self;
  return INDRIK_OK;
}

static void destroy(indrik_instance* self) { free(self); }

static const char* const required[] = {INDRIK_HTTP_ROUTES, INDRIK_HTTP_RESPONSE, INDRIK_ASYNC, INDRIK_CONFIG, NULL};

static const indrik_plugin plugin = {INDRIK_PLUGIN_HEADER, .name = "c_hello",
                                     .version = "1.0",     .required_interfaces = required,
                                     .create = create,     .destroy = destroy};

INDRIK_EXPORT const indrik_plugin* indrik_plugin_entry(const indrik_host* host) {
  (void)host;
  return &plugin;
}
