#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>

namespace indrik::fiber {

// readv(2) and writev(2) inside a fiber, on what is no socket: pipes, terminals, and descriptors of events wait by
// parking it. Results and errno are the calls' own.

ssize_t read_other(int descriptor, const iovec* buffers, int count) noexcept;
ssize_t write_other(int descriptor, const iovec* buffers, int count) noexcept;

enum class Kind : std::uint8_t {
  file,    ///< regular files, folders, disks: always ready, and yet reading one may take its time
  device,  ///< takes whatever is written to it
  stream,  ///< pipes, terminals, descriptors of events
};

/// Of an open descriptor that is no socket; leaves errno alone. Others are streams, about which the call itself will
/// complain.
Kind kind_of(int descriptor) noexcept;

}  // namespace indrik::fiber
