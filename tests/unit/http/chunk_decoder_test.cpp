#include "http/chunk_decoder.h"

#include <gtest/gtest.h>

#include <string>

namespace indrik::http {
namespace {

using State = ChunkDecoder::State;

TEST(ChunkDecoderTest, JoinsChunksInPlaceBehindWhatIsThere) {
  const Limits limits;
  std::string buffer = "head3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nnext";
  ChunkDecoder decoder{4};
  ASSERT_EQ(decoder.decode(buffer, limits), State::complete);
  EXPECT_EQ(buffer.substr(4, decoder.body_end() - 4), "abcde");
  EXPECT_EQ(buffer.substr(decoder.at()), "next");
  EXPECT_TRUE(buffer.starts_with("head"));
}

TEST(ChunkDecoderTest, KeepsNoFramingInMemory) {
  const Limits limits;
  std::string buffer;
  ChunkDecoder decoder;
  for (std::size_t i = 1; i <= 1000; ++i) {
    buffer += "0000000000000001\r\nx\r\n";
    ASSERT_EQ(decoder.decode(buffer, limits), State::incomplete);
    ASSERT_LE(buffer.size(), i);
  }
}

// CVE-2023-39326 of Go: each extension within its bound, but of all that is sent next to nothing is data.
TEST(ChunkDecoderTest, RefusesABodyThatIsNearlyAllExtensions) {
  const Limits limits;
  std::string buffer;
  ChunkDecoder decoder;
  const auto chunk = "1;" + std::string(ChunkDecoder::kMaxExtensionSize - 1, 'e') + "\r\nx\r\n";
  std::size_t sent = 0;
  do {
    buffer += chunk;
    ++sent;
  } while (decoder.decode(buffer, limits) == State::incomplete);
  EXPECT_EQ(decoder.error(), ParseError::bad_chunk);
  EXPECT_EQ(sent, 1 + (ChunkDecoder::kMaxExtensionExcess + 16) / ChunkDecoder::kMaxExtensionSize);
}

TEST(ChunkDecoderTest, LetsExtensionsBeAsLongAsTheDataInTheLongRun) {
  Limits limits;
  limits.max_body_size = 10'000'000;
  std::string buffer;
  ChunkDecoder decoder;
  const auto chunk = "c8;" + std::string(199, 'e') + "\r\n" + std::string(200, 'x') + "\r\n";
  for (int i = 0; i < 10000; ++i) {
    buffer += chunk;
    ASSERT_EQ(decoder.decode(buffer, limits), State::incomplete);
  }
}

TEST(ChunkDecoderTest, KeepsNoTrailersInItsBuffer) {
  const Limits limits;
  std::string buffer = "1\r\nx\r\n0\r\n";
  ChunkDecoder decoder;
  for (int i = 0; i < 50; ++i) {
    buffer += "Trailer-Field: value\r\n";
    ASSERT_EQ(decoder.decode(buffer, limits), State::incomplete);
    ASSERT_EQ(buffer, "x");
  }
}

}  // namespace
}  // namespace indrik::http
