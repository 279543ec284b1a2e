#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace indrik::plugin {

/// Whose file is looked at: a library is not blamed for what is usual in libraries.
enum class Part : unsigned char { plugin, library };

/// How the code of a shared object gets past functions that the executable defines in libc's place (`hooked`): each a
/// sentence of what it has and what to do about it, without the file's name. Reads the file and runs nothing of it; a
/// file that cannot be read or understood has none. Not found: system calls by instructions of its own.
std::vector<std::string> find_escapes(const std::filesystem::path& path, Part part,
                                      std::span<const std::string_view> hooked);

/// The files of all shared objects of this process, in the order they were loaded.
std::vector<std::string> loaded_files();

}  // namespace indrik::plugin
