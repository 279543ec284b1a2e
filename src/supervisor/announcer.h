#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/listener.h"
#include "process/service_manager.h"

namespace indrik::supervisor {

/// How the server fares, as far as its service manager is told.
struct Condition {
  enum class Stage : std::uint8_t { starting, serving, stopping };

  Stage stage = Stage::starting;
  std::size_t workers = 0;  ///< that are there
  std::size_t ready = 0;
  std::size_t wanted = 0;
  unsigned reloads = 0;     ///< that were asked for so far
  bool reloading = false;   ///< and one of these is not over
  pid_t heir = 0;           ///< a new master that starts; 0: none
  bool progresses = false;  ///< some worker has shown a sign of life lately
};

/// Tells the service manager what has changed since it was last told; see sd_notify(3).
class Announcer {
 public:
  explicit Announcer(const process::ServiceManager& manager) noexcept : manager_{manager} {}

  /// To be called whenever something may have changed, and at next_deadline().
  void update(const Condition& now, std::span<const net::Listener> listeners);
  /// The server is the new master's: what is told next is its name, and after that nothing any more.
  void hand_over(pid_t heir) noexcept;
  /// Not the service manager's main process yet, or so for the first time: nothing is said, or everything is said anew.
  void be_silent() noexcept { silent_ = true; }
  void begin_anew() noexcept;
  /// Names under which those before have stored listeners: what is not listened at any more is forgotten.
  void inherit(std::vector<std::string> names) { inherited_ = std::move(names); }

  /// When the watchdog wants to be fed, or what could not be told is tried again; max: never.
  TimePoint next_deadline() const noexcept;

 private:
  // False: the service manager does not read now; what it was not told is told later.
  bool tell_stage(const Condition& now);
  bool tell_reload(const Condition& now);
  bool keep_listeners(const Condition& now, std::span<const net::Listener> listeners);
  bool tell_heir();
  void feed(const Condition& now);

  process::ServiceManager manager_;
  bool silent_ = false;
  pid_t heir_ = 0;
  bool told_ready_ = false;
  bool told_stopping_ = false;
  bool told_reloading_ = false;
  unsigned told_reloads_ = 0;
  std::string told_status_;
  std::map<int, std::string> stored_;   ///< names by descriptor
  std::vector<std::string> inherited_;  ///< of which it was not told yet
  TimePoint feed_at_ = TimePoint::min();
  TimePoint retry_at_ = TimePoint::max();
};

/// The name under which a listener is stored, and back: the address that it was asked to stand at.
std::string stored_name(const net::Listener& listener);
/// None: nobody but us stores under such a name, and this is not one.
std::optional<std::string> address_in_stored_name(std::string_view name);

}  // namespace indrik::supervisor
