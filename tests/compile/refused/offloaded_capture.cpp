// REFUSED: capture by reference, or give the function a name before co_await
#include <indrik/indrik.hpp>

indrik::Task<unsigned long> size_of(std::string text) {
  co_return co_await indrik::offload([text] { return text.size(); });
}
