#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace indrik::process {

/// Runs `act` in a forked child first, for what must not harm this process: a crash or a hang is the child's. Fails
/// with the text that `act` returns (empty: it went well), with how the child ended, or when `patience` is over, after
/// which the child is killed. Blocks until then. What `act` changes in memory is lost; call it before any thread is
/// started.
Result<void> rehearse(const std::function<std::string()>& act, milliseconds patience);

}  // namespace indrik::process
