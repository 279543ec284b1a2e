#include "process/crash_board.h"

#include <sys/mman.h>

#include <cerrno>
#include <memory>
#include <type_traits>
#include <utility>

namespace indrik::process {
namespace {

constexpr std::size_t kRecordsAt =
    (sizeof(ClosedRoutes) + alignof(CrashRecord) - 1) / alignof(CrashRecord) * alignof(CrashRecord);

// So that records are begun by the zeros that mmap gives, without touching a page.
static_assert(std::is_trivially_destructible_v<CrashRecord> && std::is_trivially_copyable_v<CrashRecord>);
static_assert(static_cast<int>(CrashRecord::Stage::none) == 0);

}  // namespace

Result<CrashBoard> CrashBoard::create(std::size_t slots) {
  const auto size = kRecordsAt + slots * sizeof(CrashRecord);
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail(Error::from_errno(errno, "map the crash records of {} workers", slots));
  return CrashBoard{memory, size, slots};
}

CrashBoard::CrashBoard(void* memory, std::size_t size, std::size_t count) noexcept
    : memory_{memory},
      size_{size},
      closed_routes_{std::construct_at(static_cast<ClosedRoutes*>(memory))},
      records_{reinterpret_cast<CrashRecord*>(static_cast<std::byte*>(memory) + kRecordsAt)},
      count_{count} {}

CrashBoard::CrashBoard(CrashBoard&& other) noexcept
    : memory_{std::exchange(other.memory_, nullptr)},
      size_{other.size_},
      closed_routes_{std::exchange(other.closed_routes_, nullptr)},
      records_{std::exchange(other.records_, nullptr)},
      count_{std::exchange(other.count_, 0)} {}

CrashBoard::~CrashBoard() {
  if (memory_ != nullptr) ::munmap(memory_, size_);
}

}  // namespace indrik::process
