#include "http/byte_ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/strings.h"
#include "http/characters.h"

namespace indrik::http {
namespace {

constexpr std::uint64_t kGreatest = std::numeric_limits<std::uint64_t>::max();

/// Digits only; what is too great for us is the greatest number, which no file is as long as.
std::optional<std::uint64_t> parse_position(std::string_view digits) noexcept {
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  return parse_number<std::uint64_t>(digits).value_or(kGreatest);
}

/// What one range-spec asks for. size 0: it cannot be satisfied. nullopt: it is none.
std::optional<ByteRange> parse_spec(std::string_view spec, std::uint64_t total) noexcept {
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto before = spec.substr(0, dash);
  const auto after = spec.substr(dash + 1);
  if (before.empty()) {
    const auto length = parse_position(after);
    if (!length) return std::nullopt;
    const auto size = std::min(*length, total);
    return ByteRange{total - size, size};
  }
  const auto first = parse_position(before);
  const auto last = after.empty() ? kGreatest : parse_position(after);
  if (!first || !last || *last < *first) return std::nullopt;
  if (*first >= total) return ByteRange{};
  return ByteRange{*first, std::min(*last, total - 1) - *first + 1};
}

/// Ranges in ascending order, those that lie too near to each other made one.
std::vector<ByteRange> merged(std::vector<ByteRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<ByteRange> out;
  for (const auto& range : ranges) {
    if (out.empty() || range.first > out.back().end() + kPartOverhead) {
      out.push_back(range);
    } else {
      out.back().size = std::max(out.back().end(), range.end()) - out.back().first;
    }
  }
  return out;
}

}  // namespace

std::optional<std::vector<ByteRange>> parse_byte_ranges(std::string_view value, std::uint64_t total) {
  const auto equals = value.find('=');
  if (equals == std::string_view::npos || !equals_ignoring_case(trim(value.substr(0, equals)), "bytes"))
    return std::nullopt;
  // Some clients send a Range with everything: an empty file has no part, but no fault either.
  if (total == 0) return std::nullopt;
  const auto list = value.substr(equals + 1);
  if (static_cast<std::size_t>(std::count(list.begin(), list.end(), ',')) >= kMaxRanges) return std::nullopt;
  std::vector<ByteRange> ranges;
  std::size_t specs = 0;
  for (const auto part : split(list, ',')) {
    const auto spec = trim(part);
    if (spec.empty()) continue;  // RFC 9110 5.6.1.2
    const auto range = parse_spec(spec, total);
    if (!range) return std::nullopt;
    ++specs;
    if (range->size > 0) ranges.push_back(*range);
  }
  if (specs == 0) return std::nullopt;
  auto fewer = merged(ranges);
  return fewer.size() < ranges.size() ? std::move(fewer) : std::move(ranges);
}

std::string content_range(const ByteRange& range, std::uint64_t total) {
  return fmt::format("bytes {}-{}/{}", range.first, range.end() - 1, total);
}

std::string unsatisfied_range(std::uint64_t total) { return fmt::format("bytes */{}", total); }

}  // namespace indrik::http
