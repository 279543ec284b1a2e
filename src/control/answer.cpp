#include "control/answer.h"

#include <array>
#include <nlohmann/json.hpp>

namespace indrik::control {

// One list for both ways; the library's macro wants to stand beside the types.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(WorkerStatus, number, pid, state, worker_class, generation, connections,
                                                in_flight, requests, age, running)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ClosedRoute, route, opens_in)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(LastReload, result, text, age)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Status, version, pid, state, uptime, started_at, generation, listeners,
                                                workers_wanted, workers_ready, requests, errors, restarts, reloading,
                                                upgrading_to, upgraded_from, last_reload, closed_routes, workers)

namespace {

using Json = nlohmann::json;

constexpr auto kOutcomes = std::to_array<std::string_view>({"ok", "failed", "refused"});

Outcome outcome_of(std::string_view name) {
  for (std::size_t i = 0; i < kOutcomes.size(); ++i)
    if (kOutcomes[i] == name) return static_cast<Outcome>(i);
  throw std::invalid_argument{"its status is unknown"};
}

}  // namespace

std::string encode(const Answer& answer) {
  Json json{{"status", kOutcomes[static_cast<std::size_t>(answer.outcome)]}};
  if (!answer.text.empty()) json["text"] = answer.text;
  if (answer.generation != 0) json["generation"] = answer.generation;
  if (answer.server) json["server"] = *answer.server;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Result<Answer> decode(std::string_view line) {
  try {
    const auto json = Json::parse(line);
    Answer answer{.outcome = outcome_of(json.at("status").get<std::string>())};
    answer.text = json.value("text", std::string{});
    answer.generation = json.value("generation", std::uint32_t{0});
    if (json.contains("server")) answer.server = json.at("server").get<Status>();
    return answer;
  } catch (const std::exception& error) {
    return fail(Error::format("the answer is not understood: {}", error.what()));
  }
}

}  // namespace indrik::control
