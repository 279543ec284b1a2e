#include "process/crash_board.h"

namespace indrik::process {

static_assert(std::is_trivially_copyable_v<CrashRecord>);
static_assert(static_cast<int>(CrashRecord::Stage::none) == 0);

Result<CrashBoard> CrashBoard::create(std::size_t slots) {
  auto memory = Memory::create(slots, "crash records");
  if (!memory) return fail(std::move(memory).error());
  return CrashBoard{*std::move(memory)};
}

}  // namespace indrik::process
