#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "http/characters.h"
#include "http/limits.h"

namespace indrik::corpus {

/// One file of tests/data/http: why and source as comments, limits that differ from the defaults, the expected
/// transcript, then "---" and the bytes a client sends. There \r \n \t \0 \\ and \xHH are escapes; the file's own line
/// ends count for nothing, so that each line of the file can be a line of the request.
struct HttpCase {
  std::string name;
  http::Limits limits;
  std::vector<std::string> expected;
  std::string bytes;
};

inline std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      out += text[at];
      continue;
    }
    const char kind = text.at(++at);
    constexpr std::string_view kKinds = "rnt0\\";
    constexpr std::string_view kBytes{"\r\n\t\0\\", 5};
    if (kind == 'x') {
      out += static_cast<char>(http::hex_value(text.at(at + 1)) * 16 + http::hex_value(text.at(at + 2)));
      at += 2;
    } else {
      out += kBytes.at(kKinds.find(kind));
    }
  }
  return out;
}

/// "max_fields=3 max_field_size=20"
inline void read_limits(std::string_view text, http::Limits& limits) {
  for (const auto setting : split(text, ' ')) {
    const auto name = setting.substr(0, setting.find('='));
    const auto value = parse_number<std::size_t>(setting.substr(std::min(setting.size(), name.size() + 1)));
    auto* limit = name == "max_request_line" ? &limits.max_request_line
                  : name == "max_fields"     ? &limits.max_fields
                  : name == "max_field_size" ? &limits.max_field_size
                  : name == "max_head_size"  ? &limits.max_head_size
                  : name == "max_body_size"  ? &limits.max_body_size
                                             : nullptr;
    if (limit == nullptr || !value) throw std::runtime_error{"no limit: " + std::string{setting}};
    *limit = *value;
  }
}

inline HttpCase read_case(const std::filesystem::path& path) {
  HttpCase read{.name = path.stem().string(), .limits = {}, .expected = {}, .bytes = {}};
  std::ifstream file{path};
  bool in_bytes = false;
  for (std::string line; std::getline(file, line);) {
    constexpr std::string_view kExpect = "expect: ";
    constexpr std::string_view kLimits = "limits: ";
    if (in_bytes)
      read.bytes += unescaped(line);
    else if (line == "---")
      in_bytes = true;
    else if (line.starts_with(kExpect))
      read.expected.push_back(unescaped(line.substr(kExpect.size())));
    else if (line.starts_with(kLimits))
      read_limits(line.substr(kLimits.size()), read.limits);
    else if (!line.starts_with('#'))
      throw std::runtime_error{path.string() + ": " + line};
  }
  if (!in_bytes) throw std::runtime_error{path.string() + ": no bytes"};
  return read;
}

/// All cases of tests/data/http/`folder`, by name.
inline std::vector<HttpCase> read_corpus(std::string_view folder) {
  std::vector<HttpCase> cases;
  for (const auto& entry :
       std::filesystem::directory_iterator{std::filesystem::path{INDRIK_SOURCE_DIR} / "tests/data/http" / folder})
    cases.push_back(read_case(entry.path()));
  std::sort(cases.begin(), cases.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return cases;
}

}  // namespace indrik::corpus
