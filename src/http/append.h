#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace indrik::http {

/// Appends all parts to `out`, which grows once: heads of answers are many short texts.
template <class... Parts>
void append_all(std::string& out, const Parts&... parts) {
  const auto before = out.size();
  out.resize(before + (std::string_view{parts}.size() + ...));
  char* to = out.data() + before;
  const auto put = [&to](std::string_view part) {
    if (part.empty()) return;  // it may be null, which memcpy(3) must not be given
    std::memcpy(to, part.data(), part.size());
    to += part.size();
  };
  (put(parts), ...);
}

}  // namespace indrik::http
