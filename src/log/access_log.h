#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace indrik::log {

/// What one line of the access log can tell. The views live until record() returns.
struct AccessEntry {
  std::string_view peer;  ///< address without port; empty: "-"
  std::string_view method;
  std::string_view target;  ///< as sent
  std::string_view path;
  std::string_view query;
  std::string_view protocol;  ///< "HTTP/1.1"
  int status = 0;
  std::uint64_t body_bytes = 0;
  nanoseconds duration{0};  ///< from the complete request to the complete answer
  /// Fields by name without case; given by the engine, so that this layer needs no HTTP.
  const void* fields = nullptr;
  std::optional<std::string_view> (*request_field)(const void* fields, std::string_view name) = nullptr;
  std::optional<std::string_view> (*response_field)(const void* fields, std::string_view name) = nullptr;
};

inline constexpr std::string_view kDefaultAccessFormat =
    R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s")";

/// Lines in Gunicorn's format (its atoms: h l u t r m U q H s B b f a T M D L p {name}i {name}o), compiled once.
/// Collected and written in batches: flush() is one write(2). One thread; made in the worker after the fork.
class AccessLog {
 public:
  /// `target`: a file's path, or "-" for stdout. An unknown atom is an error that names it and the known ones.
  static Result<AccessLog> open(const std::string& target, std::string_view format);
  /// What open() would say of the format, without opening anything: for the configuration check.
  static Result<void> check_format(std::string_view format);
  AccessLog(AccessLog&&) noexcept;
  ~AccessLog();

  /// Appends a line. Values are escaped so that no client can forge one. Flushes by itself when much has gathered.
  void record(const AccessEntry& entry) noexcept;
  bool has_unwritten() const noexcept;
  /// Writes what has gathered. What a full disk or a closed pipe refuses is dropped and counted, never waited for.
  void flush() noexcept;
  std::uint64_t dropped_lines() const noexcept;
  Result<void> reopen();

 private:
  struct State;
  explicit AccessLog(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace indrik::log
