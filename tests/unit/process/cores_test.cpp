#include "process/cores.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>

#include <fstream>

#include "support/temporary_folder.h"

namespace indrik::process {
namespace {

TEST(CoresTest, ReadsTheQuotaOfCgroupTwoAndRoundsItUp) {
  EXPECT_EQ(cores_in_cpu_max("150000 100000"), 2);
  EXPECT_EQ(cores_in_cpu_max("200000 100000\n"), std::nullopt);  // a line has no line end
  EXPECT_EQ(cores_in_cpu_max("200000 100000"), 2);
  EXPECT_EQ(cores_in_cpu_max("1000 100000"), 1);
}

TEST(CoresTest, TakesMaxAndNonsenseForNoQuota) {
  for (const auto* text : {"max 100000", "", "100000", "x y", "0 100000", "100000 0", "-1 100000"})
    EXPECT_EQ(cores_in_cpu_max(text), std::nullopt) << text;
}

TEST(CoresTest, ReadsTheQuotaOfCgroupOne) {
  EXPECT_EQ(cores_in_cfs("250000", "100000"), 3);
  EXPECT_EQ(cores_in_cfs("-1", "100000"), std::nullopt);
  EXPECT_EQ(cores_in_cfs("", ""), std::nullopt);
}

class CgroupTest : public ::testing::Test {
 protected:
  CgroupTest() {
    cpu_set_t set;
    ::sched_getaffinity(0, sizeof set, &set);
    affinity_ = CPU_COUNT(&set);
  }
  void write(const std::string& name, const std::string& text) const { folder_.write(name, text + '\n'); }
  int cores() const { return available_cores(folder_ / "membership", folder_ / "fs"); }
  test::TemporaryFolder folder_;
  int affinity_ = 0;
};

TEST_F(CgroupTest, CountsTheCoresOfTheAffinityWhereNoGroupSaysAnything) { EXPECT_EQ(cores(), affinity_); }

TEST_F(CgroupTest, ObeysTheLeastQuotaOnTheWayUp) {
  write("membership", "0::/outer/inner");
  write("fs/outer/inner/cpu.max", "max 100000");
  write("fs/outer/cpu.max", "50000 100000");
  EXPECT_EQ(cores(), 1);
}

TEST_F(CgroupTest, ReadsTheRootWhereThePathIsAnotherNamespaces) {
  write("membership", "0::/../host/only");
  write("fs/cpu.max", "100000 100000");
  EXPECT_EQ(cores(), 1);
}

TEST_F(CgroupTest, FindsTheCpuControllerOfCgroupOne) {
  write("membership", "5:memory:/a\n4:cpu,cpuacct:/a\n");
  write("fs/memory/a/cpu.cfs_quota_us", "1");
  write("fs/cpu,cpuacct/a/cpu.cfs_quota_us", "90000");
  write("fs/cpu,cpuacct/a/cpu.cfs_period_us", "100000");
  EXPECT_EQ(cores(), 1);
}

TEST_F(CgroupTest, NeverExceedsTheAffinity) {
  write("membership", "0::/");
  write("fs/cpu.max", "100000000 100000");
  EXPECT_EQ(cores(), affinity_);
}

TEST(CoresTest, CountsAtLeastOneCoreHere) { EXPECT_GE(available_cores(), 1); }

}  // namespace
}  // namespace indrik::process
