#pragma once

#include <string_view>

namespace indrik::http {

/// The Content-Type of a file by the end of its name, "text/css; charset=utf-8" for "a/b.CSS"; texts are taken for
/// UTF-8. "application/octet-stream" where the end is none we know. Static storage.
std::string_view media_type_of(std::string_view file_name) noexcept;

}  // namespace indrik::http
