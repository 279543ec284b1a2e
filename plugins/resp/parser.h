#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace resp {

/// What a client may ask for; beyond it is a protocol error.
struct Limits {
  std::size_t max_bulk = 512 * 1024 * 1024;        ///< bytes of one argument
  std::size_t max_query = 1024UL * 1024 * 1024;    ///< bytes of one command
  static constexpr std::size_t kLine = 64 * 1024;  ///< of an inline command, or a length
};

/// Finds commands in what a client sends: arrays of bulk strings, and lines as a person types them. Knows no sockets:
/// the same bytes give the same commands, wherever they are cut. Each byte is looked at once, however many pieces a
/// command comes in.
class Parser {
 public:
  enum class Outcome : std::uint8_t {
    command,  ///< args() has it; none: there was nothing in it
    more,     ///< wants() bytes are needed at least
    error,    ///< error() says why; nothing of this client is understood any more
  };

  explicit Parser(const Limits& limits) : limits_{limits} {}

  /// `input`: all bytes from the beginning of a command on; after `more` the same ones and some behind them.
  Outcome advance(std::string_view input);

  /// After `command`: valid as long as that input.
  const std::vector<std::string_view>& args() const noexcept { return args_; }
  /// After `command`: bytes of it.
  std::size_t size() const noexcept { return size_; }
  std::size_t wants() const noexcept { return wants_; }
  const std::string& error() const noexcept { return error_; }

 private:
  struct Span {
    std::size_t begin, size;
  };

  Outcome advance_inline(std::string_view input);
  Outcome advance_array(std::string_view input);
  Outcome finish(std::string_view input);
  Outcome want(std::size_t size) noexcept;
  Outcome fail(std::string_view why);
  bool split(std::string_view line);
  std::optional<std::string_view> line_at(std::string_view input);

  const Limits& limits_;
  std::size_t at_ = 0;        ///< what is before is understood
  std::size_t searched_ = 0;  ///< what is before has no end of the line at at_
  std::int64_t left_ = -1;    ///< arguments to come; -1: not known
  std::int64_t bulk_ = -1;    ///< size of the next one; -1: not known
  std::size_t size_ = 0;
  std::size_t wants_ = 0;
  std::vector<Span> spans_;
  std::vector<std::string_view> args_;
  std::string unquoted_;  ///< what spans_ are of, in a line
  std::string error_;
};

/// The number as Redis reads it: no sign but "-", no leading zero, 64 bits.
std::optional<std::int64_t> to_number(std::string_view text) noexcept;

}  // namespace resp
