#include "integration/support/bad_change.h"

#include <filesystem>

namespace indrik::test {
namespace {

void use_plugin(const Site& site, const std::string& plugin, const std::string& config = {}) {
  site.write("workers = 2\nboot_timeout = \"500ms\"\n", built_test_plugin(plugin), config);
}

void cut_the_plugin(const Site& site) {
  site.folder().write("cut.so", contents_of(built_plugin("hello")).substr(0, 3000));
  site.write("workers = 2", (site.folder() / "cut.so").native());
}

}  // namespace

std::vector<BadChange> bad_changes() {
  return {
      {"SyntaxError", [](const Site& site) { site.write_text("workers = 2\nbind = [\n"); }, "indrik.toml:"},
      {"UnknownKey", [](const Site& site) { site.write("wokers = 2"); }, "unknown key \"wokers\""},
      {"NoFile", [](const Site& site) { std::filesystem::remove(site.folder() / "indrik.toml"); }, "indrik.toml"},
      {"NoPlugin", [](const Site& site) { use_plugin(site, "nowhere"); }, "nowhere"},
      {"MissingSymbol", [](const Site& site) { use_plugin(site, "undefined_symbol"); }, "this_function_is_nowhere"},
      {"WrongAbi", [](const Site& site) { use_plugin(site, "wrong_major"); }, "wrong_major"},
      {"CutFile", cut_the_plugin, "cut.so"},
      {"ThrowingSetup", [](const Site& site) { use_plugin(site, "throwing_setup"); }, "throwing_setup"},
      {"ThrowingStart", [](const Site& site) { use_plugin(site, "throwing_start"); }, "thrown by the start hook"},
      {"ExitInStart", [](const Site& site) { use_plugin(site, "exits_in_start"); }, "exited with code 7"},
      {"HangInStart", [](const Site& site) { use_plugin(site, "hangs_in_start"); }, "before it was ready"},
      {"CrashWhenReady", [](const Site& site) { use_plugin(site, "crashes_later"); }, "was killed by SIGABRT", true},
      {"EndInSetup", [](const Site& site) { use_plugin(site, "setup_ends", "how = \"abort\""); }, "loading plugin"},
      {"NoFolderForTheAccessLog", [](const Site& site) { site.write("access_logfile = \"nowhere/access.log\""); },
       "nowhere/access.log"},
      {"NoSuchFolder",
       [](const Site& site) { site.write("", built_plugin("hello"), "", "\"unix:nowhere/indrik.sock\""); },
       "nowhere/indrik.sock"},
  };
}

}  // namespace indrik::test
