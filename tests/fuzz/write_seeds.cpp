#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>

#include "support/http_corpus.h"

// write_seeds FOLDER: tests/data/http as the fuzzer's server_session target takes it, one byte of cutting before the
// bytes.
int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder);
  for (const auto& example : indrik::corpus::read_corpus()) {
    auto name = example.name;
    std::ranges::replace(name, '/', '-');
    std::ofstream seed{folder / name, std::ios::binary};
    seed << '\7' << example.bytes;
    if (!seed) return 1;
  }
  return 0;
}
