#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace static_files {

/// What below the root is asked for.
struct Target {
  std::string path;     ///< "a/b.txt"; empty: the root itself
  bool folder = false;  ///< it ended with a slash
};

/// Reads the part of a request's path below the mount, `decoded`, whose `raw` path is given too, since an encoded slash
/// is no longer seen in the other. None where nothing is ever served: "." and "..", empty segments, encoded slashes,
/// backslashes, controls, and names with a leading dot other than `shown`.
std::optional<Target> read_path(std::string_view decoded, std::string_view raw, std::span<const std::string> shown);

/// Where a folder that was asked for without its slash is found: relative to `raw`, so that it holds behind a proxy
/// that strips a prefix, and can name no other host. "./docs/?a=1" for "/x/docs" and "a=1".
std::string with_slash(std::string_view raw, std::string_view query);

}  // namespace static_files
