#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace indrik::routing {

/// One part of a pattern between its slashes.
struct Segment {
  enum class Kind : std::uint8_t { literal, parameter, rest };
  Kind kind = Kind::literal;
  std::string_view text;  ///< the literal, or the parameter's name
};

/// "/users/{id}/files/{path...}", parsed. Views the text it was parsed from.
class Pattern {
 public:
  /// Fails for what does not begin with '/', braces that do not enclose a whole segment, names that are no identifiers
  /// or come twice, a remainder that is not last, an empty segment that is not last, '?', '#' and controls, and more
  /// parameters than a Match holds.
  static Result<Pattern> parse(std::string_view text);

  const std::vector<Segment>& segments() const noexcept { return segments_; }
  bool has_rest() const noexcept { return segments_.back().kind == Segment::Kind::rest; }
  bool is_literal() const noexcept { return parameter_names().empty(); }
  std::vector<std::string> parameter_names() const;

 private:
  std::vector<Segment> segments_;
};

}  // namespace indrik::routing
