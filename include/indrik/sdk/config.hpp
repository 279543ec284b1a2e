#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <indrik/sdk/api.hpp>
#include <indrik/sdk/duration.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {

/// A value that is not what the plugin asked for. Let it pass: the server then refuses the plugin with this sentence.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace sdk {

/// One value of the configuration on its way to a C++ type.
struct ConfigValue {
  const Api& api;
  std::string_view key;
  indrik_config_value raw;

  std::string_view string() const noexcept { return from_abi(raw.string); }
  [[noreturn]] void refuse(std::string_view expected) const {
    throw ConfigError{"config key " + std::string{key} + ": expected " + std::string{expected} + ", got " +
                      described()};
  }

 private:
  std::string described() const {
    switch (raw.type) {
      case INDRIK_CONFIG_STRING:
        return "the string \"" + std::string{string()} + '"';
      case INDRIK_CONFIG_INTEGER:
        return "the integer " + std::to_string(raw.integer);
      case INDRIK_CONFIG_FLOAT: {
        char digits[32];
        return "the number " + std::string{digits, std::to_chars(digits, digits + sizeof digits, raw.floating).ptr};
      }
      case INDRIK_CONFIG_BOOLEAN:
        return raw.boolean ? "the boolean true" : "the boolean false";
      case INDRIK_CONFIG_STRING_ARRAY:
        return "an array of strings";
      default:
        return "a value of a type unknown to this plugin";
    }
  }
};

inline void read(const ConfigValue& value, bool& out) {
  if (value.raw.type != INDRIK_CONFIG_BOOLEAN) value.refuse("true or false");
  out = value.raw.boolean != 0;
}

template <std::integral Number>
void read(const ConfigValue& value, Number& out) {
  if (value.raw.type != INDRIK_CONFIG_INTEGER) value.refuse("an integer");
  using Limits = std::numeric_limits<Number>;
  if (!std::in_range<Number>(value.raw.integer))
    value.refuse("an integer from " + std::to_string(Limits::min()) + " to " + std::to_string(Limits::max()));
  out = static_cast<Number>(value.raw.integer);
}

template <std::floating_point Number>
void read(const ConfigValue& value, Number& out) {
  if (value.raw.type == INDRIK_CONFIG_INTEGER)
    out = static_cast<Number>(value.raw.integer);
  else if (value.raw.type == INDRIK_CONFIG_FLOAT)
    out = static_cast<Number>(value.raw.floating);
  else
    value.refuse("a number");
}

inline void read(const ConfigValue& value, std::string& out) {
  if (value.raw.type != INDRIK_CONFIG_STRING) value.refuse("a string");
  out = value.string();
}

inline void read(const ConfigValue& value, std::vector<std::string>& out) {
  if (value.raw.type != INDRIK_CONFIG_STRING_ARRAY) value.refuse("an array of strings");
  for (std::uint64_t i = 0; i < value.raw.count; ++i) {
    indrik_text item{};
    value.api.config->item(value.api.host, to_abi(value.key), i, &item);
    out.emplace_back(from_abi(item));
  }
}

/// A number counts the units of the type asked for; a string has its own unit: "250ms".
template <class Rep, class Period>
void read(const ConfigValue& value, std::chrono::duration<Rep, Period>& out) {
  using Wanted = std::chrono::duration<Rep, Period>;
  using Count = std::chrono::duration<double, Period>;
  std::optional<std::chrono::nanoseconds> exact;
  if (value.raw.type == INDRIK_CONFIG_INTEGER) exact = to_nanoseconds(Count{static_cast<double>(value.raw.integer)});
  if (value.raw.type == INDRIK_CONFIG_FLOAT) exact = to_nanoseconds(Count{value.raw.floating});
  if (value.raw.type == INDRIK_CONFIG_STRING) exact = parse_duration(value.string());
  if (!exact) value.refuse("a duration");
  out = std::chrono::duration_cast<Wanted>(*exact);
  if (out != *exact) value.refuse("a duration that is no finer than its unit");
}

template <std::integral Number>
std::string in_words(Number number) {
  return std::to_string(number);
}
template <class Rep, class Period>
std::string in_words(std::chrono::duration<Rep, Period> time) {
  const auto ns = std::chrono::nanoseconds{time}.count();
  if (ns % 1'000'000'000 == 0) return std::to_string(ns / 1'000'000'000) + 's';
  return ns % 1'000'000 == 0 ? std::to_string(ns / 1'000'000) + "ms" : std::to_string(ns) + "ns";
}

/// What may stand in a range: how an error calls it.
template <std::integral Number>
constexpr std::string_view kind_of(const Number&) noexcept {
  return "an integer";
}
template <class Rep, class Period>
constexpr std::string_view kind_of(const std::chrono::duration<Rep, Period>&) noexcept {
  return "a duration";
}

template <class T>
concept Configurable = requires(const ConfigValue& value, T& out) {
  read(value, out);
};

/// What get_or() gives for a fallback of type T: text is kept, not pointed to.
template <class T>
using ConfigType = std::conditional_t<std::convertible_to<T, std::string_view>, std::string, T>;

}  // namespace sdk

/// What the configuration says for this plugin, [app.config] in TOML: values under dotted keys ("database.host").
/// T is bool, an integer, a floating-point number, std::string, std::vector<std::string> or a std::chrono::duration.
/// Read everything in the function given to INDRIK_PLUGIN: keys that were not asked for there are reported as mistakes.
class Config {
 public:
  explicit Config(const sdk::Api& api) noexcept : api_{&api} {}

  /// None: the key is not there. Throws ConfigError for a value of another type or range.
  template <class T>
  std::optional<T> get(std::string_view key) const {
    static_assert(sdk::Configurable<T>, "indrik: no configuration value has this type");
    const auto value = find(key);
    if (!value) return std::nullopt;
    T out{};
    sdk::read(*value, out);
    return out;
  }

  template <class T>
  sdk::ConfigType<T> get_or(std::string_view key, T fallback) const {
    auto value = get<sdk::ConfigType<T>>(key);
    return value ? *std::move(value) : sdk::ConfigType<T>(std::move(fallback));
  }

  /// The same for an integer or a duration that must lie from `least` to `most`, both allowed; else it throws
  /// ConfigError, which says what is accepted. The fallback may lie elsewhere.
  template <class T>
  T get_within(std::string_view key, T fallback, std::type_identity_t<T> least, std::type_identity_t<T> most) const {
    const auto value = find(key);
    if (!value) return fallback;
    const auto range = [&] { return " from " + sdk::in_words(least) + " to " + sdk::in_words(most); };
    if constexpr (std::integral<T>)  // one error for what does not fit into T and what T has no use for
      if (value->raw.type == INDRIK_CONFIG_INTEGER && !std::in_range<T>(value->raw.integer))
        value->refuse(std::string{sdk::kind_of(fallback)} + range());
    T out{};
    sdk::read(*value, out);
    if (out < least || out > most) value->refuse(std::string{sdk::kind_of(out)} + range());
    return out;
  }

 private:
  std::optional<sdk::ConfigValue> find(std::string_view key) const noexcept {
    sdk::ConfigValue value{*api_, key, {}};
    value.raw.struct_size = sizeof value.raw;
    if (api_->config->get(api_->host, sdk::to_abi(key), &value.raw) != INDRIK_OK) return std::nullopt;
    return value;
  }

  const sdk::Api* api_;
};

}  // namespace indrik
#pragma GCC visibility pop
