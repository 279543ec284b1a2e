#include <cstdio>
#include <exception>

#include "ctl/indrikctl.h"

int main(int argc, char** argv) {
  try {
    return indrik::ctl::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "indrikctl: %s\n", error.what());
    return 1;
  }
}
