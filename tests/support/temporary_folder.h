#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

namespace indrik::test {

/// A folder of its own for each test, removed with everything in it at the end.
class TemporaryFolder {
 public:
  /// Throws where mkdtemp(3) fails.
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "indrik-test-XXXXXX").native();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::system_error{errno, std::generic_category(), "mkdtemp"};
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;  // a leftover folder fails no test
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  /// Writes a file of the folder, replacing what was there, and returns its path.
  std::filesystem::path write(std::string_view name, std::string_view text = {}) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream out{file, std::ios::binary | std::ios::trunc};
    out << text;
    out.close();
    if (!out) throw std::system_error{errno, std::generic_category(), "write " + file.native()};
    return file;
  }

 private:
  std::filesystem::path path_;
};

/// The whole file; empty where there is none.
inline std::string contents_of(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace indrik::test
