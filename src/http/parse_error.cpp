#include "http/parse_error.h"

#include <array>
#include <cstddef>

namespace indrik::http {

namespace {

struct Row {
  ParseError error;
  int status;
  std::string_view sentence;
};

constexpr auto kRows = std::to_array<Row>({
    {ParseError::none, 200, "No error"},
    {ParseError::bad_request_line, 400, "Malformed request line"},
    {ParseError::bad_method, 400, "The method is no token"},
    {ParseError::bad_target, 400, "Malformed request target"},
    {ParseError::bad_version, 400, "Malformed HTTP version"},
    {ParseError::unknown_method, 501, "Method not implemented"},
    {ParseError::unsupported_version, 505, "Only HTTP/1.0 and HTTP/1.1 are spoken here"},
    {ParseError::bad_line_ending, 400, "A line ends in CR LF, and neither stands alone"},
    {ParseError::bad_field_name, 400, "Malformed field name"},
    {ParseError::bad_field_value, 400, "Control character in a field value"},
    {ParseError::obsolete_folding, 400, "Folded field line"},
    {ParseError::missing_host, 400, "Host is missing"},
    {ParseError::repeated_host, 400, "More than one Host"},
    {ParseError::bad_host, 400, "Malformed Host"},
    {ParseError::bad_content_length, 400, "Malformed or repeated Content-Length"},
    {ParseError::ambiguous_body_length, 400, "Content-Length and Transfer-Encoding in one request"},
    {ParseError::bad_transfer_encoding, 400, "Malformed Transfer-Encoding"},
    {ParseError::unknown_transfer_coding, 501, "Transfer coding not implemented"},
    {ParseError::bad_chunk, 400, "Malformed chunk"},
    {ParseError::bad_trailer, 400, "Malformed trailer"},
    {ParseError::unsupported_expectation, 417, "Only 100-continue can be expected"},
    {ParseError::request_line_too_long, 414, "Request line too long"},
    {ParseError::too_many_fields, 431, "Too many fields"},
    {ParseError::field_too_large, 431, "Field too large"},
    {ParseError::head_too_large, 431, "Request head too large"},
    {ParseError::body_too_large, 413, "Request body too large"},
    {ParseError::head_timed_out, 408, "The request head did not arrive in time"},
    {ParseError::body_timed_out, 408, "The request body did not arrive in time"},
    {ParseError::underscored_field_name, 400, "Underscore in a field name"},
    {ParseError::bad_forwarding, 400, "Malformed or contradictory forwarding fields"},
    {ParseError::plain_http, 400, "Plain HTTP at a port that speaks HTTPS"},
    {ParseError::truncated, 400, "The request was cut short"},
});

constexpr bool rows_stand_in_order() {
  for (std::size_t at = 0; at < kRows.size(); ++at)
    if (static_cast<std::size_t>(kRows[at].error) != at) return false;
  return kRows.back().error == ParseError::truncated;
}
static_assert(rows_stand_in_order(), "one row for each ParseError, in its order");

const Row& row_of(ParseError error) noexcept { return kRows[static_cast<std::size_t>(error)]; }

}  // namespace

int status_of(ParseError error) noexcept { return row_of(error).status; }
std::string_view sentence_of(ParseError error) noexcept { return row_of(error).sentence; }

}  // namespace indrik::http
