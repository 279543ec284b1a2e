#include "supervisor/signals.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "process/exit_status.h"

namespace indrik::supervisor {
namespace {

TEST(SignalsTest, DocumentsTheTable) {
  const std::string path = INDRIK_SOURCE_DIR "/docs/signals.md";
  if (std::getenv("INDRIK_WRITE_DOCS") != nullptr) std::ofstream{path} << signals_document();
  std::ostringstream written;
  written << std::ifstream{path}.rdbuf();
  EXPECT_EQ(written.str(), signals_document()) << "write it again as its first lines say";
}

TEST(SignalsTest, NamesEachSignalOnceAndAsTheSystemDoes) {
  for (const auto& signal : kSignals) {
    EXPECT_EQ(process::signal_name(signal.number), "SIG" + std::string{signal.name});
    int times = 0;
    for (const auto& other : kSignals) times += other.number == signal.number ? 1 : 0;
    EXPECT_EQ(times, 1);
  }
}

}  // namespace
}  // namespace indrik::supervisor
