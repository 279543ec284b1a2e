#pragma once

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <array>
#include <charconv>
#include <chrono>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include <indrik/indrik.hpp>

#include "peer.h"

/// Where Redis is, and how long it may take: [app.config] of the plugin redis.
struct RedisSettings {
  explicit RedisSettings(const indrik::Config& config)
      : address{config.get_or("address", "127.0.0.1:6379")},
        connect_timeout{patience(config, "connect_timeout", std::chrono::seconds{1})},
        timeout{patience(config, "timeout", std::chrono::seconds{1})} {
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
  PeerFailed failure(std::string_view why) const { return PeerFailed{"redis at " + address + ": " + std::string{why}}; }

  std::string address, host;
  int port = 0;
  std::chrono::milliseconds connect_timeout, timeout;
};

using RedisReply = std::unique_ptr<redisReply, void (*)(void*)>;

/// A connection to Redis by blocking calls; they throw PeerFailed.
class RedisConnection {
 public:
  /// `settings` outlive it.
  explicit RedisConnection(const RedisSettings& settings) : settings_{settings} {
    const auto within = to_timeval(settings.connect_timeout);
    context_.reset(settings.is_unix() ? redisConnectUnixWithTimeout(settings.path(), within)
                                      : redisConnectWithTimeout(settings.host.c_str(), settings.port, within));
    if (!context_) throw std::bad_alloc{};
    if (context_->err != 0) throw settings_.failure(context_->errstr);
    redisSetTimeout(context_.get(), to_timeval(settings.timeout));
  }

  /// After a failure nobody knows what is still to come: the connection is of no use any more.
  template <class... Words>
  RedisReply command(const Words&... words) {
    const std::array<std::string_view, sizeof...(words)> all{words...};
    std::array<const char*, sizeof...(words)> starts;
    std::array<std::size_t, sizeof...(words)> sizes;
    for (std::size_t i = 0; i < all.size(); ++i) starts[i] = all[i].data(), sizes[i] = all[i].size();
    RedisReply reply{
        static_cast<redisReply*>(redisCommandArgv(context_.get(), all.size(), starts.data(), sizes.data())),
        freeReplyObject};
    if (!reply) throw settings_.failure(context_->errstr);
    if (reply->type == REDIS_REPLY_ERROR) throw settings_.failure({reply->str, reply->len});
    return reply;
  }

  int socket() const noexcept { return context_->fd; }
  /// For whoever does without command(): what has been received, and the replies in it.
  redisReader* reader() const noexcept { return context_->reader; }

 private:
  static timeval to_timeval(std::chrono::milliseconds duration) noexcept {
    return {.tv_sec = duration.count() / 1000, .tv_usec = duration.count() % 1000 * 1000};
  }

  const RedisSettings& settings_;
  std::unique_ptr<redisContext, decltype(&redisFree)> context_{nullptr, redisFree};
};
