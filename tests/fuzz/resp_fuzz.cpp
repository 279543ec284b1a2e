// The plugin resp: the same bytes give the same commands and replies, wherever they are cut, and nothing is read
// outside of them.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "session.h"

namespace {

/// Feeds a session as its connection does, in pieces of `piece` bytes; everything it replies.
std::string replies(std::string_view input, std::size_t piece) {
  resp::Store store{1024 * 1024};
  const resp::Limits limits{.max_bulk = 4096, .max_query = 16384};
  resp::Session session{store, limits, 1};
  std::string all;
  std::string out;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t more_than = 0;
  while (true) {
    if (end - begin <= more_than) {
      if (end == input.size()) return all;
      end += std::min(piece, input.size() - end);
      continue;
    }
    // In memory of its own, so that a byte too far is found.
    const auto size = end - begin;
    const auto copy = std::make_unique<char[]>(size);
    std::copy_n(input.data() + begin, size, copy.get());
    const auto progress = session.advance({copy.get(), size}, out);
    if (progress.consumed > size) std::abort();
    begin += progress.consumed;
    more_than = progress.is_short ? progress.more_than : 0;
    const bool waits = progress.is_short && !progress.is_over;
    if (waits && more_than < end - begin) std::abort();  // it would be asked for ever
    all += out;
    out.clear();
    if (progress.is_over) return all;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const auto whole = replies(input, input.size() + 1);
  if (replies(input, 1) != whole || replies(input, 7) != whole) std::abort();
  return 0;
}
