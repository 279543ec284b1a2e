#include "config/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace indrik::config {
namespace {

using testing::HasSubstr;
using testing::Not;

class ReferenceTest : public testing::Test {
 protected:
  std::string found(std::string_view text) const { return *References{environment_}.resolve(text, folder_.path()); }
  std::string refused(std::string_view text) const {
    const auto resolved = References{environment_}.resolve(text, folder_.path());
    return resolved ? "" : resolved.error().text();
  }

  test::TemporaryFolder folder_;
  std::vector<std::string> environment_{"DB=x=y", "EMPTY=", "DBS=no"};
};

TEST_F(ReferenceTest, IsWhatBeginsSo) {
  for (const auto* text : {"env:A", "file:/a", "literal:", "env:"}) EXPECT_TRUE(is_reference(text));
  for (const auto* text : {"", "env", "ENV:A", " env:A", "http://env:A", "files:/a"}) EXPECT_FALSE(is_reference(text));
}

TEST_F(ReferenceTest, LeavesOtherTextsAlone) { EXPECT_EQ(found("postgres://db/env:A"), "postgres://db/env:A"); }

TEST_F(ReferenceTest, TakesAVariableOfTheServersEnvironment) {
  EXPECT_EQ(found("env:DB"), "x=y");
  EXPECT_EQ(found("env:EMPTY"), "");
}

TEST_F(ReferenceTest, SaysWhichVariableIsMissing) {
  EXPECT_EQ(refused("env:D"), "the server's environment has no variable D");
  EXPECT_EQ(refused("env:"), "the server's environment has no variable ");
  EXPECT_NE(refused("env:DB=x"), "");
}

TEST_F(ReferenceTest, TakesAFileWithoutOneLineEnd) {
  folder_.write("a", "s3cret\n");
  folder_.write("b", "s3cret\r\n");
  folder_.write("c", "-----BEGIN\nEND\n\n");
  folder_.write("d", "");
  EXPECT_EQ(found("file:a"), "s3cret");
  EXPECT_EQ(found("file:" + (folder_ / "b").native()), "s3cret");
  EXPECT_EQ(found("file:c"), "-----BEGIN\nEND\n");
  EXPECT_EQ(found("file:d"), "");
}

TEST_F(ReferenceTest, LooksWhereSystemdPutsCredentials) {
  folder_.write("credentials/db", "of systemd");
  folder_.write("db", "beside");
  EXPECT_EQ(found("file:db"), "beside");
  environment_.push_back("CREDENTIALS_DIRECTORY=" + (folder_ / "credentials").native());
  EXPECT_EQ(found("file:db"), "of systemd");
  EXPECT_EQ(found("file:" + (folder_ / "db").native()), "beside");
}

TEST_F(ReferenceTest, SaysWhichFileIsMissing) {
  EXPECT_EQ(refused("file:none"), "file " + (folder_ / "none").native() + ": No such file or directory");
  EXPECT_THAT(refused("file:."), HasSubstr("Is a directory"));
  EXPECT_EQ(refused("file:"), "file: names no file");
}

TEST_F(ReferenceTest, CanBeEscaped) {
  EXPECT_EQ(found("literal:env:DB"), "env:DB");
  EXPECT_EQ(found("literal:literal:a"), "literal:a");
  EXPECT_EQ(found("literal:"), "");
}

}  // namespace
}  // namespace indrik::config
