#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace indrik::http {

/// The fields by which a proxy tells of its client, in the order of their names in forwarded.cpp.
enum class ForwardedField : std::uint8_t {
  forwarded,  ///< RFC 7239
  x_forwarded_for,
  x_forwarded_proto,
  x_forwarded_host,
  x_forwarded_port,
  x_forwarded_prefix,
  script_name,
};

/// Which of them are believed. What a proxy does not itself set or remove, it passes on from anybody.
class ForwardedFields {
 public:
  ForwardedFields() = default;
  /// By name, without case. The error names the first that is none of them, and those there are.
  static Result<ForwardedFields> parse(std::span<const std::string> names);

  bool contains(ForwardedField field) const noexcept { return (set_ >> static_cast<unsigned>(field) & 1U) != 0; }
  void add(ForwardedField field) noexcept {
    set_ = static_cast<std::uint8_t>(set_ | 1U << static_cast<unsigned>(field));
  }

 private:
  std::uint8_t set_ = 0;
};

std::optional<ForwardedField> forwarded_field(std::string_view name) noexcept;

/// One hop as RFC 7239 tells it: values without their quotes; what was not told is empty.
struct ForwardedElement {
  std::string node;  ///< "for": "192.0.2.1:80", "[2001:db8::1]", "unknown", "_hidden"
  std::string proto;
  std::string host;
};

/// Appends what one Forwarded field says, the nearest hop last. ":", "[" and "]" may stand without quotes, as many send
/// them, and so may spaces around ";". False: otherwise it breaks the grammar of RFC 7239 4, or tells one thing of a
/// hop twice, or very much of it; `elements` is then of no use.
bool parse_forwarded(std::string_view value, std::vector<ForwardedElement>& elements);

}  // namespace indrik::http
