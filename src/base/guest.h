#pragma once

#include <string_view>
#include <utility>

namespace indrik {

/// Which plugin's code a loop runs where it has called it for itself, not through a handler: what its timers, watches
/// and the like call. For whoever reports what holds the loop. Loop thread only.
struct Guest {
  std::string_view plugin;  ///< empty: none
};

/// Says so while it lives.
class GuestMark {
 public:
  GuestMark(Guest* guest, std::string_view plugin) noexcept : guest_{guest} {
    if (guest_ != nullptr) before_ = std::exchange(guest_->plugin, plugin);
  }
  ~GuestMark() {
    if (guest_ != nullptr) guest_->plugin = before_;
  }
  GuestMark(const GuestMark&) = delete;
  GuestMark& operator=(const GuestMark&) = delete;

 private:
  Guest* guest_;
  std::string_view before_;
};

}  // namespace indrik
