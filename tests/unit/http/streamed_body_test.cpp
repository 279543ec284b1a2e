// Requests whose bodies are taken in pieces, or answered before they have come.
#include <gtest/gtest.h>

#include <string>

#include "http/server_session.h"

namespace indrik::http {
namespace {

using Step = ServerSession::Step;
using Waiting = ServerSession::Waiting;

constexpr Framing kFraming{.date = "Sun, 06 Nov 1994 08:49:37 GMT"};
constexpr std::string_view kNext = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";

std::string post(std::string_view fields) {
  return std::string{"POST /a HTTP/1.1\r\nHost: h\r\n"}.append(fields).append("\r\n");
}

class StreamedBodyTest : public ::testing::Test {
 protected:
  /// The session stands at the head of a request.
  void begin(std::string_view fields) {
    session.feed(post(fields));
    ASSERT_EQ(session.advance(request), Step::head);
  }
  /// Takes all that is there; what comes after the pieces.
  Step take(std::string& body) {
    while (true) {
      const auto next = session.advance(request);
      if (next != Step::piece) return next;
      body += session.piece();
    }
  }
  std::string answer(bool close = false) {
    Response response;
    response.set_plain(200, "ok");
    std::string out;
    auto framing = kFraming;
    framing.close = close;
    session.respond(response, framing, out);
    return out;
  }
  Step feed(std::string_view bytes) {
    session.feed(bytes);
    return session.advance(request);
  }
  static bool closes(std::string_view answer) { return answer.find("Connection: close\r\n") != answer.npos; }

