#include "http/session_memory.h"

#include <gtest/gtest.h>

namespace indrik::http {
namespace {

TEST(SessionMemoryTest, KeepsABoundedLot) {
  SessionMemory spare;
  std::string bytes;
  std::vector<Field> fields;
  for (int i = 0; i < 100; ++i) {
    bytes.assign(100'000, 'x');
    spare.leave(bytes, fields);
  }
  EXPECT_EQ(bytes.size(), 100'000U) << "what has no room stays";
  EXPECT_LE(spare.held(), SessionMemory::kMost);
  EXPECT_GT(spare.held(), SessionMemory::kMost - 200'000);
  const auto held = spare.held();
  bytes = {};
  spare.take(bytes, fields);
  EXPECT_EQ(bytes, "");
  EXPECT_EQ(spare.held(), held - bytes.capacity());
}

}  // namespace
}  // namespace indrik::http
