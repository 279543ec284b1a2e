#include <exception>

#include "app/server.h"
#include "app/terminal.h"
#include "base/error.h"
#include "process/standard_descriptors.h"

int main(int argc, char** argv) {
  using namespace indrik;
  process::fill_standard_descriptors();
  try {
    return app::run(app::Start::capture(argc, argv));
  } catch (const BootError& error) {
    app::complain(error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    app::complain(error.what());
    return static_cast<int>(ExitCode::run_failed);
  }
}
