// What the parts of a request cost by themselves, by Google Benchmark, whose options it takes. At the end it says what
// a hooked call costs those who are on no fiber, by the best of --benchmark_repetitions.
//
//   ./dev micro [--benchmark_filter=fiber] [--benchmark_repetitions=10]
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>

#include "fiber/hooks.h"

namespace {

/// The console's own, and the one difference of two figures that nobody should have to work out.
class Reporter final : public benchmark::ConsoleReporter {
 public:
  Reporter() : ConsoleReporter{::isatty(STDOUT_FILENO) != 0 ? OO_Color : OO_None} {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const auto& run : runs) {
      failed_ = failed_ || run.error_occurred;
      if (run.run_type != Run::RT_Iteration) continue;
      const auto time = run.GetAdjustedCPUTime();
      auto& best = times_.try_emplace(run.run_name.function_name, time).first->second;
      best = std::min(best, time);
    }
  }
  /// One has given up.
  bool failed() const noexcept { return failed_; }

  void Finalize() override {
    ConsoleReporter::Finalize();
    for (const auto* call : {"recv", "mutex"}) {
      const auto hooked = times_.find(fmt::format("fiber/{} off a fiber", call));
      const auto own = times_.find(fmt::format("fiber/{} of libc", call));
      if (hooked == times_.end() || own == times_.end()) continue;
      GetOutputStream() << fmt::format("a hooked {} off a fiber costs {:.1f} ns more than libc's\n", call,
                                       hooked->second - own->second);
    }
  }

 private:
  std::map<std::string, double> times_;  ///< the best of each
  bool failed_ = false;
};

}  // namespace

int main(int count, char** words) {
  benchmark::Initialize(&count, words);
  if (benchmark::ReportUnrecognizedArguments(count, words)) return 2;
  benchmark::AddCustomContext("hooked calls", std::to_string(indrik::fiber::hooked_symbols().size()));
  Reporter reporter;
  return benchmark::RunSpecifiedBenchmarks(&reporter) > 0 && !reporter.failed() ? 0 : 1;
}
