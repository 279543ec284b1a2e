// Several files and what they refer to, as load() brings them together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "config/printer.h"
#include "support/temporary_folder.h"

namespace indrik::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class IncludeTest : public testing::Test {
 protected:
  Result<Loaded, Mistakes> load_it(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"-c", "indrik.toml"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return load({arguments, environment_, folder_.path()});
  }
  Loaded loaded(std::vector<std::string> more = {}) const {
    auto read = load_it(std::move(more));
    return read ? *std::move(read) : (ADD_FAILURE() << read.error().front(), Loaded{});
  }
  Mistakes mistakes() const {
    auto read = load_it();
    return read ? Mistakes{} : read.error();
  }
  void write(const std::string& name, const std::string& text) const { folder_.write(name, text); }
  static std::string app(const std::string& plugin, const std::string& mount = "/") {
    return "[[app]]\nplugin = \"" + plugin + "\"\nmount = \"" + mount + "\"\n";
  }

  test::TemporaryFolder folder_;
  std::vector<std::string> environment_;
};

TEST_F(IncludeTest, AddsPluginsAndOutweighsTheFileThatIncludes) {
  write("indrik.toml", "include = [\"conf.d/*.toml\"]\nworkers = 2\nthreads = 5\n" + app("a.so"));
  write("conf.d/20.toml", app("c.so", "/c"));
  write("conf.d/10.toml", "workers = 3\n" + app("b.so", "/b"));
  const auto read = loaded();
  EXPECT_EQ(read.settings.workers, WorkerCount{3});
  EXPECT_EQ(read.settings.threads, 5);
  EXPECT_EQ(read.where("workers"), "conf.d/10.toml:1: workers = 3");
  ASSERT_EQ(read.apps.size(), 3U);
  EXPECT_EQ(read.apps[0].plugin, "a.so");
  EXPECT_EQ(read.apps[1].plugin, "b.so");
  EXPECT_EQ(read.apps[1].origin, "conf.d/10.toml:2");
  EXPECT_EQ(read.apps[1].folder, folder_ / "conf.d");
  EXPECT_EQ(read.apps[2].plugin, "c.so");
  EXPECT_EQ(loaded({"-w", "7"}).settings.workers, WorkerCount{7});
}

TEST_F(IncludeTest, PrintsWhatTheFilesComeToTogether) {
  write("indrik.toml", "include = \"more.toml\"\n" + app("a.so"));
  write("more.toml", "workers = 3\n" + app("b.so", "/b") + "bind = {one = [\"127.0.0.1:1\"], two = [\"unix:x\"]}\n");
  const auto printed = print_config(loaded());
  EXPECT_THAT(printed, AllOf(HasSubstr("workers = 3  # more.toml:1\n"), HasSubstr("[[app]]  # more.toml:2\n"),
                             HasSubstr("bind.one = [\"127.0.0.1:1\"]\n"), Not(HasSubstr("include"))));
  write("indrik.toml", printed);
  EXPECT_EQ(loaded().apps.at(1).binds.size(), 2U);
}

TEST_F(IncludeTest, TellsAMistakeWithItsOwnFileAndLine) {
  write("indrik.toml", "include = [\"conf.d/*.toml\"]\nwokers = 1\n" + app("a.so"));
  write("conf.d/10.toml", "timeout = \"soon\"\n");
  write("conf.d/20.toml", "a =\n");
  EXPECT_THAT(mistakes(), ElementsAre(HasSubstr("indrik.toml:2: unknown key"), HasSubstr("conf.d/10.toml:1: timeout"),
                                      HasSubstr("conf.d/20.toml:1: ")));
}

TEST_F(IncludeTest, RefusesASettingThatTwoFilesSayBesideEachOther) {
  write("indrik.toml", "include = [\"conf.d/*.toml\"]\nworkers = 1\n" + app("a.so"));
  write("conf.d/10.toml", "workers = 2\n");
  write("conf.d/20.toml", "\nworkers = 3\n");
  EXPECT_THAT(mistakes(), ElementsAre("conf.d/20.toml:2: workers is set at conf.d/10.toml:1 already, and neither file "
                                      "includes the other"));
}

TEST_F(IncludeTest, RefusesTheSamePluginAtTheSameMountTwice) {
  write("indrik.toml", "include = [\"more.toml\"]\n" + app("a.so") + app("a.so", "/other"));
  write("more.toml", "\n" + app("a.so"));
  EXPECT_THAT(mistakes(), ElementsAre("more.toml:2: plugin a.so is mounted at / already, at indrik.toml:2"));
}

TEST_F(IncludeTest, ReadsWhatIsNamedTwiceOnce) {
  write("indrik.toml", "include = [\"conf.d/10.toml\", \"conf.d/*.toml\"]\n" + app("a.so"));
  write("conf.d/10.toml", app("b.so"));
  write("conf.d/20.toml", app("c.so"));
  EXPECT_EQ(loaded().apps.size(), 3U);
}

