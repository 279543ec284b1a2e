#include "support/http_corpus.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/strings.h"
#include "contract/contract.h"
#include "http/uri.h"
#include "support/http_transcript.h"

// Every case of tests/data/http over a real connection: what the sessions do by themselves (unit/http/corpus_test.cpp)
// is what a client sees, of every class.
namespace indrik::test {
namespace {

using corpus::HttpCase;

/// Those that a request can get through to a handler with.
constexpr auto kMethods = std::to_array<std::string_view>({
    "ACL",    "BIND",   "CHECKOUT", "COPY",   "DELETE",  "GET",    "HEAD",   "LINK",   "LOCK", "M-SEARCH",
    "MERGE",  "MKCOL",  "MOVE",     "NOTIFY", "OPTIONS", "PATCH",  "POST",   "PURGE",  "PUT",  "PROPFIND",
    "REBIND", "REPORT", "SEARCH",   "SOURCE", "TRACE",   "UNBIND", "UNLINK", "UNLOCK",
});

/// No route has its path, whatever the pattern: the router's business, and shown there.
bool is_unroutable(std::span<const std::string> request) {
  constexpr std::string_view kPath = "path ";
  return std::any_of(request.begin(), request.end(), [&](std::string_view line) {
    return line.starts_with(kPath) && (line == "path *" || !http::percent_decode(line.substr(kPath.size())));
  });
}

/// OPTIONS * asks for the server as a whole: no content. No other path of these is anything's.
int status_of_unroutable(std::span<const std::string> request) {
  return std::ranges::find(request, "path *") != request.end() ? 204 : 404;
}

class CorpusContract : public ContractTest {
 protected:
  /// Answers with what it was asked, in a field: an answer to HEAD has no body.
  static void tell(http::Exchange& exchange) {
    std::string told;
    for (const auto& line : corpus::describe(exchange.request))
      told.append(escaped(line)).append("$\t");  // $: blanks may end it
    exchange.response.add_field("Told", told);
  }
  static void routes(routing::Router& router) {
    for (const auto method : kMethods) add(router, method, "/{rest...}", FunctionHandler::blocking(tell));
  }

  /// One worker for all cases that share their limits.
  WorkerProcess& worker_for(const HttpCase& example) {
    auto& worker = workers_[example.limits_text];
    options.limits = example.limits;
    if (!worker) worker = std::make_unique<WorkerProcess>(options, routes);
    return *worker;
  }

  /// Sends each case in pieces of that size, and compares.
  void play_all(std::size_t piece_size) {
    for (const auto& example : corpus::read_corpus()) {
      SCOPED_TRACE(example.name);
      HttpClient client{worker_for(example).address()};
      const int on = 1;
      ASSERT_EQ(::setsockopt(client.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
      for (std::string_view rest = example.bytes; !rest.empty(); rest.remove_prefix(std::min(rest.size(), piece_size)))
        client.send(rest.substr(0, piece_size));
      if (example.client_ends) client.end_sending();
      const auto lines = converse(client, example);
      EXPECT_TRUE(corpus::is_as_expected(example, lines)) << testing::PrintToString(lines);
    }
    for (const auto& [limits, worker] : workers_) {
      worker->signal(SIGTERM);
      EXPECT_EQ(worker->wait_exit(), 0) << worker->error_text();
    }
  }

 private:
  /// Asks for as many answers as the case expects, then for what becomes of the connection.
  static std::vector<std::string> converse(HttpClient& client, const HttpCase& example) {
    std::vector<std::string> lines;
    const std::span<const std::string> expected = example.expected;
    for (std::size_t at = 0; at + 1 < expected.size(); ++at) {
      if (expected[at].starts_with("error ")) lines.push_back(refusal(client));
      if (!expected[at].starts_with("request ")) continue;
      auto end = at;
      while (expected[end] != "keep" && expected[end] != "close") ++end;
      note_answer(client, expected.subspan(at, end - at), lines);
    }
    lines.push_back(state(client, expected.back()));
    return lines;
  }

  static HttpResponse answer(HttpClient& client, std::string_view method) {
    auto response = client.receive(method);
    while (response.status == 100) response = client.receive(method);
    return response;
  }

  static void note_answer(HttpClient& client, std::span<const std::string> request, std::vector<std::string>& lines) {
    const auto response = answer(client, split(request.front(), ' ')[1]);
    if (is_unroutable(request) && response.status == status_of_unroutable(request))
      lines.insert(lines.end(), request.begin(), request.end());
    else if (response.status != 200)
      lines.push_back(std::to_string(response.status));
    const auto told = response.field("Told").value_or("");
    for (const auto line : split(told, '\t'))
      if (!line.empty()) lines.push_back(corpus::unescaped(line.substr(0, line.size() - 1)));
    lines.emplace_back(response.closes() ? "close" : "keep");
  }

  static std::string refusal(HttpClient& client) {
    const auto response = answer(client, "GET");
    const auto sentence = response.body.substr(0, response.body.find('\n'));
    return (response.closes() ? "error " : "kept in spite of ") + std::to_string(response.status) + " " + sentence;
  }

  static std::string state(HttpClient& client, std::string_view expected) {
    if (expected == "open") {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");  // within the tightest limits of a case
      const auto response = answer(client, "GET");
      const bool is_answered =
          response.status == 200 && response.field("Told").value_or("").starts_with("request GET / ");
      return is_answered && client.is_silent() ? "open" : "out of step";
    }
    if (expected.starts_with("in a ")) {
      client.end_sending();
      if (refusal(client) != "error 400 The request was cut short") return "not waiting";
    }
    return client.receive_until_closed().empty() ? std::string{expected.starts_with("in a ") ? expected : "closed"}
                                                 : "more than was expected";
  }

  std::map<std::string, std::unique_ptr<WorkerProcess>> workers_;
};
INDRIK_FOR_EVERY_CLASS(CorpusContract);

TEST_P(CorpusContract, MeansTheSameToAClientThatSendsItWhole) { play_all(std::string::npos); }
TEST_P(CorpusContract, MeansTheSameToAClientThatSendsItByteByByte) { play_all(1); }

}  // namespace
}  // namespace indrik::test
