#pragma once

namespace indrik::process {

/// Opens /dev/null for each of stdin, stdout and stderr that is closed: otherwise the next file or socket would get
/// its number, and what is meant for a terminal would be written into it.
void fill_standard_descriptors() noexcept;

}  // namespace indrik::process
