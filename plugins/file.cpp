// GET /file answers what stands in a file, which it opens and reads for each request by plain read(2), as a handler
// does that makes something of it. Who only wants to send files returns indrik::file(path), or takes the plugin static.
//
// [app.config]: path (must be set), type ("text/plain; charset=utf-8"), max_size (1048576: a larger file is refused).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <indrik/indrik.hpp>

namespace {

[[noreturn]] void fail(const std::string& doing, int error = errno) {
  throw std::system_error{error, std::generic_category(), doing};
}

struct OpenFile {
  explicit OpenFile(const std::string& path) : descriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC)} {
    if (descriptor < 0) fail("open " + path);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() { ::close(descriptor); }
  const int descriptor;
};

std::string read_whole(const std::string& path, std::size_t max_size) {
  const OpenFile file{path};
  struct stat status {};
  if (::fstat(file.descriptor, &status) != 0) fail("stat " + path);
  if (!S_ISREG(status.st_mode)) fail("read " + path, S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  std::string text(std::min(static_cast<std::size_t>(status.st_size), max_size) + 1, '\0');
  for (std::size_t filled = 0;;) {
    // One byte of room is left at the end of the file, unless it has grown meanwhile.
    const auto size = ::read(file.descriptor, text.data() + filled, text.size() - filled);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail("read " + path);
    filled += static_cast<std::size_t>(size);
    if (filled > max_size) fail("read " + path, EFBIG);
    if (size == 0) return text.resize(filled), text;
    if (filled == text.size()) text.resize(std::min(2 * filled, max_size + 1));
  }
}

}  // namespace

INDRIK_PLUGIN("file", "1.0", [](indrik::App& app) {
  const auto path = app.config().get<std::string>("path");
  if (!path) throw indrik::ConfigError{"config key path must be set"};
  const auto type = app.config().get_or("type", "text/plain; charset=utf-8");
  const auto max_size = app.config().get_within("max_size", std::size_t{1} << 20, 0, std::size_t{1} << 40);
  app.get("/file", [&app, path = *path, type, max_size](const indrik::Request&) {
    try {
      return indrik::text(read_whole(path, max_size)).field("Content-Type", type);
    } catch (const std::system_error& failed) {
      if (failed.code() != std::errc::no_such_file_or_directory) throw;
      app.log().warning("{}; answered 404", failed.what());
      return indrik::status(404);
    }
  });
});
