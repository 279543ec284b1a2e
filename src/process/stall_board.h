#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "process/shared_records.h"
#include "process/stall_record.h"

namespace indrik::process {

/// The shared mapping of the stall records, one a slot of the scoreboard, and of the counts. Made before the first
/// fork. Pages that nobody wrote to take no memory.
class StallBoard {
 public:
  /// Fails with mmap's errno.
  static Result<StallBoard> create(std::size_t slots);

  std::span<StallRecord> records() noexcept { return memory_.records(); }
  StallCounts& counts() noexcept { return memory_.head(); }

 private:
  using Memory = SharedRecords<StallCounts, StallRecord>;
  explicit StallBoard(Memory memory) noexcept : memory_{std::move(memory)} {}

  Memory memory_;
};

/// The plugin's counts; null when there are more plugins than counts. Any process, any thread.
StallCounts::Plugin* counts_of(StallCounts& counts, std::string_view plugin) noexcept;
std::string name_of(const StallCounts::Plugin& plugin);

}  // namespace indrik::process
