#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <indrik/indrik.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "fiber/fiber.h"
#include "plugin/host.h"
#include "worker/loop.h"
#include "worker/loop_offloads.h"
#include "worker/loop_parking.h"
#include "worker/loop_posts.h"
#include "worker/loop_turns.h"
#include "worker/loop_watches.h"

namespace indrik::test {

using namespace std::chrono_literals;

/// Which plugin the loop runs.
struct Entered final : Guest {
  void enter(std::string_view name) noexcept override { plugin = name; }
  void leave() noexcept override { plugin = {}; }
  std::string_view plugin;
};

/// A worker's loop without a worker, and a plugin on it that is made of a test's coroutines.
class SdkTest : public testing::Test {
 protected:
  SdkTest() { host.loop = &services; }
  ~SdkTest() override { host.loop = nullptr; }

  /// Runs a task for the plugin itself, until it has ended, and throws what it throws.
  template <class T>
  T run(Task<T> task) {
    sdk::SpawnedState<T> state{std::move(task)};
    // Kept by this frame, not by itself.
    state.start(context(), std::shared_ptr<sdk::SpawnedState<T>>{std::shared_ptr<void>{}, &state});
    while (!state.has_ended) turns.turn(10s);
    if constexpr (std::is_void_v<T>)
      state.strand.take();
    else
      return state.strand.take();
  }
  sdk::Context context() noexcept { return {&api, nullptr, &scope}; }

  worker::Loop loop;
  std::atomic<std::int64_t> heartbeat{0};
  worker::LoopTimers timers{loop};
  worker::LoopWatches watches{loop, heartbeat};
  worker::LoopOffloads offloads{loop, 4};
  worker::LoopPosts posts{loop};
  worker::LoopParking parking{timers, posts};
  worker::LoopTurns turns{loop};
  Entered guest;
  LoopServices services{timers, watches, offloads, &posts, &parking, &turns, &guest};
  fiber::FiberPool fibers{64 * 1024, services};
  std::vector<std::string> lines;
  plugin::Host host{"test", [this](log::Level, std::string_view text) { lines.emplace_back(text); }};
  sdk::Api api{&host};
  sdk::Scope scope;
  App app{&host};
};

}  // namespace indrik::test
