#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "architecture/checks.h"

namespace indrik::architecture {
namespace {

using testing::IsEmpty;

std::string joined(const Violations& violations) {
  std::string text;
  for (const auto& violation : violations) text.append(violation).append("\n");
  return text;
}

/// The project's own sources, read once.
const std::vector<SourceFile>& sources(const std::string& folders) {
  static const auto kCode = read_sources(INDRIK_SOURCE_DIR, {"src", "include", "plugins", "tests/unit"});
  static const auto kAll = read_sources(INDRIK_SOURCE_DIR, {"src", "include", "plugins", "tests", "bench"});
  return folders == "code" ? kCode : kAll;
}

Violations all(const std::vector<SourceFile>& files, Violations (*check)(const SourceFile&)) {
  Violations violations;
  for (const auto& file : files)
    for (const auto& violation : check(file)) violations.push_back(violation);
  return violations;
}

TEST(ArchitectureTest, ReadsTheSources) { EXPECT_GT(sources("code").size(), 30U); }

TEST(ArchitectureTest, IncludesPointDown) {
  const auto violations = all(sources("code"), check_includes);
  EXPECT_THAT(violations, IsEmpty()) << joined(violations);
}

TEST(ArchitectureTest, EveryFolderOfTheSourceIsALayer) {
  const auto violations = check_folders(sources("code"));
  EXPECT_THAT(violations, IsEmpty()) << joined(violations);
}

TEST(ArchitectureTest, TheBuildSaysTheSame) {
  const auto violations = check_build(read_source(INDRIK_SOURCE_DIR, "CMakeLists.txt").text);
  EXPECT_THAT(violations, IsEmpty()) << joined(violations);
}

TEST(ArchitectureTest, TheDesignSaysTheSame) {
  const auto violations = check_design(read_source(INDRIK_SOURCE_DIR, "docs/design.md").text);
  EXPECT_THAT(violations, IsEmpty()) << joined(violations);
}

TEST(ArchitectureTest, EveryHeaderIsGuarded) {
  const auto violations = all(sources("all"), check_header_guard);
  EXPECT_THAT(violations, IsEmpty()) << joined(violations);
}

TEST(ArchitectureTest, NothingIsOwnedByARawPointer) {
  Violations violations;
  for (const auto& file : sources("code"))
    if (file.path.starts_with("src/"))
      for (const auto& violation : check_ownership(file)) violations.push_back(violation);
  EXPECT_THAT(violations, IsEmpty()) << joined(violations);
}

TEST(ArchitectureTest, NoFileIsTooLong) {
  const auto violations = all(sources("all"), check_length);
  EXPECT_THAT(violations, IsEmpty()) << joined(violations);
}

}  // namespace
}  // namespace indrik::architecture
