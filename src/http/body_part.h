#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/fd.h"

namespace indrik::http {

/// A stretch of an answer's body: bytes, then a slice of a file. Either may be empty.
struct BodyPart {
  std::string bytes;
  std::shared_ptr<const Fd> file;  ///< shared by the slices of one answer; closed when the last of them is sent
  std::uint64_t offset = 0;        ///< of the slice in the file
  std::uint64_t size = 0;          ///< of the slice

  std::uint64_t total() const noexcept { return bytes.size() + size; }
};

}  // namespace indrik::http
