#include "config/included_files.h"

#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace indrik::config {
namespace {

constexpr std::string_view kWild = "*?[\\";

/// The folder's own name is no pattern.
std::string without_wildcards(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (kWild.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

/// The first thing that stood in the way of glob(3), which hands its errors to a function without a context.
thread_local int first_error = 0;

int on_error(const char*, int error) {
  if (error == ENOENT || error == ENOTDIR) return 0;
  first_error = error;
  return 1;
}

/// The memory of glob(3).
struct Glob {
  Glob() = default;
  ~Glob() { ::globfree(&found); }
  Glob(const Glob&) = delete;
  Glob& operator=(const Glob&) = delete;
  glob_t found{};
};

}  // namespace

Result<std::vector<FilePlace>> included_files(const std::string& pattern, const FilePlace& includer) {
  const auto folder = includer.path.parent_path();
  const auto called = std::filesystem::path{includer.name}.parent_path();
  const bool is_absolute = pattern.starts_with('/');
  if (pattern.find_first_of(kWild) == std::string::npos)
    return std::vector<FilePlace>{{.path = folder / pattern, .name = (called / pattern).native()}};

  Glob glob;
  first_error = 0;
  const auto prefix = is_absolute || folder.empty() ? std::string{} : folder.native() + '/';
  const int code = ::glob((without_wildcards(prefix) + pattern).c_str(), GLOB_NOSORT, on_error, &glob.found);
  if (code == GLOB_NOMATCH) return std::vector<FilePlace>{};
  if (code != 0) return fail(Error::from_errno(first_error != 0 ? first_error : ENOMEM, "{}", pattern));
  std::vector<FilePlace> files;
  for (std::size_t i = 0; i < glob.found.gl_pathc; ++i) {
    const std::string path = glob.found.gl_pathv[i];
    files.push_back({.path = path, .name = (called / path.substr(prefix.size())).native()});
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path.native() < b.path.native(); });
  return files;
}

}  // namespace indrik::config
