#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "support/http_corpus.h"

namespace {

/// As the targets take it: one byte to choose by before the bytes.
bool write(const std::filesystem::path& folder, std::string name, std::string_view bytes) {
  std::ranges::replace(name, '/', '-');
  std::filesystem::create_directories(folder);
  std::ofstream seed{folder / name, std::ios::binary};
  seed << '\7' << bytes;
  return seed.good();
}

}  // namespace

// write_seeds FOLDER: tests/data/http as seeds of server_session, of head (up to the empty line and beyond), and what
// follows a chunked head as seeds of chunked_body.
int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::filesystem::path folder = arguments[1];
  for (const auto& example : indrik::corpus::read_corpus()) {
    const std::string_view bytes = example.bytes;
    bool written = write(folder / "server_session", example.name, bytes) && write(folder / "head", example.name, bytes);
    const auto end = bytes.find("\r\n\r\n");
    if (end != std::string_view::npos && (example.name.starts_with("chunks/") || example.name.starts_with("trailers/")))
      written = written && write(folder / "chunked_body", example.name, bytes.substr(end + 4));
    if (!written) return 1;
  }
  return 0;
}
