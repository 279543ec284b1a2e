#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "support/http_corpus.h"
#include "support/http_transcript.h"

// Every case of tests/data/http, whole and cut in many ways: the same bytes must mean the same however they arrive.
namespace indrik::corpus {
namespace {

using Pieces = std::vector<std::string_view>;

HttpTranscript play(const HttpCase& example, const Pieces& pieces) {
  return corpus::play(example.limits, pieces, example.client_ends);
}
HttpTranscript whole(const HttpCase& example) { return play(example, Pieces{example.bytes}); }

TEST(HttpCorpusTest, EndsAsExpected) {
  for (const auto& example : read_corpus()) {
    const auto lines = whole(example).lines;
    EXPECT_TRUE(is_as_expected(example, lines)) << example.name << ": " << testing::PrintToString(lines);
  }
}

TEST(HttpCorpusTest, SaysWhyAndAfterWhom) {
  for (const auto& example : read_corpus()) {
    EXPECT_FALSE(example.rule.empty()) << example.name;
    EXPECT_FALSE(example.source.empty()) << example.name;
  }
}

TEST(HttpCorpusTest, IsLargeAndHasNoCaseTwice) {
  std::map<std::tuple<std::string, std::string, bool>, std::string> names;
  for (const auto& example : read_corpus()) {
    const auto [other, is_new] =
        names.try_emplace({example.bytes, example.limits_text, example.client_ends}, example.name);
    EXPECT_TRUE(is_new) << example.name << " is " << other->second;
  }
  EXPECT_GE(names.size(), 550U);
}

TEST(HttpCorpusTest, MeansTheSameCutInTwoAnywhere) {
  for (const auto& example : read_corpus()) {
    const auto expected = whole(example);
    const std::string_view bytes = example.bytes;
    for (std::size_t at = 1; at < bytes.size(); ++at)
      ASSERT_EQ(play(example, Pieces{bytes.substr(0, at), bytes.substr(at)}), expected)
          << example.name << " cut at " << at;
  }
}

Pieces single_bytes(std::string_view bytes) {
  Pieces pieces;
  for (const char& byte : bytes) pieces.emplace_back(&byte, 1);
  return pieces;
}

TEST(HttpCorpusTest, MeansTheSameByteByByte) {
  for (const auto& example : read_corpus())
    EXPECT_EQ(play(example, single_bytes(example.bytes)), whole(example)) << example.name;
}

TEST(HttpCorpusTest, MeansTheSameWhereBodiesAreTakenInPieces) {
  for (const auto& example : read_corpus()) {
    const auto expected = whole(example);
    EXPECT_EQ(corpus::play(example.limits, single_bytes(example.bytes), example.client_ends, Bodies::in_pieces),
              expected)
        << example.name;
    const std::string_view bytes = example.bytes;
    for (std::size_t at = 1; at < bytes.size(); ++at)
      ASSERT_EQ(corpus::play(example.limits, Pieces{bytes.substr(0, at), bytes.substr(at)}, example.client_ends,
                             Bodies::in_pieces),
                expected)
          << example.name << " cut at " << at;
  }
}

TEST(HttpCorpusTest, TakesNothingForARequestWhereBodiesAreNotRead) {
  for (const auto& example : read_corpus())
    EXPECT_TRUE(agree_on_requests(
        corpus::play(example.limits, single_bytes(example.bytes), example.client_ends, Bodies::unread), whole(example)))
        << example.name;
}

TEST(HttpCorpusTest, MeansTheSameInRandomPieces) {
  for (const auto& example : read_corpus()) {
    const auto expected = whole(example);
    for (unsigned seed = 0; seed < 50; ++seed) {
      std::minstd_rand random{seed};
      Pieces pieces;
      for (std::string_view rest = example.bytes; !rest.empty(); rest.remove_prefix(pieces.back().size()))
        pieces.push_back(rest.substr(0, 1 + random() % 20));
      ASSERT_EQ(play(example, pieces), expected) << example.name << " seed " << seed;
    }
  }
}

TEST(HttpCorpusTest, MeansTheSameFedWhileARequestIsAnswered) {
  for (const auto& example : read_corpus()) {
    const Pieces twice{example.bytes, example.bytes};
    const auto expected = play(example, Pieces{example.bytes + example.bytes});
    EXPECT_EQ(play_answering_late(example.limits, twice, example.client_ends), expected) << example.name;
  }
}

constexpr std::string_view kProbe = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";  // within the tightest limits of a case

TEST(HttpCorpusTest, ReadsTheNextRequestWhereTheConnectionStaysOpen) {
  for (const auto& example : read_corpus()) {
    auto expected = whole(example).lines;
    if (example.client_ends || expected.back() != "open") continue;
    expected.pop_back();
    for (const auto* line : {"request GET / HTTP/1.1", "path /", "field count 1", "field Host: a", "keep", "open"})
      expected.emplace_back(line);
    EXPECT_EQ(play(example, Pieces{example.bytes, kProbe}).lines, expected) << example.name;
    EXPECT_EQ(play(example, Pieces{example.bytes + std::string{kProbe}}).lines, expected) << example.name;
  }
}

TEST(HttpCorpusTest, LooksAtNothingMoreWhereTheConnectionCloses) {
  for (const auto& example : read_corpus()) {
    const auto expected = whole(example);
    if (example.client_ends || expected.lines.back() != "closed") continue;
    EXPECT_EQ(play(example, Pieces{example.bytes, kProbe}), expected) << example.name;
    EXPECT_EQ(play(example, Pieces{example.bytes + std::string{kProbe}}), expected) << example.name;
  }
}

TEST(HttpCorpusTest, RefusesWhatAClientLeavesUnfinished) {
  for (auto example : read_corpus()) {
    if (!whole(example).lines.back().starts_with("in a ")) continue;
    example.client_ends = true;
    const auto lines = whole(example).lines;
    ASSERT_GE(lines.size(), 2U) << example.name;
    EXPECT_EQ(lines[lines.size() - 2], "error 400 The request was cut short") << example.name;
  }
}

}  // namespace
}  // namespace indrik::corpus
