#include "process/scoreboard.h"

#include <sys/eventfd.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace indrik::process {

static_assert(std::atomic<std::int64_t>::is_always_lock_free && std::atomic<WorkerState>::is_always_lock_free &&
                  std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "a lock inside an atomic would not be shared between processes");

Result<Scoreboard> Scoreboard::create(std::size_t slots, std::size_t bells) {
  auto crashes = CrashBoard::create(slots);
  if (!crashes) return fail(std::move(crashes).error());
  auto stalls = StallBoard::create(slots);
  if (!stalls) return fail(std::move(stalls).error());
  std::vector<Fd> made;
  while (made.size() < std::min(slots, bells)) {
    if (!made.emplace_back(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)))
      return fail(Error::from_errno(errno, "make an eventfd for worker {}", made.size() - 1));
  }
  void* memory = ::mmap(nullptr, slots * sizeof(Slot), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail(Error::from_errno(errno, "map a scoreboard of {} workers", slots));
  auto* first = static_cast<Slot*>(memory);
  std::uninitialized_default_construct_n(first, slots);
  return Scoreboard{first, slots, *std::move(crashes), *std::move(stalls), std::move(made)};
}

Scoreboard::Scoreboard(Scoreboard&& other) noexcept
    : slots_{std::exchange(other.slots_, nullptr)},
      count_{std::exchange(other.count_, 0)},
      crashes_{std::move(other.crashes_)},
      stalls_{std::move(other.stalls_)},
      bells_{std::move(other.bells_)} {}

Scoreboard::~Scoreboard() {
  if (slots_ != nullptr) ::munmap(slots_, count_ * sizeof(Slot));
}

namespace {

// On the way of every request.
void store_text(std::span<std::atomic<std::uint64_t>> words, std::string_view text) noexcept {
  text = text.substr(0, words.size_bytes() - 1);
  auto* to = words.data();
  std::uint64_t word = 0;
  for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    to++->store(word, std::memory_order_relaxed);
  }
  word = 0;
  for (std::size_t at = 0; at < text.size(); ++at)
    word |= std::uint64_t{static_cast<unsigned char>(text[at])} << (8 * at);  // little-endian, as all we run on
  to->store(word, std::memory_order_relaxed);                                 // with the NUL
}

std::string load_text(std::span<const std::atomic<std::uint64_t>> words) {
  std::string text(words.size_bytes(), '\0');
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto word = words[i].load(std::memory_order_relaxed);
    std::memcpy(text.data() + i * sizeof word, &word, sizeof word);
  }
  text.resize(::strnlen(text.data(), text.size()));
  return text;
}

}  // namespace

void begin_running(Slot& slot, std::string_view what, std::int64_t since_ns) noexcept {
  store_text(slot.running_what, what);
  // Released last: whoever sees `since` sees the text that belongs to it.
  slot.running_since_ns.store(since_ns, std::memory_order_release);
}

void end_running(Slot& slot) noexcept { slot.running_since_ns.store(0, std::memory_order_release); }

void say_last_words(Slot& slot, std::string_view text) noexcept { store_text(slot.last_words, text); }

std::string last_words_in(const Slot& slot) { return load_text(slot.last_words); }

std::optional<Running> running_in(const Slot& slot) {
  const auto since = slot.running_since_ns.load(std::memory_order_acquire);
  if (since == 0) return std::nullopt;
  return Running{.what = load_text(slot.running_what), .since_ns = since};
}

}  // namespace indrik::process
