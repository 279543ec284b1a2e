#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "fuzz/fuzz_input.h"
#include "http/head_parser.h"
#include "http/head_rules.h"
#include "http/head_scanner.h"

// Input: a request head. What is accepted must also be what the plainest reader there is makes of it: lines between
// CR LFs, the target between two spaces, the name before the first colon. Whoever stands in front of us reads the same.

namespace {

using indrik::equals_ignoring_case;
using indrik::fuzz::demand;
using indrik::http::Field;
using indrik::http::HeadScanner;
using indrik::http::HeadVerdict;
using indrik::http::Limits;
using indrik::http::ParseError;
using indrik::http::Request;

/// One head and what was made of it.
struct Reading {
  std::string_view head;
  Request request;
  std::vector<Field> fields;
  HeadVerdict verdict;
};

/// False: it was refused, or is not whole.
bool read(std::string_view text, const Limits& limits, Reading& reading) {
  HeadScanner scanner;
  if (scanner.scan(text, limits) != HeadScanner::State::complete) return false;
  reading.head = text.substr(0, scanner.size());
  if (parse_head(reading.head, scanner.fields(), reading.request, reading.fields) != ParseError::none) return false;
  if (split_target(reading.request, reading.fields) != ParseError::none) return false;
  reading.verdict = judge_head(reading.request, limits);
  return reading.verdict.error == ParseError::none;
}

std::vector<std::string_view> plain_lines(std::string_view head) {
  std::vector<std::string_view> lines;
  for (auto end = head.find("\r\n"); end != 0; end = head.find("\r\n")) {
    demand(end != std::string_view::npos);
    lines.push_back(head.substr(0, end));
    head.remove_prefix(end + 2);
  }
  demand(head == "\r\n");
  return lines;
}

std::vector<std::string_view> values_of(const std::vector<Field>& fields, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& field : fields)
    if (equals_ignoring_case(field.name, name)) values.push_back(field.value);
  return values;
}

void must_be_plain(const Reading& reading, const Limits& limits) {
  const auto is_control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f'; };
  const auto lines = plain_lines(reading.head);
  demand(reading.head.size() <= limits.max_head_size && lines.size() == reading.fields.size() + 1);
  const auto& request = reading.request;
  demand(lines[0].size() <= limits.max_request_line && reading.fields.size() <= limits.max_fields);
  demand(lines[0] == std::string{request.method}
                         .append(" ")
                         .append(request.target)
                         .append(" HTTP/1.")
                         .append(std::to_string(request.minor_version)));
  const bool is_absolute = !request.target.starts_with('/') && request.target != "*";
  for (std::size_t at = 0; at < reading.fields.size(); ++at) {
    const auto line = lines[at + 1];
    const auto& field = reading.fields[at];
    demand(line.size() <= limits.max_field_size && std::none_of(line.begin(), line.end(), is_control));
    demand(field.name == line.substr(0, line.find(':')));
    const bool is_replaced = is_absolute && equals_ignoring_case(field.name, "Host");
    demand(is_replaced || field.value == indrik::trim(line.substr(line.find(':') + 1)));
  }
}

void must_be_framed_once(const Reading& reading, const Limits& limits) {
  const auto lengths = values_of(reading.fields, "Content-Length");
  const auto codings = values_of(reading.fields, "Transfer-Encoding");
  demand(lengths.size() + codings.size() <= 1 && reading.verdict.chunked == !codings.empty());
  for (const auto coding : codings)
    demand(equals_ignoring_case(coding, "chunked") && reading.request.minor_version == 1);
  demand(reading.verdict.content_length <= limits.max_body_size);
  for (const auto length : lengths)
    demand(!length.empty() && length.find_first_not_of("0123456789") == std::string_view::npos &&
           std::stoull(std::string{length}) == reading.verdict.content_length);
  demand(!lengths.empty() || reading.verdict.content_length == 0);
}

void must_have_a_target(const Reading& reading) {
  const auto& request = reading.request;
  demand(request.path.starts_with('/') || (request.path == "*" && request.method == "OPTIONS"));
  demand(request.path.find_first_of("?# \t") == std::string_view::npos);
  const auto hosts = values_of(reading.fields, "Host");
  demand(hosts.size() == 1 || (hosts.empty() && request.minor_version == 0));
  for (const auto host : hosts) demand(host.find_first_of("/?#@\\ ,") == std::string_view::npos);
  if (const auto scheme = request.target.find("://");
      !hosts.empty() && !request.target.starts_with('/') && scheme != std::string_view::npos)
    demand(request.target.substr(scheme + 3).starts_with(hosts[0]));
}

/// The verdict does not depend on where the bytes were cut.
void must_be_the_same_in_pieces(std::string_view text, const Limits& limits, unsigned seed) {
  HeadScanner whole;
  const auto expected = whole.scan(text, limits);
  HeadScanner scanner;
  auto state = HeadScanner::State::incomplete;
  std::size_t fed = 0;
  for (const auto piece : indrik::fuzz::random_pieces(text, seed)) {
    fed += piece.size();
    state = scanner.scan(text.substr(0, fed), limits);
    if (state != HeadScanner::State::incomplete) break;
  }
  demand(state == expected);
  if (state == HeadScanner::State::complete)
    demand(scanner.size() == whole.size() && scanner.fields() == whole.fields());
  if (state == HeadScanner::State::failed) demand(scanner.error() == whole.error());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const indrik::fuzz::FuzzInput input{data, size};
  Limits limits;
  if (input.choice % 2 == 0)
    limits = {.max_request_line = 40, .max_fields = 4, .max_field_size = 40, .max_head_size = 120, .max_body_size = 99};
  must_be_the_same_in_pieces(input.text, limits, input.choice);
  Reading reading;
  if (!read(input.text, limits, reading)) return 0;
  must_be_plain(reading, limits);
  must_be_framed_once(reading, limits);
  must_have_a_target(reading);
  return 0;
}
