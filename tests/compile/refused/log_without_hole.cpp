// REFUSED: indrik: a text for the log has one {} for each argument
#include <indrik/indrik.hpp>

void set_up(indrik::App& app) { app.log().info("no hole", 5); }
