#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "process/closed_routes.h"
#include "process/crash_record.h"

namespace indrik::process {

/// The shared mapping in which workers leave what they died of, one record a slot of the scoreboard, and in which the
/// master says which routes are closed for that. Pages that nobody wrote to take no memory.
class CrashBoard {
 public:
  /// Fails with mmap's errno.
  static Result<CrashBoard> create(std::size_t slots);
  CrashBoard(CrashBoard&& other) noexcept;
  CrashBoard& operator=(CrashBoard&&) = delete;
  ~CrashBoard();

  std::span<CrashRecord> records() noexcept { return {records_, count_}; }
  std::span<const CrashRecord> records() const noexcept { return {records_, count_}; }
  ClosedRoutes& closed_routes() noexcept { return *closed_routes_; }

 private:
  CrashBoard(void* memory, std::size_t size, std::size_t count) noexcept;

  void* memory_ = nullptr;
  std::size_t size_ = 0;
  ClosedRoutes* closed_routes_ = nullptr;
  CrashRecord* records_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace indrik::process
