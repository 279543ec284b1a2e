#pragma once

#include <indrik/plugin.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace indrik::plugin {

inline std::string_view view_of(indrik_text text) noexcept {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}
inline indrik_text text_of(std::string_view view) noexcept { return {view.data(), view.size()}; }

/// Copies as much of `text` as fits, and a NUL, into a buffer of the plugin's; nothing if there is none.
inline void write_error(std::string_view text, char* buffer, std::uint64_t capacity) noexcept {
  if (buffer == nullptr || capacity == 0) return;
  *std::copy_n(text.data(), std::min<std::uint64_t>(text.size(), capacity - 1), buffer) = '\0';
}

/// "INDRIK_E_FAILED", or "an unknown error" for a number that is none of ours.
constexpr std::string_view error_name(std::int32_t code) noexcept {
  switch (code) {
    case INDRIK_OK:
      return "INDRIK_OK";
    case INDRIK_E_FAILED:
      return "INDRIK_E_FAILED";
    case INDRIK_E_INVALID:
      return "INDRIK_E_INVALID";
    case INDRIK_E_NOT_FOUND:
      return "INDRIK_E_NOT_FOUND";
    case INDRIK_E_OUT_OF_RANGE:
      return "INDRIK_E_OUT_OF_RANGE";
    case INDRIK_E_NO_MEMORY:
      return "INDRIK_E_NO_MEMORY";
    case INDRIK_E_WRONG_PHASE:
      return "INDRIK_E_WRONG_PHASE";
    case INDRIK_E_BAD_NAME:
      return "INDRIK_E_BAD_NAME";
    case INDRIK_E_BAD_VALUE:
      return "INDRIK_E_BAD_VALUE";
    case INDRIK_E_RESERVED_FIELD:
      return "INDRIK_E_RESERVED_FIELD";
    case INDRIK_E_REFUSED:
      return "INDRIK_E_REFUSED";
    case INDRIK_E_AGAIN:
      return "INDRIK_E_AGAIN";
    case INDRIK_E_CLIENT_GONE:
      return "INDRIK_E_CLIENT_GONE";
    case INDRIK_E_CANCELLED:
      return "INDRIK_E_CANCELLED";
    case INDRIK_E_CUT_SHORT:
      return "INDRIK_E_CUT_SHORT";
    case INDRIK_E_ENDED:
      return "INDRIK_E_ENDED";
    case INDRIK_E_STOPPING:
      return "INDRIK_E_STOPPING";
    case INDRIK_E_TIMED_OUT:
      return "INDRIK_E_TIMED_OUT";
    default:
      return "an unknown error";
  }
}

}  // namespace indrik::plugin
