#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "process/stall_record.h"

namespace indrik::process {

/// The shared mapping of the stall records, one a slot of the scoreboard, and of the counts. Made before the first
/// fork. Pages that nobody wrote to take no memory.
class StallBoard {
 public:
  /// Fails with mmap's errno.
  static Result<StallBoard> create(std::size_t slots);
  StallBoard(StallBoard&& other) noexcept;
  StallBoard& operator=(StallBoard&&) = delete;
  ~StallBoard();

  std::span<StallRecord> records() noexcept { return {records_, count_}; }
  StallCounts& counts() noexcept { return *counts_; }

 private:
  StallBoard(void* memory, std::size_t size, std::size_t count) noexcept;

  void* memory_ = nullptr;
  std::size_t size_ = 0;
  StallCounts* counts_ = nullptr;
  StallRecord* records_ = nullptr;
  std::size_t count_ = 0;
};

/// The plugin's counts; null when there are more plugins than counts. Any process, any thread.
StallCounts::Plugin* counts_of(StallCounts& counts, std::string_view plugin) noexcept;
std::string name_of(const StallCounts::Plugin& plugin);

}  // namespace indrik::process
