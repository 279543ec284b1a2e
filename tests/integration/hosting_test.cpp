// Several applications in one server, in several files, with secrets of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include <fmt/format.h>

#include "integration/support/command.h"
#include "integration/support/http_client.h"
#include "integration/support/server_process.h"
#include "integration/support/site.h"

namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class HostingTest : public testing::Test {
 protected:
  static std::string app(const std::string& plugin, const std::string& mount, const std::string& config = {}) {
    return "[[app]]\nplugin = \"" + plugin + "\"\nmount = \"" + mount + "\"\n[app.config]\n" + config;
  }
  void write(const std::string& more) const {
    site_.write_text(
        "include = [\"conf.d/*.toml\"]\nbind = [\"unix:indrik.sock\"]\ncontrol_socket = \"control.sock\"\n" + more);
  }
  CommandResult ctl(const std::string& arguments) const {
    return run_command(
        fmt::format("{}/indrikctl -s {} {}", INDRIK_BUILD_DIR, (site_.folder() / "control.sock").native(), arguments));
  }
  CommandResult indrik(const std::string& arguments, const std::string& environment = {}) const {
    return run_command(fmt::format("cd {} && {} {}/indrik -c indrik.toml {}", site_.folder().path().native(),
                                   environment, INDRIK_BUILD_DIR, arguments));
  }
  HttpClient client() const { return HttpClient{site_.address()}; }

  Site site_{"event"};
};

TEST_F(HostingTest, ServesTwoPluginsAndOneTwiceEachWithItsOwnConfiguration) {
  site_.folder().write("one/a.txt", "first");
  site_.folder().write("two/a.txt", "second");
  write(app("hello", "/") + app("static", "/one", "root = \"one\"\n") + app("static.so", "/two", "root = \"two\"\n"));
  ServerProcess server{{"-c", "indrik.toml"}, site_.setup()};
  server.await_line("workers are ready");
  auto browser = client();
  EXPECT_THAT(browser.get("/").body, HasSubstr("ello"));
  EXPECT_EQ(browser.get("/one/a.txt").body, "first");
  EXPECT_EQ(browser.get("/two/a.txt").body, "second");
  EXPECT_EQ(browser.get("/three/a.txt").status, 404);
  server.expect_clean_stop();
}

TEST_F(HostingTest, GivesThePathToTheMountThatSaysMoreOfIt) {
  site_.folder().write("one/health", "a file");
  site_.folder().write("one/b", "another");
  write(app("static", "/", "root = \"one\"\n") + app("health", "/", "delay_ms = 0\n"));
  ServerProcess server{{"-c", "indrik.toml"}, site_.setup()};
  server.await_line("workers are ready");
  auto browser = client();
  EXPECT_THAT(browser.get("/health").body, Not(HasSubstr("a file")));
  EXPECT_EQ(browser.get("/b").body, "another");
  server.expect_clean_stop();
}

TEST_F(HostingTest, RefusesTwoPluginsThatGiveTheSameRouteAndNamesBothPlaces) {
  write(app("hello", "/"));
  site_.folder().write("conf.d/a.toml", app(built_plugin("hello"), "/"));
  const auto said = indrik("--check-config");
  EXPECT_EQ(said.code, 4);
  EXPECT_THAT(said.output,
              AllOf(HasSubstr("is answered by plugin hello"), HasSubstr("indrik.toml:4 and conf.d/a.toml:1")));
}

TEST_F(HostingTest, TakesUpAFileThatIsPutIntoTheFolder) {
  write(app("hello", "/"));
  ServerProcess server{{"-c", "indrik.toml"}, site_.setup()};
  server.await_line("workers are ready");
  EXPECT_EQ(client().get("/h/health").status, 404);
  site_.folder().write("conf.d/10.toml", "wokers = 2\n" + app("health", "/h"));
  const auto bad = ctl("reload");
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.output, HasSubstr("conf.d/10.toml:1: unknown key \"wokers\""));
  site_.folder().write("conf.d/10.toml", "workers = 2\n" + app("health", "/h", "delay_ms = 0\n"));
  EXPECT_EQ(ctl("reload").code, 0);
  EXPECT_EQ(client().get("/h/health").status, 200);
  EXPECT_THAT(ctl("status").output, HasSubstr("2 of 2 ready"));
  server.expect_clean_stop();
}

TEST_F(HostingTest, ReadsSecretsAtTheStartAndAtEachReloadAndTellsNobody) {
  site_.folder().write("one/a.txt", "first");
  site_.folder().write("two/a.txt", "second");
  const auto folder = [&](const std::string& name) { return (site_.folder() / name).native(); };
  site_.folder().write("secret", folder("one") + "\n");
  write(app("static", "/", "root = \"file:secret\"\n") + app("static", "/env", "root = \"env:SECOND_ROOT\"\n"));
  auto setup = site_.setup();
  setup.environment = {"SECOND_ROOT=" + folder("two")};
  ServerProcess server{{"-c", "indrik.toml"}, setup};
  server.await_line("workers are ready");
  EXPECT_EQ(client().get("/a.txt").body, "first");
  EXPECT_EQ(client().get("/env/a.txt").body, "second");
  site_.folder().write("secret", folder("two") + "\n");
  EXPECT_EQ(ctl("reload").code, 0);
  EXPECT_EQ(client().get("/a.txt").body, "second");
  std::filesystem::remove(site_.folder() / "secret");
  const auto gone = ctl("reload");
  EXPECT_EQ(gone.code, 1);
  EXPECT_THAT(gone.output, HasSubstr("indrik.toml:8: root = \"file:secret\": file "));
  EXPECT_EQ(client().get("/a.txt").body, "second");
  EXPECT_THAT(server.error_text(), Not(HasSubstr(folder("two"))));
  server.expect_clean_stop();
}

TEST_F(HostingTest, HidesASecretThatAPluginComplainsOf) {
  write(app("health", "/", "delay_ms = \"env:DELAY\"\n"));
  const auto said = indrik("--check-config", "DELAY=s3cret-of-mine");
  EXPECT_EQ(said.code, 4);
  EXPECT_THAT(said.output, AllOf(HasSubstr("env:DELAY"), Not(HasSubstr("s3cret"))));
  const auto printed = indrik("--print-config", "DELAY=s3cret-of-mine");
  EXPECT_EQ(printed.code, 0);
  EXPECT_THAT(printed.output, AllOf(HasSubstr("delay_ms = \"env:DELAY\""), Not(HasSubstr("s3cret"))));
}

}  // namespace
}  // namespace indrik::test
