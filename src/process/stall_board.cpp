#include "process/stall_board.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "process/closed_routes.h"

namespace indrik::process {
namespace {

constexpr std::size_t kRecordsAt =
    (sizeof(StallCounts) + alignof(StallRecord) - 1) / alignof(StallRecord) * alignof(StallRecord);

// So that both are begun by the zeros that mmap gives, without touching a page.
static_assert(static_cast<int>(StallRecord::Stage::none) == 0);
static_assert(std::atomic<StallRecord::Stage>::is_always_lock_free);

}  // namespace

Result<StallBoard> StallBoard::create(std::size_t slots) {
  const auto size = kRecordsAt + slots * sizeof(StallRecord);
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail(Error::from_errno(errno, "map the stall records of {} workers", slots));
  return StallBoard{memory, size, slots};
}

StallBoard::StallBoard(void* memory, std::size_t size, std::size_t count) noexcept
    : memory_{memory},
      size_{size},
      counts_{static_cast<StallCounts*>(memory)},
      records_{reinterpret_cast<StallRecord*>(static_cast<std::byte*>(memory) + kRecordsAt)},
      count_{count} {}

StallBoard::StallBoard(StallBoard&& other) noexcept
    : memory_{std::exchange(other.memory_, nullptr)},
      size_{other.size_},
      counts_{std::exchange(other.counts_, nullptr)},
      records_{std::exchange(other.records_, nullptr)},
      count_{std::exchange(other.count_, 0)} {}

StallBoard::~StallBoard() {
  if (memory_ != nullptr) ::munmap(memory_, size_);
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
