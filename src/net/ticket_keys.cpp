#include "net/ticket_keys.h"

#include <sys/mman.h>
#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <new>
#include <utility>

namespace indrik::net {
namespace {

/// Beside the current key and the one before it, one that is being written and one that somebody may still be reading.
constexpr std::size_t kRooms = 4;

bool fill(TicketKeys::Key& key) noexcept {
  static_assert(sizeof(TicketKeys::Key) <= 256, "getrandom(2) gives so much at once, or nothing");
  return ::getrandom(&key, sizeof key, 0) == static_cast<ssize_t>(sizeof key);
}

std::int64_t ns_of(TimePoint time) noexcept {
  return std::chrono::duration_cast<nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

struct TicketKeys::Shared {
  std::atomic<std::uint64_t> number{0};       ///< of the current key; it stands in keys[number % kRooms]
  std::atomic<std::int64_t> made_ns{0};       ///< when it came into use, by the clock of all processes; 0: at no time
  std::atomic<std::int64_t> exchanged_ns{0};  ///< when somebody last began to make another one
  std::array<Key, kRooms> keys;
};

Result<TicketKeys> TicketKeys::create() {
  void* const memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail(Error::from_errno(errno, "memory for the keys of TLS session tickets"));
  TicketKeys made{std::construct_at(static_cast<Shared*>(memory))};
  ::madvise(memory, sizeof(Shared), MADV_DONTDUMP);  // not for those who read cores
  if (!fill(made.shared_->keys[0])) return fail(Error::from_errno(errno, "random bytes"));
  return made;
}

TicketKeys::TicketKeys(TicketKeys&& other) noexcept : shared_{std::exchange(other.shared_, nullptr)} {}

TicketKeys::~TicketKeys() {
  if (shared_ != nullptr) ::munmap(shared_, sizeof(Shared));
}

TicketKeys::Key TicketKeys::current(TimePoint now, seconds lifetime) noexcept {
  auto& shared = *shared_;
  const auto now_ns = ns_of(now);
  auto number = shared.number.load(std::memory_order_acquire);
  auto made = shared.made_ns.load(std::memory_order_relaxed);
  if (made == 0) shared.made_ns.compare_exchange_strong(made, now_ns, std::memory_order_relaxed);
  if (made == 0 || now_ns - made < nanoseconds{lifetime}.count()) return shared.keys[number % kRooms];
  // One at a time, and another one where the first has died over it.
  constexpr std::int64_t kPatience = nanoseconds{seconds{10}}.count();
  auto last = shared.exchanged_ns.load(std::memory_order_relaxed);
  const bool is_ours = (last == 0 || now_ns - last > kPatience) &&
                       shared.exchanged_ns.compare_exchange_strong(last, now_ns, std::memory_order_relaxed);
  if (!is_ours || !fill(shared.keys[(number + 1) % kRooms])) return shared.keys[number % kRooms];
  shared.made_ns.store(now_ns, std::memory_order_relaxed);
  shared.number.store(++number, std::memory_order_release);
  return shared.keys[number % kRooms];
}

bool TicketKeys::find(const unsigned char* name, Key& key, bool& is_old) const noexcept {
  const auto number = shared_->number.load(std::memory_order_acquire);
  for (std::uint64_t age = 0; age <= std::min<std::uint64_t>(number, 1); ++age) {
    key = shared_->keys[(number - age) % kRooms];
    is_old = age > 0;
    if (std::equal(key.name.begin(), key.name.end(), name)) return true;
  }
  return false;
}

}  // namespace indrik::net
