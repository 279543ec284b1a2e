#include "ctl/status_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/strings.h"

namespace indrik::ctl {
namespace {

/// "3d 4h", "12m 5s": the two largest parts.
std::string duration_text(std::int64_t seconds) {
  struct Unit {
    std::int64_t seconds;
    char name;
  };
  constexpr auto kUnits = std::to_array<Unit>({{86'400, 'd'}, {3'600, 'h'}, {60, 'm'}, {1, 's'}});
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    const auto& [large, name] = kUnits[i];
    const auto& [small, next] = kUnits[i + 1];
    if (seconds >= large) return fmt::format("{}{} {}{}", seconds / large, name, seconds % large / small, next);
  }
  return fmt::format("{}s", seconds);
}

using Row = std::vector<std::string>;

Row row_of(const control::WorkerStatus& worker) {
  return {fmt::to_string(worker.number),
          fmt::to_string(worker.pid),
          worker.state,
          worker.worker_class,
          fmt::to_string(worker.generation),
          fmt::to_string(worker.connections),
          fmt::to_string(worker.in_flight),
          fmt::to_string(worker.requests),
          duration_text(worker.age),
          escaped(worker.running)};
}

std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace

std::string status_text(const control::Status& status) {
  auto text = fmt::format("indrik {}, pid {}: {} for {}, generation {}\n", status.version, status.pid, status.state,
                          duration_text(status.uptime), status.generation);
  text +=
      fmt::format("listening at  {}\n",
                  status.listeners.empty() ? "nothing any more" : fmt::to_string(fmt::join(status.listeners, ", ")));
  text += fmt::format("workers       {} of {} ready, {} restarted; {} requests, {} answered 500 or above\n",
                      status.workers_ready, status.workers_wanted, status.restarts, status.requests, status.errors);
  if (status.reloading) text += "reload        under way\n";
  if (status.upgrading_to != 0) text += fmt::format("upgrade       to the new master {}\n", status.upgrading_to);
  if (status.upgraded_from != 0)
    text += fmt::format("upgrade       the master of before, {}, finishes its requests\n", status.upgraded_from);
  if (const auto& last = status.last_reload; !last.result.empty())
    text += fmt::format("last reload   {}, {} ago: {}\n", last.result, duration_text(last.age), escaped(last.text));
  for (const auto& closed : status.closed_routes)
    text += fmt::format("closed        {}, for {} more\n", escaped(closed.route), duration_text(closed.opens_in));
  if (status.workers.empty()) return text;
  std::vector<Row> rows{
      {"WORKER", "PID", "STATE", "CLASS", "GENERATION", "CONNECTIONS", "IN FLIGHT", "REQUESTS", "AGE", "RUNNING"}};
  for (const auto& worker : status.workers) rows.push_back(row_of(worker));
  return text + '\n' + table(rows);
}

}  // namespace indrik::ctl
