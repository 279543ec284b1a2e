#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "config/settings.h"

namespace indrik::config {

/// Where a value goes. The member's type says how it is written, read and documented: a size_t is a size in bytes,
/// an int a plain number, a mode_t an octal text.
using Field = std::variant<std::vector<std::string> Settings::*, WorkerCount Settings::*, WorkerClass Settings::*,
                           CertReqs Settings::*, TlsMinVersion Settings::*, LogLevel Settings::*,
                           ProxyProtocol Settings::*, HeaderMap Settings::*, bool Settings::*, int Settings::*,
                           milliseconds Settings::*, std::size_t Settings::*, mode_t Settings::*,
                           std::string Settings::*, std::filesystem::path Settings::*>;

/// Both ends are accepted. Numbers as they are, durations in milliseconds, sizes in bytes, texts and lists by length;
/// nothing for the named values of an enum.
struct Range {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

/// One row of the table: all there is to know about one setting.
struct SettingSpec {
  std::string_view group;        ///< heading of --help, of the sample file and of the manual
  std::string_view key;          ///< in TOML; INDRIK_KEY in the environment
  std::string_view flag;         ///< "-w,--workers", the long form last
  std::string_view placeholder;  ///< what stands for the value in --help; empty: the flag takes none
  Field field;
  std::string_view fallback;  ///< as a person would write it; several texts of a list are separated by commas
  Range range{};
  bool or_zero = false;                      ///< 0 is accepted although it is below the range
  bool (*each)(std::string_view) = nullptr;  ///< what each text of a list must be, beyond printable; null: nothing
  std::string_view accepts{};  ///< for texts and lists: what is accepted, in words; others say it by themselves
  std::string_view doc;
};

/// All settings, in the order in which they are documented; those of one group stand together.
std::span<const SettingSpec> settings_table() noexcept;

/// The row of a key; none: nullptr.
const SettingSpec* find_setting(std::string_view key) noexcept;

/// "INDRIK_WORKERS".
std::string environment_name(const SettingSpec& spec);

/// It takes several values.
bool is_list(const SettingSpec& spec) noexcept;

/// "--workers".
std::string_view long_flag(const SettingSpec& spec) noexcept;

}  // namespace indrik::config
