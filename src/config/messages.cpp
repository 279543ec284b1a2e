#include "config/messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/strings.h"

namespace indrik::config {

namespace {

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_control(c))
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out;
}

bool is_printable(std::string_view text) noexcept { return std::none_of(text.begin(), text.end(), is_control); }

std::string shortened(std::string_view text) {
  constexpr std::size_t kMost = 80;
  return printable(text.size() <= kMost ? text : text.substr(0, kMost)) + (text.size() <= kMost ? "" : "...");
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates, std::string_view quote,
                         std::string_view otherwise) {
  const auto near = nearest(word, candidates);
  return near.empty() ? std::string{otherwise} : fmt::format("; did you mean {0}{1}{0}?", quote, near);
}

}  // namespace indrik::config
