#include <sys/select.h>

#include <array>
#include <cstring>
#include <vector>

#include "fiber/blocking_call.h"
#include "fiber/hook_families.h"
#include "fiber/real_call.h"
#include "fiber/timespec.h"
#include "fiber/waiting_time.h"

namespace indrik::fiber {
namespace {

constexpr std::array<std::string_view, 3> kHooked{"select", "__select", "pselect"};

constinit RealCall<decltype(::select)> real_select{"select"};
constinit RealCall<decltype(::pselect)> real_pselect{"pselect"};

/// What is asked for in one of the three sets. Callers' sets may be larger than an fd_set.
class Wanted {
 public:
  Wanted(fd_set* set, int count, short events) : set_{set}, events_{events} {
    if (set == nullptr) return;
    bits_.resize((static_cast<std::size_t>(count) + kBits - 1) / kBits);
    std::memcpy(bits_.data(), set, bits_.size() * sizeof bits_[0]);
  }
  /// The call leaves the answer where the question was.
  void ask_again() const noexcept {
    if (set_ != nullptr) std::memcpy(set_, bits_.data(), bits_.size() * sizeof bits_[0]);
  }
  short events(int descriptor) const noexcept {
    if (set_ == nullptr) return 0;
    const auto number = static_cast<std::size_t>(descriptor);
    return (bits_[number / kBits] >> number % kBits & 1U) != 0 ? events_ : short{0};
  }

 private:
  static constexpr std::size_t kBits = NFDBITS;
  fd_set* set_;
  short events_;
  std::vector<unsigned long> bits_;
};

using Sets = std::array<Wanted, 3>;

std::vector<pollfd> to_poll(int count, const Sets& sets) {
  std::vector<pollfd> descriptors;
  for (int i = 0; i < count; ++i) {
    const int events = sets[0].events(i) | sets[1].events(i) | sets[2].events(i);
    if (events != 0) descriptors.push_back({.fd = i, .events = static_cast<short>(events), .revents = 0});
  }
  return descriptors;
}

/// `look` is the call itself without a wait.
template <class Look>
int select_waiting(int count, const Sets& sets, const Patience& patience, Look look) {
  const int saved_errno = errno;
  auto descriptors = to_poll(count, sets);
  Restraint restraint;
  while (true) {
    sets[0].ask_again();
    sets[1].ask_again();
    sets[2].ask_again();
    const int ready = look();
    if (ready < 0 && errno == EINTR) continue;
    if (ready != 0 || patience.left() == nanoseconds::zero()) return ready;
    const auto outcome = restraint.wait(patience, [&](nanoseconds left) { return wait_for_any(descriptors, left); });
    errno = outcome == Outcome::cancelled ? ECANCELED : outcome == Outcome::closed ? EBADF : saved_errno;
    if (outcome == Outcome::cancelled || outcome == Outcome::closed) return -1;
  }
}

template <class Look>
int select_any(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, const Patience& patience,
               Look look) noexcept {
  if (count < 0) return look();  // which says what is wrong
  return select_waiting(
      count, {Wanted{readable, count, POLLIN}, Wanted{writable, count, POLLOUT}, Wanted{exceptional, count, POLLPRI}},
      patience, look);
}

}  // namespace

SymbolNames select_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

// NOLINTBEGIN(bugprone-reserved-identifier): the names are libc's
extern "C" {

using namespace indrik::fiber;

int select(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, timeval* timeout) {
  const bool is_wrong = timeout != nullptr && (timeout->tv_sec < 0 || timeout->tv_usec < 0);
  if (!may_park() || is_wrong) return real_select(count, readable, writable, exceptional, timeout);
  indrik::nanoseconds time = kForever;
  if (timeout != nullptr)
    time = to_nanoseconds({.tv_sec = timeout->tv_sec, .tv_nsec = 0}) + std::chrono::microseconds{timeout->tv_usec};
  const Patience patience{time};
  const int ready = select_any(count, readable, writable, exceptional, patience, [=] {
    timeval at_once{};
    return real_select(count, readable, writable, exceptional, &at_once);
  });
  if (timeout != nullptr) {  // Linux says how much is left
    const auto left = to_timespec(patience.left());
    *timeout = {.tv_sec = left.tv_sec, .tv_usec = left.tv_nsec / 1000};
  }
  return ready;
}

int __select(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, timeval* timeout) {
  return select(count, readable, writable, exceptional, timeout);
}

// The mask is in force while the call looks, not while the fiber is parked: others run then.
int pselect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, const timespec* timeout,
            const sigset_t* mask) {
  if (!may_park() || (timeout != nullptr && !is_valid(*timeout)))
    return real_pselect(count, readable, writable, exceptional, timeout, mask);
  const Patience patience{timeout != nullptr ? to_nanoseconds(*timeout) : kForever};
  return select_any(count, readable, writable, exceptional, patience, [=] {
    const timespec at_once{};
    return real_pselect(count, readable, writable, exceptional, &at_once, mask);
  });
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
