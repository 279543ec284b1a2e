#pragma once

#include <string>
#include <string_view>

namespace indrik::plugin {

/// Where a plugin's pattern stands when the plugin is mounted: "/api" and "/users" make "/api/users", "/" and "/users"
/// make "/users". A pattern "/" is the mount itself: "/api" makes "/api", "/api/" makes "/api/".
inline std::string join_mount(std::string_view mount, std::string_view pattern) {
  if (pattern == "/") return std::string{mount.empty() ? pattern : mount};
  while (mount.ends_with('/')) mount.remove_suffix(1);
  return std::string{mount}.append(pattern);
}

}  // namespace indrik::plugin
