#include "app/wiring.h"

#include <algorithm>
#include <random>

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

http::UnderscoreRule underscores(config::HeaderMap map) noexcept {
  switch (map) {
    case config::HeaderMap::refuse:
      return http::UnderscoreRule::refuse;
    case config::HeaderMap::dangerous:
      return http::UnderscoreRule::keep;
    case config::HeaderMap::drop:
      break;
  }
  return http::UnderscoreRule::drop;
}

worker::ProxyProtocol proxy_protocol(config::ProxyProtocol given) noexcept {
  switch (given) {
    case config::ProxyProtocol::optional:
      return worker::ProxyProtocol::optional;
    case config::ProxyProtocol::required:
      return worker::ProxyProtocol::required;
    case config::ProxyProtocol::off:
      break;
  }
  return worker::ProxyProtocol::off;
}

/// What cannot be read was refused with the configuration.
worker::Proxies proxies(const config::Settings& settings) {
  return {.protocol = proxy_protocol(settings.proxy_protocol),
          .protocol_peers = net::AddressSet::parse(settings.proxy_allow_ips).value_or({}),
          .forwarders = net::AddressSet::parse(settings.forwarded_allow_ips).value_or({}),
          .forwarded_fields = http::ForwardedFields::parse(settings.forwarded_fields).value_or({})};
}

http::Limits limits(const config::Settings& settings) {
  return {.max_request_line = settings.limit_request_line,
          .max_fields = static_cast<std::size_t>(settings.limit_request_fields),
          .max_field_size = settings.limit_request_field_size,
          .max_head_size = settings.limit_request_head_size,
          .max_body_size = settings.max_body_size,
          .max_buffered_body = settings.body_buffer_size,

          .underscores = underscores(settings.header_map)};
}

/// Often enough that three may be late before the master loses patience.
milliseconds heartbeat(milliseconds timeout) noexcept {
  constexpr milliseconds kSlowest{1'000};
  return timeout > milliseconds::zero() ? std::min(kSlowest, timeout / 4) : kSlowest;
}

/// A loop that is free answers 504 when the timeout has passed; only one that still is not then is stuck.
milliseconds silence(milliseconds timeout) noexcept {
  constexpr milliseconds kGrace{1'000};
  return timeout > milliseconds::zero() ? timeout + kGrace : timeout;
}

/// Drawn anew at each call: workers that were born together shall not retire together.
std::uint64_t request_limit(const config::Settings& settings) {
  if (settings.max_requests == 0) return 0;
  std::random_device source;
  std::uniform_int_distribution<std::uint64_t> jitter{0, static_cast<std::uint64_t>(settings.max_requests_jitter)};
  return static_cast<std::uint64_t>(settings.max_requests) + jitter(source);
}

}  // namespace

worker::Options worker_options(const config::Settings& settings) {
  return {.worker_class = worker_class(settings.worker_class),
          .connections = static_cast<std::size_t>(settings.worker_connections),
          .fair_accept = settings.fair_accept,
          .threads = static_cast<std::size_t>(settings.threads),
          .fiber_stack_size = settings.fiber_stack_size,
          .file_offload = settings.file_offload,
          .offload_threads = static_cast<std::size_t>(settings.offload_threads),
          .limits = limits(settings),
          .proxies = proxies(settings),
          .body_directory = settings.body_directory,
          .max_body_space = settings.max_body_space,
          .server = settings.server_header,
          .handshake_timeout = settings.handshake_timeout,
          .first_byte_timeout = settings.first_byte_timeout,
          .head_timeout = settings.head_timeout,
          .body_timeout = settings.body_timeout,
          .write_timeout = settings.write_timeout,
          .min_body_rate = settings.min_body_rate,
          .min_write_rate = settings.min_write_rate,
          .keep_alive = settings.keep_alive,
          .stream_idle_timeout = settings.stream_idle_timeout,
          .linger_timeout = settings.linger_timeout,
          .drain_idle = settings.drain_idle,
          .graceful_timeout = settings.graceful_timeout,
          .timeout = settings.timeout,
          .max_timeout = settings.max_timeout,
          .queue_timeout = settings.queue_timeout,
          .cancel_on_disconnect = settings.cancel_on_disconnect,
          .heartbeat = heartbeat(settings.timeout),
          .stall_threshold = settings.stall_threshold,
          .max_requests = request_limit(settings),
          .max_memory = settings.max_memory};
}

std::string_view class_name(config::WorkerClass given) noexcept {
  constexpr std::string_view kNames[] = {"sync", "event", "green"};
  return kNames[static_cast<std::size_t>(given)];
}

supervisor::Policy supervisor_policy(const config::Settings& settings) {
  return {.workers = settings.workers.is_auto() ? process::available_cores() : settings.workers.number,
          .timeout = silence(settings.timeout),
          .boot_timeout = settings.boot_timeout,
          .graceful_timeout = settings.graceful_timeout,
          .drain_delay = settings.drain_delay,
          .quarantine = {.crashes = settings.crash_quarantine,
                         .within = settings.crash_quarantine_window,
                         .lasts = settings.crash_quarantine_time}};
}

net::ListenOptions listen_options(const Configuration& configuration) {
  const auto& settings = configuration.loaded.settings;
  net::ListenOptions options{.backlog = settings.backlog, .unix_mode = settings.unix_socket_mode};
  if (const auto& identity = configuration.identity) {
    options.unix_user = identity->user;
    options.unix_group = identity->group;
  }
  return options;
}

std::optional<log::Owner> log_owner(const Configuration& configuration) noexcept {
  if (!configuration.identity) return std::nullopt;
  return log::Owner{.user = configuration.identity->user, .group = configuration.identity->group};
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
