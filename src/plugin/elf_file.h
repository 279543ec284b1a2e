#pragma once

#include <filesystem>

#include "base/result.h"

namespace indrik::plugin {

/// Whether a file can be handed to dlopen(3): there, readable, a shared object of this machine, and whole. The last is
/// why this exists: dlopen maps a file that was cut short (a copy that is still under way) and dies of SIGBUS.
/// Runs no code of the file's. The error is the reason, in a few words.
Result<void> check_elf_file(const std::filesystem::path& path);

}  // namespace indrik::plugin
