#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace indrik::plugin {

/// What the configuration says for one mounted plugin: values under dotted keys ("database.host"). Never changes once
/// an Instance has it.
class Config {
 public:
  using Value = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;
  using Values = std::map<std::string, Value, std::less<>>;

  /// The last value of a key counts.
  void set(std::string key, Value value) { values_.insert_or_assign(std::move(key), std::move(value)); }

  /// nullptr: no such key. The value lives as long as the Config and is not moved with it.
  const Value* find(std::string_view key) const noexcept {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
  }
  /// The value of some key is a secret: in what a plugin complains of, `shown` stands in its place. What is shorter
  /// than four bytes is none.
  void hide(std::string secret, std::string shown);
  /// `text` as it is to be shown. At its end the beginning of a secret is enough: the room for what a plugin says is
  /// limited, and a NUL ends it.
  std::string without_secrets(std::string text) const;
  const Values& values() const noexcept { return values_; }

 private:
  Values values_;
  std::vector<std::pair<std::string, std::string>> hidden_;
};

}  // namespace indrik::plugin
