// GET /sleep says that it has come, by a byte into the FIFO "arrivals", and sleeps until the file "go" is there.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include <indrik/indrik.hpp>

INDRIK_PLUGIN("sleeper", "1.0", [](indrik::App& app) {
  const auto folder = std::filesystem::path{app.config().get_or("folder", ".")};
  app.get("/sleep", [folder](const indrik::Request&) {
    const int fifo = ::open((folder / "arrivals").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    const bool told = ::write(fifo, "x", 1) == 1;
    ::close(fifo);
    while (!std::filesystem::exists(folder / "go")) std::this_thread::sleep_for(std::chrono::milliseconds{5});
    return indrik::status(told ? 204 : 500);
  });
});
