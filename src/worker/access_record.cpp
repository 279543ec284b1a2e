#include "worker/access_record.h"

#include "http/response_writer.h"
#include "worker/engine.h"

namespace indrik::worker {
namespace {

/// "192.0.2.1" of "192.0.2.1:4711" and "::1" of "[::1]:4711"; the port may be missing.
std::string_view host_of(std::string_view peer) noexcept {
  if (peer.starts_with('[')) return peer.substr(1, peer.find(']') - 1);
  return peer.substr(0, peer.find(':'));
}

struct Answered {
  const http::Request& request;
  const http::Response& response;
};

std::optional<std::string_view> request_field(const void* answered, std::string_view name) {
  return static_cast<const Answered*>(answered)->request.field(name);
}

std::optional<std::string_view> response_field(const void* answered, std::string_view name) {
  auto lines = static_cast<const Answered*>(answered)->response.field_lines();
  for (std::size_t end; (end = lines.find("\r\n")) != std::string_view::npos; lines.remove_prefix(end + 2)) {
    const auto line = lines.substr(0, end);
    const auto colon = line.find(':');
    if (equals_ignoring_case(line.substr(0, colon), name)) return trim(line.substr(colon + 1));
  }
  return std::nullopt;
}

}  // namespace

void record_access(Engine& engine, const RunningExchange& exchange, const http::Response& response) noexcept {
  if (!engine.access_log()) return;
  const auto& request = exchange.request;
  const Answered answered{request, response};
  const Flow* const flow = exchange.flow();
  const auto size = flow != nullptr && flow->begun() ? flow->written() : response.body_size();
  engine.access_log()->record({.peer = host_of(request.peer),
                               .method = request.method,
                               .target = request.target,
                               .path = request.path,
                               .query = request.query,
                               .protocol = request.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1",
                               .status = response.status(),
                               .body_bytes = http::sends_body(request, response) ? size : 0,
                               .duration = Clock::now() - exchange.began,
                               .fields = &answered,
                               .request_field = request_field,
                               .response_field = response_field});
  engine.flush_access_log_soon();
}

void record_refusal(Engine& engine, int status, std::string_view peer) noexcept {
  if (!engine.access_log()) return;
  engine.access_log()->record({.peer = host_of(peer), .status = status});
  engine.flush_access_log_soon();
}

void count_answer(process::Slot& slot, int status) noexcept {
  process::increment(slot.requests);
  if (status >= 500) process::increment(slot.errors);
}

}  // namespace indrik::worker
