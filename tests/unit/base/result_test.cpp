#include "base/result.h"

#include <gtest/gtest.h>
#include <cerrno>

#include <memory>

namespace indrik {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(Error::format("{} is odd", n));
  return n / 2;
}

TEST(ResultTest, CarriesAValueOrAnError) {
  const auto good = half(4);
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, 2);
  const auto bad = half(3);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().text(), "3 is odd");
  EXPECT_EQ(bad.value_or(7), 7);
}

TEST(ResultTest, CarriesWhatOnlyMoves) {
  Result<std::unique_ptr<int>> result{std::make_unique<int>(5)};
  const auto owned = *std::move(result);
  EXPECT_EQ(*owned, 5);
}

TEST(ResultTest, MayCarryNothing) {
  EXPECT_TRUE(Result<void>{});
  const Result<void> bad = fail(Error{"no"});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().text(), "no");
}

TEST(ErrorTest, SaysWhatTheKernelSaid) {
  const auto error = Error::from_errno(ENOENT, "open {}", "/x");
  EXPECT_EQ(error.text(), "open /x: No such file or directory");
  EXPECT_EQ(error.code(), ENOENT);
}

TEST(ErrorTest, IsToldFromFurtherOut) {
  EXPECT_EQ(Error{"no such file"}.within("load a.so").text(), "load a.so: no such file");
}

}  // namespace
}  // namespace indrik
