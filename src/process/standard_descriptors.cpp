#include "process/standard_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

namespace indrik::process {

void fill_standard_descriptors() noexcept {
  int opened = 0;
  do {
    opened = ::open("/dev/null", O_RDWR);  // the lowest number that is free; children shall have it too: no O_CLOEXEC
  } while (opened >= 0 && opened <= STDERR_FILENO);
  if (opened > STDERR_FILENO) ::close(opened);
}

}  // namespace indrik::process
