#pragma once

#include <filesystem>
#include <string_view>

namespace indrik::test {

/// A folder of its own for each test, removed with everything in it at the end.
class TemporaryFolder {
 public:
  /// Throws where mkdtemp(3) fails.
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  /// Writes a file of the folder, replacing what was there, and returns its path.
  std::filesystem::path write(std::string_view name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

/// The whole file; empty where there is none.
std::string contents_of(const std::filesystem::path& file);

}  // namespace indrik::test
