#include "config/toml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <sstream>
#include <toml.hpp>

#include "base/strings.h"
#include "config/messages.h"
#include "config/toml_guard.h"
#include "config/toml_text.h"

namespace indrik::config {

namespace {

// An ordered map, so that the same file gives the same messages in the same order everywhere.
using Toml = toml::basic_value<toml::discard_comments, std::map, std::vector>;

constexpr auto kAppKeys = std::to_array<std::string_view>({"plugin", "mount", "bind", "config"});

int line_of(const Toml& value) { return static_cast<int>(value.location().line()); }

/// A value as it could stand in the file, on one line.
std::string spelt(const Toml& value) {
  if (value.is_table()) return "{...}";
  if (value.is_string()) return toml_string(value.as_string().str);
  if (value.is_array()) {
    std::string items;
    for (const auto& item : value.as_array()) items += (items.empty() ? "" : ", ") + spelt(item);
    return '[' + items + ']';
  }
  std::ostringstream out;
  out << value;
  return out.str();
}

std::string describe(const Toml& value) { return value.is_table() ? "a table" : shortened(spelt(value)); }

/// The parser gives the nearest number that an int64 holds, or nonsense, for one that none holds: look at the source.
bool fits(const Toml& integer) {
  const auto place = integer.location();
  std::string text = place.line_str().substr(place.column() - 1, place.region());
  std::erase(text, '_');
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int base = 10;
  if (digits.starts_with("0x")) base = 16;
  if (digits.starts_with("0o")) base = 8;
  if (digits.starts_with("0b")) base = 2;
  if (base != 10) digits.remove_prefix(2);
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  return error == std::errc{} && stop == digits.data() + digits.size() && number == integer.as_integer();
}

/// A scalar, or an array of scalars; none for tables and whatever contains arrays or tables.
std::optional<Value> scalar(const Toml& value) {
  switch (value.type()) {
    case toml::value_t::string:
      return value.as_string().str;
    case toml::value_t::integer:
      return std::int64_t{value.as_integer()};
    case toml::value_t::floating:
      return value.as_floating();
    case toml::value_t::boolean:
      return value.as_boolean();
    default:
      return std::nullopt;
  }
}

std::string text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return toml_value(value);
}

/// For a setting: an array counts if it holds nothing but texts.
std::optional<Value> setting_value(const Toml& value) {
  if (!value.is_array()) return scalar(value);
  std::vector<std::string> texts;
  for (const auto& item : value.as_array()) {
    if (!item.is_string()) return std::nullopt;
    texts.push_back(item.as_string().str);
  }
  return texts;
}

/// For a plugin: numbers in an array become texts, and so do dates.
std::optional<Value> plugin_value(const Toml& value) {
  if (auto single = scalar(value)) return single;
  if (value.is_table()) return std::nullopt;
  if (!value.is_array()) return spelt(value);  // the four kinds of date and time
  std::vector<std::string> texts;
  for (const auto& item : value.as_array()) {
    if (item.is_array() || item.is_table()) return std::nullopt;
    texts.push_back(text_of(*plugin_value(item)));
  }
  return texts;
}

/// Turns a parsed document into a FileReading, collecting mistakes on the way.
class Reader {
 public:
  explicit Reader(const std::string& name) : name_{name} {}

  FileReading read(const Toml& document) {
    refuse_large_numbers(document);
    for (const auto& [key, value] : document.as_table()) {
      if (key == "app") {
        read_apps(value);
      } else if (key == "include") {
        read_includes(value);
      } else {
        const int line = line_of(value);
        reading_.settings.push_back({line, Written{key, setting_value(value), describe(value), at(line), true}});
      }
    }
    std::stable_sort(reading_.settings.begin(), reading_.settings.end(),
                     [](const auto& a, const auto& b) { return a.number < b.number; });
    return std::move(reading_);
  }

 private:
  std::string at(int line) const { return fmt::format("{}:{}", name_, line); }
  void mistake(int line, const std::string& text) {
    reading_.mistakes.push_back({line, fmt::format("{}: {}", at(line), text)});
  }

  void refuse_large_numbers(const Toml& value) {
    if (value.is_integer() && !fits(value)) mistake(line_of(value), "a number that 64 bits do not hold");
    if (value.is_array())
      for (const auto& item : value.as_array()) refuse_large_numbers(item);
    if (value.is_table())
      for (const auto& [key, item] : value.as_table()) refuse_large_numbers(item);
  }

  void read_includes(const Toml& value) {
    const auto read = setting_value(value);
    std::vector<std::string> patterns;
    if (const auto* texts = read ? std::get_if<std::vector<std::string>>(&*read) : nullptr) patterns = *texts;
    if (const auto* text = read ? std::get_if<std::string>(&*read) : nullptr) patterns = {*text};
    const bool is_list = value.is_array() && value.as_array().empty();
    const bool are_good = std::ranges::all_of(patterns, [](auto& text) { return !text.empty() && is_printable(text); });
    if ((patterns.empty() && !is_list) || !are_good)
      return mistake(line_of(value),
                     fmt::format("include = {}: files like \"conf.d/*.toml\" in a list", describe(value)));
    for (auto& pattern : patterns) reading_.includes.push_back({line_of(value), std::move(pattern)});
  }

  void read_apps(const Toml& value) {
    const bool tables = value.is_array() && std::all_of(value.as_array().begin(), value.as_array().end(),
                                                        [](const Toml& item) { return item.is_table(); });
    if (!tables) return mistake(line_of(value), "app: write [[app]], with two brackets on each side, once a plugin");
    for (const auto& item : value.as_array()) read_app(item);
  }

