#pragma once

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/error.h"

namespace indrik::app {

/// "indrik: SENTENCE" on stderr; where nobody can read it, nothing.
inline void complain(std::string_view sentence) noexcept {
  std::fprintf(stderr, "indrik: %.*s\n", static_cast<int>(sentence.size()), sentence.data());
}

/// The text on stdout; the exit code: ok, or run_failed with a complaint when it could not be written.
inline int print(const std::string& text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return static_cast<int>(ExitCode::ok);
  complain(Error::from_errno(errno, "write to stdout").text());
  return static_cast<int>(ExitCode::run_failed);
}

}  // namespace indrik::app
