#pragma once

#include <string_view>

namespace indrik::process {

/// Readies the title of this process: from here on its arguments and environment stand elsewhere in memory, so that
/// what ps(1) reads can be written over. `argv` itself must not be used afterwards. Once, before any other thread.
void prepare_title(int argc, char** argv);

/// What ps(1) shows from now on for this process, and for its children until they say otherwise: `title` as its command
/// line, cut to the room that the arguments and the environment had, and `name`, cut to 15 bytes, as its name. Nothing
/// without prepare_title().
void set_title(std::string_view title, std::string_view name) noexcept;

}  // namespace indrik::process
