#pragma once

#include <indrik/plugin.h>

#include "base/result.h"

namespace indrik::plugin {

/// What a plugin's entry returned, judged: a copy in which everything its maker's header did not have is 0 or NULL.
/// The error is the reason for the refusal, in one sentence without the plugin's name. Reads no further than the
/// descriptor's own size.
Result<indrik_plugin> check_descriptor(const indrik_plugin* given);

}  // namespace indrik::plugin
