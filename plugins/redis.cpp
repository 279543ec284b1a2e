// GET /ping sets a key to a fresh UUID and reads it back, /hit counts, /user reads a key that PUT /user sets: by plain,
// blocking hiredis on pooled connections. In a green worker others run while a request waits for Redis.
//
// [app.config]: address ("127.0.0.1:6379", "[::1]:6379" or "unix:/path"), connect_timeout (1s), timeout (1s: for an
// answer), pool_size (256: connections of a worker), hit_key ("hits"), user_key ("user").
#include <hiredis/hiredis.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "json.h"
#include "pool.h"
#include "redis_settings.h"

namespace {

using indrik::Request;
using indrik::Response;

class Connection {
 public:
  explicit Connection(const RedisSettings& settings) : name_{"redis at " + settings.address} {
    const auto within = to_timeval(settings.connect_timeout);
    context_.reset(settings.is_unix() ? redisConnectUnixWithTimeout(settings.path(), within)
                                      : redisConnectWithTimeout(settings.host.c_str(), settings.port, within));
    if (!context_) throw std::bad_alloc{};
    if (context_->err != 0) fail(context_->errstr);
    redisSetTimeout(context_.get(), to_timeval(settings.timeout));
  }
  bool is_alive() const noexcept { return is_quiet(context_->fd); }

  using Reply = std::unique_ptr<redisReply, void (*)(void*)>;
  /// Throws PeerFailed. The connection is then of no use any more.
  template <class... Words>
  Reply command(const Words&... words) {
    const std::array<std::string_view, sizeof...(words)> all{words...};
    std::array<const char*, sizeof...(words)> starts;
    std::array<std::size_t, sizeof...(words)> sizes;
    for (std::size_t i = 0; i < all.size(); ++i) starts[i] = all[i].data(), sizes[i] = all[i].size();
    Reply reply{static_cast<redisReply*>(redisCommandArgv(context_.get(), all.size(), starts.data(), sizes.data())),
                freeReplyObject};
    if (!reply) fail(context_->errstr);
    if (reply->type == REDIS_REPLY_ERROR) fail({reply->str, reply->len});
    return reply;
  }

 private:
  [[noreturn]] void fail(std::string_view why) const { throw PeerFailed{name_ + ": " + std::string{why}}; }

  std::string name_;
  std::unique_ptr<redisContext, decltype(&redisFree)> context_{nullptr, redisFree};
};

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

struct Redis {
  explicit Redis(indrik::App& app)
      : settings{app.config()},
        peer{app.log()},
        pool{app.config().get_or("pool_size", std::size_t{256}), settings.timeout,
             [this] { return std::make_unique<Connection>(settings); }},
        hit_key{app.config().get_or("hit_key", "hits")},
        user_key{app.config().get_or("user_key", "user")} {}

  Response ping() {
    const auto key = ping_key(), uuid = fresh_uuid();
    auto connection = pool.take();
    connection->command("SET", key, uuid);
    const auto reply = connection->command("GET", key);
    connection.keep();
    return indrik::json("{\"uuid\": " + quoted({reply->str, reply->len}) + "}\n");
  }
  Response hit() {
    auto connection = pool.take();
    const auto reply = connection->command("INCR", hit_key);
    connection.keep();
    return indrik::json("{\"hit\": " + std::to_string(reply->integer) + "}\n");
  }
  Response user() {
    auto connection = pool.take();
    const auto reply = connection->command("GET", user_key);
    connection.keep();
    if (reply->type == REDIS_REPLY_NIL) return indrik::json("{\"user\": null}\n").status(404);
    return indrik::json("{\"user\": " + quoted({reply->str, reply->len}) + "}\n");
  }
  Response set_user(std::string_view name) {
    auto connection = pool.take();
    connection->command("SET", user_key, name);
    connection.keep();
    return indrik::status(204);
  }

  const RedisSettings settings;
  Peer peer;
  Pool<Connection> pool;
  const std::string hit_key, user_key;
};

}  // namespace

INDRIK_PLUGIN("redis", "1.0", [](indrik::App& app) {
  const auto redis = std::make_shared<Redis>(app);
  app.get("/ping", [=](const Request& request) { return redis->peer.ask(request, [&] { return redis->ping(); }); });
  app.get("/hit", [=](const Request& request) { return redis->peer.ask(request, [&] { return redis->hit(); }); });
  app.get("/user", [=](const Request& request) { return redis->peer.ask(request, [&] { return redis->user(); }); });
  app.put("/user", [=](const Request& request) {
    return redis->peer.ask(request, [&] { return redis->set_user(request.body()); });
  });
  app.on_stop([=] { redis->pool.clear(); });
});
