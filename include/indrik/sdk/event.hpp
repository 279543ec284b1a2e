#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

#pragma GCC visibility push(hidden)
namespace indrik {

/// One server-sent event (WHATWG HTML, 9.2). An event without data is a comment, which keeps a connection alive and
/// tells the page nothing.
struct Event {
  std::string data{};                   ///< any number of lines
  std::string name{};                   ///< empty: "message"
  std::string id{};                     ///< what the client tells us, as Last-Event-ID, when it comes again
  std::chrono::milliseconds retry{-1};  ///< how long the client waits before that; negative: as it likes
};

/// As it is sent. Throws std::invalid_argument for a name or id of more than one line, or an id with NUL.
inline std::string to_text(const Event& event) {
  constexpr std::string_view kLineEnds = "\r\n";
  if (event.name.find_first_of(kLineEnds) != std::string::npos)
    throw std::invalid_argument{"an event's name has lines"};
  if (event.id.find_first_of(std::string_view{"\r\n\0", 3}) != std::string::npos)
    throw std::invalid_argument{"an event's id has lines"};
  std::string out;
  if (event.retry.count() >= 0) out.append("retry: ").append(std::to_string(event.retry.count())).append("\n");
  if (!event.id.empty()) out.append("id: ").append(event.id).append("\n");
  if (!event.name.empty()) out.append("event: ").append(event.name).append("\n");
  if (event.data.empty()) return out.empty() ? ":\n\n" : out.append("\n");
  for (std::string_view rest = event.data; true;) {
    const auto end = rest.find_first_of(kLineEnds);
    out.append("data: ").append(rest.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    rest.remove_prefix(rest.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  return out.append("\n");
}

}  // namespace indrik
#pragma GCC visibility pop
