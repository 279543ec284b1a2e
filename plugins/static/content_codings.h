#pragma once

#include <string_view>
#include <vector>

namespace static_files {

/// A way in which a file may lie compressed beside itself.
struct Coding {
  std::string_view name;    ///< in Accept-Encoding and Content-Encoding: "br"
  std::string_view suffix;  ///< of the file's name: ".br"
};

/// The codings that a client takes at least as gladly as the file as it is, the best first (RFC 9110 12.5.3); at equal
/// weight br before gzip. `accept` is the value of Accept-Encoding, several lines joined by commas; empty: none.
std::vector<Coding> acceptable_codings(std::string_view accept);

}  // namespace static_files
