#pragma once

namespace indrik::ctl {

/// What indrikctl exits with.
enum class Exit : int { ok = 0, failed = 1, wrong_usage = 2, not_reached = 3 };

/// The whole program: reads the command line, asks the master, says what it has answered.
int run(int argc, const char* const* argv);

}  // namespace indrik::ctl
