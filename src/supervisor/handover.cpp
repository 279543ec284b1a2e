#include "supervisor/handover.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <utility>

#include "base/strings.h"

namespace indrik::supervisor {
namespace {

// INDRIK_UPGRADE_HEIR=4712, INDRIK_UPGRADE_REPORT=9, INDRIK_UPGRADE_LISTENERS=5,6 and for each of these
// INDRIK_UPGRADE_5=bound 127.0.0.1:8080: an address may contain any byte but NUL. INDRIK_UPGRADE_CONTROL=7 is another.
constexpr std::string_view kHeir = "HEIR";
constexpr std::string_view kReport = "REPORT";
constexpr std::string_view kListeners = "LISTENERS";
constexpr std::string_view kControl = "CONTROL";
constexpr std::string_view kPassed = "passed ";
constexpr std::string_view kBound = "bound ";

std::string variable_name(std::string_view last) { return fmt::format("{}{}", Handover::kPrefix, last); }

std::string take_variable(std::string_view last) {
  const auto name = variable_name(last);
  const char* value = ::getenv(name.c_str());
  std::string text = value != nullptr ? value : "";
  ::unsetenv(name.c_str());
  return text;
}

/// A descriptor out of a variable, which no child shall inherit.
Fd take_descriptor(std::string_view text) {
  const auto number = parse_number<int>(text);
  if (!number || ::fcntl(*number, F_SETFD, FD_CLOEXEC) != 0) return {};
  return Fd{*number};
}

Handover::Socket take_socket(std::string_view number) {
  auto value = take_variable(number);
  const bool is_passed = value.starts_with(kPassed);
  value.erase(0, is_passed ? kPassed.size() : kBound.size());
  return {.fd = take_descriptor(number), .asked = std::move(value), .is_passed = is_passed};
}

}  // namespace

std::vector<std::string> Handover::variables(pid_t heir, int report, std::span<const net::Listener> listeners,
                                             const control::Door* door) {
  std::vector<std::string> all{fmt::format("{}={}", variable_name(kHeir), heir),
                               fmt::format("{}={}", variable_name(kReport), report)};
  std::string numbers;
  for (const auto& listener : listeners) {
    numbers += fmt::format("{}{}", numbers.empty() ? "" : ",", listener.fd());
    all.push_back(fmt::format("{}={}{}", variable_name(std::to_string(listener.fd())),
                              listener.is_passed() ? kPassed : kBound, listener.asked().text()));
  }
  all.push_back(fmt::format("{}={}", variable_name(kListeners), numbers));
  if (door != nullptr && door->fd() >= 0) {
    all.push_back(fmt::format("{}={}", variable_name(kControl), door->fd()));
    all.push_back(fmt::format("{}={}{}", variable_name(std::to_string(door->fd())), kBound, door->address()));
  }
  return all;
}

std::optional<Handover> Handover::take() {
  const auto heir = take_variable(kHeir);
  const auto report = take_variable(kReport);
  const auto numbers = take_variable(kListeners);
  const auto control = take_variable(kControl);
  const auto each = numbers.empty() ? std::vector<std::string_view>{} : split(numbers, ',');
  if (heir != std::to_string(::getpid())) {
    for (const auto number : each) take_variable(number);
    if (!control.empty()) take_variable(control);
    return std::nullopt;
  }
  Handover handover{.predecessor = ::getppid(), .report = take_descriptor(report)};
  for (const auto number : each) handover.sockets.push_back(take_socket(number));
  if (!control.empty()) handover.control = take_socket(control);
  return handover;
}

}  // namespace indrik::supervisor
