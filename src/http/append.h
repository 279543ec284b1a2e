#pragma once

#include <string>
#include <string_view>

namespace indrik::http {

/// Appends all parts to `out`, which grows once: heads of answers are many short texts.
template <class... Parts>
void append_all(std::string& out, const Parts&... parts) {
  const auto before = out.size();
  out.resize(before + (std::string_view{parts}.size() + ...));
  char* to = out.data() + before;
  ((to += std::string_view{parts}.copy(to, std::string_view::npos)), ...);
}

}  // namespace indrik::http
