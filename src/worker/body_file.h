#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace indrik::worker {

/// How much all of a worker's bodies in files may take together, and do. Outlives them.
struct BodySpace {
  std::uint64_t most = 0;  ///< bytes; 0: no bound
  std::uint64_t taken = 0;
  bool has_room(std::size_t more) const noexcept { return most == 0 || taken + more <= most; }
};

/// A request's body that is too large for memory: a file without a name, which goes with its descriptor. See open(2),
/// O_TMPFILE. One thread.
class BodyFile {
 public:
  /// In `folder`; empty: the system's for temporary files.
  static Result<BodyFile> create(const std::filesystem::path& folder, BodySpace& space);
  BodyFile(BodyFile&& other) noexcept;
  BodyFile& operator=(BodyFile&& other) noexcept;
  ~BodyFile();

  /// All of the bytes, or an error: no space, a limit on files' sizes. Counts in the space, unasked.
  Result<void> append(std::string_view bytes);
  /// The whole file, mapped read-only until this object goes. Nothing is appended any more.
  Result<std::string_view> view();
  std::size_t size() const noexcept { return size_; }

 private:
  BodyFile(Fd file, BodySpace& space) noexcept : space_{&space}, file_{std::move(file)} {}

  BodySpace* space_;  ///< never null
  Fd file_;
  std::size_t size_ = 0;
  void* mapped_ = nullptr;
};

}  // namespace indrik::worker
