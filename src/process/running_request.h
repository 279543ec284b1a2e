#pragma once

#include <cstdint>
#include <string_view>

namespace indrik::process {

/// The request that a thread works on, so that whoever looks into a crash knows it. The texts live as long as it runs.
struct RunningRequest {
  std::string_view method;
  std::string_view path;
  std::string_view route;
  std::string_view plugin;
  std::int64_t since_ns = 0;  ///< monotonic_ns()
};

/// Of the calling thread. Async-signal-safe: one of its own variables. Null: none. The request outlives its mark.
void mark_running(const RunningRequest* request) noexcept;
const RunningRequest* marked_running() noexcept;

}  // namespace indrik::process
