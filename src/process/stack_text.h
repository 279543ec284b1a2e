#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "process/crash_record.h"

namespace indrik::process {

/// A stack in lines, as below.
std::vector<std::string> stack_lines(std::span<const std::uintptr_t> frames, std::span<const LoadedModule> modules,
                                     bool with_names);

/// The stack of a record in lines: "#0 crash() + 0x12 in /srv/a.so + 0x1234". `with_names` reads the files of the
/// modules, see ElfSymbols; without, nothing is opened. Recursion is told in one line. Believes nothing of the record.
std::vector<std::string> stack_lines(const CrashRecord& record, bool with_names);

}  // namespace indrik::process
