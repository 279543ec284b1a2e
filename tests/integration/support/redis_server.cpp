#include "integration/support/redis_server.h"

#include <signal.h>
#include <cstdlib>

#include <stdexcept>

#include "base/strings.h"
#include "integration/support/own_loopback.h"

namespace indrik::test {
RedisServer::RedisServer() : socket_{(folder_ / "redis.sock").native()}, host_{own_loopback()} { start(); }

void RedisServer::start() {
  process_.emplace(
      std::vector<std::string>{"--bind", host_, "--port", "6379", "--unixsocket", socket_, "--save", "", "--appendonly",
                               "no", "--daemonize", "no", "--maxclients", "4000", "--logfile", folder_ / "redis.log"},
      ServerProcess::Setup{.folder = folder_.path(), .program = "/usr/bin/redis-server"});
  folder_.write("redis.log");
  await_line(folder_ / "redis.log", "Ready to accept connections", 1, -1, Deadline{});
}

void RedisServer::stop() {
  control_.reset();
  process_->signal(SIGTERM);
  process_->wait_exit();
  process_.reset();
}

RedisServer::Reply RedisServer::command(const std::vector<std::string>& words) const {
  if (!control_) control_.reset(redisConnectUnixWithTimeout(socket_.c_str(), timeval{.tv_sec = 30}));
  std::vector<const char*> starts;
  std::vector<std::size_t> sizes;
  for (const auto& word : words) starts.push_back(word.data()), sizes.push_back(word.size());
  Reply reply{static_cast<redisReply*>(
                  redisCommandArgv(control_.get(), static_cast<int>(words.size()), starts.data(), sizes.data())),
              freeReplyObject};
  if (!reply) throw std::runtime_error{std::string{"redis: "} + control_->errstr};
  return reply;
}

std::size_t RedisServer::held(std::string_view command_name) const {
  const auto clients = command({"CLIENT", "LIST"});
  std::size_t count = 0;
  for (const auto line : split({clients->str, clients->len}, '\n'))
    if (line.find(" flags=b ") != line.npos && line.find(" cmd=" + std::string{command_name} + ' ') != line.npos)
      ++count;
  return count;
}

std::size_t RedisServer::unparsed() const {
  constexpr std::string_view kKey = " qbuf=";
  const auto clients = command({"CLIENT", "LIST"});
  std::size_t bytes = 0;
  for (const auto line : split({clients->str, clients->len}, '\n')) {
    if (const auto at = line.find(kKey); at != line.npos && line.find(" cmd=client") == line.npos)
      bytes += std::strtoull(line.data() + at + kKey.size(), nullptr, 10);
  }
  return bytes;
}

}  // namespace indrik::test
