#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace indrik::process {

/// A mapping that a process shares with those it forks: one Head, then Records. Both are begun by the zeros that mmap
/// gives, which must be what their members begin with: pages that nobody wrote to take no memory.
template <class Head, class Record>
class SharedRecords {
  static_assert(std::is_trivially_destructible_v<Head> && std::is_trivially_destructible_v<Record>);

 public:
  /// Fails with mmap's errno; `what` they are is for the error.
  static Result<SharedRecords> create(std::size_t count, std::string_view what) {
    void* memory =
        ::mmap(nullptr, kRecordsAt + count * sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return fail(Error::from_errno(errno, "map the {} of {} workers", what, count));
    return SharedRecords{memory, count};
  }
  SharedRecords(SharedRecords&& other) noexcept
      : memory_{std::exchange(other.memory_, nullptr)}, count_{std::exchange(other.count_, 0)} {}
  SharedRecords& operator=(SharedRecords&&) = delete;
  ~SharedRecords() {
    if (memory_ != nullptr) ::munmap(memory_, kRecordsAt + count_ * sizeof(Record));
  }

  Head& head() const noexcept { return *static_cast<Head*>(memory_); }
  std::span<Record> records() const noexcept {
    return {reinterpret_cast<Record*>(static_cast<std::byte*>(memory_) + kRecordsAt), count_};
  }

 private:
  static constexpr std::size_t kRecordsAt = (sizeof(Head) + alignof(Record) - 1) / alignof(Record) * alignof(Record);

  SharedRecords(void* memory, std::size_t count) noexcept : memory_{memory}, count_{count} {}

  void* memory_;
  std::size_t count_;
};

}  // namespace indrik::process
