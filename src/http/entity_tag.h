#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace indrik::http {

/// What a file's entity tag is made of: two versions of a file that agree in all of it are taken for the same.
struct FileIdentity {
  std::timespec modified{};
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
};

/// "\"18b1e2f3a4b5c6d7-3e8-2a\"" (RFC 9110 8.8.3): time in nanoseconds, size and inode, in hexadecimal. Weak (W/) for a
/// file that was changed within the last second before `now`: the kernel's clock for files is coarse, so that a change
/// may follow that leaves no trace in it.
std::string entity_tag_of(const FileIdentity& file, std::time_t now);

/// Whether a list of entity tags, the value of If-Match or If-None-Match, names `tag`, or is "*". What is malformed
/// names nothing from there on. Strong comparison: weak tags are never equal (RFC 9110 8.8.3.2).
enum class Comparison : std::uint8_t { strong, weak };
bool names_tag(std::string_view list, std::string_view tag, Comparison comparison) noexcept;

/// `text` is one entity tag and nothing else, and equal to `tag` by strong comparison.
bool is_same_strong_tag(std::string_view text, std::string_view tag) noexcept;

}  // namespace indrik::http
