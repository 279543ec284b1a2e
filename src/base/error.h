#pragma once

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace indrik {

/// What went wrong, in one sentence for a person and, where a system call failed, its errno (0: none).
class Error {
 public:
  explicit Error(std::string text, int code = 0) : text_{std::move(text)}, code_{code} {}

  /// "bind 127.0.0.1:80: Permission denied". Pass errno itself first: formatting may change it.
  template <class... Args>
  static Error from_errno(int code, fmt::format_string<Args...> context, Args&&... args) {
    return Error{fmt::format(context, std::forward<Args>(args)...) + ": " + describe(code), code};
  }
  template <class... Args>
  static Error format(fmt::format_string<Args...> text, Args&&... args) {
    return Error{fmt::format(text, std::forward<Args>(args)...)};
  }

  /// The kernel's words for an errno; thread-safe, unlike strerror(3).
  static std::string describe(int code);

  const std::string& text() const noexcept { return text_; }
  int code() const noexcept { return code_; }

  /// The same error, told from further out: "load plugin a.so: no such file".
  Error within(std::string_view context) && {
    text_.insert(0, ": ").insert(0, context);
    return std::move(*this);
  }

 private:
  std::string text_;
  int code_ = 0;
};

/// What indrik and its workers exit with.
enum class ExitCode : int {
  ok = 0,
  run_failed = 1,
  wrong_configuration = 2,
  never_ready = 3,
  plugin_not_loaded = 4,
};

/// Ends the boot of a process: thrown before the master's loop or before a worker is ready, caught in main only.
class BootError : public std::runtime_error {
 public:
  BootError(ExitCode code, const std::string& sentence) : std::runtime_error{sentence}, code_{code} {}
  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

}  // namespace indrik
