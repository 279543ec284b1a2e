// The plugin static, as curl, a browser and an attacker see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "integration/support/http_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// What a command of the shell writes to its stdout; it must succeed.
std::string run(const std::string& command) {
  const auto close = [](FILE* pipe) { EXPECT_EQ(::pclose(pipe), 0) << "see the command's own words"; };
  const std::unique_ptr<FILE, decltype(close)> pipe{::popen(command.c_str(), "re"), close};
  std::string text;
  std::array<char, 4096> buffer{};
  while (const auto size = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) text.append(buffer.data(), size);
  return text;
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

class StaticTest : public testing::TestWithParam<std::string> {
 protected:
  /// Serves the folder "root", below `mount`, with more of its [app.config].
  ServerProcess& serve(const std::string& more = {}, const std::string& mount = "/") {
    const auto settings =
        folder.write("indrik.toml", "bind = [\"127.0.0.1:0\"]\nworkers = 1\nworker_class = \"" + GetParam() +
                                        "\"\n[[app]]\nplugin = \"" + built_plugin("static") + "\"\nmount = \"" + mount +
                                        "\"\n[app.config]\nroot = \"" + (folder / "root").native() + "\"\n" + more);
    server = std::make_unique<ServerProcess>(std::vector<std::string>{"-c", settings.native()});
    url = "http://" + server->address();
    return *server;
  }
  std::string curl(const std::string& arguments, const std::string& path) const {
    return run("curl -sS --max-time 20 " + arguments + " '" + url + path + "'");
  }
  HttpClient client() const { return HttpClient{server->address()}; }

  TemporaryFolder folder;
  std::filesystem::path file = folder.write("root/a.txt", "the whole of a.txt\n");
  std::unique_ptr<ServerProcess> server;
  std::string url;
};
INSTANTIATE_TEST_SUITE_P(Worker, StaticTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(StaticTest, ServesAFileWithItsTypeAndCaching) {
  auto& running = serve("max_age = \"1h\"\ntypes = [\"txt=text/markdown\"]\n");
  const auto answer = client().get("/a.txt");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "the whole of a.txt\n");
  EXPECT_EQ(answer.field("content-type"), "text/markdown");
  EXPECT_EQ(answer.field("cache-control"), "max-age=3600");
  EXPECT_EQ(answer.field("x-content-type-options"), "nosniff");
  EXPECT_EQ(answer.field("accept-ranges"), "bytes");
  EXPECT_EQ(client().request("POST", "/a.txt").status, 405);
  running.expect_clean_stop();
}

TEST_P(StaticTest, LetsCurlResumeAndAskForRanges) {
  const auto bytes = pattern(3'000'000);
  folder.write("root/big.bin", bytes);
  auto& running = serve();
  const auto half = folder.write("half", bytes.substr(0, 1'000'000)).native();
  curl("-C - -o " + half, "/big.bin");
  EXPECT_TRUE(contents_of(half) == bytes);
  EXPECT_EQ(curl("-r 10-19", "/big.bin"), bytes.substr(10, 10));
  EXPECT_EQ(curl("-r -5", "/big.bin"), bytes.substr(bytes.size() - 5));
  EXPECT_THAT(curl("-r 0-9,1000-1009", "/big.bin"),
              AllOf(HasSubstr("Content-Range: bytes 0-9/3000000\r\n\r\n" + bytes.substr(0, 10) + "\r\n--"),
                    HasSubstr("Content-Range: bytes 1000-1009/3000000\r\n\r\n" + bytes.substr(1000, 10) + "\r\n--")));
  EXPECT_EQ(curl("-r 3000000- -o /dev/null -w '%{http_code}'", "/big.bin"), "416");
  EXPECT_TRUE(curl("--http1.0", "/big.bin") == bytes);
  EXPECT_THAT(curl("-I -r 0-9", "/big.bin"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Content-Length: 3000000\r")));
  running.expect_clean_stop();
}

TEST_P(StaticTest, TellsCurlWhatHasNotChanged) {
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - std::chrono::hours{1});
  auto& running = serve();
  const auto tag = (folder / "tag").native();
  const std::string code = "-o /dev/null -w '%{http_code}' ";
  EXPECT_EQ(curl(code + "--etag-save " + tag, "/a.txt"), "200");
  EXPECT_EQ(curl(code + "--etag-compare " + tag, "/a.txt"), "304");
  EXPECT_EQ(curl(code + "-z " + file.native(), "/a.txt"), "304");
  EXPECT_EQ(curl(code + "-H 'If-Match: \"other\"'", "/a.txt"), "412");
  folder.write("root/a.txt", "changed");
  EXPECT_EQ(curl(code + "--etag-compare " + tag, "/a.txt"), "200");
  running.expect_clean_stop();
}

TEST_P(StaticTest, SendsWhatIsCompressedAlready) {
  const auto bytes = pattern(100'000);
  const auto plain = folder.write("root/a.css", bytes).native();
  run("gzip -k " + plain);
  const auto zipped = contents_of(plain + ".gz");
  auto& running = serve();
  EXPECT_TRUE(curl("--compressed -H 'Accept-Encoding: gzip'", "/a.css") == bytes);
  auto browser = client();
  const auto answer = browser.request("GET", "/a.css", {}, {{"Accept-Encoding", "gzip, br"}});
  EXPECT_EQ(answer.field("content-encoding"), "gzip");
  EXPECT_EQ(answer.field("content-type"), "text/css; charset=utf-8");
  EXPECT_EQ(answer.field("vary"), "Accept-Encoding");
  EXPECT_TRUE(answer.body == zipped);
  const auto part = browser.request("GET", "/a.css", {}, {{"Accept-Encoding", "gzip"}, {"Range", "bytes=5-14"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, zipped.substr(5, 10)) << "ranges count what is sent";
  const auto whole = browser.request("GET", "/a.css", {}, {{"Accept-Encoding", "gzip;q=0"}});
  EXPECT_EQ(whole.field("content-encoding"), std::nullopt);
  EXPECT_EQ(whole.field("vary"), "Accept-Encoding");
  EXPECT_NE(whole.field("etag"), answer.field("etag"));
  std::filesystem::last_write_time(plain + ".gz", std::filesystem::last_write_time(plain) - std::chrono::seconds{5});
  EXPECT_TRUE(browser.request("GET", "/a.css", {}, {{"Accept-Encoding", "gzip"}}).body == bytes) << "a stale copy";
  running.expect_clean_stop();
}

TEST_P(StaticTest, FindsFoldersBelowItsMount) {
  folder.write("root/index.html", "<p>root");
  folder.write("root/docs/index.html", "<p>docs");
  folder.write("root/empty/x", "");
  auto& running = serve({}, "/assets");
  auto browser = client();
  EXPECT_EQ(browser.get("/assets/").body, "<p>root");
  EXPECT_EQ(browser.get("/assets/docs/").body, "<p>docs");
  EXPECT_EQ(browser.get("/assets").field("location"), "./assets/");
  const auto moved = browser.get("/assets/docs?a=1");
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(moved.field("location"), "./docs/?a=1");
  EXPECT_EQ(curl("-L", "/assets/docs"), "<p>docs");
  EXPECT_EQ(browser.get("/assets/empty/").status, 404) << "nothing is listed";
  EXPECT_EQ(browser.get("/assets/a.txt/").status, 404);
  EXPECT_EQ(browser.get("/a.txt").status, 404) << "outside its mount";
  running.expect_clean_stop();
}

TEST_P(StaticTest, LetsNobodyOut) {
  folder.write("secret.txt", "secret");
  folder.write("root/.env", "secret");
  folder.write("root/.git/config", "secret");
  folder.write("root/d/x", "");
  folder.write("root/.well-known/acme", "token");
  std::filesystem::create_symlink("../secret.txt", folder / "root/link");
  std::filesystem::create_symlink("..", folder / "root/up");
  std::filesystem::create_symlink("/", folder / "root/slash");
  ASSERT_EQ(::mkfifo((folder / "root/pipe").c_str(), 0644), 0);
  auto& running = serve();
  for (const auto* path : {"/../secret.txt",
                           "/d/../../secret.txt",
                           "/%2e%2e/secret.txt",
                           "/%2E%2E/secret.txt",
                           "/.%2e/secret.txt",
                           "/..%2fsecret.txt",
                           "/..%2Fsecret.txt",
                           "/d%2f..%2f..%2fsecret.txt",
                           "/..%5csecret.txt",
                           "/..\\secret.txt",
                           "/%2e%2e%5c/secret.txt",
                           "/%252e%252e/secret.txt",
                           "/..%252fsecret.txt",
                           "/..%c0%afsecret.txt",
                           "/%c0%ae%c0%ae/secret.txt",
                           "/%uff0e%uff0e/secret.txt",
                           "/..;/secret.txt",
                           "/....//secret.txt",
                           "/a.txt/../../secret.txt",
                           "/./../secret.txt",
                           "//../secret.txt",
                           "///etc/passwd",
                           "/%2fetc/passwd",
                           "/link",
                           "/up/secret.txt",
                           "/slash/etc/passwd",
                           "/.env",
                           "/.git/config",
                           "/%2egit/config",
                           "/.git/",
                           "/d/../.env",
                           "/a.txt%00.png",
                           "/%00",
                           "/a.txt%0a",
                           "/pipe",
                           "/d/",
                           "/a.txt/",
                           "/..",
                           "/.",
                           "/d/..",
                           "/d/.",
                           "//a.txt",
                           "/d//x",
                           "/A.TXT",
                           "/a.txt.",
                           "/a.txt%20",
                           "http://x/../secret.txt",
                           "/~/",
                           "/-"}) {
    auto attacker = client();
    const auto answer = attacker.get(path);
    EXPECT_THAT(answer.status, testing::AnyOf(404, 400)) << path;
    EXPECT_THAT(answer.body, Not(HasSubstr("secret"))) << path;
    EXPECT_THAT(answer.body, Not(HasSubstr("root:"))) << path;
  }
  EXPECT_EQ(client().get("/.well-known/acme").body, "token");
  running.expect_clean_stop();
}

TEST_P(StaticTest, RedirectsToNoOtherHost) {
  folder.write("root/evil.com/x", "");
  folder.write("root/http:/x", "");
  auto& running = serve();
  for (const auto* path : {"//evil.com", "///evil.com", "/\\evil.com", "/%5cevil.com", "/%2fevil.com", "//evil.com/..",
                           "/.//evil.com", "/http:", "/evil.com", "/evil.com?/%0d%0aX:%20y"}) {
    const auto location = client().get(path).field("location");
    EXPECT_THAT(location.value_or("./"), StartsWith("./")) << path;
  }
  EXPECT_EQ(client().get("/http:").field("location"), "./http:/");
  running.expect_clean_stop();
}

TEST_P(StaticTest, ServesOthersWhileAHundredMegabytesGoToASlowReader) {
  folder.write("root/big.iso", "");
  std::filesystem::resize_file(folder / "root/big.iso", 100 << 20);
  auto& running = serve();
  auto slow = client();
  slow.send(request_bytes("GET", "/big.iso"));
  ASSERT_TRUE(await_fd(slow.fd(), POLLIN, Deadline{}));
  auto other = client();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(other.get("/a.txt").body, "the whole of a.txt\n");
  slow.reset();
  EXPECT_EQ(curl("-o /dev/null -w '%{size_download}'", "/big.iso"), std::to_string(100 << 20));
  running.expect_clean_stop();
}

TEST_P(StaticTest, RefusesABadRootAtTheStart) {
  std::filesystem::remove_all(folder / "root");
  const auto refusal = [this](const std::string& config, const std::string& sentence) {
    const auto path = folder.write("bad.toml", "bind = [\"127.0.0.1:0\"]\nworker_class = \"" + GetParam() +
                                                   "\"\n[[app]]\nplugin = \"" + built_plugin("static") +
                                                   "\"\n[app.config]\n" + config);
    ServerProcess refused{{"-c", path.native()}};
    refused.await_line(sentence);
    EXPECT_NE(refused.wait_exit().code, 0);
  };
  refusal("root = \"" + (folder / "root").native() + "\"",
          "config key root: " + (folder / "root").native() + ": No such file or directory");
  refusal("root = \"" + (folder / "bad.toml").native() + "\"",
          "config key root: " + (folder / "bad.toml").native() + ": Not a directory");
  refusal("", "config key root: the folder to serve is missing");
  refusal("root = \"/\"\ntypes = [\"md\"]", "config key types: expected \"END=TYPE\", got \"md\"");
}

}  // namespace
}  // namespace indrik::test
