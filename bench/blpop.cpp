// GET /blpop waits for a tenth of a second in Redis, by plain hiredis.
#include <hiredis/hiredis.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include <indrik/indrik.hpp>

INDRIK_PLUGIN("blpop", "1.0", [](indrik::App& app) {
  using Connection = std::unique_ptr<redisContext, void (*)(redisContext*)>;
  // Of one thread: for the classes sync and green only.
  const auto idle = std::make_shared<std::vector<Connection>>();
  app.get("/blpop", [idle, path = *app.config().get<std::string>("path")](const indrik::Request&) {
    if (idle->empty()) idle->emplace_back(redisConnectUnix(path.c_str()), redisFree);
    auto connection = std::move(idle->back());
    idle->pop_back();
    auto* const reply = static_cast<redisReply*>(redisCommand(connection.get(), "BLPOP nobody 0.1"));
    if (reply == nullptr || reply->type != REDIS_REPLY_NIL) throw std::runtime_error{connection->errstr};
    freeReplyObject(reply);
    idle->push_back(std::move(connection));
    return indrik::status(204);
  });
});
