#include "base/error.h"

namespace indrik {

std::string Error::describe(int code) {
  char buffer[128];
  // The GNU form: the text may stand elsewhere than in the buffer.
  return ::strerror_r(code, buffer, sizeof buffer);
}

}  // namespace indrik
