#include "config/setting_value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "base/strings.h"
#include "config/messages.h"
#include "config/quantities.h"
#include "config/toml_text.h"

namespace indrik::config {

namespace {

/// What a type of member means: read() takes what was written, none if it is not accepted; accepted() says what is;
/// show() gives it back as somebody could have written it.
template <class T>
struct Kind;

bool within(const Range& range, std::int64_t number) noexcept { return number >= range.least && number <= range.most; }
bool within(const SettingSpec& spec, std::int64_t number) noexcept {
  return within(spec.range, number) || (spec.or_zero && number == 0);
}

template <class T>
std::optional<T> checked(const SettingSpec& spec, std::optional<std::int64_t> number) {
  if (!number || !within(spec, *number)) return std::nullopt;
  return static_cast<T>(*number);
}

const std::string* text_of(const Written& written) noexcept {
  return written.value ? std::get_if<std::string>(&*written.value) : nullptr;
}

std::optional<std::int64_t> integer_of(const Written& written) noexcept {
  if (!written.value) return std::nullopt;
  if (const auto* number = std::get_if<std::int64_t>(&*written.value)) return *number;
  const auto* text = text_of(written);
  return text && !written.typed ? parse_number<std::int64_t>(*text) : std::nullopt;
}

template <>
struct Kind<int> {
  static std::optional<int> read(const SettingSpec& spec, const Written& written) {
    return checked<int>(spec, integer_of(written));
  }
  static std::string accepted(const SettingSpec& spec) {
    return fmt::format("a number from {} to {}", spec.range.least, spec.range.most);
  }
  static Value show(int number) { return std::int64_t{number}; }
};

template <>
struct Kind<bool> {
  static std::optional<bool> read(const SettingSpec&, const Written& written) {
    if (!written.value) return std::nullopt;
    if (const auto* yes = std::get_if<bool>(&*written.value)) return *yes;
    const auto* text = text_of(written);
    if (!text || written.typed || (*text != "true" && *text != "false")) return std::nullopt;
    return *text == "true";
  }
  static std::string accepted(const SettingSpec&) { return "true or false"; }
  static Value show(bool yes) { return yes; }
};

template <>
struct Kind<WorkerCount> {
  static std::optional<WorkerCount> read(const SettingSpec& spec, const Written& written) {
    if (const auto* text = text_of(written); text && *text == "auto") return WorkerCount{};
    const auto number = Kind<int>::read(spec, written);
    return number ? std::optional{WorkerCount{*number}} : std::nullopt;
  }
  static std::string accepted(const SettingSpec& spec) { return Kind<int>::accepted(spec) + ", or \"auto\""; }
  static Value show(WorkerCount count) { return count.is_auto() ? Value{"auto"} : Value{std::int64_t{count.number}}; }
};

template <>
struct Kind<milliseconds> {
  static std::optional<milliseconds> read(const SettingSpec& spec, const Written& written) {
    std::optional<milliseconds> duration;
    if (const auto* text = text_of(written))
      duration = parse_duration(*text);
    else if (const auto number = integer_of(written))
      duration = duration_of_seconds(static_cast<double>(*number));
    else if (written.value && std::holds_alternative<double>(*written.value))
      duration = duration_of_seconds(std::get<double>(*written.value));
    return duration && within(spec, duration->count()) ? duration : std::nullopt;
  }
  static std::string accepted(const SettingSpec& spec) {
    return fmt::format("seconds, or a time like \"250ms\", \"30s\" or \"2m\", from {} to {}{}",
                       format_duration(milliseconds{spec.range.least}), format_duration(milliseconds{spec.range.most}),
                       spec.or_zero ? ", or 0" : "");
  }
  static Value show(milliseconds duration) { return format_duration(duration); }
};

template <>
struct Kind<std::size_t> {
  static std::optional<std::size_t> read(const SettingSpec& spec, const Written& written) {
    const auto* text = text_of(written);
    return checked<std::size_t>(spec, text ? parse_bytes(*text) : integer_of(written));
  }
  static std::string accepted(const SettingSpec& spec) {
    return fmt::format("bytes, or a size like \"64KiB\" or \"1MiB\", from {} to {}", format_bytes(spec.range.least),
                       format_bytes(spec.range.most));
  }
  static Value show(std::size_t bytes) {
    const auto text = format_bytes(static_cast<std::int64_t>(bytes));
    const auto number = parse_number<std::int64_t>(text);
    return number ? Value{*number} : Value{text};
  }
};

template <>
struct Kind<mode_t> {
  static std::optional<mode_t> read(const SettingSpec& spec, const Written& written) {
    const auto* text = text_of(written);
    if (!text || text->size() < 3 || text->size() > 4) return std::nullopt;
    std::int64_t mode = 0;
    const auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), mode, 8);
    if (error != std::errc{} || stop != text->data() + text->size()) return std::nullopt;
    return checked<mode_t>(spec, mode);
  }
  static std::string accepted(const SettingSpec& spec) {
    return fmt::format("an octal text from \"{:04o}\" to \"{:04o}\"", spec.range.least, spec.range.most);
  }
  static Value show(mode_t mode) { return fmt::format("{:04o}", mode); }
};

