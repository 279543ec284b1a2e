// REFUSED: use of deleted function
#include <indrik/indrik.hpp>

indrik::Response answer(const indrik::Request& request) {
  const indrik::Request copy = request;
  return indrik::text(std::string{copy.path()});
}
