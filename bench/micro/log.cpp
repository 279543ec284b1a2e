// A line of the access log: what a request adds to the batch, its part of the write included.
#include <benchmark/benchmark.h>

#include "log/access_log.h"

namespace {

using namespace indrik;

std::optional<std::string_view> field(const void*, std::string_view name) {
  if (name == "user-agent" || name == "User-Agent") return "curl/7.88.1";
  return std::nullopt;
}

void record(benchmark::State& state, std::string_view format) {
  auto log = log::AccessLog::open("/dev/null", format);
  if (!log) return state.SkipWithError("cannot open the log");
  const log::AccessEntry entry{.peer = "192.0.2.17",
                               .method = "GET",
                               .target = "/health",
                               .path = "/health",
                               .query = {},
                               .protocol = "HTTP/1.1",
                               .status = 200,
                               .body_bytes = 2,
                               .duration = std::chrono::microseconds{100'123},
                               .fields = "",
                               .request_field = field,
                               .response_field = field};
  for (auto _ : state) log->record(entry);
}
BENCHMARK_CAPTURE(record, usual, log::kDefaultAccessFormat)->Name("log/an access line, the default format");
BENCHMARK_CAPTURE(record, timed, R"(%(h)s "%(r)s" %(s)s %(b)s %(D)s)")->Name("log/an access line with its duration");

}  // namespace
