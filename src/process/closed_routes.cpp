#include "process/closed_routes.h"

#include <algorithm>

namespace indrik::process {
namespace {

// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
constexpr std::uint64_t kOffset = 0xcbf29ce484222325;
constexpr std::uint64_t kPrime = 0x100000001b3;

constexpr std::uint64_t mix(std::uint64_t hash, std::string_view text) noexcept {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  return hash;
}

}  // namespace

std::uint64_t route_key(std::string_view plugin, std::string_view pattern) noexcept {
  const auto hash = mix(mix(mix(kOffset, plugin), {"\0", 1}), pattern);
  return std::max<std::uint64_t>(hash, 1);
}

bool ClosedRoutes::close(std::uint64_t key, std::int64_t until_ns) noexcept {
  Entry* free = nullptr;
  for (auto& entry : entries_) {
    const auto there = entry.key.load(std::memory_order_relaxed);
    if (there == key) {
      entry.until_ns.store(until_ns, std::memory_order_relaxed);
      return true;
    }
    if (there == 0 && free == nullptr) free = &entry;
  }
  if (free == nullptr) return false;
  free->until_ns.store(until_ns, std::memory_order_relaxed);
  free->key.store(key, std::memory_order_release);
  count_.fetch_add(1, std::memory_order_release);
  return true;
}

void ClosedRoutes::open(std::uint64_t key) noexcept {
  for (auto& entry : entries_) {
    if (entry.key.load(std::memory_order_relaxed) != key) continue;
    entry.key.store(0, std::memory_order_release);
    count_.fetch_sub(1, std::memory_order_release);
  }
}

std::int64_t ClosedRoutes::closed_until(std::uint64_t key) const noexcept {
  for (const auto& entry : entries_)
    if (entry.key.load(std::memory_order_acquire) == key) return entry.until_ns.load(std::memory_order_relaxed);
  return 0;
}

}  // namespace indrik::process
