#pragma once

#include "app/start.h"
#include "config/settings.h"
#include "control/door.h"

namespace indrik::app {

/// The control socket that the settings name, mode 0600; without a name there is none. Takes the old master's out of
/// `start` where it is the same. Throws BootError.
control::Door open_door(Start& start, const config::Settings& settings);

}  // namespace indrik::app
