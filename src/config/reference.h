#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace indrik::config {

/// Whether a text stands for something else: "env:NAME", "file:PATH" or "literal:TEXT".
bool is_reference(std::string_view text) noexcept;

/// What stands behind references. What was found is never part of an error.
class References {
 public:
  /// `environment` ("NAME=value") is the server's own, which outlives this object.
  explicit References(std::span<const std::string> environment) noexcept : environment_{environment} {}

  /// "env:NAME": that variable; an empty one is one. "file:PATH": what the file holds, without one line end behind it;
  /// a relative path is meant in $CREDENTIALS_DIRECTORY where the service manager has set that, else in `folder`.
  /// "literal:TEXT": the text, whatever it begins with. Anything else: itself.
  Result<std::string> resolve(std::string_view text, const std::filesystem::path& folder) const;

 private:
  const std::string* find(std::string_view name) const noexcept;
  Result<std::string> contents(std::string_view path, const std::filesystem::path& folder) const;

  std::span<const std::string> environment_;
};

}  // namespace indrik::config
