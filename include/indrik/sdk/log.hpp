#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

#include <indrik/sdk/api.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

template <class T>
concept Loggable = std::convertible_to<const T&, std::string_view> || std::is_arithmetic_v<T>;

/// A text for the log with one {} for each argument, which the compiler counts; {{ and }} stand for braces.
template <class... Args>
class LogText {
 public:
  template <std::convertible_to<std::string_view> Text>
  consteval LogText(const Text& text) : text_{text} {
    std::size_t holes = 0;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      if (text_[i] != '{' && text_[i] != '}') continue;
      const char next = i + 1 < text_.size() ? text_[i + 1] : '\0';
      if (text_[i] == '{' && next == '}')
        ++holes;
      else if (next != text_[i])
        throw "indrik: a brace in a text for the log is {}, {{ or }}";
      ++i;
    }
    if (holes != sizeof...(Args)) throw "indrik: a text for the log has one {} for each argument";
  }
  constexpr std::string_view view() const noexcept { return text_; }

 private:
  std::string_view text_;
};

template <class T>
void append_value(std::string& out, const T& value) {
  static_assert(Loggable<T>, "indrik: the log takes texts, numbers and booleans");
  if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::same_as<T, char>) {
    out += value;
  } else if constexpr (std::is_arithmetic_v<T>) {
    char digits[64];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  } else {
    out += std::string_view{value};
  }
}

/// Appends `text` up to its next {} and takes that part, {} included, away.
inline void append_up_to_hole(std::string& out, std::string_view& text) {
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '{' && text[i + 1] == '}') break;
    if (text[i] == '{' || text[i] == '}') ++i;  // doubled: one is meant
    out += text[i];
  }
  text.remove_prefix(i < text.size() ? i + 2 : i);
}

}  // namespace sdk

/// The server's error log, under the plugin's name. Any thread, any time in the instance's life.
///   app.log().info("{} of {} rows", done, total);
class Log {
 public:
  explicit Log(const indrik_host* host) noexcept : host_{host} {}

  template <class... Args>
  void debug(sdk::LogText<std::type_identity_t<Args>...> text, const Args&... args) const {
    write(INDRIK_LOG_DEBUG, text.view(), args...);
  }
  template <class... Args>
  void info(sdk::LogText<std::type_identity_t<Args>...> text, const Args&... args) const {
    write(INDRIK_LOG_INFO, text.view(), args...);
  }
  template <class... Args>
  void warning(sdk::LogText<std::type_identity_t<Args>...> text, const Args&... args) const {
    write(INDRIK_LOG_WARNING, text.view(), args...);
  }
  template <class... Args>
  void error(sdk::LogText<std::type_identity_t<Args>...> text, const Args&... args) const {
    write(INDRIK_LOG_ERROR, text.view(), args...);
  }

 private:
  template <class... Args>
  void write(std::uint32_t level, std::string_view text, const Args&... args) const {
    std::string line;
    (..., (sdk::append_up_to_hole(line, text), sdk::append_value(line, args)));
    sdk::append_up_to_hole(line, text);
    host_->log(host_, level, sdk::to_abi(line));
  }

  const indrik_host* host_;
};

}  // namespace indrik
#pragma GCC visibility pop
