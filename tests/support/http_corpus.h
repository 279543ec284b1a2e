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

/// One file of tests/data/http/TOPIC:
///
///   rule: what is shown, in a few words
///   source: RFC and section, the paper or the CVE number that it is taken from
///   limits: max_fields=3                       those that differ from the defaults
///   client: ends                               half-closes behind its bytes; else it stays
///   expect: request GET / HTTP/1.1             the transcript (support/http_transcript.h), line by line
///   ---
///   GET / HTTP/1.1\r\n                         the bytes that a client sends
///
/// In the bytes and in what is expected, \r \n \t \0 \\ \" and \xHH are escapes; the file's own line ends count for
/// nothing, so that each line of the file can be a line of the request.
struct HttpCase {
  std::string name;  ///< "chunks/size_overflow"
  std::string rule;
  std::string source;
  std::string limits_text;
  http::Limits limits;
  bool client_ends = false;
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
    constexpr std::string_view kKinds = "rnt0\\\"";
    constexpr std::string_view kBytes{"\r\n\t\0\\\"", 6};
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

/// What a request was like in particular. A case need not tell it, but what it tells must be so.
inline bool is_detail(std::string_view line) {
  return line.starts_with("path ") || line.starts_with("query ") || line.starts_with("field ");
}

/// Whether a transcript is the one that the case expects.
inline bool is_as_expected(const HttpCase& example, const std::vector<std::string>& lines) {
  const auto has = [&](const std::string& line) { return std::find(lines.begin(), lines.end(), line) != lines.end(); };
  auto bare = lines;
  auto expected = example.expected;
  std::erase_if(bare, is_detail);
  std::erase_if(expected, is_detail);
  return bare == expected && std::all_of(example.expected.begin(), example.expected.end(), has);
}

/// False: that is no line of a case.
inline bool read_line(std::string_view line, HttpCase& read) {
  const auto key = line.substr(0, line.find(": "));
  const auto value = line.substr(std::min(line.size(), key.size() + 2));
  if (key == "rule")
    read.rule = value;
  else if (key == "source")
    read.source = value;
  else if (key == "limits")
    read_limits(read.limits_text = value, read.limits);
  else if (key == "expect")
    read.expected.push_back(unescaped(value));
  else if (line == "client: ends")
    read.client_ends = true;
  else
    return false;
  return true;
}

inline HttpCase read_case(const std::filesystem::path& path) {
  HttpCase read;
  read.name = path.parent_path().filename() / path.stem();
  std::ifstream file{path};
  bool in_bytes = false;
  for (std::string line; std::getline(file, line);) {
    if (in_bytes)
      read.bytes += unescaped(line);
    else if (line == "---")
      in_bytes = true;
    else if (!read_line(line, read))
      throw std::runtime_error{path.string() + ": " + line};
  }
  if (!in_bytes) throw std::runtime_error{path.string() + ": no bytes"};
  return read;
}

/// All cases of tests/data/http, by name.
inline std::vector<HttpCase> read_corpus() {
  std::vector<HttpCase> cases;
  const auto root = std::filesystem::path{INDRIK_SOURCE_DIR} / "tests/data/http";
  for (const auto& entry : std::filesystem::recursive_directory_iterator{root})
    if (entry.is_regular_file()) cases.push_back(read_case(entry.path()));
  std::sort(cases.begin(), cases.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return cases;
}

}  // namespace indrik::corpus
