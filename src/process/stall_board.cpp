#include "process/stall_board.h"

#include <algorithm>
#include <cstring>

#include "process/closed_routes.h"

namespace indrik::process {

static_assert(static_cast<int>(StallRecord::Stage::none) == 0);
static_assert(std::atomic<StallRecord::Stage>::is_always_lock_free);

Result<StallBoard> StallBoard::create(std::size_t slots) {
  auto memory = Memory::create(slots, "stall records");
  if (!memory) return fail(std::move(memory).error());
  return StallBoard{*std::move(memory)};
}

StallCounts::Plugin* counts_of(StallCounts& counts, std::string_view plugin) noexcept {
  const auto wanted = route_key(plugin, {});
  for (auto& one : counts.plugins) {
    auto key = one.key.load(std::memory_order_acquire);
    if (key == 0 && one.key.compare_exchange_strong(key, wanted, std::memory_order_acq_rel)) {
      char text[sizeof one.name] = {};
      std::memcpy(text, plugin.data(), std::min(plugin.size(), sizeof text - 1));
      for (std::size_t i = 0; i < std::size(one.name); ++i) {
        std::uint64_t word = 0;
        std::memcpy(&word, text + i * sizeof word, sizeof word);
        one.name[i].store(word, std::memory_order_relaxed);
      }
      return &one;
    }
    if (key == wanted) return &one;
  }
  return nullptr;
}

std::string name_of(const StallCounts::Plugin& plugin) {
  char text[sizeof plugin.name + 1] = {};
  for (std::size_t i = 0; i < std::size(plugin.name); ++i) {
    const auto word = plugin.name[i].load(std::memory_order_relaxed);
    std::memcpy(text + i * sizeof word, &word, sizeof word);
  }
  return text;
}

}  // namespace indrik::process
