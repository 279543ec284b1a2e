#pragma once

#include <string_view>

namespace indrik {

/// Hears which plugin's code a loop runs where it has called it for itself, not through a handler: what its timers,
/// watches and the like call. For whoever reports what holds the loop. Loop thread only.
class Guest {
 public:
  virtual void enter(std::string_view plugin) noexcept = 0;
  virtual void leave() noexcept = 0;

 protected:
  ~Guest() = default;
};

/// Says so while it lives.
class GuestMark {
 public:
  GuestMark(Guest* guest, std::string_view plugin) noexcept : guest_{guest} {
    if (guest_ != nullptr) guest_->enter(plugin);
  }
  ~GuestMark() {
    if (guest_ != nullptr) guest_->leave();
  }
  GuestMark(const GuestMark&) = delete;
  GuestMark& operator=(const GuestMark&) = delete;

 private:
  Guest* guest_;
};

}  // namespace indrik
