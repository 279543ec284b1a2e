// GET /ping sets a key to a fresh UUID and reads it back, /hit counts, /user reads a key that PUT /user sets.
//
// Blocking handlers use plain hiredis on pooled connections: in a green worker others run while a request waits for
// Redis. Async ones, which class event takes, share one connection, and what they ask travels together.
//
// [app.config]: address ("127.0.0.1:6379", "[::1]:6379" or "unix:/path"), connect_timeout (1s), timeout (1s: for an
// answer, and for a connection of the pool), pool_size (256: connections of a worker), hit_key ("hits"), user_key
// ("user").
#include <sys/random.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "json.h"
#include "redis_connection.h"
#include "redis_pipeline.h"

namespace {

using indrik::Request;
using indrik::Response;
using indrik::Task;

/// RFC 9562 5.4: 122 random bits.
std::string fresh_uuid() {
  std::array<unsigned char, 16> bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw std::system_error{errno, std::generic_category(), "getrandom"};
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text.append({kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15]});
  }
  return text;
}

/// Keys for /ping: so many that requests in flight at once do not share one, and not more, for they stay in Redis.
std::string ping_key() {
  static std::atomic<std::uint32_t> last{0};
  return "ping:" + std::to_string(::getpid()) + ':' + std::to_string(++last % 65536);
}

Response ping_answer(const redisReply& reply) {
  return indrik::json("{\"uuid\": " + quoted({reply.str, reply.len}) + "}\n");
}
Response hit_answer(const redisReply& reply) {
  return indrik::json("{\"hit\": " + std::to_string(reply.integer) + "}\n");
}
Response user_answer(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_NIL) return indrik::json("{\"user\": null}\n").status(404);
  return indrik::json("{\"user\": " + quoted({reply.str, reply.len}) + "}\n");
}

struct Redis {
  explicit Redis(indrik::App& app)
      : settings{app.config()},
        hit_key{app.config().get_or("hit_key", "hits")},
        user_key{app.config().get_or("user_key", "user")},
        peer{app.log()},
        pool{app,
             {.size = pool_size(app.config(), 256), .wait = settings.timeout},
             [this] { return std::make_unique<RedisConnection>(settings); }},
        pipeline{app, settings} {
    pool.check([](const RedisConnection& connection) { return indrik::is_quiet(connection.socket()); });
  }

  Response ping() {
    const auto key = ping_key(), uuid = fresh_uuid();
    const auto connection = pool.take();
    connection->command("SET", key, uuid);
    return ping_answer(*connection->command("GET", key));
  }
  Response hit() { return hit_answer(*pool.take()->command("INCR", hit_key)); }
  Response user() { return user_answer(*pool.take()->command("GET", user_key)); }
  Response set_user(std::string_view name) {
    pool.take()->command("SET", user_key, name);
    return indrik::status(204);
  }

  Task<Response> async_ping() {
    const std::string key = ping_key(), uuid = fresh_uuid();
    co_await pipeline.command("SET", key, uuid);
    const auto reply = co_await pipeline.command("GET", key);
    co_return ping_answer(*reply);
  }
  Task<Response> async_hit() {
    const auto reply = co_await pipeline.command("INCR", hit_key);
    co_return hit_answer(*reply);
  }
  Task<Response> async_user() {
    const auto reply = co_await pipeline.command("GET", user_key);
    co_return user_answer(*reply);
  }
  Task<Response> async_set_user(std::string_view name) {
    co_await pipeline.command("SET", user_key, name);
    co_return indrik::status(204);
  }

  const RedisSettings settings;
  const std::string hit_key, user_key;
  Peer peer;
  indrik::Pool<RedisConnection> pool;
  RedisPipeline pipeline;
};

}  // namespace

INDRIK_PLUGIN("redis", "1.1", [](indrik::App& app) {
  const auto redis = std::make_shared<Redis>(app);
  app.get(
      "/ping", [=](const Request& request) { return redis->peer.ask(request, [&] { return redis->ping(); }); },
      [=](const Request& request) { return redis->peer.async_ask(request, redis->async_ping()); });
  app.get(
      "/hit", [=](const Request& request) { return redis->peer.ask(request, [&] { return redis->hit(); }); },
      [=](const Request& request) { return redis->peer.async_ask(request, redis->async_hit()); });
  app.get(
      "/user", [=](const Request& request) { return redis->peer.ask(request, [&] { return redis->user(); }); },
      [=](const Request& request) { return redis->peer.async_ask(request, redis->async_user()); });
  app.put(
      "/user",
      [=](const Request& request) { return redis->peer.ask(request, [&] { return redis->set_user(request.body()); }); },
      [=](const Request& request) { return redis->peer.async_ask(request, redis->async_set_user(request.body())); });
});
