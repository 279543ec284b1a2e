#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "http/parse_error.h"
#include "http/request.h"

namespace indrik::http {

/// Splits a whole head that the scanner has passed into `request` (method, target, minor_version) and `fields`; all of
/// it views `head`. The only door to llhttp. Its own view of framing is not asked: see judge_framing(). None, or what
/// it refuses although the scanner did not: most of all a method that it does not know.
ParseError parse_head(std::string_view head, std::size_t expected_fields, Request& request, std::vector<Field>& fields);

}  // namespace indrik::http
