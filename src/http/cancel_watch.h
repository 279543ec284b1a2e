#pragma once

#include <utility>

namespace indrik::http {

/// Someone who wants to hear that an exchange is cancelled; in his own memory, so that waiting allocates nothing.
/// Must neither move nor die while it stands in a list. Zeroed is "in no list".
struct CancelWatch {
  void (*fired)(void* context) noexcept = nullptr;
  void* context = nullptr;
  CancelWatch* next = nullptr;
  CancelWatch* previous = nullptr;  ///< null: in no list

  void leave() noexcept {
    if (!previous) return;
    previous->next = next;
    if (next) next->previous = previous;
    next = previous = nullptr;
  }
};

/// Who is to hear of one exchange's cancellation. Loop thread only.
class CancelList {
 public:
  void add(CancelWatch& watch) noexcept {
    watch.leave();
    watch.next = head_.next;
    watch.previous = &head_;
    if (head_.next) head_.next->previous = &watch;
    head_.next = &watch;
  }

  /// Calls each, taken out before. The last of them may end whatever the list is part of.
  void fire() noexcept {
    CancelWatch rest;  // on our own stack: the list may be gone after any of the calls
    rest.next = std::exchange(head_.next, nullptr);
    if (rest.next) rest.next->previous = &rest;
    while (auto* const watch = rest.next) {
      watch->leave();
      watch->fired(watch->context);
    }
  }

 private:
  CancelWatch head_;
};

}  // namespace indrik::http
