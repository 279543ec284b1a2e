#pragma once

#include <sys/stat.h>

#include <indrik/sdk/descriptor.hpp>
#include <string>

namespace static_files {

/// What stands at a path below the root.
struct Opened {
  indrik::Descriptor descriptor;  ///< none: it could not be opened, see error
  struct stat facts {};
  int error = 0;  ///< errno

  bool is_file() const noexcept { return descriptor && S_ISREG(facts.st_mode); }
  bool is_folder() const noexcept { return descriptor && S_ISDIR(facts.st_mode); }
};

/// A folder out of which nothing is ever opened, whatever its links say and whoever moves what in it meanwhile. Links
/// that stay within are followed where the kernel can see to that by itself (openat2(2), Linux 5.6); elsewhere none is.
/// Any thread.
class RootFolder {
 public:
  enum class Way : unsigned char { by_kernel, by_hand };

  /// Throws std::runtime_error, in one sentence, where there is no such folder or it may not be searched.
  explicit RootFolder(const std::string& path);

  /// `path` is relative, without empty segments, "." and ".."; "" is the folder itself. Never waits for a pipe.
  Opened open(const std::string& path) const noexcept;
  /// The same in the way told; what open() uses was found out at the start.
  Opened open(const std::string& path, Way way) const noexcept;
  Way way() const noexcept { return way_; }

 private:
  int open_by_kernel(const char* path) const noexcept;
  int open_by_hand(std::string path) const noexcept;

  indrik::Descriptor folder_;
  Way way_ = Way::by_kernel;
};

}  // namespace static_files
