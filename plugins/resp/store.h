#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace resp {

/// One key with its value, in one piece of memory.
struct Entry {
  std::int64_t expires_ms;  ///< of the wall clock; 0: never
  std::uint32_t key_size;
  std::uint32_t value_size;
  std::uint32_t capacity;  ///< for the value

  std::string_view key() const noexcept { return {bytes(), key_size}; }
  std::string_view value() const noexcept { return {bytes() + key_size, value_size}; }
  const char* bytes() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
};

/// Keys and values in memory. Open addressing with the hashes beside the pointers: a key that is not there costs one
/// look at memory that is cold. In several tables, each of which grows by itself, so that no client waits while all of
/// it is moved. What has expired is dropped when it is met, and step by step with every write. One thread.
class Store {
 public:
  /// `max_memory` bytes of keys, values and tables; 0: no bound.
  explicit Store(std::size_t max_memory);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Null: there is none, or it has expired. Valid until the next change.
  const Entry* find(std::string_view key);
  /// Whatever stood there is replaced, its time included.
  void set(std::string_view key, std::string_view value, std::int64_t expires_ms);
  /// False: there was none.
  bool erase(std::string_view key);
  void clear();

  std::size_t size() const noexcept { return size_; }
  std::size_t memory() const noexcept { return memory_; }
  bool is_full() const noexcept { return max_memory_ > 0 && memory_ > max_memory_; }

 private:
  struct Free {
    void operator()(Entry* entry) const noexcept;
  };
  using Owned = std::unique_ptr<Entry, Free>;
  struct Slot {
    std::uint64_t hash = 0;
    Owned entry;
  };
  struct Table {
    std::vector<Slot> slots;  ///< a power of two of them
    std::size_t used = 0;
    std::size_t swept = 0;  ///< where sweeping goes on
  };
  static constexpr std::size_t kTables = 256;

  std::uint64_t hash(std::string_view key) const noexcept;
  Table& table_of(std::uint64_t hash) noexcept { return tables_[hash >> 56U]; }
  static std::size_t locate(const Table& table, std::string_view key, std::uint64_t hash) noexcept;
  Owned make(std::string_view key, std::string_view value);
  void grow(Table& table);
  void remove(Table& table, std::size_t at) noexcept;
  void sweep(Table& table) noexcept;

  std::uint64_t seed_;
  std::size_t max_memory_;
  std::size_t memory_ = 0;
  std::size_t size_ = 0;
  std::size_t mortal_ = 0;  ///< entries that expire
  std::array<Table, kTables> tables_;
};

/// Milliseconds of the wall clock.
std::int64_t now_ms() noexcept;

}  // namespace resp
