// Method and path to a handler, among a hundred routes.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <memory>
#include <string>

#include "micro/silent_handler.h"
#include "routing/router.h"

namespace {

using namespace indrik;
using Outcome = routing::Match::Outcome;

routing::Router with_routes() {
  routing::Router router;
  for (int i = 0; i < 50; ++i) {
    for (const auto& pattern :
         {fmt::format("/api/resource{}", i), fmt::format("/api/resource{}/{{id}}/parts/{{part}}", i)})
      if (!router.add("GET", pattern, std::make_unique<bench::SilentHandler>())) std::abort();
  }
  return router;
}

void find(benchmark::State& state, const char* method, const std::string& path, Outcome expected) {
  const auto router = with_routes();
  routing::Match match;
  for (auto _ : state) {
    router.find(method, path, match);
    if (match.outcome() != expected) state.SkipWithError("another outcome");
  }
}
BENCHMARK_CAPTURE(find, literal, "GET", "/api/resource17", Outcome::found)->Name("routing/a literal path");
BENCHMARK_CAPTURE(find, parameters, "GET", "/api/resource17/4711/parts/wheel", Outcome::found)
    ->Name("routing/two parameters");
BENCHMARK_CAPTURE(find, escaped, "GET", "/api/resource17/47%2F11/parts/wheel", Outcome::found)
    ->Name("routing/two parameters, an escape");
BENCHMARK_CAPTURE(find, missing, "GET", "/api/resource17/4711/parts", Outcome::not_found)->Name("routing/no route");
BENCHMARK_CAPTURE(find, method, "POST", "/api/resource17", Outcome::method_not_allowed)->Name("routing/another method");

}  // namespace
