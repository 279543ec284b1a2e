#pragma once

#include <cstdint>
#include <string_view>

namespace indrik::process {

/// The request that a thread works on, so that whoever looks into a crash knows it. The texts live as long as it runs.
/// Should the master abort the process because a handler does not let go of the loop, its client is still told.
struct RunningRequest {
  std::string_view method;
  std::string_view path;
  std::string_view route;
  std::string_view plugin;
  std::int64_t since_ns = 0;  ///< monotonic_ns()
  int client = -1;            ///< the socket, if nothing of this request's answer is on its way there; -1: tell nobody
  std::string_view before = {};       ///< answers to earlier requests, which have not left yet
  std::string_view last_answer = {};  ///< the bytes that it is sent after them
};

/// What stands for a plugin's callbacks and tasks that run for no request: a mark with its name alone, which lives for
/// ever. Null for more plugins than a few dozens. Loop thread only.
const RunningRequest* mark_of_plugin(std::string_view plugin) noexcept;

/// Of the calling thread. Async-signal-safe: one of its own variables. Null: none. The request outlives its mark.
void mark_running(const RunningRequest* request) noexcept;
const RunningRequest* marked_running() noexcept;

}  // namespace indrik::process
