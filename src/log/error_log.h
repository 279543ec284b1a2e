#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "log/owner.h"

namespace indrik::log {

enum class Level : std::uint8_t { debug, info, warning, error, critical };

/// The error log of one process: "2026-11-21 07:35:00.123 [4711] [warning] text". Each line is written at once, in one
/// write(2), to the end of the file; logging neither throws nor fails. Where nobody reads, a line is waited for 100 ms
/// at most, then dropped; the next one that can be written follows a line that says how many are missing. Where the
/// target is systemd's journal, and only there, each line begins with its priority: "<4>2026-...". Any thread.
/// Made anew in each worker after the fork is not needed: nothing is buffered and no thread runs.
class ErrorLog {
 public:
  /// `target` is a file's path, or "-" for stderr. A file that open() or reopen() has to make is made for `owner`.
  static Result<ErrorLog> open(const std::string& target, Level least, std::optional<Owner> owner = std::nullopt);
  ErrorLog(ErrorLog&&) noexcept;
  ErrorLog& operator=(ErrorLog&&) noexcept;
  ~ErrorLog();

  template <class... Args>
  void debug(fmt::format_string<Args...> text, Args&&... args) {
    log(Level::debug, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> text, Args&&... args) {
    log(Level::info, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> text, Args&&... args) {
    log(Level::warning, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> text, Args&&... args) {
    log(Level::error, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void critical(fmt::format_string<Args...> text, Args&&... args) {
    log(Level::critical, text, std::forward<Args>(args)...);
  }

  bool enabled(Level level) const noexcept;
  /// One line. Line ends and controls inside `text` are escaped: no one can forge a line.
  void write(Level level, std::string_view text) noexcept;

  /// Goes on as if opened so; everything stays as it was when that fails.
  Result<void> redirect(const std::string& target, Level least, std::optional<Owner> owner = std::nullopt);

  /// One entry of several lines: the first as write() does, the others indented below it, in the same write(2).
  void write_block(Level level, std::string_view first, std::span<const std::string> more) noexcept;

  /// Opens the file again under its name (after logrotate); keeps the old one when that fails. Nothing for stderr.
  Result<void> reopen();

 private:
  struct State;
  explicit ErrorLog(std::unique_ptr<State> state) noexcept;
  template <class... Args>
  void log(Level level, fmt::format_string<Args...> text, Args&&... args) {
    if (enabled(level)) write(level, fmt::format(text, std::forward<Args>(args)...));
  }
  std::unique_ptr<State> state_;
};

}  // namespace indrik::log
