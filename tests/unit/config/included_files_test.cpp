#include "config/included_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace indrik::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class IncludedFilesTest : public testing::Test {
 protected:
  /// How the files are called.
  std::vector<std::string> names(const std::string& pattern, const std::string& in = "indrik.toml") const {
    std::vector<std::string> found;
    const auto files = included_files(pattern, {.path = folder_ / in, .name = in});
    for (const auto& file : *files) {
      EXPECT_EQ(file.path, folder_ / file.name);
      found.push_back(file.name);
    }
    return found;
  }

  test::TemporaryFolder folder_;
};

TEST_F(IncludedFilesTest, AreThoseOfThePatternInTheOrderOfTheirBytes) {
  for (const auto* name :
       {"conf.d/b.toml", "conf.d/B.toml", "conf.d/10.toml", "conf.d/9.toml", "conf.d/x.toml~", "conf.d/.hidden.toml"})
    folder_.write(name);
  EXPECT_THAT(names("conf.d/*.toml"), ElementsAre("conf.d/10.toml", "conf.d/9.toml", "conf.d/B.toml", "conf.d/b.toml"));
}

TEST_F(IncludedFilesTest, MayBeNone) {
  EXPECT_THAT(names("conf.d/*.toml"), IsEmpty()) << "without the folder";
  folder_.write("conf.d/a.txt");
  EXPECT_THAT(names("conf.d/*.toml"), IsEmpty());
}

TEST_F(IncludedFilesTest, AreNamedWithoutWildcardsWhetherTheyAreThereOrNot) {
  EXPECT_THAT(names("more.toml"), ElementsAre("more.toml"));
  EXPECT_THAT(names("/etc/none.toml"), ElementsAre("/etc/none.toml"));
}

TEST_F(IncludedFilesTest, AreRelativeToTheFolderOfTheFileAndAbsoluteWhereItSaysSo) {
  folder_.write("conf.d/more/a.toml");
  EXPECT_THAT(names("more/*.toml", "conf.d/x.toml"), ElementsAre("conf.d/more/a.toml"));
  const auto absolute = folder_ / "conf.d/more/a.toml";
  EXPECT_THAT(names((folder_ / "conf.d/*/a.toml").native(), "conf.d/x.toml"), ElementsAre(absolute.native()));
}

TEST_F(IncludedFilesTest, AreFoundInAFolderWhoseNameLooksLikeAPattern) {
  folder_.write("[a]*/conf.d/a.toml");
  EXPECT_THAT(names("conf.d/*.toml", "[a]*/indrik.toml"), ElementsAre("[a]*/conf.d/a.toml"));
}

}  // namespace
}  // namespace indrik::config
