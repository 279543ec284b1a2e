#pragma once

#include <sys/time.h>

#include <charconv>
#include <chrono>
#include <string>
#include <string_view>

#include <indrik/indrik.hpp>

/// Where Redis is, and how long it may take: [app.config] of the plugin redis.
struct RedisSettings {
  explicit RedisSettings(const indrik::Config& config)
      : address{config.get_or("address", "127.0.0.1:6379")},
        connect_timeout{config.get_or("connect_timeout", std::chrono::milliseconds{1000})},
        timeout{config.get_or("timeout", std::chrono::milliseconds{1000})} {
    if (connect_timeout.count() <= 0 || timeout.count() <= 0)
      throw indrik::ConfigError{"config keys connect_timeout and timeout: expected more than 0"};
    if (address.starts_with("unix:")) return;
    const auto colon = address.rfind(':');
    host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const auto digits = colon == address.npos ? std::string_view{} : std::string_view{address}.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), port);
    if (host.empty() || error != std::errc{} || end != digits.end() || port < 1 || port > 65535)
      throw indrik::ConfigError{"config key address: expected \"HOST:PORT\" or \"unix:/PATH\", got \"" + address + '"'};
  }
  bool is_unix() const noexcept { return host.empty(); }
  const char* path() const noexcept { return address.c_str() + std::string_view{"unix:"}.size(); }

  std::string address, host;
  int port = 0;
  std::chrono::milliseconds connect_timeout, timeout;
};

inline timeval to_timeval(std::chrono::milliseconds duration) noexcept {
  return {.tv_sec = duration.count() / 1000, .tv_usec = duration.count() % 1000 * 1000};
}
