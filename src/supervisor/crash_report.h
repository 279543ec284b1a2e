#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/workforce.h"

namespace indrik::supervisor {

/// Who killed a worker that ended by SIGKILL, and could not tell.
enum class Killer : std::uint8_t { nobody, outside, master, out_of_memory };

/// Whether nobody asked for that end: a signal that is no request to end, or an exit that was not the worker's own.
bool is_odd(const Loss& loss) noexcept;

/// What the report says below the sentence about the loss, but for the stack: what happened, to which request, and
/// what else was under way.
std::vector<std::string> report_lines(const Loss& loss, Killer killer);

}  // namespace indrik::supervisor
