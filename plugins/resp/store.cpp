#include "store.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <random>
#include <utility>

namespace resp {
namespace {

constexpr std::size_t kFirstSlots = 16;
constexpr std::size_t kSwept = 2;  // slots looked at with every write

std::size_t memory_of(const Entry& entry) noexcept { return sizeof entry + entry.key_size + entry.capacity + 16; }

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const auto product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

}  // namespace

std::int64_t now_ms() noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void Store::Free::operator()(Entry* entry) const noexcept { ::operator delete(entry); }

Store::Store(std::size_t max_memory) : max_memory_{max_memory} {
  std::random_device random;
  seed_ = (static_cast<std::uint64_t>(random()) << 32U) | random();  // clients must not know what collides
}

Store::~Store() = default;

std::uint64_t Store::hash(std::string_view key) const noexcept {
  constexpr std::uint64_t kOne = 0x9E3779B97F4A7C15U;
  constexpr std::uint64_t kTwo = 0xD1B54A32D192ED03U;
  std::uint64_t state = seed_ ^ mixed(key.size() + 1, kOne);
  while (key.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, key.data(), sizeof word);
    state = mixed(state ^ word, kTwo ^ seed_);
    key.remove_prefix(8);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, key.data(), key.size());
  return mixed(state ^ rest, kOne ^ seed_);
}

/// The slot of the key, or the free one where it would go. The table has a free one.
std::size_t Store::locate(const Table& table, std::string_view key, std::uint64_t hash) noexcept {
  const auto mask = table.slots.size() - 1;
  auto at = hash & mask;
  while (true) {
    const auto& slot = table.slots[at];
    if (!slot.entry || (slot.hash == hash && slot.entry->key() == key)) return at;
    at = (at + 1) & mask;
  }
}

const Entry* Store::find(std::string_view key) {
  const auto hashed = hash(key);
  auto& table = table_of(hashed);
  if (table.used == 0) return nullptr;
  const auto at = locate(table, key, hashed);
  const auto* const entry = table.slots[at].entry.get();
  if (entry == nullptr || entry->expires_ms == 0 || entry->expires_ms > now_ms()) return entry;
  remove(table, at);
  return nullptr;
}

Store::Owned Store::make(std::string_view key, std::string_view value) {
  const auto capacity = (value.size() + 7) / 8 * 8;
  Owned made{new (::operator new(sizeof(Entry) + key.size() + capacity)) Entry{}};
  made->key_size = static_cast<std::uint32_t>(key.size());
  made->capacity = static_cast<std::uint32_t>(capacity);
  std::memcpy(made->bytes(), key.data(), key.size());
  return made;
}

void Store::set(std::string_view key, std::string_view value, std::int64_t expires_ms) {
  const auto hashed = hash(key);
  auto& table = table_of(hashed);
  if (mortal_ > 0) sweep(table);
  if (table.slots.empty()) grow(table);
  auto at = locate(table, key, hashed);
  if (!table.slots[at].entry && table.used * 4 >= table.slots.size() * 3) {
    grow(table);
    at = locate(table, key, hashed);
  }
  auto& slot = table.slots[at];
  if (const bool fits =
          slot.entry && slot.entry->capacity >= value.size() && slot.entry->capacity / 2 <= value.size() + 64;
      !fits) {
    auto made = make(key, value);
    memory_ += memory_of(*made);
    if (slot.entry) {
      memory_ -= memory_of(*slot.entry);
      mortal_ -= slot.entry->expires_ms != 0 ? 1 : 0;
    } else {
      ++table.used;
      ++size_;
    }
    slot.hash = hashed;
    slot.entry = std::move(made);
  } else {
    mortal_ -= slot.entry->expires_ms != 0 ? 1 : 0;
  }
  auto& entry = *slot.entry;
  std::memmove(entry.bytes() + entry.key_size, value.data(), value.size());
  entry.value_size = static_cast<std::uint32_t>(value.size());
  entry.expires_ms = expires_ms;
  mortal_ += expires_ms != 0 ? 1 : 0;
}

bool Store::erase(std::string_view key) {
  if (find(key) == nullptr) return false;
  const auto hashed = hash(key);
  auto& table = table_of(hashed);
  remove(table, locate(table, key, hashed));
  return true;
}

void Store::clear() {
  for (auto& table : tables_) table = {};
  memory_ = size_ = mortal_ = 0;
}

void Store::grow(Table& table) {
  std::vector<Slot> larger(std::max(kFirstSlots, table.slots.size() * 2));
  const auto mask = larger.size() - 1;
  for (auto& slot : table.slots) {
    if (!slot.entry) continue;
    auto at = slot.hash & mask;
    while (larger[at].entry) at = (at + 1) & mask;
    larger[at] = std::move(slot);
  }
  memory_ += (larger.size() - table.slots.size()) * sizeof(Slot);
  table.slots = std::move(larger);
}

/// What stands behind it moves up, so that searches go on finding it.
void Store::remove(Table& table, std::size_t at) noexcept {
  const auto mask = table.slots.size() - 1;
  auto& slots = table.slots;
  memory_ -= memory_of(*slots[at].entry);
  mortal_ -= slots[at].entry->expires_ms != 0 ? 1 : 0;
  slots[at].entry.reset();
  --table.used;
  --size_;
  for (auto next = (at + 1) & mask; slots[next].entry; next = (next + 1) & mask) {
    const auto wanted = slots[next].hash & mask;
    if (((next - wanted) & mask) < ((next - at) & mask)) continue;  // it stands between its place and the gap
    slots[at] = std::move(slots[next]);
    at = next;
  }
}

void Store::sweep(Table& table) noexcept {
  if (table.used == 0) return;
  const auto now = now_ms();
  for (std::size_t i = 0; i < kSwept; ++i) {
    table.swept = (table.swept + 1) & (table.slots.size() - 1);
    const auto* const entry = table.slots[table.swept].entry.get();
    if (entry != nullptr && entry->expires_ms != 0 && entry->expires_ms <= now) remove(table, table.swept);
  }
}

}  // namespace resp
