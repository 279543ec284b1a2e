#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace indrik::config {

/// One configuration file: where it is, and how it is called in messages.
struct FilePlace {
  std::filesystem::path path;
  std::string name;
};

/// The files that `pattern` (glob(7)) means in `includer`: relative to its folder, in the order of their bytes. A
/// pattern without wildcards is one file, whether it is there or not; one with wildcards may mean none, and a folder
/// that is not there has none. Fails where a folder cannot be read.
Result<std::vector<FilePlace>> included_files(const std::string& pattern, const FilePlace& includer);

}  // namespace indrik::config