TEST_F(IncludeTest, RefusesToGoRoundInACircle) {
  write("indrik.toml", "include = [\"a.toml\"]\n" + app("a.so"));
  write("a.toml", "\ninclude = [\"sub/b.toml\"]\n");
  write("sub/b.toml", "include = [\"../indrik.toml\"]\n");
  EXPECT_THAT(mistakes(), ElementsAre("sub/b.toml:1: include: sub/../indrik.toml is being read already: it includes "
                                      "itself"));
  write("indrik.toml", "include = [\"*.toml\"]\n" + app("a.so"));
  EXPECT_THAT(mistakes(), testing::Contains(HasSubstr("indrik.toml is being read already")));
}

TEST_F(IncludeTest, DemandsAFileThatIsNamedAndNoneOfAPattern) {
  write("indrik.toml", "\ninclude = [\"none.toml\", \"conf.d/*.toml\"]\n" + app("a.so"));
  EXPECT_THAT(mistakes(), ElementsAre("indrik.toml:2: include: configuration file " + (folder_ / "none.toml").native() +
                                      ": No such file or directory"));
}

TEST_F(IncludeTest, BoundsTheNumberOfFiles) {
  write("indrik.toml", "include = [\"conf.d/*.toml\"]\n" + app("a.so"));
  for (int i = 0; i < 256; ++i) write("conf.d/" + std::to_string(i) + ".toml", "");
  EXPECT_THAT(mistakes(), ElementsAre("indrik.toml:1: include: more than 256 files"));
}

TEST_F(IncludeTest, RefusesWhatIsNoListOfFiles) {
  for (const auto* value : {"3", "[3]", "\"\"", "[\"\"]", "{a = 1}", "[[\"a\"]]", "\"a\\u0007\""}) {
    write("indrik.toml", std::string{"include = "} + value + "\n" + app("a.so"));
    EXPECT_THAT(mistakes(), ElementsAre(AllOf(HasSubstr("indrik.toml:1: include = "), HasSubstr("in a list"))))
        << value;
  }
  write("indrik.toml", "include = []\n" + app("a.so"));
  EXPECT_THAT(mistakes(), ElementsAre());
}

TEST_F(IncludeTest, LooksUpReferencesAndShowsThemOnly) {
  environment_ = {"DB_PASSWORD=s3cret"};
  write("conf.d/key", "of a file\n");
  write("indrik.toml", "include = [\"conf.d/*.toml\"]\nenv = [\"A=env:DB_PASSWORD\", \"B=plain\"]\n");
  write("conf.d/a.toml", app("a.so") + "[app.config]\npassword = \"env:DB_PASSWORD\"\nkey = \"file:key\"\n" +
                             "hosts = [\"literal:env:x\", \"b\"]\nplain = \"c\"\n");
  const auto read = loaded({"--check-config"});
  std::map<std::string, Value> values;
  for (const auto& setting : read.apps.at(0).config) values.emplace(setting.key, setting.effective());
  EXPECT_EQ(values.at("password"), Value{"s3cret"});
  EXPECT_EQ(values.at("key"), Value{"of a file"});
  EXPECT_EQ(values.at("hosts"), (Value{std::vector<std::string>{"env:x", "b"}}));
  EXPECT_EQ(values.at("plain"), Value{"c"});
  EXPECT_THAT(read.environment, ElementsAre("A=s3cret", "B=plain"));
  const auto printed = print_config(read);
  EXPECT_THAT(printed, AllOf(HasSubstr("password = \"env:DB_PASSWORD\""), HasSubstr("\"A=env:DB_PASSWORD\""),
                             Not(HasSubstr("s3cret")), Not(HasSubstr("of a file"))));
}

TEST_F(IncludeTest, SaysWhereAReferenceLeadsNowhere) {
  write("indrik.toml",
        "env = [\"A=env:NONE\"]\n" + app("a.so") + "[app.config]\n[app.config.db]\nkey = \"file:none\"\n");
  EXPECT_THAT(mistakes(),
              ElementsAre("indrik.toml:7: db.key = \"file:none\": file " + (folder_ / "none").native() +
                              ": No such file or directory",
                          "indrik.toml:1: env = \"A=env:NONE\": the server's environment has no variable NONE"));
}

TEST_F(IncludeTest, PrintsWithoutLookingUpReferences) {
  write("indrik.toml", app("a.so") + "[app.config]\nkey = \"file:none\"\n");
  EXPECT_TRUE(load_it({"--print-config"}));
  EXPECT_FALSE(load_it({"--check-config"}));
}

}  // namespace
}  // namespace indrik::config
