#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace indrik::http {

/// A stretch of a representation that is not empty.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t size = 0;

  std::uint64_t end() const noexcept { return first + size; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// What a Range field asks for (RFC 9110 14.2) of a representation of that size. nullopt: the field is to be ignored
/// and everything sent: another unit than bytes, malformed, more than kMaxRanges, nothing to cut. Empty: none of it can
/// be satisfied (416).
///
/// Otherwise no byte is in two ranges, so that no request makes us send more than there is (CVE-2011-3192). Ranges that
/// overlap, or between which less lies than a part of its own would cost, become one (14.2, 15.3.7.2); all stand in
/// ascending order then, and else in the client's order.
inline constexpr std::size_t kMaxRanges = 16;
inline constexpr std::uint64_t kPartOverhead = 80;
std::optional<std::vector<ByteRange>> parse_byte_ranges(std::string_view value, std::uint64_t total);

/// "bytes 0-99/1000" (RFC 9110 14.4).
std::string content_range(const ByteRange& range, std::uint64_t total);
/// "bytes */1000", for 416.
std::string unsatisfied_range(std::uint64_t total);

}  // namespace indrik::http
