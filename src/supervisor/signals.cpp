#include "supervisor/signals.h"

#include <fmt/format.h>

namespace indrik::supervisor {

std::string signals_document() {
  std::string text =
      "# Signals\n\n"
      "Made from the table in `src/supervisor/signals.h`; a test compares. To write it again:\n"
      "`INDRIK_WRITE_DOCS=1 build/dev/tests/unit_supervisor --gtest_filter='SignalsTest.*'`.\n\n"
      "| signal | to the master | to a worker |\n|---|---|---|\n";
  for (const auto& signal : kSignals)
    text += fmt::format("| {} | {} | {} |\n", signal.name, signal.to_master, signal.to_worker);
  text +=
      "\n"
      "Two more act on workers only. ABRT is sent by the master to a worker that is stuck (its heartbeat is older "
      "than\n"
      "`timeout`, or it was not ready within `boot_timeout`): the worker dies and leaves a core where the system "
      "allows\n"
      "it; KILL follows a second later. When the master itself ends for whatever reason, the kernel kills its workers "
      "(KILL).\n\n"
      "A worker that was killed from outside is replaced at once. One that dies before it is ready, or by its own "
      "fault\n"
      "within a second of that, is replaced at once the first time, then after 100 ms, 200 ms … 10 s, until a new "
      "worker\n"
      "has served for 10 s. Where no worker of a reload has done so yet, a death by its own fault within these 10 s "
      "counts\n"
      "as well, and the fourth in a row brings the configuration back whose workers stayed up before.\n";
  return text;
}

}  // namespace indrik::supervisor
