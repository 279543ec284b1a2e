#include "architecture/source_file.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>

#include "base/strings.h"

namespace indrik::architecture {
namespace {

/// Where what begins at `at` ends: a comment, a literal; `at` itself where neither begins there.
std::size_t end_of_blank(std::string_view text, std::size_t at) {
  const auto rest = text.substr(at);
  const auto find_end = [&](std::string_view end, std::size_t from) {
    const auto found = text.find(end, from);
    return found == std::string_view::npos ? text.size() : found + end.size();
  };
  if (rest.starts_with("//")) return std::min(text.find('\n', at), text.size());
  if (rest.starts_with("/*")) return find_end("*/", at + 2);
  if (rest.starts_with("R\"")) {
    const auto open = text.find('(', at);
    return find_end(")" + std::string{text.substr(at + 2, open - at - 2)} + "\"", open);
  }
  const char quote = rest.front();
  const bool digit_separator = quote == '\'' && at > 0 && std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0;
  if ((quote != '"' && quote != '\'') || digit_separator) return at;
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == quote || text[i] == '\n')
      return i + 1;
  }
  return text.size();
}

}  // namespace

SourceFile read_source(const std::filesystem::path& root, const std::string& path) {
  std::ifstream in{root / path, std::ios::binary};
  return {path, {std::istreambuf_iterator<char>{in}, {}}};
}

std::vector<SourceFile> read_sources(const std::filesystem::path& root, const std::vector<std::string>& folders) {
  std::vector<SourceFile> files;
  for (const auto& folder : folders) {
    if (!std::filesystem::exists(root / folder)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{root / folder}) {
      const auto kind = entry.path().extension();
      if (entry.is_regular_file() && (kind == ".h" || kind == ".hpp" || kind == ".c" || kind == ".cpp"))
        files.push_back(read_source(root, entry.path().lexically_relative(root).native()));
    }
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

std::string code_of(std::string_view text) {
  std::string code{text};
  for (std::size_t at = 0; at < text.size();) {
    const auto end = end_of_blank(text, at);
    for (std::size_t i = at; i < end; ++i)
      if (code[i] != '\n') code[i] = ' ';
    at = std::max(end, at + 1);
  }
  return code;
}

std::vector<Include> includes_of(std::string_view text) {
  static const std::regex kInclude{R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])"};
  const auto code = code_of(text);  // tells which lines are comments; the paths in it are blank
  const auto code_lines = split(code, '\n');
  const auto lines = split(text, '\n');
  std::vector<Include> found;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::cmatch match;
    if (code_lines[i].find("include") != std::string_view::npos &&
        std::regex_search(lines[i].data(), lines[i].data() + lines[i].size(), match, kInclude))
      found.push_back({match[2], match[1] == "<", i + 1});
  }
  return found;
}

std::vector<std::string_view> parts_of(std::string_view path) { return split(path, '/'); }

}  // namespace indrik::architecture
