#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace indrik::config {

/// A value that needs no schema: what TOML can say without nesting. Arrays hold texts.
using Value = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;

/// A value as somebody wrote it for a setting.
struct Written {
  std::string key;
  std::optional<Value> value;  ///< none: something that no setting takes, such as a table or a date
  std::string as_written;      ///< for messages
  std::string origin;          ///< "indrik.toml:4", "environment INDRIK_WORKERS", "flag --workers"
  bool typed = false;          ///< from TOML: a number in quotes is a text there
};

/// The origin of what nobody wrote.
inline constexpr const char* kDefaultOrigin = "default";

}  // namespace indrik::config
