// The checks themselves: that each refuses what it is there to refuse, and takes what it should.
#include "architecture/checks.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "architecture/rules.h"

namespace indrik::architecture {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(IncludesTest, TakesWhatTheTableAllows) {
  EXPECT_THAT(check_includes({"src/http/a.h",
                              "#include <string>\n#include <sys/socket.h>\n#include <fmt/format.h>\n"
                              "#include <llhttp.h>\n#include \"base/fd.h\"\n#include \"http/request.h\"\n"}),
              IsEmpty());
  EXPECT_THAT(check_includes({"src/plugin/a.cpp", "#include <dlfcn.h>\n#include <indrik/plugin.h>\n"}), IsEmpty());
  EXPECT_THAT(check_includes({"plugins/redis.cpp", "#include <hiredis/hiredis.h>\n"}), IsEmpty());
  EXPECT_THAT(check_includes({"plugins/hello/hello.cpp", "#include <indrik/indrik.hpp>\n#include \"greeting.h\"\n"}),
              IsEmpty());
  EXPECT_THAT(check_includes({"tests/unit/http/a_test.cpp", "#include <gtest/gtest.h>\n#include \"http/request.h\"\n"}),
              IsEmpty());
}

TEST(IncludesTest, RefusesALayerAboveAndOneBeside) {
  EXPECT_THAT(check_includes({"src/http/a.h", "\n\n#include \"net/address.h\"\n"}),
              ElementsAre("src/http/a.h:3: http must not include net"));
  EXPECT_THAT(check_includes({"src/base/a.h", "#include \"worker/engine.h\"\n"}),
              ElementsAre("src/base/a.h:1: base must not include worker"));
  EXPECT_THAT(check_includes({"tests/unit/worker/a_test.cpp", "#include \"plugin/host.h\"\n"}), SizeIs(1));
}

TEST(IncludesTest, RefusesALibraryThroughAnotherDoor) {
  for (const auto* include : {"<spdlog/spdlog.h>", "<toml.hpp>", "<CLI/CLI.hpp>", "<openssl/ssl.h>", "<llhttp.h>",
                              "<dlfcn.h>", "<boost/context/fiber.hpp>", "<ev.h>", "\"spdlog/spdlog.h\""})
    EXPECT_THAT(check_includes({"src/supervisor/a.cpp", fmt::format("#include {}\n", include)}), SizeIs(1)) << include;
}

TEST(IncludesTest, RefusesALibraryThatNobodyChose) {
  EXPECT_THAT(check_includes({"src/base/a.cpp", "#include <uv.h>\n#include <absl/strings/str_cat.h>\n"}),
              ElementsAre(HasSubstr("uv.h is in no list"), HasSubstr("absl")));
}

TEST(IncludesTest, RefusesTheServerAndItsVocabularyInWhatPluginAuthorsSee) {
  EXPECT_THAT(check_includes({"include/indrik/a.hpp", "#include \"base/fd.h\"\n#include <fmt/format.h>\n"}), SizeIs(2));
  EXPECT_THAT(check_includes({"plugins/hello/a.cpp", "#include \"http/request.h\"\n#include <fmt/format.h>\n"}),
              SizeIs(2));
  EXPECT_THAT(check_includes({"src/worker/a.cpp", "#include <indrik/plugin.h>\n"}), SizeIs(1));
  EXPECT_THAT(check_includes({"src/net/a.cpp", "#include <hiredis/hiredis.h>\n"}), SizeIs(1));
}

TEST(IncludesTest, RefusesAHeaderWithoutItsFolderAndAFileOutsideTheLayers) {
  EXPECT_THAT(check_includes({"src/base/a.cpp", "#include \"fd.h\"\n"}), SizeIs(1));
  EXPECT_THAT(check_includes({"src/elsewhere/a.cpp", ""}), SizeIs(1));
}

TEST(IncludesTest, IgnoresComments) {
  EXPECT_THAT(check_includes({"src/base/a.cpp", "// #include \"net/a.h\"\n/*\n#include \"net/a.h\"\n*/\n"}), IsEmpty());
  EXPECT_THAT(check_includes({"src/base/a.cpp", "#include \"net/a.h\"  // because\n"}), SizeIs(1));
}

TEST(HeaderGuardTest, AsksForOneInHeadersOnly) {
  EXPECT_THAT(check_header_guard({"src/base/a.h", "int x;\n"}), SizeIs(1));
  EXPECT_THAT(check_header_guard({"src/base/a.h", "#ifndef INDRIK_A_H\n#define INDRIK_A_H\n#endif\n"}), SizeIs(1));
  EXPECT_THAT(check_header_guard({"src/base/a.h", "#pragma once\n"}), IsEmpty());
  EXPECT_THAT(check_header_guard({"include/indrik/a.h", "/* x */\n#ifndef INDRIK_A_H\n#define INDRIK_A_H\n#endif\n"}),
              IsEmpty());
  EXPECT_THAT(check_header_guard({"src/base/a.cpp", "int x;\n"}), IsEmpty());
}

TEST(OwnershipTest, RefusesNewAndDeleteAsExpressions) {
  EXPECT_THAT(check_ownership({"src/base/a.cpp", "\nint* p = new int{1};\n"}), ElementsAre(HasSubstr("a.cpp:2: new")));
  EXPECT_THAT(check_ownership({"src/base/a.cpp", "delete p;\ndelete[] q;\n"}), SizeIs(2));
  EXPECT_THAT(check_ownership({"src/base/a.cpp", "auto p = new (std::nothrow) T;\n"}), SizeIs(1));
  EXPECT_THAT(check_ownership({"src/base/a.cpp", "std::unique_ptr<T> p{new T};\n"}), SizeIs(1));
}

TEST(OwnershipTest, TakesTheWordsElsewhere) {
  EXPECT_THAT(
      check_ownership({"src/base/a.cpp",
                       "A(const A&) = delete;\nauto* p = ::new (room) T;\n#include <new>\n"
                       "void* operator new(std::size_t);\n// a new one\nlog(\"new worker\");\nint renew, newer;\n"
                       "auto s = R\"(delete it)\"; int n = 1'000; char c = '\"'; // new\n"}),
      IsEmpty());
}

TEST(LengthTest, CountsLines) {
  EXPECT_THAT(check_length({"src/base/a.cpp", std::string(kMaxLines, '\n')}), IsEmpty());
  EXPECT_THAT(check_length({"src/base/a.cpp", std::string(kMaxLines + 1, '\n')}), SizeIs(1));
}

std::string build_file() {
  std::string text;
  for (const auto& rule : kLayers) {
    const std::string depends{rule.may_include};
    const auto sdk = depends.find(" indrik");
    text += fmt::format("add_layer({} DEPENDS {}{})\n", rule.layer, depends.substr(0, sdk),
                        sdk == std::string::npos ? "" : " LIBRARIES indrik::sdk");
  }
  return text;
}

TEST(BuildTest, TakesTheTable) { EXPECT_THAT(check_build(build_file()), IsEmpty()); }

TEST(BuildTest, RefusesMoreAndLessThanTheTable) {
  EXPECT_THAT(check_build(build_file() + "add_layer(http DEPENDS base net)\n"),
              ElementsAre("CMakeLists.txt: http must not depend on net"));
  EXPECT_THAT(check_build(build_file() + "add_layer(http)\n"), ElementsAre(HasSubstr("http may depend on base")));
  EXPECT_THAT(check_build(build_file() + "add_layer(extra DEPENDS base)\n"),
              ElementsAre(HasSubstr("extra has no row")));
  EXPECT_THAT(check_build(""), SizeIs(kLayers.size()));
}

std::string design() {
  std::string text = "# Design\n```layers\n";
  for (const auto& rule : kLayers)
    text += fmt::format("{:<12}{}\n", rule.layer, rule.may_include.empty() ? "-" : rule.may_include);
  return text + "```\n";
}

TEST(DesignTest, TakesTheTable) { EXPECT_THAT(check_design(design()), IsEmpty()); }

TEST(DesignTest, RefusesAnotherTableAndNone) {
  auto other = design();
  other.replace(other.find("routing     base http"), 21, "routing     base net ");
  EXPECT_THAT(check_design(other), SizeIs(2));
  EXPECT_THAT(check_design("# Design\n"), SizeIs(1));
}

TEST(FoldersTest, RefusesAFolderWithoutARow) {
  EXPECT_THAT(check_folders({{"src/base/a.h", ""}, {"src/misc/a.h", ""}}), ElementsAre(HasSubstr("src/misc")));
}

}  // namespace
}  // namespace indrik::architecture
