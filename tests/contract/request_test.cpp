#include "contract/contract.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class RequestContract : public ContractTest {
 protected:
  static void routes(routing::Router& router) {
    add_hello(router);
    add_echo(router);
    add(router, "GET", "/async", FunctionHandler::async([](http::Exchange& exchange) {
          exchange.response.append_body("async");
          exchange.complete();
        }));
    add(router, "GET", "/users/{id}", FunctionHandler::blocking([](http::Exchange& exchange) {
          exchange.response.append_body(*exchange.request.param("id"));
        }));
    add(router, "GET", "/fail", FunctionHandler::blocking([](http::Exchange& exchange) {
          exchange.response.append_body("half an answer");
          exchange.fail("the database is gone");
        }));
    add(router, "GET", "/peer", FunctionHandler::blocking([](http::Exchange& exchange) {
          exchange.response.append_body(exchange.request.peer);
        }));
  }
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
};
INDRIK_FOR_EVERY_CLASS(RequestContract);

TEST_P(RequestContract, AnswersABlockingHandler) {
  const auto response = client.get("/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.field("content-length"), "5");
  EXPECT_EQ(response.field("server"), "indrik");
  EXPECT_TRUE(response.field("date"));
}

TEST_P(RequestContract, AnswersAnAsyncHandler) { EXPECT_EQ(client.get("/async").body, "async"); }

TEST_P(RequestContract, KeepsTheConnection) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.get("/").body, "hello");
  EXPECT_EQ(worker.slot().accepted, 1U);
}

TEST_P(RequestContract, HandsOverPathParametersDecoded) { EXPECT_EQ(client.get("/users/a%20b").body, "a b"); }

TEST_P(RequestContract, TellsTheHandlerWhoAsks) { EXPECT_THAT(client.get("/peer").body, StartsWith("127.0.0.1:")); }

TEST_P(RequestContract, AnswersNotFound) { EXPECT_EQ(client.get("/nowhere").status, 404); }

TEST_P(RequestContract, AnswersMethodNotAllowedWithTheAllowedOnes) {
  const auto response = client.request("DELETE", "/");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.field("allow"), "GET, HEAD");
}

TEST_P(RequestContract, AnswersHeadWithoutABody) {
  client.send(request_bytes("HEAD", "/"));
  const auto response = client.receive("HEAD");
  EXPECT_EQ(response.field("content-length"), "5");
  EXPECT_EQ(client.get("/").body, "hello");  // had a body been sent, this would be out of step
}

TEST_P(RequestContract, AnswersPipelinedRequestsInOrder) {
  client.send(request_bytes("GET", "/users/1") + request_bytes("GET", "/async") + request_bytes("GET", "/nowhere") +
              request_bytes("POST", "/echo", "body") + request_bytes("GET", "/users/2"));
  EXPECT_EQ(client.receive().body, "1");
  EXPECT_EQ(client.receive().body, "async");
  EXPECT_EQ(client.receive().status, 404);
  EXPECT_EQ(client.receive().body, "body");
  EXPECT_EQ(client.receive().body, "2");
}

TEST_P(RequestContract, AnswersAThousandPipelinedRequests) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += request_bytes("GET", "/users/" + std::to_string(i));
  client.send(bytes);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(client.receive().body, std::to_string(i));
}

TEST_P(RequestContract, ReadsAChunkedBody) {
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  EXPECT_EQ(client.receive().body, "hello world");
}

TEST_P(RequestContract, SaysContinueToWhoExpectsIt) {
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  client.send("body");
  EXPECT_EQ(client.receive().body, "body");
}

TEST_P(RequestContract, ClosesAfterAnHttp10Request) {
  client.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.receive_until_closed(), HasSubstr("hello"));
}

TEST_P(RequestContract, KeepsAnHttp10ConnectionThatAsksForIt) {
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.receive().field("connection"), "keep-alive");
  EXPECT_EQ(client.get("/").status, 200);
}

