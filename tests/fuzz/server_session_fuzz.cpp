#include <string_view>

#include "fuzz/fuzz_input.h"
#include "support/http_transcript.h"

// Differential: the same bytes, whole, byte by byte, in random pieces, while a request is answered, and with bodies
// taken in pieces, make the same requests and the same answers; with bodies that nobody reads, no other requests. The
// first byte chooses the pieces, the limits and whether the client half-closes.

namespace {

using indrik::corpus::agree_on_requests;
using indrik::corpus::Bodies;
using indrik::corpus::HttpTranscript;
using indrik::corpus::play;
using indrik::corpus::play_answering_late;
using indrik::fuzz::demand;
using indrik::fuzz::Pieces;

/// Nothing but the end after a refusal or an answer that closes.
void must_be_consistent(const HttpTranscript& transcript) {
  bool is_over = false;
  for (const std::string_view line : transcript.lines) {
    demand(!is_over || line == "closed");
    is_over = is_over || line == "close" || line.starts_with("error ");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const indrik::fuzz::FuzzInput input{data, size};
  indrik::http::Limits limits{.max_body_size = 1000};
  if (input.choice % 2 == 0)
    limits = {.max_request_line = 30,
              .max_fields = 3,
              .max_field_size = 24,
              .max_head_size = 80,
              .max_body_size = 9,
              .max_buffered_body = 4};
  const bool ends = input.choice % 4 < 2;

  const auto whole = play(limits, Pieces{input.text}, ends);
  must_be_consistent(whole);
  const auto bytes = indrik::fuzz::single_bytes(input.text);
  const auto pieces = indrik::fuzz::random_pieces(input.text, input.choice);
  demand(play(limits, bytes, ends) == whole);
  demand(play(limits, pieces, ends) == whole);
  demand(play_answering_late(limits, pieces, ends) == whole);
  demand(play(limits, bytes, ends, Bodies::in_pieces) == whole);
  demand(play(limits, pieces, ends, Bodies::in_pieces) == whole);
  demand(agree_on_requests(play(limits, bytes, ends, Bodies::unread), whole));
  demand(agree_on_requests(play(limits, pieces, ends, Bodies::unread), whole));
  return 0;
}