template <>
struct Kind<std::string> {
  static std::optional<std::string> read(const SettingSpec& spec, const Written& written) {
    const auto* text = text_of(written);
    // Controls would end a header field or a log line early, and NUL a path.
    if (!text || !is_printable(*text) || !within(spec.range, std::ssize(*text))) return std::nullopt;
    return *text;
  }
  static std::string accepted(const SettingSpec& spec) { return std::string{spec.accepts}; }
  static Value show(const std::string& text) { return text; }
};

template <>
struct Kind<std::filesystem::path> : Kind<std::string> {
  static Value show(const std::filesystem::path& path) { return path.native(); }
};

template <>
struct Kind<std::vector<std::string>> : Kind<std::string> {
  static std::optional<std::vector<std::string>> read(const SettingSpec& spec, const Written& written) {
    std::vector<std::string> texts;
    if (const auto* text = text_of(written)) {
      // Files and flags give one text each; only the table itself writes several in one.
      const bool several = written.origin == kDefaultOrigin;
      for (const auto part : several ? split(*text, ',') : std::vector<std::string_view>{*text})
        if (!part.empty()) texts.emplace_back(part);
    } else if (written.value && std::holds_alternative<std::vector<std::string>>(*written.value)) {
      texts = std::get<std::vector<std::string>>(*written.value);
    } else {
      return std::nullopt;
    }
    const auto acceptable = [&](const std::string& text) {
      return !text.empty() && is_printable(text) && (!spec.each || spec.each(text));
    };
    if (!within(spec, std::ssize(texts)) || !std::all_of(texts.begin(), texts.end(), acceptable)) return std::nullopt;
    return texts;
  }
  static Value show(const std::vector<std::string>& texts) { return texts; }
};

/// The values of an enum by name, in the order of the enum.
template <class Enum, std::size_t N>
struct Named {
  std::array<std::string_view, N> names;

  std::optional<Enum> read(const Written& written) const {
    const auto* text = text_of(written);
    const auto found = text ? std::find(names.begin(), names.end(), *text) : names.end();
    if (found == names.end()) return std::nullopt;
    return static_cast<Enum>(found - names.begin());
  }
  std::string accepted() const { return fmt::format("one of \"{}\"", fmt::join(names, "\", \"")); }
  Value show(Enum value) const { return std::string{names[static_cast<std::size_t>(value)]}; }
};

constexpr Named<WorkerClass, 3> kWorkerClasses{{"sync", "event", "green"}};
constexpr Named<CertReqs, 3> kCertReqs{{"none", "optional", "required"}};
constexpr Named<TlsMinVersion, 2> kTlsVersions{{"1.2", "1.3"}};
constexpr Named<ProxyProtocol, 3> kProxyProtocols{{"off", "optional", "required"}};
constexpr Named<HeaderMap, 3> kHeaderMaps{{"drop", "refuse", "dangerous"}};
constexpr Named<LogLevel, 5> kLogLevels{{"debug", "info", "warning", "error", "critical"}};

template <class Enum, const auto& names>
struct EnumKind {
  static std::optional<Enum> read(const SettingSpec&, const Written& written) { return names.read(written); }
  static std::string accepted(const SettingSpec&) { return names.accepted(); }
  static Value show(Enum value) { return names.show(value); }
  static constexpr std::span<const std::string_view> candidates() { return names.names; }
};
template <>
struct Kind<WorkerClass> : EnumKind<WorkerClass, kWorkerClasses> {};
template <>
struct Kind<CertReqs> : EnumKind<CertReqs, kCertReqs> {};
template <>
struct Kind<TlsMinVersion> : EnumKind<TlsMinVersion, kTlsVersions> {};
template <>
struct Kind<ProxyProtocol> : EnumKind<ProxyProtocol, kProxyProtocols> {};
template <>
struct Kind<HeaderMap> : EnumKind<HeaderMap, kHeaderMaps> {};
template <>
struct Kind<LogLevel> : EnumKind<LogLevel, kLogLevels> {};

template <class T>
Kind<T> kind_of(T Settings::*) noexcept {
  return {};
}

template <class T>
std::string meant(const Kind<T>& kind, const Written& written) {
  if constexpr (requires { kind.candidates(); }) {
    if (const auto* text = text_of(written)) return did_you_mean(*text, kind.candidates(), "\"");
  }
  return {};
}

}  // namespace

Result<void> assign(const SettingSpec& spec, const Written& written, Settings& settings) {
  return std::visit(
      [&](auto member) -> Result<void> {
        const auto kind = kind_of(member);
        auto value = kind.read(spec, written);
        if (!value) return fail(Error{accepted(spec) + meant(kind, written)});
        settings.*member = *std::move(value);
        return {};
      },
      spec.field);
}

Settings default_settings() {
  Settings settings;
  for (const auto& spec : settings_table()) {
    const std::string fallback{spec.fallback};
    // A fallback that its own row refuses stays empty; a test walks the table for that.
    static_cast<void>(assign(spec, Written{std::string{spec.key}, fallback, fallback, kDefaultOrigin}, settings));
  }
  return settings;
}

std::string accepted(const SettingSpec& spec) {
  return std::visit([&](auto member) { return kind_of(member).accepted(spec); }, spec.field);
}

std::string format_value(const SettingSpec& spec, const Settings& settings) {
  return toml_value(std::visit([&](auto member) { return kind_of(member).show(settings.*member); }, spec.field));
}

}  // namespace indrik::config
