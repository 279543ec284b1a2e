#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "architecture/source_file.h"

namespace indrik::architecture {

/// What is wrong, each as "src/http/a.h:3: http must not include net"; empty: nothing.
using Violations = std::vector<std::string>;

/// Includes of src/, include/, plugins/ and tests/unit/ against the table of layers.
Violations check_includes(const SourceFile& file);

/// A header is guarded: by #pragma once or, in include/ (C compilers), by #ifndef INDRIK_…
Violations check_header_guard(const SourceFile& file);

/// `new` and `delete` as expressions in src/. Placement new owns nothing and may be.
Violations check_ownership(const SourceFile& file);

Violations check_length(const SourceFile& file);

/// add_layer(NAME DEPENDS …) and add_program(… LAYER NAME DEPENDS …) against the table.
Violations check_build(std::string_view cmake);

/// The lines "NAME  LAYER LAYER…" between the lines ```layers and ``` of the design against the table.
Violations check_design(std::string_view markdown);

/// Every folder of src/ has its row.
Violations check_folders(const std::vector<SourceFile>& sources);

}  // namespace indrik::architecture
