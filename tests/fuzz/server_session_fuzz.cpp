#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string_view>
#include <vector>

#include "support/http_transcript.h"

// Differential: the same bytes, whole, byte by byte, in random pieces and while a request is answered, make the same
// requests and the same answers. The first byte chooses the pieces, the limits
// and whether the client half-closes.

namespace {

using indrik::corpus::HttpTranscript;
using Pieces = std::vector<std::string_view>;

void must_agree(const HttpTranscript& one, const HttpTranscript& other) {
  if (!(one == other)) std::abort();
}

/// Nothing but the end after a refusal or an answer that closes.
void must_be_consistent(const HttpTranscript& transcript) {
  bool is_over = false;
  for (const std::string_view line : transcript.lines) {
    if (is_over && line != "closed") std::abort();
    is_over = is_over || line == "close" || line.starts_with("error ");
  }
}

Pieces random_pieces(std::string_view bytes, unsigned seed) {
  std::minstd_rand random{seed};
  Pieces pieces;
  for (auto rest = bytes; !rest.empty(); rest.remove_prefix(pieces.back().size()))
    pieces.push_back(rest.substr(0, 1 + random() % 16));
  return pieces;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto seed = data[0];
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  indrik::http::Limits limits{.max_body_size = 1000};
  if (seed % 2 == 0)
    limits = {.max_request_line = 30, .max_fields = 3, .max_field_size = 24, .max_head_size = 80, .max_body_size = 9};

  const bool ends = seed % 4 < 2;
  const auto whole = indrik::corpus::play(limits, Pieces{bytes}, ends);
  must_be_consistent(whole);
  Pieces single;
  for (const char& byte : bytes) single.emplace_back(&byte, 1);
  must_agree(whole, indrik::corpus::play(limits, single, ends));
  const auto pieces = random_pieces(bytes, seed);
  must_agree(whole, indrik::corpus::play(limits, pieces, ends));
  must_agree(whole, indrik::corpus::play_answering_late(limits, pieces, ends));
  return 0;
}
