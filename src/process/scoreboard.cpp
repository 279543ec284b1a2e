#include "process/scoreboard.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

namespace indrik::process {

static_assert(std::atomic<std::int64_t>::is_always_lock_free && std::atomic<WorkerState>::is_always_lock_free &&
                  std::atomic<char>::is_always_lock_free,
              "a lock inside an atomic would not be shared between processes");

Result<Scoreboard> Scoreboard::create(std::size_t slots) {
  void* memory = ::mmap(nullptr, slots * sizeof(Slot), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail(Error::from_errno(errno, "map a scoreboard of {} workers", slots));
  auto* first = static_cast<Slot*>(memory);
  std::uninitialized_default_construct_n(first, slots);
  return Scoreboard{first, slots};
}

Scoreboard::Scoreboard(Scoreboard&& other) noexcept
    : slots_{std::exchange(other.slots_, nullptr)}, count_{std::exchange(other.count_, 0)} {}

Scoreboard::~Scoreboard() {
  if (slots_ != nullptr) ::munmap(slots_, count_ * sizeof(Slot));
}

void begin_running(Slot& slot, std::string_view what, std::int64_t since_ns) noexcept {
  const auto size = std::min(what.size(), std::size(slot.running_what) - 1);
  for (std::size_t i = 0; i < size; ++i) slot.running_what[i].store(what[i], std::memory_order_relaxed);
  slot.running_what[size].store('\0', std::memory_order_relaxed);
  // Released last: whoever sees `since` sees the text that belongs to it.
  slot.running_since_ns.store(since_ns, std::memory_order_release);
}

void end_running(Slot& slot) noexcept { slot.running_since_ns.store(0, std::memory_order_release); }

std::optional<Running> running_in(const Slot& slot) {
  const auto since = slot.running_since_ns.load(std::memory_order_acquire);
  if (since == 0) return std::nullopt;
  Running running{.what = {}, .since_ns = since};
  for (const auto& letter : slot.running_what) {
    const char c = letter.load(std::memory_order_relaxed);
    if (c == '\0') break;
    running.what += c;
  }
  return running;
}

}  // namespace indrik::process
