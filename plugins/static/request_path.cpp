#include "request_path.h"

#include <algorithm>

namespace static_files {
namespace {

bool has_encoded_slash(std::string_view raw) noexcept {
  return raw.find("%2f") != raw.npos || raw.find("%2F") != raw.npos;
}

bool is_refused(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f || c == '\\';
}

bool is_served(std::string_view segment, std::span<const std::string> shown) noexcept {
  if (segment.empty() || segment == "." || segment == "..") return false;
  return segment.front() != '.' || std::find(shown.begin(), shown.end(), segment) != shown.end();
}

}  // namespace

std::optional<Target> read_path(std::string_view decoded, std::string_view raw, std::span<const std::string> shown) {
  if (has_encoded_slash(raw) || std::any_of(decoded.begin(), decoded.end(), is_refused)) return std::nullopt;
  Target target;
  target.folder = decoded.empty() || decoded.back() == '/';
  if (decoded.empty()) return target;
  if (target.folder) decoded.remove_suffix(1);
  for (auto rest = decoded;;) {
    const auto slash = rest.find('/');
    if (!is_served(rest.substr(0, slash), shown)) return std::nullopt;
    if (slash == rest.npos) break;
    rest.remove_prefix(slash + 1);
  }
  target.path = decoded;
  return target;
}

std::string with_slash(std::string_view raw, std::string_view query) {
  std::string location{"./"};
  location.append(raw.substr(raw.rfind('/') + 1)).append("/");
  if (!query.empty()) location.append("?").append(query);
  return location;
}

}  // namespace static_files
