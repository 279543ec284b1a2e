#pragma once

#include <string_view>

namespace indrik::config {

/// The line on which a TOML text opens its 33rd bracket within brackets, or writes a key of more than 32 parts; 0:
/// none. The parser and its values recurse once a level: this keeps a file from exhausting the stack of a running
/// server.
int first_line_nested_too_deeply(std::string_view text) noexcept;

}  // namespace indrik::config
