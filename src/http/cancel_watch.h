#pragma once

#include <utility>

namespace indrik::http {

/// Someone who wants to hear that an exchange is cancelled; in his own memory, so that waiting allocates nothing.
/// Must neither move nor die while it stands in a list. Zeroed is "in no list".
struct CancelWatch {
  void (*fired)(void* context) noexcept = nullptr;
  void* context = nullptr;
  CancelWatch* next = nullptr;
  CancelWatch** link = nullptr;  ///< what points to it; null: in no list

  void leave() noexcept {
    if (!link) return;
    *link = next;
    if (next) next->link = link;
    next = nullptr;
    link = nullptr;
  }
};

/// Who is to hear of one exchange's cancellation. Loop thread only.
class CancelList {
 public:
  void add(CancelWatch& watch) noexcept {
    watch.leave();
    watch.next = first_;
    watch.link = &first_;
    if (first_) first_->link = &watch.next;
    first_ = &watch;
  }

  /// Calls each, taken out before. The last of them may end whatever the list is part of.
  void fire() noexcept {
    auto* rest = std::exchange(first_, nullptr);  // on our own stack: the list may be gone after any of the calls
    if (rest) rest->link = &rest;
    while (auto* const watch = rest) {
      watch->leave();
      watch->fired(watch->context);
    }
  }

 private:
  CancelWatch* first_ = nullptr;
};

}  // namespace indrik::http
