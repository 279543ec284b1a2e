#pragma once

#include <indrik/ext/http_request.h>

#include <algorithm>
#include <cstdint>
#include <span>

#include "http/request.h"
#include "http/response.h"
#include "plugin/abi_text.h"

namespace indrik::plugin {

/// What a plugin is told about a field line of its own.
constexpr std::int32_t field_code(http::Response::FieldError error) noexcept {
  switch (error) {
    case http::Response::FieldError::none:
      return INDRIK_OK;
    case http::Response::FieldError::bad_name:
      return INDRIK_E_BAD_NAME;
    case http::Response::FieldError::bad_value:
      return INDRIK_E_BAD_VALUE;
    case http::Response::FieldError::reserved:
      return INDRIK_E_RESERVED_FIELD;
  }
  return INDRIK_E_FAILED;
}

/// Copies fields from number `first` on to out[0 .. capacity); how many.
inline std::uint64_t copy_fields(std::span<const http::Field> all, std::uint64_t first, indrik_field* out,
                                 std::uint64_t capacity) noexcept {
  if (first >= all.size()) return 0;
  const auto part = all.subspan(first, std::min<std::uint64_t>(capacity, all.size() - first));
  std::ranges::transform(
      part, out, [](const http::Field& f) { return indrik_field{.name = text_of(f.name), .value = text_of(f.value)}; });
  return part.size();
}

}  // namespace indrik::plugin
