#pragma once

#include <string_view>

#include "base/fd.h"

namespace indrik::test {

/// A non-blocking stream socket on its way to "127.0.0.1:80", "[::1]:80" or "unix:/path": writable when connected (or
/// failed: see connect_error()). Throws std::runtime_error at an address that is none and where connect(2) fails at
/// once.
Fd start_connecting(std::string_view address);

/// 0 once the socket is connected, else the errno of connect(2); clears it.
int connect_error(int fd);

}  // namespace indrik::test
