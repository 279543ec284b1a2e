#include <indrik/indrik.hpp>
#include <stdexcept>

INDRIK_PLUGIN("throwing_setup", "1.0", [](indrik::App&) { throw std::runtime_error{"thrown while setting up"}; });
