#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace indrik::architecture {

/// One file of the project.
struct SourceFile {
  std::string path;  ///< from the project's folder: "src/base/fd.h"
  std::string text;
};

struct Include {
  std::string path;
  bool angled = false;
  std::size_t line = 0;  ///< from 1
};

/// Every .h, .hpp, .c and .cpp under these folders of `root` (those that are there), in order.
std::vector<SourceFile> read_sources(const std::filesystem::path& root, const std::vector<std::string>& folders);
SourceFile read_source(const std::filesystem::path& root, const std::string& path);

/// `text` with comments, and what stands between quotes, made blank; line ends stay.
std::string code_of(std::string_view text);

/// The #include lines, those in comments left out.
std::vector<Include> includes_of(std::string_view text);

/// "src/base/fd.h" -> {"src", "base", "fd.h"}
std::vector<std::string_view> parts_of(std::string_view path);

}  // namespace indrik::architecture
