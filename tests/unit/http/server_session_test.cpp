#include "http/server_session.h"

#include <gtest/gtest.h>

#include <string>

namespace indrik::http {
namespace {

using Step = ServerSession::Step;
using Waiting = ServerSession::Waiting;

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr Framing kFraming{.date = kDate};
constexpr Framing kClosing{.date = kDate, .close = true};

/// The next step of whoever lets every body be gathered in memory.
Step gather(ServerSession& session, Request& request) {
  auto next = session.advance(request);
  while (next == Step::head || next == Step::overflow) next = session.advance(request);
  return next;
}

class ServerSessionTest : public ::testing::Test {
 protected:
  Step feed(std::string_view bytes) {
    session.feed(bytes);
    return gather(session, request);
  }
  std::string answer(const Framing& framing = kFraming, int status = 200, std::string_view text = "ok") {
    Response response;
    response.set_plain(status, text);
    std::string out;
    session.respond(response, framing, out);
    return out;
  }
  static ParseError verdict_on(std::string_view bytes, const Limits& limits) {
    ServerSession session{limits};
    Request request;
    session.feed(bytes);
    return session.advance(request) == Step::error ? session.error() : ParseError::none;
  }

  Limits limits;
  ServerSession session{limits};
  Request request;
};

TEST_F(ServerSessionTest, GivesARequestAsViewsOfItsParts) {
  ASSERT_EQ(feed("POST /users/7?full=1 HTTP/1.1\r\nHost: h\r\nX-A:  b c \t\r\nContent-Length: 2\r\n\r\nhi"),
            Step::request);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/users/7?full=1");
  EXPECT_EQ(request.path, "/users/7");
  EXPECT_EQ(request.query, "full=1");
  EXPECT_EQ(request.minor_version, 1);
  ASSERT_EQ(request.fields.size(), 3U);
  EXPECT_EQ(request.fields[1].name, "X-A");
  EXPECT_EQ(request.field("x-a"), "b c");
  EXPECT_EQ(request.body, "hi");
}

TEST_F(ServerSessionTest, LeavesOutFieldsWithAnUnderscoreInTheirName) {  // as Gunicorn's header_map=drop
  ASSERT_EQ(feed("POST /a_b HTTP/1.1\r\nHost: h_h\r\nX_Forwarded_For: 192.0.2.1\r\nContent_Length: 5\r\nX-A: b_c\r\n"
                 "SCRIPT_NAME: /x\r\nContent-Length: 2\r\n\r\nhi"),
            Step::request);
  ASSERT_EQ(request.fields.size(), 3U);
  EXPECT_EQ(request.field("X-A"), "b_c");
  EXPECT_EQ(request.field("X_Forwarded_For"), std::nullopt);
  EXPECT_EQ(request.body, "hi");
  EXPECT_EQ(session.dropped_field(), "X_Forwarded_For");
  EXPECT_FALSE(session.tells_of_client());
  answer();
  ASSERT_EQ(feed(kGet), Step::request);
  EXPECT_EQ(session.dropped_field(), "");
}

TEST_F(ServerSessionTest, LeavesThemOutOfARequestThatComesInParts) {
  ASSERT_EQ(feed("POST / HTTP/1.1\r\nHost: h\r\nA_B: 1\r\nContent-Length: 2\r\n\r\nh"), Step::need_bytes);
  ASSERT_EQ(feed("i"), Step::request);
  EXPECT_EQ(request.fields.size(), 2U);
  EXPECT_EQ(session.dropped_field(), "A_B");
}

TEST_F(ServerSessionTest, RefusesOrKeepsThemAsItIsTold) {
  constexpr std::string_view kBytes = "GET / HTTP/1.1\r\nHost: h\r\nA_B: 1\r\n\r\n";
  EXPECT_EQ(verdict_on(kBytes, {.underscores = UnderscoreRule::refuse}), ParseError::underscored_field_name);
  EXPECT_EQ(verdict_on(kGet, {.underscores = UnderscoreRule::refuse}), ParseError::none);
  limits.underscores = UnderscoreRule::keep;
  ASSERT_EQ(feed(kBytes), Step::request);
  EXPECT_EQ(request.field("A_B"), "1");
  EXPECT_EQ(session.dropped_field(), "");
}

TEST_F(ServerSessionTest, LetsScriptNamePassWhereThePeerMaySayIt) {
  session.keep_script_name();
  ASSERT_EQ(feed("GET / HTTP/1.1\r\nHost: h\r\nScript_Name: /x\r\nScript_Names: /y\r\n\r\n"), Step::request);
  EXPECT_EQ(request.field("SCRIPT_NAME"), "/x");
  EXPECT_EQ(request.fields.size(), 2U);
  EXPECT_TRUE(session.tells_of_client());
}

TEST_F(ServerSessionTest, NoticesEachFieldThatTellsOfAClient) {
  for (const std::string name : {"Forwarded", "X-FORWARDED-FOR", "x-forwarded-proto", "X-Forwarded-Host",
                                 "X-Forwarded-Port", "X-Forwarded-Prefix"}) {
    ASSERT_EQ(feed("GET / HTTP/1.1\r\nHost: h\r\nAccept: a\r\n" + name + ": 1\r\n\r\n"), Step::request);
    EXPECT_TRUE(session.tells_of_client()) << name;
    answer();
    ASSERT_EQ(feed("GET / HTTP/1.1\r\nHost: h\r\nX" + name.substr(1) + "s: 1\r\n\r\n"), Step::request);
    EXPECT_FALSE(session.tells_of_client()) << name;
    answer();
  }
}

TEST_F(ServerSessionTest, TakesTheHostThatAProxyTellsBeforeTheOneThatWasSent) {
  ASSERT_EQ(feed(kGet), Step::request);
  EXPECT_EQ(request.host(), "h");
  request.forwarded_host = "example.org:8443";
  EXPECT_EQ(request.host(), "example.org:8443");
  EXPECT_EQ(Request{}.host(), "");
}

TEST_F(ServerSessionTest, WritesAnAnswerWithExactlyTheseBytes) {
  ASSERT_EQ(feed(kGet), Step::request);
  Response response;
  response.set_status(201);
  response.add_field("Location", "/a/1");
  response.append_body("made");
  std::string out = "before";
  session.respond(response, {.date = kDate, .server = "indrik"}, out);
  EXPECT_EQ(out,
            "beforeHTTP/1.1 201 Created\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: indrik\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nLocation: /a/1\r\nContent-Length: 4\r\n\r\nmade");
}

TEST_F(ServerSessionTest, RefusesWithStatusSentenceAndClose) {
  ASSERT_EQ(feed("GET / HTTP/1.1\r\n\r\n"), Step::error);
  std::string out;
  session.refuse(session.error(), kFraming, out);
  EXPECT_EQ(
      out,
      "HTTP/1.1 400 Bad Request\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 16\r\nConnection: close\r\n\r\nHost is missing\n");
  EXPECT_TRUE(session.finished());
  EXPECT_EQ(feed(kGet), Step::need_bytes);  // never used again
}

TEST_F(ServerSessionTest, AnnouncesTheBodyOfHeadAndDoesNotSendIt) {
  ASSERT_EQ(feed("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"), Step::request);
  const auto out = answer();
  EXPECT_NE(out.find("Content-Length: 2\r\n"), std::string::npos);
  EXPECT_TRUE(out.ends_with("\r\n\r\n"));
}

TEST_F(ServerSessionTest, SendsTheBodyAgainAfterAnAnswerToHead) {
  ASSERT_EQ(feed("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"), Step::request);
  answer();
  ASSERT_EQ(feed(kGet), Step::request);
  EXPECT_TRUE(answer().ends_with("\r\n\r\nok"));
}

TEST_F(ServerSessionTest, RefusesWithABodyAfterAnAnswerToHead) {
  ASSERT_EQ(feed("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"), Step::request);
  answer();
  ASSERT_EQ(feed("nonsense\r\n"), Step::error);
  std::string out;
  session.refuse(session.error(), kFraming, out);
  EXPECT_TRUE(out.ends_with("\r\n\r\nMalformed request line\n"));
}

TEST_F(ServerSessionTest, RefusesHeadItselfWithoutABody) {
  ASSERT_EQ(feed("HEAD / HTTP/1.1\r\n\r\n"), Step::error);
  std::string out;
  session.refuse(session.error(), kFraming, out);
  EXPECT_TRUE(out.ends_with("Content-Length: 16\r\nConnection: close\r\n\r\n"));
}

TEST_F(ServerSessionTest, PersistsAsVersionAndConnectionFieldSay) {
  struct Row {
    std::string_view version, fields, connection;
  };
  for (const auto& row : std::initializer_list<Row>{
           {"1.1", "", ""},
           {"1.1", "Connection: keep-alive\r\n", ""},
           {"1.1", "Connection: close\r\n", "close"},
           {"1.1", "connection: CLOSE\r\n", "close"},
           {"1.1", "Connection: foo , Close\r\n", "close"},
           {"1.1", "Connection: foo\r\nConnection: close\r\n", "close"},
           {"1.1", "Connection: closed\r\n", ""},
           {"1.1", "Connection: close, keep-alive\r\n", "close"},
           {"1.0", "", "close"},
           {"1.0", "Connection: keep-alive\r\n", "keep-alive"},
           {"1.0", "Connection: Keep-Alive, foo\r\n", "keep-alive"},
           {"1.0", "Connection: close, keep-alive\r\n", "close"},
       }) {
    ServerSession fresh{limits};
    fresh.feed(
        std::string{"GET / HTTP/"}.append(row.version).append("\r\nHost: h\r\n").append(row.fields).append("\r\n"));
    ASSERT_EQ(fresh.advance(request), Step::request);
    std::string out;
    Response response;
    fresh.respond(response, kFraming, out);
    const auto line = row.connection.empty() ? std::string{} : std::string{"\r\nConnection: "}.append(row.connection);
    EXPECT_TRUE(out.ends_with("\r\nContent-Length: 0" + line + "\r\n\r\n")) << row.version << row.fields << out;
    EXPECT_EQ(fresh.finished(), row.connection == "close") << row.version << row.fields;
  }
}

TEST_F(ServerSessionTest, ClosesWhenTheServerWantsTo) {
  ASSERT_EQ(feed(kGet), Step::request);
  EXPECT_NE(answer(kClosing).find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_TRUE(session.finished());
}

TEST_F(ServerSessionTest, ForgetsWhatFollowsTheLastRequest) {
  ASSERT_EQ(feed("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /smuggled HTTP/1.1\r\n"), Step::request);
  answer();
  EXPECT_EQ(session.buffered(), 0U);
  EXPECT_EQ(session.advance(request), Step::need_bytes);
  EXPECT_TRUE(session.finished());
}

TEST_F(ServerSessionTest, AnswersPipelinedRequestsInTheirOrder) {
  ASSERT_EQ(
      feed("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP"),
      Step::request);
  EXPECT_EQ(request.path, "/1");
  EXPECT_EQ(session.advance(request), Step::need_bytes);  // one at a time
  answer();
  ASSERT_EQ(session.advance(request), Step::request);
  EXPECT_EQ(request.path, "/2");
  EXPECT_EQ(request.body, "abc");
  answer();
  EXPECT_EQ(session.advance(request), Step::need_bytes);
  ASSERT_EQ(feed("/1.1\r\nHost: h\r\n\r\n"), Step::request);
  EXPECT_EQ(request.path, "/3");
}

TEST_F(ServerSessionTest, KeepsARequestInPlaceWhileMoreBytesCome) {
  ASSERT_EQ(feed(kGet), Step::request);
  const auto* where = request.method.data();
  for (int i = 0; i < 1000; ++i) session.feed(kGet);
  EXPECT_EQ(request.method.data(), where);
  EXPECT_EQ(request.path, "/a");
  EXPECT_EQ(session.buffered(), 1000 * kGet.size());
  for (int i = 0; i < 1000; ++i) {
    answer();
    ASSERT_EQ(session.advance(request), Step::request) << i;
    EXPECT_EQ(request.path, "/a");
  }
  answer();
  EXPECT_EQ(session.buffered(), 0U);
}

TEST_F(ServerSessionTest, ViewsABodyThatCameInPiecesInTheRequestItCompletes) {
  ASSERT_EQ(feed("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"), Step::need_bytes);
  for (int i = 0; i < 99; ++i) ASSERT_EQ(feed(std::string(1000, 'x')), Step::need_bytes);
  Request another;
  session.feed(std::string(1000, 'y'));
  ASSERT_EQ(session.advance(another), Step::request);
  EXPECT_EQ(another.body, std::string(99000, 'x') + std::string(1000, 'y'));
  EXPECT_EQ(another.method, "POST");
  EXPECT_EQ(another.path, "/a");
  EXPECT_EQ(another.field("host"), "h");
}

TEST_F(ServerSessionTest, DoesNotReserveWhatTheClientMerelyAnnounces) {
  limits.max_body_size = std::size_t{1} << 50;
  EXPECT_EQ(feed("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000000000\r\n\r\n"), Step::need_bytes);
}

TEST_F(ServerSessionTest, JoinsChunks) {
  ASSERT_EQ(feed("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"), Step::need_bytes);
  ASSERT_EQ(feed("5\r\nhello\r\n7;a=b\r\n, wor"), Step::need_bytes);
  EXPECT_EQ(session.waiting(), Waiting::body);
  ASSERT_EQ(feed("ld\r\n0\r\nX-Checksum: 1\r\n\r\nGET"), Step::request);
  EXPECT_EQ(request.body, "hello, world");
  EXPECT_EQ(request.field("x-checksum"), std::nullopt);  // trailers are dropped
  EXPECT_EQ(session.buffered(), 3U);
}

TEST_F(ServerSessionTest, AsksForTheBodyOfWhoeverExpectsContinue) {
  ASSERT_EQ(feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n"),
            Step::send_continue);
  EXPECT_EQ(session.advance(request), Step::need_bytes);  // once
  EXPECT_EQ(feed("h"), Step::need_bytes);
  EXPECT_EQ(feed("i"), Step::request);
}

TEST_F(ServerSessionTest, AsksForNoBodyThatIsThereOrRefusedOrNone) {
  EXPECT_EQ(feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi"), Step::request);
  answer();
  EXPECT_EQ(feed("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n"), Step::request);
  answer();
  EXPECT_EQ(feed("POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"),
            Step::need_bytes);  // RFC 9110 10.1.1: not for 1.0
  EXPECT_EQ(feed("hi"), Step::request);
  answer();
  EXPECT_EQ(feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n"), Step::error);
  EXPECT_EQ(session.error(), ParseError::body_too_large);
}

TEST_F(ServerSessionTest, AsksForNoBodyFromAClientThatSendsNoMore) {
  session.feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  session.end_of_input();
  EXPECT_EQ(gather(session, request), Step::error);
  EXPECT_EQ(session.error(), ParseError::truncated);
}

TEST_F(ServerSessionTest, SaysWhatItWaitsFor) {
  EXPECT_EQ(session.waiting(), Waiting::first_byte);
  feed("\r\n");  // an empty line is no request
  EXPECT_EQ(session.waiting(), Waiting::first_byte);
  feed("P");
  EXPECT_EQ(session.waiting(), Waiting::head);
  feed("OST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n");
  EXPECT_EQ(session.waiting(), Waiting::body);
  feed("x");
  EXPECT_EQ(session.waiting(), Waiting::answer);
  answer();
  EXPECT_EQ(session.waiting(), Waiting::idle);
  session.end_of_input();
  EXPECT_EQ(session.waiting(), Waiting::nothing);
  EXPECT_TRUE(session.finished());
}

TEST_F(ServerSessionTest, AnswersWholeRequestsOfAClientThatSendsNoMore) {
  session.feed(kGet);
  session.feed(kGet);
  session.end_of_input();
  EXPECT_FALSE(session.finished());
  ASSERT_EQ(session.advance(request), Step::request);
  answer();
  EXPECT_FALSE(session.finished());
  ASSERT_EQ(session.advance(request), Step::request);
  answer();
  EXPECT_TRUE(session.finished());
  EXPECT_EQ(session.advance(request), Step::need_bytes);
}

TEST_F(ServerSessionTest, CallsARequestTruncatedWhereverItsClientEndsIt) {
  const std::string_view whole = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
  for (std::size_t size = 1; size < whole.size(); ++size) {
    ServerSession cut{limits};
    cut.feed(whole.substr(0, size));
    cut.end_of_input();
    ASSERT_EQ(gather(cut, request), Step::error) << size;
    EXPECT_EQ(cut.error(), ParseError::truncated) << size;
  }
}

TEST_F(ServerSessionTest, RefusesARequestLineBeyondItsLimitWith414) {
  limits.max_request_line = 20;
  EXPECT_EQ(verdict_on("GET /1234567 HTTP/1.1\r\nHost: h\r\n\r\n", limits), ParseError::request_line_too_long);
  EXPECT_EQ(verdict_on("GET /123456 HTTP/1.1\r\nHost: h\r\n\r\n", limits), ParseError::none);
  EXPECT_EQ(verdict_on(std::string(22, 'a'), limits), ParseError::request_line_too_long);  // before its end
  EXPECT_EQ(verdict_on(std::string(21, 'a'), limits), ParseError::none);                   // may be the CR
  EXPECT_EQ(status_of(ParseError::request_line_too_long), 414);
}

TEST_F(ServerSessionTest, RefusesFieldsBeyondTheirLimitsWith431) {
  limits.max_fields = 2;
  limits.max_field_size = 10;
  const std::string line = "GET / HTTP/1.1\r\n";
  EXPECT_EQ(verdict_on(line + "Host: h\r\nA: 4567890\r\n\r\n", limits), ParseError::none);
  EXPECT_EQ(verdict_on(line + "Host: h\r\nA: 45678901\r\n\r\n", limits), ParseError::field_too_large);
  EXPECT_EQ(verdict_on(line + "Host: h\r\nA: 1\r\nB: 2\r\n", limits), ParseError::too_many_fields);
  limits.max_head_size = line.size() + 9 + 6;
  EXPECT_EQ(verdict_on(line + "Host: h\r\nA: 1\r\n\r\n", limits), ParseError::none);
  EXPECT_EQ(verdict_on(line + "Host: h\r\nA: 12\r\n\r\n", limits), ParseError::head_too_large);
  for (const auto error : {ParseError::field_too_large, ParseError::too_many_fields, ParseError::head_too_large})
    EXPECT_EQ(status_of(error), 431);
}

TEST_F(ServerSessionTest, RefusesABodyBeyondItsLimitBeforeReadingIt) {
  limits.max_body_size = 4;
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(verdict_on(head + "Content-Length: 4\r\n\r\nabcd", limits), ParseError::none);
  EXPECT_EQ(verdict_on(head + "Content-Length: 5\r\n\r\n", limits), ParseError::body_too_large);
  EXPECT_EQ(verdict_on(head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", limits),
            ParseError::none);
  EXPECT_EQ(verdict_on(head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\n", limits),
            ParseError::body_too_large);
  EXPECT_EQ(verdict_on(head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", limits),
            ParseError::body_too_large);
  EXPECT_EQ(status_of(ParseError::body_too_large), 413);
}

TEST_F(ServerSessionTest, JoinsTinyChunks) {
  limits.max_body_size = 100000;
  feed("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20000; ++i) ASSERT_EQ(feed("0000000000000001\r\nx\r\n"), Step::need_bytes);
  ASSERT_EQ(feed("0\r\n\r\n"), Step::request);
  EXPECT_EQ(request.body, std::string(20000, 'x'));
  EXPECT_LE(session.held_memory(), 64U * 1024);  // of the framing nothing was kept
}

TEST_F(ServerSessionTest, HandsOverTrailersBesideTheFields) {
  feed("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n");
  ASSERT_EQ(feed("Digest: a\r\nCookie: b\r\n\r\n"), Step::request);
  EXPECT_EQ(request.field("Digest"), std::nullopt);
  ASSERT_EQ(request.trailers.size(), 1U);
  EXPECT_EQ(request.trailers[0].name, "Digest");
  EXPECT_EQ(request.trailers[0].value, "a");
  answer();
  session.release_memory();
  EXPECT_EQ(session.held_memory(), 0U);
  ASSERT_EQ(feed(kGet), Step::request);
  EXPECT_TRUE(request.trailers.empty());
}

TEST_F(ServerSessionTest, IsSmallEnoughForThousandsOfIdleConnections) { EXPECT_LE(sizeof(ServerSession), 320U); }

TEST_F(ServerSessionTest, HoldsNoHeapMemoryWhileIdle) {
  ASSERT_EQ(feed(kGet), Step::request);
  session.feed(kGet);
  answer();
  ASSERT_EQ(session.advance(request), Step::request);
  answer();
  EXPECT_GT(session.held_memory(), 0U);
  session.release_memory();
  EXPECT_EQ(session.held_memory(), 0U);
}

TEST_F(ServerSessionTest, LeavesItsMemoryToOthers) {
  SessionMemory spare;
  session.feed(kGet, &spare);
  ASSERT_EQ(session.advance(request), Step::request);
  answer();
  session.release_memory(&spare);
  EXPECT_EQ(session.held_memory(), 0U);
  const auto left = spare.held();
  EXPECT_GT(left, 0U);
  ServerSession other{limits};
  other.feed(kGet, &spare);
  EXPECT_EQ(spare.held(), 0U);
  ASSERT_EQ(other.advance(request), Step::request);
  EXPECT_GE(other.held_memory(), left);
  EXPECT_EQ(request.path, "/a");
}

TEST_F(ServerSessionTest, DoesNotGrowOnAClientThatIsAlwaysAhead) {
  ASSERT_EQ(feed("GET "), Step::need_bytes);
  for (int i = 0; i < 10000; ++i) {
    ASSERT_EQ(feed("/a HTTP/1.1\r\nHost: h\r\n\r\nGET "), Step::request);
    answer();
  }
  EXPECT_LE(session.held_memory(), 2048U);
}

TEST_F(ServerSessionTest, KeepsNoMemoryOfALargeBody) {
  ASSERT_EQ(feed("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + std::string(500000, 'x')),
            Step::request);
  answer();
  EXPECT_LE(session.held_memory(), ServerSession::kMaxKeptMemory);
}

TEST_F(ServerSessionTest, LooksAtEachByteOfAHeadOnce) {
  for (const char& byte : kGet.substr(0, kGet.size() - 1)) {
    ASSERT_EQ(feed({&byte, 1}), Step::need_bytes);
    ASSERT_EQ(session.buffered(), 0U);
  }
}

TEST_F(ServerSessionTest, GoesOnAfterItsMemoryWasReleased) {
  ASSERT_EQ(feed(kGet), Step::request);
  session.release_memory();  // not now: the request is in use
  EXPECT_EQ(request.path, "/a");
  answer();
  session.release_memory();
  ASSERT_EQ(feed("GET /b HTTP/1.1\r\nHo"), Step::need_bytes);
  session.release_memory();  // nor now: half a head is there
  ASSERT_EQ(feed("st: h\r\n\r\n"), Step::request);
  EXPECT_EQ(request.path, "/b");
}

TEST_F(ServerSessionTest, LeavesPeerAndSchemeToTheEngine) {
  request.peer = "192.0.2.1:4711";
  request.scheme = "https";
  ASSERT_EQ(feed(kGet), Step::request);
  EXPECT_EQ(request.peer, "192.0.2.1:4711");
  EXPECT_EQ(request.scheme, "https");
}

}  // namespace
}  // namespace indrik::http
