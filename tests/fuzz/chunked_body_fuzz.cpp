#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "fuzz/fuzz_input.h"
#include "http/chunk_decoder.h"

// Input: a chunked body and what follows it. Whole, in pieces, and dropped as it comes, it means the same; and what is
// accepted must also be what the plainest reader makes of it: a line, so many bytes, a line end, and so on.

namespace {

using indrik::fuzz::demand;
using indrik::http::ChunkDecoder;
using indrik::http::Limits;
using indrik::http::ParseError;
using State = ChunkDecoder::State;

struct Outcome {
  State state = State::incomplete;
  ParseError error = ParseError::none;
  std::string body;
  std::string rest;
  std::vector<std::string> trailers;

  bool operator==(const Outcome&) const = default;
};

constexpr std::string_view kBefore = "head";

/// `drops`: the body is taken out of the buffer piece by piece.
Outcome decode(const indrik::fuzz::Pieces& pieces, const Limits& limits, bool drops) {
  Outcome outcome;
  std::string buffer{kBefore};
  ChunkDecoder decoder{kBefore.size()};
  for (const auto piece : pieces) {
    buffer.append(piece);
    if (outcome.state != State::incomplete) continue;
    outcome.state = decoder.decode(buffer, limits);
    demand(buffer.starts_with(kBefore) && decoder.at() <= buffer.size());
    if (!drops || outcome.state == State::failed) continue;
    outcome.body.append(buffer, kBefore.size(), decoder.body_end() - kBefore.size());
    decoder.drop_body(buffer);
  }
  if (outcome.state == State::failed) return {.state = State::failed, .error = decoder.error()};
  if (!drops) outcome.body.append(buffer, kBefore.size(), decoder.body_end() - kBefore.size());
  if (outcome.state == State::incomplete) return outcome;
  outcome.rest = buffer.substr(decoder.at());
  for (const auto& field : decoder.trailers())
    outcome.trailers.push_back(std::string{field.name}.append(": ").append(field.value));
  return outcome;
}

std::string_view plain_line(std::string_view& text) {
  const auto end = text.find("\r\n");
  demand(end != std::string_view::npos);
  const auto line = text.substr(0, end);
  demand(line.find_first_of("\r\n") == std::string_view::npos);
  text.remove_prefix(end + 2);
  return line;
}

/// Reads what was accepted once more.
void must_be_plain(std::string_view text, const Outcome& outcome, const Limits& limits) {
  std::string body;
  std::size_t size = 0;
  do {
    const auto line = plain_line(text);
    const auto digits = line.substr(0, line.find_first_of("; \t"));
    demand(!digits.empty() && digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos);
    demand(line.size() <= ChunkDecoder::kMaxSizeDigits + ChunkDecoder::kMaxExtensionSize);
    size = std::stoull(std::string{digits}, nullptr, 16);
    demand(size <= text.size());
    body.append(text.substr(0, size));
    text.remove_prefix(size);
    if (size > 0) demand(plain_line(text).empty());
  } while (size > 0);
  demand(body == outcome.body && body.size() <= limits.max_body_size);

  std::size_t lines = 0;
  for (auto line = plain_line(text); !line.empty(); line = plain_line(text)) {
    demand(line.size() <= limits.max_field_size && line.find(':') != 0 && line.find(':') != std::string_view::npos);
    for (const std::string_view name : {"content-length", "transfer-encoding", "host"})
      demand(!indrik::equals_ignoring_case(line.substr(0, line.find(':')), name));
    ++lines;
  }
  demand(lines <= limits.max_fields && outcome.trailers.size() <= lines && text == outcome.rest);
}

/// Any data, in chunks of any size, come out as they went in.
void must_survive_encoding(std::string_view data, unsigned seed) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const auto piece : indrik::fuzz::random_pieces(data, seed))
    encoded.append({kDigits[piece.size() / 16], kDigits[piece.size() % 16]})
        .append("\r\n")
        .append(piece)
        .append("\r\n");
  encoded.append("0\r\n\r\nnext");
  const auto outcome = decode(indrik::fuzz::random_pieces(encoded, seed + 1), Limits{}, false);
  demand(outcome == Outcome{.state = State::complete, .body = std::string{data}, .rest = "next"});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const indrik::fuzz::FuzzInput input{data, size};
  Limits limits;
  if (input.choice % 2 == 0) limits = {.max_fields = 3, .max_field_size = 30, .max_head_size = 60, .max_body_size = 20};

  const auto whole = decode({input.text}, limits, false);
  const auto pieces = indrik::fuzz::random_pieces(input.text, input.choice);
  for (const bool drops : {false, true}) {
    // Without a byte nothing is decoded; else the first call says the same as many.
    if (!input.text.empty()) demand(decode({input.text}, limits, drops) == whole);
    demand(decode(pieces, limits, drops) == whole);
    demand(decode(indrik::fuzz::single_bytes(input.text), limits, drops) == whole);
  }
  if (whole.state == State::complete) must_be_plain(input.text, whole, limits);
  must_survive_encoding(input.text, input.choice);
  return 0;
}
