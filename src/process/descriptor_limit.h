#pragma once

#include <cstddef>

namespace indrik::process {

/// Raises the soft limit of open descriptors to the hard one; children inherit it. The limit in force afterwards.
std::size_t raise_descriptor_limit() noexcept;

}  // namespace indrik::process
