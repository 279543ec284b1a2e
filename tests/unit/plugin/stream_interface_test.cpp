// "indrik.http.stream/1", and the text of server-sent events.
#include <gtest/gtest.h>

#include <indrik/sdk/event.hpp>

#include "plugin/interfaces.h"
#include "unit/plugin/fakes.h"

namespace indrik::plugin {
namespace {

using State = http::Streaming::State;
using namespace std::chrono_literals;

class StreamInterfaceTest : public testing::Test {
 protected:
  FakeExchange exchange;
  indrik_exchange* const handle = handle_of(exchange);
};

TEST_F(StreamInterfaceTest, ReadsPiecesUntilTheEnd) {
  exchange.stream.incoming = "abcdef";
  char room[4];
  EXPECT_EQ(kHttpStream.read(handle, room, sizeof room, INDRIK_WAIT), 4);
  EXPECT_EQ(std::string_view(room, 4), "abcd");
  EXPECT_EQ(exchange.stream.last_wait, http::Streaming::Wait::yes);
  EXPECT_EQ(kHttpStream.read(handle, room, sizeof room, INDRIK_NO_WAIT), 2);
  EXPECT_EQ(exchange.stream.last_wait, http::Streaming::Wait::no);
  EXPECT_EQ(kHttpStream.read(handle, room, sizeof room, INDRIK_WAIT), 0);
  EXPECT_EQ(kHttpStream.read(handle, nullptr, 1, INDRIK_WAIT), INDRIK_E_INVALID);
}

TEST_F(StreamInterfaceTest, HasANumberForEveryHindrance) {
  char room[4];
  const std::pair<State, std::int64_t> numbers[] = {
      {State::would_block, INDRIK_E_AGAIN},       {State::cut_short, INDRIK_E_CUT_SHORT},
      {State::client_gone, INDRIK_E_CLIENT_GONE}, {State::cancelled, INDRIK_E_CANCELLED},
      {State::too_long, INDRIK_E_OUT_OF_RANGE},   {State::wrong_phase, INDRIK_E_WRONG_PHASE},
      {State::out_of_memory, INDRIK_E_NO_MEMORY}};
  for (const auto& [state, number] : numbers) {
    exchange.stream.state = state;
    EXPECT_EQ(kHttpStream.read(handle, room, sizeof room, INDRIK_WAIT), number);
    EXPECT_EQ(kHttpStream.write(handle, INDRIK_TEXT("x"), INDRIK_WAIT), number);
  }
}

TEST_F(StreamInterfaceTest, LetsNothingChangeThatTheClientWasTold) {
  EXPECT_EQ(kHttpResponse.set_status(handle, 201), INDRIK_OK);
  EXPECT_EQ(kHttpStream.declare_length(handle, 3), INDRIK_OK);
  EXPECT_EQ(kHttpStream.write(handle, INDRIK_TEXT("abc"), INDRIK_WAIT), 3);
  EXPECT_EQ(kHttpResponse.set_status(handle, 200), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kHttpResponse.add_field(handle, INDRIK_TEXT("A"), INDRIK_TEXT("b")), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kHttpResponse.append_body(handle, INDRIK_TEXT("d")), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kHttpStream.declare_length(handle, 4), INDRIK_E_WRONG_PHASE);
  const indrik_file file{.struct_size = sizeof file, .descriptor = -1, .path = INDRIK_TEXT("/dev/null")};
  EXPECT_EQ(kHttpFile.answer(handle, &file), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(exchange.response.status(), 201);
}

TEST_F(StreamInterfaceTest, WritesNoPiecesOfAnAnswerThatIsThereOrHasFailed) {
  EXPECT_EQ(kHttpResponse.append_body(handle, INDRIK_TEXT("whole")), INDRIK_OK);
  EXPECT_EQ(kHttpStream.write(handle, INDRIK_TEXT("x"), INDRIK_WAIT), INDRIK_E_WRONG_PHASE);
  FakeExchange failed;
  EXPECT_EQ(kHttpResponse.fail(handle_of(failed), INDRIK_TEXT("why")), INDRIK_OK);
  EXPECT_EQ(kHttpStream.write(handle_of(failed), INDRIK_TEXT("x"), INDRIK_WAIT), INDRIK_E_WRONG_PHASE);
}

TEST_F(StreamInterfaceTest, KeepsTheHeadOfAnAnswerThatFailsAfterIt) {
  kHttpResponse.set_status(handle, 202);
  kHttpStream.write(handle, INDRIK_TEXT("half"), INDRIK_WAIT);
  EXPECT_EQ(kHttpResponse.fail(handle, INDRIK_TEXT("why")), INDRIK_OK);
  EXPECT_EQ(exchange.failure, "why");
  EXPECT_EQ(exchange.response.status(), 202);
}

TEST_F(StreamInterfaceTest, TellsWhoeverWaits) {
  bool told = false;
  const auto tell = [](void* flag) { *static_cast<bool*>(flag) = true; };
  EXPECT_EQ(kHttpStream.on_ready(handle, 2, tell, &told), INDRIK_E_INVALID);
  EXPECT_EQ(kHttpStream.on_ready(handle, INDRIK_WRITE, tell, &told), INDRIK_OK);
  EXPECT_EQ(exchange.stream.watched, http::Streaming::Direction::write);
  exchange.stream.make_ready();
  EXPECT_TRUE(told);
}

TEST_F(StreamInterfaceTest, HoldsHintsAndTrailersToTheRulesOfFields) {
  const indrik_field good[] = {{INDRIK_TEXT("Link"), INDRIK_TEXT("</a>")}};
  const indrik_field bad[] = {{INDRIK_TEXT("Link"), INDRIK_TEXT("a\r\nb")}};
  EXPECT_EQ(kHttpStream.early_hints(handle, good, 1), INDRIK_OK);
  EXPECT_EQ(exchange.stream.hints, "Link: </a>\r\n");
  EXPECT_EQ(kHttpStream.early_hints(handle, bad, 1), INDRIK_E_BAD_VALUE);
  EXPECT_EQ(kHttpStream.add_trailer(handle, INDRIK_TEXT("X-Sum"), INDRIK_TEXT("1")), INDRIK_OK);
  EXPECT_EQ(kHttpStream.add_trailer(handle, INDRIK_TEXT("Host"), INDRIK_TEXT("1")), INDRIK_E_RESERVED_FIELD);
  EXPECT_EQ(kHttpStream.add_trailer(handle, INDRIK_TEXT("a b"), INDRIK_TEXT("1")), INDRIK_E_BAD_NAME);
  EXPECT_EQ(exchange.response.trailer_lines(), "X-Sum: 1\r\n");
}

TEST_F(StreamInterfaceTest, ShowsTheTrailersOfARequest) {
  const http::Field sent[] = {{"A", "1"}, {"B", "2"}};
  exchange.request.trailers = sent;
  indrik_field fields[2];
  ASSERT_EQ(kHttpStream.trailers(handle, 1, fields, 2), 1U);
  EXPECT_EQ(std::string_view(fields[0].value.data, fields[0].value.size), "2");
  EXPECT_EQ(kHttpStream.trailers(handle, 2, fields, 2), 0U);
}

TEST(EventTest, IsWrittenLineByLine) {
  EXPECT_EQ(indrik::to_text({.data = "a"}), "data: a\n\n");
  EXPECT_EQ(indrik::to_text({.data = "a\nb\r\nc\rd\n"}), "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
  EXPECT_EQ(indrik::to_text({.data = "a", .name = "n", .id = "7", .retry = 3s}),
            "retry: 3000\nid: 7\nevent: n\ndata: a\n\n");
  EXPECT_EQ(indrik::to_text({}), ":\n\n");
  EXPECT_EQ(indrik::to_text({.id = "7"}), "id: 7\n\n");
}

TEST(EventTest, CannotForgeAnotherEvent) {
  EXPECT_THROW(indrik::to_text({.data = "a", .name = "n\ndata: b"}), std::invalid_argument);
  EXPECT_THROW(indrik::to_text({.data = "a", .id = "7\r"}), std::invalid_argument);
  EXPECT_THROW(indrik::to_text({.data = "a", .id = std::string("7\0", 2)}), std::invalid_argument);
  EXPECT_EQ(indrik::to_text({.data = "a\n\nevent: b"}), "data: a\ndata: \ndata: event: b\n\n");
}

}  // namespace
}  // namespace indrik::plugin
