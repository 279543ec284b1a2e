#include "config/reference.h"

#include <algorithm>

#include "config/config_file.h"
#include "config/messages.h"

namespace indrik::config {
namespace {

constexpr std::string_view kEnv = "env:";
constexpr std::string_view kFile = "file:";
constexpr std::string_view kLiteral = "literal:";

}  // namespace

bool is_reference(std::string_view text) noexcept {
  return text.starts_with(kEnv) || text.starts_with(kFile) || text.starts_with(kLiteral);
}

Result<std::string> References::resolve(std::string_view text, const std::filesystem::path& folder) const {
  if (text.starts_with(kLiteral)) return std::string{text.substr(kLiteral.size())};
  if (text.starts_with(kFile)) return contents(text.substr(kFile.size()), folder);
  if (!text.starts_with(kEnv)) return std::string{text};
  const auto name = text.substr(kEnv.size());
  if (const auto* entry = find(name)) return entry->substr(name.size() + 1);
  return fail(Error::format("the server's environment has no variable {}", printable(name)));
}

/// The entry, name and all.
const std::string* References::find(std::string_view name) const noexcept {
  const auto found = std::find_if(environment_.begin(), environment_.end(), [&](const std::string& entry) {
    return !name.empty() && name.find('=') == std::string_view::npos && entry.size() > name.size() &&
           entry.starts_with(name) && entry[name.size()] == '=';
  });
  return found == environment_.end() ? nullptr : &*found;
}

Result<std::string> References::contents(std::string_view path, const std::filesystem::path& folder) const {
  constexpr std::string_view kCredentials = "CREDENTIALS_DIRECTORY";
  const auto* credentials = find(kCredentials);
  const auto home =
      credentials != nullptr ? std::filesystem::path{credentials->substr(kCredentials.size() + 1)} : folder;
  if (path.empty()) return fail(Error{"file: names no file"});
  auto text = read_text_file(home / path, "file");
  if (!text) return text;
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  return text;
}

}  // namespace indrik::config
