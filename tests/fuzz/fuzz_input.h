#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string_view>
#include <vector>

namespace indrik::fuzz {

/// A wrong answer ends the run as a crash does.
inline void demand(bool condition) {
  if (!condition) std::abort();
}

/// What a fuzzer gives: a first byte to choose by, then the text.
struct FuzzInput {
  FuzzInput(const std::uint8_t* data, std::size_t size)
      : choice{size > 0 ? data[0] : std::uint8_t{0}},
        text{reinterpret_cast<const char*>(data) + (size > 0 ? 1 : 0), size > 0 ? size - 1 : 0} {}

  std::uint8_t choice;
  std::string_view text;
};

using Pieces = std::vector<std::string_view>;

/// Byte by byte; of what is long, the end, so that it stays fast.
inline Pieces single_bytes(std::string_view bytes) {
  constexpr std::size_t kMost = 200;
  Pieces pieces;
  if (bytes.size() > kMost) {
    pieces.push_back(bytes.substr(0, bytes.size() - kMost));
    bytes.remove_prefix(pieces.back().size());
  }
  for (const char& byte : bytes) pieces.emplace_back(&byte, 1);
  return pieces;
}

inline Pieces random_pieces(std::string_view bytes, unsigned seed) {
  std::minstd_rand random{seed};
  Pieces pieces;
  for (auto rest = bytes; !rest.empty(); rest.remove_prefix(pieces.back().size()))
    pieces.push_back(rest.substr(0, 1 + random() % 16));
  return pieces;
}

}  // namespace indrik::fuzz
