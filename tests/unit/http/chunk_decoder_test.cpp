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
  const auto chunk = "1;" + std::string(250, 'e') + "\r\nx\r\n";
  for (std::size_t i = 1; i <= 1000; ++i) {
    buffer += chunk;
    ASSERT_EQ(decoder.decode(buffer, limits), State::incomplete);
    ASSERT_LE(buffer.size(), i);
  }
}

TEST(ChunkDecoderTest, KeepsNoTrailersInMemory) {
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