TEST_P(RequestContract, ClosesWhenTheClientAsksForIt) {
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const auto all = client.receive_until_closed();
  EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(all, HasSubstr("hello"));
}

TEST_P(RequestContract, AnswersAHalfClosedClient) {
  client.send(request_bytes("GET", "/users/1") + request_bytes("GET", "/users/2"));
  client.end_sending();
  EXPECT_EQ(client.receive().body, "1");
  EXPECT_EQ(client.receive().body, "2");
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_P(RequestContract, TurnsAFailedHandlerInto500AndGoesOn) {
  const auto response = client.get("/fail");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body, "Internal Server Error\n");
  EXPECT_THAT(worker.error_text(), HasSubstr("GET /fail (route /test, plugin test): the database is gone"));
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(worker.slot().errors, 1U);
}

TEST_P(RequestContract, WritesTheAccessLog) {
  client.get("/users/7");
  client.send("nonsense\r\n\r\n");
  client.receive_until_closed();
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
  EXPECT_THAT(worker.access_text(), HasSubstr("127.0.0.1 \"GET /users/7 HTTP/1.1\" 200 1\n"));
  EXPECT_THAT(worker.access_text(), HasSubstr("127.0.0.1 \"-\" 400"));
}

TEST_P(RequestContract, AnswersTheSameHoweverTheBytesAreCut) {
  const std::string bytes =
      "POST /echo?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    client.send(std::string_view{bytes}.substr(0, cut));
    client.send(std::string_view{bytes}.substr(cut));
    ASSERT_EQ(client.receive().body, "hello") << "cut at " << cut;
    ASSERT_EQ(client.receive().body, "abc") << "cut at " << cut;
  }
}

/// What is wrong and what it is answered with.
struct BadRequest {
  const char* name;
  std::string bytes;
  int status;
};

class BadRequestContract : public testing::TestWithParam<std::tuple<WorkerClass, BadRequest>> {};

TEST_P(BadRequestContract, IsAnsweredAndTheConnectionClosed) {
  worker::Options options;
  options.worker_class = std::get<0>(GetParam());
  const auto& bad = std::get<1>(GetParam());
  WorkerProcess worker{options, [](routing::Router& router) {
                         ASSERT_TRUE(router.add("POST", "/", FunctionHandler::blocking([](http::Exchange&) {})));
                       }};
  HttpClient client{worker.address()};
  client.send(bad.bytes);
  const auto response = client.receive();
  EXPECT_EQ(response.status, bad.status);
  EXPECT_EQ(response.field("connection"), "close");
  EXPECT_EQ(client.receive_until_closed(), "");
}

const BadRequest kBadRequests[] = {
    {"Nonsense", "nonsense\r\n\r\n", 400},
    {"BareLineFeed", "GET / HTTP/1.1\nHost: a\n\n", 400},
    {"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
    {"LengthAndChunks", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"TwoLengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", 400},
    {"SpaceBeforeColon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
    {"Folding", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400},
    {"BadChunk", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
    {"BodyTooLarge", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", 413},
    {"LineTooLong", "GET /" + std::string(5000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
    {"FieldTooLarge", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'a') + "\r\n\r\n", 431},
    {"UnknownCoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
    {"UnknownMethod", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"OtherVersion", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
    {"OtherExpectation", "POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n", 417},
};

INSTANTIATE_TEST_SUITE_P(Worker, BadRequestContract,
                         testing::Combine(testing::Values(WorkerClass::sync, WorkerClass::event, WorkerClass::green),
                                          testing::ValuesIn(kBadRequests)),
                         [](const auto& given) {
                           return class_name(std::get<0>(given.param)) + std::get<1>(given.param).name;
                         });

TEST_P(RequestContract, DeliversARefusalAlthoughTheClientGoesOnSending) {
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n" + std::string(300'000, 'x'));
  EXPECT_EQ(client.receive().status, 413);  // lingering close: no reset destroys it on its way
}

}  // namespace
}  // namespace indrik::test