  Limits limits;
  ServerSession session{limits};
  Request request;
};

TEST_F(StreamedBodyTest, TellsTheHeadOnceBeforeTheBodyIsThere) {
  begin("Content-Length: 4\r\n");
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/a");
  EXPECT_EQ(session.advance(request), Step::need_bytes);
  EXPECT_EQ(feed("body"), Step::request);
  EXPECT_EQ(request.body, "body");
}

TEST_F(StreamedBodyTest, GivesPiecesAsTheyComeWhileTheHeadStandsStill) {
  begin("Content-Length: 10\r\n");
  session.take_in_pieces(request, true);
  std::string body;
  EXPECT_EQ(take(body), Step::need_bytes);
  session.feed("01234");
  EXPECT_EQ(take(body), Step::need_bytes);
  EXPECT_EQ(body, "01234");
  const auto* const head = request.path.data();
  session.feed(std::string{"56789"}.append(kNext));
  EXPECT_EQ(take(body), Step::body_end);
  EXPECT_EQ(body, "0123456789");
  EXPECT_EQ(request.path.data(), head);
  EXPECT_EQ(request.path, "/a");
  EXPECT_FALSE(closes(answer()));
  ASSERT_EQ(session.advance(request), Step::request);
  EXPECT_EQ(request.path, "/next");
}

TEST_F(StreamedBodyTest, GivesChunksWithoutTheirFraming) {
  begin("Transfer-Encoding: chunked\r\n");
  session.take_in_pieces(request, true);
  const auto wire = std::string{"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-T: 1\r\n\r\n"}.append(kNext);
  std::string body;
  auto next = Step::need_bytes;
  for (std::size_t at = 0; at < wire.size() && next != Step::body_end; ++at) {
    session.feed(wire.substr(at, 1));
    next = take(body);
    if (next == Step::body_end) session.feed(wire.substr(at + 1));
  }
  EXPECT_EQ(next, Step::body_end);
  EXPECT_EQ(body, "abcdefg");
  answer();
  ASSERT_EQ(session.advance(request), Step::request);
  EXPECT_EQ(request.path, "/next");
}

TEST_F(StreamedBodyTest, SaysWhenABodyOutgrowsTheMemoryForIt) {
  limits.max_buffered_body = 4;
  begin("Content-Length: 5\r\n");
  ASSERT_EQ(session.advance(request), Step::overflow);
  EXPECT_EQ(session.advance(request), Step::need_bytes);  // and goes on if nobody minds
  EXPECT_EQ(feed("12345"), Step::request);
  EXPECT_EQ(request.body, "12345");
}

TEST_F(StreamedBodyTest, TakesInPiecesWhatHasOutgrownTheMemory) {
  limits.max_buffered_body = 4;
  begin("Transfer-Encoding: chunked\r\n");
  EXPECT_EQ(feed("4\r\nabcd\r\n"), Step::need_bytes);
  EXPECT_EQ(feed("2\r\nef\r\n"), Step::overflow);
  session.take_in_pieces(request, true);
  std::string body;
  EXPECT_EQ(take(body), Step::need_bytes);
  session.feed("1\r\ng\r\n0\r\n\r\n");
  EXPECT_EQ(take(body), Step::body_end);
  EXPECT_EQ(body, "abcdefg");
}

TEST_F(StreamedBodyTest, KeepsNoMemoryOfPiecesWhileItWaitsForMore) {
  limits.max_buffered_body = 1000;
  limits.max_body_size = 1'000'000;
  begin("Content-Length: 500000\r\n");
  session.take_in_pieces(request, true);
  std::string body;
  session.feed(std::string(100'000, 'x'));
  EXPECT_EQ(take(body), Step::need_bytes);
  EXPECT_EQ(body.size(), 100'000U);
  EXPECT_LT(session.held_memory(), 4096U);
}

TEST_F(StreamedBodyTest, CountsTheWholeBodyAgainstItsLimitHoweverItIsTaken) {
  limits.max_body_size = 6;
  begin("Transfer-Encoding: chunked\r\n");
  session.take_in_pieces(request, true);
  std::string body;
  session.feed("4\r\nabcd\r\n");
  EXPECT_EQ(take(body), Step::need_bytes);
  session.feed("3\r\nefg\r\n");
  EXPECT_EQ(take(body), Step::error);
  EXPECT_EQ(session.error(), ParseError::body_too_large);
}

TEST_F(StreamedBodyTest, CallsABodyCutShortAnErrorAndNeverItsEnd) {
  for (const std::string_view fields : {"Content-Length: 4\r\n", "Transfer-Encoding: chunked\r\n"}) {
    ServerSession cut{limits};
    cut.feed(post(fields));
    ASSERT_EQ(cut.advance(request), Step::head);
    cut.take_in_pieces(request, true);
    cut.feed("2\r\n");
    cut.end_of_input();
    auto next = cut.advance(request);
    if (next == Step::piece) next = cut.advance(request);
    EXPECT_EQ(next, Step::error);
    EXPECT_EQ(cut.error(), ParseError::truncated);
    EXPECT_EQ(cut.advance(request), Step::need_bytes);  // told once
    std::string out;
    cut.respond(Response{}, kFraming, out);
    EXPECT_TRUE(closes(out));
    EXPECT_TRUE(cut.finished());
  }
}

TEST_F(StreamedBodyTest, AsksForTheBodyOnlyWhenItIsWanted) {
  begin("Content-Length: 2\r\nExpect: 100-continue\r\n");
  session.take_in_pieces(request, false);
  EXPECT_EQ(session.advance(request), Step::need_bytes);
  session.ask_for_body();
  EXPECT_EQ(session.advance(request), Step::send_continue);
  EXPECT_EQ(session.advance(request), Step::need_bytes);
  std::string body;
  session.feed("hi");
  EXPECT_EQ(take(body), Step::body_end);
  EXPECT_FALSE(closes(answer()));
}

TEST_F(StreamedBodyTest, EndsTheConnectionOfAClientThatWasNeverAskedForItsBody) {
  begin("Content-Length: 2\r\nExpect: 100-continue\r\n");
  EXPECT_TRUE(closes(answer()));
  EXPECT_TRUE(session.finished());
}

TEST_F(StreamedBodyTest, PassesOverASmallBodyThatWasAnsweredUnread) {
  for (const std::string_view fields : {"Content-Length: 15\r\n", "Transfer-Encoding: chunked\r\n"}) {
    begin(fields);
    EXPECT_FALSE(closes(answer()));
    EXPECT_EQ(session.waiting(), Waiting::idle);
    EXPECT_EQ(feed("5\r\nGET "), Step::need_bytes);
    EXPECT_EQ(feed(std::string{"/\r\n0\r\n\r\n"}.append(kNext)), Step::request);
    EXPECT_EQ(request.path, "/next");
    EXPECT_FALSE(closes(answer()));
  }
}

TEST_F(StreamedBodyTest, EndsTheConnectionRatherThanReadABigBodyForNothing) {
  begin("Content-Length: 100000\r\n");
  EXPECT_TRUE(closes(answer()));
  EXPECT_TRUE(session.finished());
  ServerSession chunked{limits};
  chunked.feed(post("Transfer-Encoding: chunked\r\n"));
  ASSERT_EQ(chunked.advance(request), Step::head);
  std::string out;
  chunked.respond(Response{}, kFraming, out);
  const std::string chunk = "ffff\r\n" + std::string(0xffff, 'x') + "\r\n";
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(chunked.finished());
    chunked.feed(chunk);
    EXPECT_EQ(chunked.advance(request), Step::need_bytes);
  }
  EXPECT_TRUE(chunked.finished());
}

TEST_F(StreamedBodyTest, TakesNoRequestOutOfAnUnreadBodyThatIsMalformedOrCutShort) {
  begin("Transfer-Encoding: chunked\r\n");
  answer();
  EXPECT_EQ(feed(kNext), Step::need_bytes);
  EXPECT_TRUE(session.finished());
  ServerSession cut{limits};
  cut.feed(post("Content-Length: 50\r\n"));
  ASSERT_EQ(cut.advance(request), Step::head);
  std::string out;
  cut.respond(Response{}, kFraming, out);
  cut.end_of_input();
  EXPECT_EQ(cut.advance(request), Step::need_bytes);
  EXPECT_TRUE(cut.finished());
}

TEST_F(StreamedBodyTest, PassesOverWhatAStreamingHandlerLeft) {
  begin("Content-Length: 6\r\n");
  session.take_in_pieces(request, true);
  session.feed("abc");
  ASSERT_EQ(session.advance(request), Step::piece);
  EXPECT_FALSE(closes(answer()));
  EXPECT_EQ(feed(std::string{"def"}.append(kNext)), Step::request);
  EXPECT_EQ(request.path, "/next");
}

class StreamedAnswerTest : public StreamedBodyTest {
 protected:
  void ask(std::string_view method = "GET", std::string_view version = "1.1", std::string_view fields = {}) {
    session.feed(
        std::string{method}.append(" / HTTP/").append(version).append("\r\nHost: h\r\n").append(fields).append("\r\n"));
    ASSERT_EQ(session.advance(request), Step::request);
  }
  /// What is sent for two pieces, without the head.
  std::string stream() {
    session.begin_answer(response, kFraming, head);
    std::string out;
    fits = session.continue_answer("abc", out) && session.continue_answer("", out) &&
           session.continue_answer("0123456789abcdef", out);
    whole = session.end_answer(response, out);
    return out;
  }

  Response response;
  std::string head;
  bool fits = false;
  bool whole = false;
};

TEST_F(StreamedAnswerTest, GoesInChunksToWhoeverSpeaks11) {
  ask();
  EXPECT_EQ(stream(), "3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
  EXPECT_NE(head.find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Content-Length"), std::string::npos);
  EXPECT_TRUE(whole);
  EXPECT_EQ(feed(kNext), Step::request);
}

TEST_F(StreamedAnswerTest, HasTrailersAfterItsChunks) {
  ask();
  EXPECT_EQ(response.add_trailer("X-Sum", "7"), Response::FieldError::none);
  EXPECT_EQ(response.add_trailer("Content-Length", "7"), Response::FieldError::reserved);
  EXPECT_EQ(response.add_trailer("Content-Type", "a/b"), Response::FieldError::reserved);
  EXPECT_EQ(response.add_trailer("X", "a\r\nb"), Response::FieldError::bad_value);
  EXPECT_TRUE(stream().ends_with("0\r\nX-Sum: 7\r\n\r\n"));
}

TEST_F(StreamedAnswerTest, GoesUntilTheConnectionClosesToWhoeverSpeaks10) {
  ask("GET", "1.0", "Connection: keep-alive\r\n");
  EXPECT_EQ(stream(), "abc0123456789abcdef");
  EXPECT_TRUE(closes(head));
  EXPECT_EQ(head.find("Transfer-Encoding"), std::string::npos);
  EXPECT_TRUE(session.finished());
}

TEST_F(StreamedAnswerTest, GoesAsItIsWhereItsLengthWasDeclared) {
  ask();
  response.declare_length(19);
  EXPECT_EQ(stream(), "abc0123456789abcdef");
  EXPECT_NE(head.find("\r\nContent-Length: 19\r\n"), std::string::npos);
  EXPECT_TRUE(fits && whole);
  EXPECT_FALSE(session.finished());
}

TEST_F(StreamedAnswerTest, IsNeverLongerThanDeclared) {
  ask();
  response.declare_length(5);
  EXPECT_EQ(stream(), "abc01");
  EXPECT_FALSE(fits);
  EXPECT_TRUE(whole);
  EXPECT_TRUE(session.finished());
}

TEST_F(StreamedAnswerTest, SaysWhenItIsShorterThanDeclared) {
  ask();
  response.declare_length(20);
  stream();
  EXPECT_FALSE(whole);
  EXPECT_TRUE(session.finished());
}

TEST_F(StreamedAnswerTest, HasNoBodyForHeadNor204Nor304) {
  ask("HEAD");
  EXPECT_EQ(stream(), "");
  EXPECT_EQ(head.find("Transfer-Encoding"), std::string::npos);
  for (const int status : {204, 205, 304}) {
    ask();
    response.reset();
    response.set_status(status);
    head.clear();
    EXPECT_EQ(stream(), "") << status;
    EXPECT_EQ(head.find("Transfer-Encoding"), std::string::npos);
    EXPECT_EQ(head.find("Content-Length: 0\r\n") != std::string::npos, status == 205);
  }
  EXPECT_EQ(feed(kNext), Step::request);
}

TEST_F(StreamedAnswerTest, MayBeginBeforeTheBodyOfItsRequestHasCome) {
  begin("Content-Length: 4\r\n");
  session.take_in_pieces(request, true);
  session.begin_answer(response, kFraming, head);
  std::string out;
  std::string body;
  session.feed("ab");
  EXPECT_EQ(take(body), Step::need_bytes);
  session.continue_answer(body, out);
  session.feed(std::string{"cd"}.append(kNext));
  EXPECT_EQ(take(body), Step::body_end);
  EXPECT_TRUE(session.end_answer(response, out));
  ASSERT_EQ(session.advance(request), Step::request);
  EXPECT_EQ(request.path, "/next");
}

TEST_F(StreamedAnswerTest, IsAnnouncedByEarlyHintsToWhoeverSpeaks11) {
  ask();
  std::string out;
  session.inform(103, "Link: </a.css>; rel=preload\r\n", out);
  EXPECT_EQ(out, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
  answer();
  out.clear();
  ask("GET", "1.0");
  session.inform(103, "Link: </a.css>; rel=preload\r\n", out);
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace indrik::http
