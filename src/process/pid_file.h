#pragma once

#include <sys/types.h>

#include <filesystem>

#include "base/fd.h"
#include "base/result.h"

namespace indrik::process {

/// A file with our process id in it, locked as long as we live: a stale one never keeps a server from starting.
class PidFile {
 public:
  /// Makes or takes over the file. Fails when another living process holds it.
  static Result<PidFile> create(std::filesystem::path path);
  PidFile(PidFile&&) = default;
  PidFile& operator=(PidFile&&) = delete;
  /// Removes the file in the process that made it; in a forked child nothing but the descriptor goes.
  ~PidFile();

  /// Gives the file, lock and all, another name; whatever has that name now goes. On failure it keeps its own.
  Result<void> rename_to(std::filesystem::path path);
  /// Leaves the file behind for whoever takes its name over.
  void leave() noexcept { owner_ = 0; }
  /// In a forked child: gives up its share of the lock, so that the lock ends with the parent.
  void close_in_child() noexcept { file_.reset(); }

 private:
  PidFile(std::filesystem::path path, Fd file) noexcept;
  std::filesystem::path path_;
  Fd file_;
  pid_t owner_;
};

}  // namespace indrik::process