  void read_app(const Toml& table) {
    PluginApp app;
    app.origin = at(line_of(table));
    for (const auto& [key, value] : table.as_table()) {
      if (key == "plugin") {
        read_text(app.plugin, key, value, "a plugin's file name or path", [](auto& text) { return !text.empty(); });
      } else if (key == "mount") {
        read_text(app.mount, key, value, "a path that begins with \"/\"",
                  [](auto& text) { return text.starts_with('/'); });
      } else if (key == "bind") {
        read_binds(app, value);
      } else if (key == "config") {
        read_config(app, value);
      } else {
        mistake(line_of(value), fmt::format("unknown key \"{}\" in [[app]]{}", printable(key),
                                            did_you_mean(key, kAppKeys, "\"", " (a plugin's own go to [app.config])")));
      }
    }
    if (!table.contains("plugin")) mistake(line_of(table), "[[app]] names no plugin; add plugin = \"NAME.so\"");
    reading_.apps.push_back(std::move(app));
  }

  template <class Accept>
  void read_text(std::string& target, std::string_view key, const Toml& value, std::string_view accepted,
                 Accept accept) {
    if (value.is_string() && accept(value.as_string().str) && is_printable(value.as_string().str)) {
      target = value.as_string().str;
    } else {
      mistake(line_of(value), fmt::format("{} = {}: {}", key, describe(value), accepted));
    }
  }

  /// Addresses of the plugin's only stream, or a table of them by the names of its streams.
  void read_binds(PluginApp& app, const Toml& value) {
    if (!value.is_table()) return read_bind(app, "", value);
    for (const auto& [stream, addresses] : value.as_table()) read_bind(app, stream, addresses);
  }

  void read_bind(PluginApp& app, const std::string& stream, const Toml& value) {
    const auto key = stream.empty() ? "bind" : fmt::format("bind.{}", toml_key(stream));
    const auto origin = fmt::format("{}: {} = {}", at(line_of(value)), key, describe(value));
    const auto read = setting_value(value);
    StreamBind bind{.stream = stream, .addresses = {}, .origin = origin};
    if (const auto* texts = read ? std::get_if<std::vector<std::string>>(&*read) : nullptr) bind.addresses = *texts;
    if (const auto* text = read ? std::get_if<std::string>(&*read) : nullptr) bind.addresses = {*text};
    if (bind.addresses.empty() || !std::ranges::all_of(bind.addresses, is_printable)) {
      reading_.mistakes.push_back(
          {line_of(value), origin + ": addresses like \"127.0.0.1:6379\" or \"unix:/run/resp.sock\" in a list, "
                                    "or such a list for each of the plugin's streams: {NAME = [...]}"});
      return;
    }
    app.binds.push_back(std::move(bind));
  }

  void read_config(PluginApp& app, const Toml& value) {
    if (!value.is_table()) return mistake(line_of(value), "config: write [app.config] and the plugin's keys below it");
    flatten(app, "", value);
  }

  void flatten(PluginApp& app, const std::string& prefix, const Toml& table) {
    for (const auto& [part, value] : table.as_table()) {
      // A dot is what joins the parts: in a name it would make two keys one.
      if (part.find('.') != std::string::npos) {
        mistake(line_of(value), fmt::format("key \"{}\": a name with a dot; nested tables are written without quotes",
                                            printable(part)));
        continue;
      }
      const std::string key = prefix + part;
      if (value.is_table()) {
        flatten(app, key + '.', value);
      } else if (auto flat = plugin_value(value)) {
        app.config.push_back({key, *std::move(flat), at(line_of(value))});
      } else {
        mistake(line_of(value),
                fmt::format("{}: an array for a plugin holds texts, numbers, booleans and dates only", toml_key(key)));
      }
    }
  }

  const std::string& name_;
  FileReading reading_;
};

/// The two useful lines of toml11's report, "[error] toml::parse_x: what" and "     ^--- where", in one.
std::string sentence(std::string_view report) {
  const auto lines = split(report, '\n');
  std::string_view what = trim(lines.front());
  if (what.starts_with("[error] ")) what.remove_prefix(8);
  const auto colon = what.find(": ");
  // The name of the parser's function tells the reader nothing.
  if (colon != std::string_view::npos && what.substr(0, colon).find(' ') == std::string_view::npos)
    what.remove_prefix(colon + 2);
  std::string text{what};
  const auto pointer =
      std::find_if(lines.rbegin(), lines.rend(), [](auto line) { return line.find("^-") != std::string_view::npos; });
  if (pointer == lines.rend()) return printable(text);
  const auto where = pointer->substr(pointer->find("^-"));
  const auto words = where.find_first_not_of("^- ");
  if (words != std::string_view::npos && where.substr(words) != "here")
    text += fmt::format(" ({})", where.substr(words));
  return printable(text);
}

}  // namespace

FileReading read_toml(std::string_view text, const std::string& name) {
  const auto refuse = [&](int line, std::string_view what) {
    return FileReading{.mistakes = {{line, fmt::format("{}:{}: {}", name, line, what)}}};
  };
  if (const auto hazard = find_hazard(text)) return refuse(hazard->line, hazard->what);
  try {
    std::istringstream stream{std::string{text}};
    return Reader{name}.read(toml::parse<toml::discard_comments, std::map, std::vector>(stream, name));
  } catch (const toml::exception& error) {
    return refuse(static_cast<int>(error.location().line()), sentence(error.what()));
  } catch (const std::exception& error) {  // numbers that fit no type, and the parser's own broken assumptions
    return FileReading{.mistakes = {{0, fmt::format("{}: not understood: {}", name, printable(error.what()))}}};
  }
}

}  // namespace indrik::config
