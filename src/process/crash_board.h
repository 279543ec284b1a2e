#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "base/result.h"
#include "process/closed_routes.h"
#include "process/crash_record.h"
#include "process/shared_records.h"

namespace indrik::process {

/// The shared mapping in which workers leave what they died of, one record a slot of the scoreboard, and in which the
/// master says which routes are closed for that. Pages that nobody wrote to take no memory.
class CrashBoard {
 public:
  /// Fails with mmap's errno.
  static Result<CrashBoard> create(std::size_t slots);

  std::span<CrashRecord> records() noexcept { return memory_.records(); }
  std::span<const CrashRecord> records() const noexcept { return memory_.records(); }
  ClosedRoutes& closed_routes() noexcept { return memory_.head(); }

 private:
  using Memory = SharedRecords<ClosedRoutes, CrashRecord>;
  explicit CrashBoard(Memory memory) noexcept : memory_{std::move(memory)} {}

  Memory memory_;
};

}  // namespace indrik::process
