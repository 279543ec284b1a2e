#pragma once

#include <unistd.h>

#include <string>

namespace indrik::test {

/// One of the 2^24 addresses of this machine's loopback: no two test programs that run have the same, so that every
/// port of it is free.
inline std::string own_loopback() {
  const auto pid = static_cast<unsigned>(::getpid());
  return "127." + std::to_string(64 + (pid >> 16 & 63)) + '.' + std::to_string(pid >> 8 & 255) + '.' +
         std::to_string(pid & 255);
}

}  // namespace indrik::test
