// REFUSED: indrik: no configuration value has this type
#include <indrik/indrik.hpp>

struct Thing {};

bool has_thing(const indrik::App& app) { return app.config().get<Thing>("thing").has_value(); }
