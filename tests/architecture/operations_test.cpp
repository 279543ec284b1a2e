// docs/operations.md quotes lines of the log: each is one that the source can write.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

namespace indrik::architecture {
namespace {

const std::filesystem::path kSource{INDRIK_SOURCE_DIR};

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// All of src, with literals that stand in several pieces in one.
std::string all_source() {
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{kSource / "src"})
    if (entry.path().extension() == ".cpp" || entry.path().extension() == ".h") all += text_of(entry.path());
  return std::regex_replace(all, std::regex{"\"\\s*\\n\\s*\""}, "");
}

/// The lines in the first column of the table under "What the lines of the error log mean".
std::vector<std::string> quoted_lines() {
  const auto text = text_of(kSource / "docs/operations.md");
  const auto begin = text.find("## What the lines of the error log mean");
  const auto section = text.substr(begin, text.find("\n## ", begin) - begin);
  std::vector<std::string> lines;
  const std::regex row{"(?:^|\\n)\\| (`[^|]*`) \\|"};
  const std::regex code{"`([^`]+)`"};
  for (std::sregex_iterator cell{section.begin(), section.end(), row}, end; cell != end; ++cell) {
    const std::string first = (*cell)[1];
    for (std::sregex_iterator line{first.begin(), first.end(), code}; line != end; ++line) lines.push_back((*line)[1]);
  }
  return lines;
}

/// What of a line does not vary.
std::vector<std::string> fixed_parts(const std::string& line) {
  static const std::string kVaries = "…";
  std::vector<std::string> parts;
  for (std::size_t at = 0, end = 0; end != std::string::npos; at = end + kVaries.size()) {
    end = line.find(kVaries, at);
    auto part = line.substr(at, end == std::string::npos ? end : end - at);
    part.erase(0, part.find_first_not_of(' '));  // spaces may come from another literal
    part.erase(part.find_last_not_of(' ') + 1);
    if (part.size() > 2) parts.push_back(part);
  }
  return parts;
}

TEST(OperationsTest, QuotesLinesThatTheSourceCanWrite) {
  const auto source = all_source();
  const auto lines = quoted_lines();
  EXPECT_GT(lines.size(), 40U);
  for (const auto& line : lines)
    for (const auto& part : fixed_parts(line))
      EXPECT_NE(source.find(part), std::string::npos)
          << "nothing in src writes \"" << part << "\" of \"" << line << "\"";
}

/// The format strings of the master's and the workers' log calls, up to what varies first.
TEST(OperationsTest, LeavesOutNoLineOfTheSupervisorAndTheWorkers) {
  const auto text = text_of(kSource / "docs/operations.md");
  const std::regex call{"log_?(?:\\(\\))?\\.(?:info|warning|error|critical)\\(\\s*\"([^\"]*)\""};
  for (const auto* layer : {"supervisor", "worker"})
    for (const auto& entry : std::filesystem::directory_iterator{kSource / "src" / layer}) {
      const auto source = std::regex_replace(text_of(entry.path()), std::regex{"\"\\s*\\n\\s*\""}, "");
      for (std::sregex_iterator found{source.begin(), source.end(), call}, end; found != end; ++found) {
        auto line = std::regex_replace(std::string{(*found)[1]}, std::regex{"\\{[^}]*\\}"}, "…");
        for (const auto& part : fixed_parts(line)) {
          EXPECT_NE(text.find(part.substr(0, 12)), std::string::npos)
              << entry.path().filename() << " writes \"" << line << "\", of which docs/operations.md says nothing";
          break;
        }
      }
    }
}

}  // namespace
}  // namespace indrik::architecture
