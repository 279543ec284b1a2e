#pragma once

#include <hiredis/hiredis.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "integration/support/server_process.h"
#include "support/temporary_folder.h"

namespace indrik::test {

/// A real redis-server that keeps nothing on disk, in a folder of its own. It dies with this object at the latest.
class RedisServer {
 public:
  /// Returns when it answers.
  RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  /// "unix:/…/redis.sock"
  std::string address() const { return "unix:" + socket_; }
  /// "127.1.2.3:6379": an address of this process's own, so that the port is free.
  std::string tcp_address() const { return host_ + ":6379"; }

  void stop();
  /// After stop(): another one at the same addresses.
  void start();
  void signal(int number) const { process_->signal(number); }

  using Reply = std::unique_ptr<redisReply, void (*)(void*)>;
  /// By a connection of the test's own. Throws where there is no answer.
  Reply command(const std::vector<std::string>& words) const;
  /// How many of its clients wait for the answer to this command ("incr"), held back by CLIENT PAUSE.
  std::size_t held(std::string_view command_name) const;
  /// Bytes of commands that it has read of its clients and not looked at.
  std::size_t unparsed() const;

 private:
  TemporaryFolder folder_;
  std::string socket_, host_;
  std::optional<ServerProcess> process_;
  mutable std::unique_ptr<redisContext, void (*)(redisContext*)> control_{nullptr, redisFree};
};

}  // namespace indrik::test
