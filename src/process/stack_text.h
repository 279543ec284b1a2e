#pragma once

#include <string>
#include <vector>

#include "process/crash_record.h"

namespace indrik::process {

/// The stack of a record in lines: "#0 crash() + 0x12 in /srv/a.so + 0x1234". `with_names` reads the files of the
/// modules, see ElfSymbols; without, nothing is opened. Recursion is told in one line. Believes nothing of the record.
std::vector<std::string> stack_lines(const CrashRecord& record, bool with_names);

}  // namespace indrik::process
