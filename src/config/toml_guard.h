#pragma once

#include <optional>
#include <string_view>

namespace indrik::config {

struct Hazard {
  int line = 0;
  std::string_view what;
};

/// What a TOML text holds that toml11 3.7 cannot bear, though it may be TOML; the first of it. Brackets nested deeper
/// than 32, and keys of more parts than that: the parser and its values recurse once a level, and a file must not
/// exhaust the stack of a running server. Binary numbers of more than 62 digits: the parser overflows. Bytes that are
/// no UTF-8, which TOML forbids, too: about those in a literal string the parser reads beyond its buffer to complain.
std::optional<Hazard> find_hazard(std::string_view text) noexcept;

}  // namespace indrik::config
