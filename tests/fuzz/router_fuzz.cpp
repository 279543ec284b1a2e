#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "http/uri.h"
#include "routing/pattern.h"
#include "routing/router.h"

// Input: lines; the last is a path, those before are patterns. What the router finds must be what a plain reading of
// the patterns, one by one, finds too: something or nothing, and with the same parameters for the pattern it chose.

namespace {

using indrik::routing::Match;
using indrik::routing::Pattern;
using indrik::routing::Router;
using indrik::routing::Segment;

class PatternHandler final : public indrik::http::Handler {
 public:
  explicit PatternHandler(std::string_view pattern) : Handler{"fuzz", std::string{pattern}} {}
  Flavours flavours() const noexcept override { return Flavours::blocking; }
  void handle(indrik::http::Exchange&) noexcept override {}
  void start(indrik::http::Exchange&) noexcept override {}
};

/// The values of the pattern's parameters for that path, or false.
bool matches(const Pattern& pattern, std::string_view path, std::vector<std::string>& values) {
  if (!path.starts_with('/') || !indrik::http::percent_decode(path)) return false;
  auto rest = path.substr(1);
  bool is_over = false;
  for (const auto& segment : pattern.segments()) {
    if (is_over) return false;
    if (segment.kind == Segment::Kind::rest) {
      values.push_back(*indrik::http::percent_decode(rest));
      return true;
    }
    const auto raw = rest.substr(0, rest.find('/'));
    is_over = raw.size() == rest.size();
    if (!is_over) rest.remove_prefix(raw.size() + 1);
    const auto text = *indrik::http::percent_decode(raw);
    if (segment.kind == Segment::Kind::literal && text != segment.text) return false;
    if (segment.kind == Segment::Kind::parameter && text.empty()) return false;
    if (segment.kind == Segment::Kind::parameter) values.push_back(text);
  }
  return is_over;
}

void must_agree(const Match& match, const std::vector<std::string_view>& patterns, std::string_view path) {
  bool expected = false;
  for (const auto text : patterns) {
    std::vector<std::string> values;
    const auto pattern = *Pattern::parse(text);
    if (!matches(pattern, path, values)) continue;
    expected = true;
    if (match.handler() == nullptr || match.handler()->route() != text) continue;
    if (match.params().size() != values.size()) std::abort();
    for (std::size_t at = 0; at < values.size(); ++at)
      if (match.params()[at].value != values[at] || match.params()[at].name != pattern.parameter_names()[at])
        std::abort();
  }
  if (expected != (match.outcome() == Match::Outcome::found)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto lines = indrik::split({reinterpret_cast<const char*>(data), size}, '\n');
  const auto path = lines.back();
  lines.pop_back();
  Router router;
  std::vector<std::string_view> patterns;
  for (const auto line : lines)
    if (router.add("GET", line, std::make_unique<PatternHandler>(line))) patterns.push_back(line);
  if (router.size() != patterns.size()) std::abort();

  Match match;
  router.find("GET", path, match);
  must_agree(match, patterns, path);
  router.find("POST", path, match);
  if ((match.outcome() == Match::Outcome::method_not_allowed) != (match.allow() == "GET, HEAD")) std::abort();
  router.find("GET", path, match);  // a match is used again
  must_agree(match, patterns, path);
  return 0;
}
