#include "app/wiring.h"

#include "process/cores.h"

namespace indrik::app {
namespace {

worker::WorkerClass worker_class(config::WorkerClass given) noexcept {
  switch (given) {
    case config::WorkerClass::event:
      return worker::WorkerClass::event;
    case config::WorkerClass::green:
      return worker::WorkerClass::green;
    case config::WorkerClass::sync:
      break;
  }
  return worker::WorkerClass::sync;
}

http::Limits limits(const config::Settings& settings) {
  return {.max_request_line = settings.limit_request_line,
          .max_fields = static_cast<std::size_t>(settings.limit_request_fields),
          .max_field_size = settings.limit_request_field_size,
          .max_head_size = settings.limit_request_head_size,
          .max_body_size = settings.max_body_size};
}

}  // namespace

worker::Options worker_options(const config::Settings& settings) {
  return {.worker_class = worker_class(settings.worker_class),
          .connections = static_cast<std::size_t>(settings.worker_connections),
          .threads = static_cast<std::size_t>(settings.threads),
          .fiber_stack_size = settings.fiber_stack_size,
          .limits = limits(settings),
          .server = settings.server_header,
          .first_byte_timeout = settings.first_byte_timeout,
          .head_timeout = settings.head_timeout,
          .body_timeout = settings.body_timeout,
          .write_timeout = settings.write_timeout,
          .keep_alive = settings.keep_alive,
          .linger_timeout = settings.linger_timeout,
          .drain_idle = settings.drain_idle,
          .graceful_timeout = settings.graceful_timeout};
}

supervisor::Policy supervisor_policy(const config::Settings& settings) {
  return {.workers = settings.workers.is_auto() ? process::available_cores() : settings.workers.number,
          .timeout = settings.timeout,
          .graceful_timeout = settings.graceful_timeout};
}

net::ListenOptions listen_options(const config::Settings& settings) {
  return {.backlog = settings.backlog, .unix_mode = settings.unix_socket_mode};
}

log::Level log_level(config::LogLevel level) noexcept {
  switch (level) {
    case config::LogLevel::debug:
      return log::Level::debug;
    case config::LogLevel::info:
      return log::Level::info;
    case config::LogLevel::warning:
      return log::Level::warning;
    case config::LogLevel::error:
      return log::Level::error;
    case config::LogLevel::critical:
      return log::Level::critical;
  }
  return log::Level::info;
}

}  // namespace indrik::app
