#include "supervisor/quarantine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace indrik::supervisor {
namespace {

template <std::size_t Size>
std::string_view text_in(const char (&text)[Size]) noexcept {
  return {text, ::strnlen(text, Size)};
}

std::int64_t monotonic(TimePoint when) noexcept {
  return std::chrono::duration_cast<nanoseconds>(when.time_since_epoch()).count();
}

}  // namespace

void Quarantine::note(const process::CrashRecord& crash, const QuarantinePolicy& policy, TimePoint now) {
  if (policy.crashes <= 0 || crash.route_key == 0) return;
  forget_old(policy.within, now);
  auto& route = routes_[crash.route_key];
  route.name = fmt::format("route {} of plugin {}", text_in(crash.route), text_in(crash.plugin));
  route.crashes.push_back(now);
  if (route.closed_until || route.crashes.size() < static_cast<std::size_t>(policy.crashes)) return;
  const auto until = now + policy.lasts;
  if (!closed_.close(crash.route_key, monotonic(until)))
    return log_.error("{} has killed {} workers, but no more routes than {} can be closed", route.name,
                      route.crashes.size(), process::ClosedRoutes::kMost);
  route.closed_until = until;
  log_.error("{} has killed {} workers within {} s: it is closed for {} s and answered 503", route.name,
             route.crashes.size(), std::chrono::ceil<seconds>(policy.within).count(),
             std::chrono::ceil<seconds>(policy.lasts).count());
}

void Quarantine::forget_old(milliseconds within, TimePoint now) {
  for (auto& [key, route] : routes_) std::erase_if(route.crashes, [&](TimePoint when) { return when + within <= now; });
  std::erase_if(routes_, [](const auto& entry) { return entry.second.crashes.empty() && !entry.second.closed_until; });
}

void Quarantine::expire(TimePoint now) {
  for (auto& [key, route] : routes_)
    if (route.closed_until && *route.closed_until <= now) open(key, route);
}

void Quarantine::clear() {
  for (auto& [key, route] : routes_)
    if (route.closed_until) open(key, route);
  routes_.clear();
}

void Quarantine::open(std::uint64_t key, Route& route) {
  closed_.open(key);
  route.closed_until.reset();
  route.crashes.clear();  // it begins anew: one more crash does not close it again
  log_.info("{} is open again", route.name);
}

std::vector<std::pair<std::string, TimePoint>> Quarantine::closed() const {
  std::vector<std::pair<std::string, TimePoint>> found;
  for (const auto& [key, route] : routes_)
    if (route.closed_until) found.emplace_back(route.name, *route.closed_until);
  return found;
}

TimePoint Quarantine::next_deadline() const noexcept {
  TimePoint next = TimePoint::max();
  for (const auto& [key, route] : routes_)
    if (route.closed_until) next = std::min(next, *route.closed_until);
  return next;
}

}  // namespace indrik::supervisor
