/// A server of RESP2, the protocol of Redis, in memory: strings with and without an end, counters, pipelines, and what
/// clients ask for when they connect. Each worker process has a store of its own, which ends with it: run it with
/// `workers = 1`, and for what may be lost at a reload.
///
///   [[app]]
///   plugin = "resp.so"
///   bind = ["127.0.0.1:6379"]
///   [app.config]
///   maxmemory = 1073741824          # bytes; 0 is no bound
///   proto_max_bulk_len = 536870912  # bytes of one argument
///   query_limit = 1073741824        # bytes of one command
///   timeout = "0s"                  # of a silent client; 0 is for ever
#include <chrono>
#include <cstdint>
#include <memory>

#include <indrik/indrik.hpp>

#include "session.h"

using namespace std::chrono_literals;

namespace {

/// What all clients of one worker share.
struct Server {
  Server(const resp::Limits& bounds, std::chrono::nanoseconds patience, std::size_t memory)
      : limits{bounds}, timeout{patience}, store{memory} {}

  resp::Limits limits;
  std::chrono::nanoseconds timeout;
  resp::Store store;
  std::uint64_t clients = 0;
};

constexpr std::int64_t kMostBulk = 512 * 1024 * 1024;

std::size_t bytes(const indrik::Config& config, std::string_view key, std::int64_t fallback, std::int64_t least,
                  std::int64_t most) {
  return static_cast<std::size_t>(config.get_within(key, fallback, least, most));
}

/// Keeps no more room than usual replies take: an idle client need not hold what a large value took.
void empty(std::string& out) {
  out.clear();
  if (out.capacity() > 2 * resp::Session::kBatch) out.shrink_to_fit();
}

void serve(Server& server, indrik::Connection& client) {
  client.read_timeout(server.timeout);
  resp::Session session{server.store, server.limits, ++server.clients};
  std::string out;
  for (std::size_t more_than = 0; client.fill(more_than);) {
    const auto progress = session.advance(client.input(), out);
    client.consume(progress.consumed);
    more_than = progress.is_short ? progress.more_than : 0;
    client.write(out);
    empty(out);
    if (progress.is_over) return;
  }
}

indrik::Task<> serve_async(Server& server, indrik::AsyncConnection& client) {
  client.read_timeout(server.timeout);
  resp::Session session{server.store, server.limits, ++server.clients};
  std::string out;
  for (std::size_t more_than = 0; co_await client.fill(more_than);) {
    const auto progress = session.advance(client.input(), out);
    client.consume(progress.consumed);
    more_than = progress.is_short ? progress.more_than : 0;
    co_await client.write(out);
    empty(out);
    if (progress.is_over) co_return;
  }
}

}  // namespace

INDRIK_PLUGIN("resp", "1.0", [](indrik::App& app) {
  const auto config = app.config();
  const resp::Limits limits{.max_bulk = bytes(config, "proto_max_bulk_len", kMostBulk, 1, kMostBulk),
                            .max_query = bytes(config, "query_limit", 2 * kMostBulk, 1, 4 * kMostBulk)};
  const auto memory = bytes(config, "maxmemory", 0, 0, INT64_MAX);
  const auto server = std::make_shared<Server>(limits, config.get_or("timeout", 0ms), memory);
  app.stream(
      "resp", [server](indrik::Connection& client) { serve(*server, client); },
      [server](indrik::AsyncConnection& client) { return serve_async(*server, client); });
});
