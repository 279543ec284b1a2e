#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/byte_ranges.h"
#include "http/conditions.h"
#include "http/entity_tag.h"
#include "http/file_answer.h"
#include "http/http_date.h"

using namespace indrik;

namespace {

constexpr std::string_view kNames[] = {"Range",         "If-Range",          "If-Match",
                                       "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"};

void require(bool holds) {
  if (!holds) std::abort();
}

/// What Range gives lies within the file, is not empty and overlaps nowhere.
void judge_ranges(std::string_view value, std::uint64_t total) {
  const auto ranges = http::parse_byte_ranges(value, total);
  if (!ranges) return;
  require(ranges->size() <= http::kMaxRanges);
  for (const auto& range : *ranges) {
    require(range.size > 0 && range.first < total && range.size <= total - range.first);
    for (const auto& other : *ranges)
      require(&range == &other || range.end() <= other.first || other.end() <= range.first);
  }
}

}  // namespace

// Input: a size (a byte, taken as a power of two less one), then lines, each a field of a request for a file: a byte
// for its name, then its value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint64_t total = (std::uint64_t{1} << (data[0] % 63)) - 1;
  std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
  std::vector<http::Field> fields;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : rest.size());
    if (line.empty()) continue;
    fields.push_back({kNames[static_cast<unsigned char>(line[0]) % std::size(kNames)], line.substr(1)});
    judge_ranges(line.substr(1), total);
    if (const auto date = http::parse_http_date(line.substr(1), 0))
      require(http::parse_http_date(http::HttpDate{*date}.text(), 0) == date);
  }
  const http::FileToSend file{.file = std::make_shared<const Fd>(),
                              .identity = {.modified = {.tv_sec = 784111777}, .size = total, .inode = 7},
                              .content_type = "text/plain",
                              .content_encoding = {},
                              .now = 1'000'000'000,
                              .random = []() noexcept { return std::uint64_t{7}; }};
  http::Response response;
  require(answer_with_file({.method = "GET", .fields = fields}, file, response) == http::Response::FieldError::none);
  const int status = response.status();
  require(status == 200 || status == 206 || status == 304 || status == 412 || status == 416);
  std::uint64_t sent = 0;
  for (const auto& part : response.take_parts()) sent += part.size;
  require(status == 200 ? sent == total : status == 206 ? sent > 0 && sent <= total : sent == 0);
  return 0;
}
