// REFUSED: indrik: the log takes texts, numbers and booleans
#include <indrik/indrik.hpp>

struct Thing {};

void set_up(indrik::App& app) { app.log().info("{}", Thing{}); }
