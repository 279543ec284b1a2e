// Bodies in pieces through the real binary and the plugin stream, as curl and Chromium see them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "integration/support/command.h"
#include "integration/support/http_client.h"
#include "integration/support/server_process.h"
#include "support/temporary_folder.h"

namespace indrik::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class StreamTest : public testing::TestWithParam<std::string> {
 protected:
  StreamTest() { server.await_line("workers are ready"); }

  std::string configuration() {
    return folder
        .write("indrik.toml", "bind = [\"127.0.0.1:0\"]\nworkers = 1\nmax_body_size = \"64MiB\"\nworker_class = \"" +
                                  GetParam() + "\"\n[[app]]\nplugin = \"" + built_plugin("stream") +
                                  "\"\n[app.config]\npause = \"20ms\"\n")
        .native();
  }
  std::string url(const std::string& path) const { return " 'http://" + server.address() + path + "'"; }
  std::string curl(const std::string& arguments, const std::string& path) const {
    const auto ran = run_command("curl -sS --max-time 20 " + arguments + url(path));
    EXPECT_EQ(ran.code, 0) << ran.output;
    return ran.output;
  }
  /// A file of so many bytes, and what the plugin says of it.
  std::pair<std::string, std::string> upload(std::size_t size) {
    std::string bytes(size, '\0');
    std::uint64_t low = 1;
    std::uint64_t high = 0;
    for (std::size_t at = 0; at < size; ++at) {
      bytes[at] = static_cast<char>(at * at % 251);
      low = (low + static_cast<unsigned char>(bytes[at])) % 65521;
      high = (high + low) % 65521;
    }
    return {folder.write("upload", bytes).native(),
            "{\"size\": " + std::to_string(size) + ", \"adler32\": " + std::to_string(high * 65536 + low) + "}\n"};
  }

  TemporaryFolder folder;
  ServerProcess server{std::vector<std::string>{"-c", configuration()}};
};
INSTANTIATE_TEST_SUITE_P(Worker, StreamTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(StreamTest, ReadsAnUploadAsCurlSendsIt) {
  const auto [file, told] = upload(5'000'000);
  EXPECT_EQ(curl("--data-binary @" + file, "/sum"), told);                              // with Expect
  EXPECT_EQ(curl("-H 'Expect:' --data-binary @" + file, "/sum"), told);                 // without
  EXPECT_EQ(curl("-X POST -H 'Transfer-Encoding: chunked' -T " + file, "/sum"), told);  // in chunks
  EXPECT_EQ(curl("--http1.0 --data-binary @" + file, "/sum"), told);
  EXPECT_EQ(curl("-X POST --limit-rate 20M -T - < " + file, "/sum"), told);
}

TEST_P(StreamTest, WritesAnAnswerToEveryVersion) {
  EXPECT_EQ(curl("-o /dev/null -w '%{size_download} %{http_version}'", "/bytes?size=3000000"), "3000000 1.1");
  EXPECT_EQ(curl("--http1.0 -o /dev/null -w '%{size_download}'", "/bytes?size=3000000"), "3000000");
  EXPECT_THAT(curl("-i --http1.0", "/bytes?size=3"), Not(HasSubstr("chunked")));
  EXPECT_THAT(curl("-i", "/bytes?size=3&length"), HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(curl("-I", "/bytes?size=3&length"), HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(curl("--raw", "/bytes?size=3"), EndsWith("3\r\nxxx\r\n0\r\nX-Bytes: 3\r\n\r\n"));
}

TEST_P(StreamTest, SendsEventsAndHints) {
  EXPECT_EQ(curl("-N", "/ticks?count=2"),
            "id: 1\nevent: tick\ndata: 1\n\nid: 2\nevent: tick\ndata: 2\n\nevent: end\ndata: that is all\n\n");
  EXPECT_THAT(curl("-i", "/"), StartsWith("HTTP/1.1 103 Early Hints\r\nLink: <ticks>; rel=preconnect\r\n\r\n"));
}

TEST_P(StreamTest, LogsWhatWasSentAndNoFaultOfAClientsAsItsOwn) {
  {
    HttpClient client{server.address()};
    client.send("POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    client.end_sending();
    EXPECT_EQ(client.receive().status, 400);
    HttpClient gone{server.address()};
    gone.send(request_bytes("GET", "/bytes?size=100000000"));
    gone.receive_bytes_until("xxxx");
    gone.reset();
  }
  EXPECT_EQ(curl("", "/bytes?size=3"), "xxx");
  server.expect_clean_stop();
  EXPECT_THAT(server.error_text(), Not(HasSubstr("[error]")));
}

/// The browser runs the page's script, which listens to the events.
TEST(EventStreamTest, ChromiumShowsEventsAsTheyCome) {
  for (const std::string worker_class : {"event", "green"}) {
    const TemporaryFolder folder;
    const auto settings = folder.write("indrik.toml", "bind = [\"127.0.0.1:0\"]\nworker_class = \"" + worker_class +
                                                          "\"\n[[app]]\nplugin = \"" + built_plugin("stream") +
                                                          "\"\n[app.config]\npause = \"10ms\"\n");
    ServerProcess server{std::vector<std::string>{"-c", settings.native()}};
    server.await_line("workers are ready");
    const auto home = folder.path().native();
    std::string command = "HOME=" + home;
    command.append(" chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir=")
        .append(home)
        .append("/chromium --virtual-time-budget=10000 --dump-dom http://")
        .append(server.address())
        .append("/");
    const auto shown = run_command(command);
    EXPECT_THAT(shown.output, HasSubstr("<li>tick 1</li><li>tick 2</li><li>tick 3</li>")) << worker_class;
    server.expect_clean_stop();
  }
}

}  // namespace
}  // namespace indrik::test
