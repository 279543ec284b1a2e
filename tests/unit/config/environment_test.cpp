#include "config/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace indrik::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(EnvironmentTest, TakesSettingsByName) {
  const auto reading = read_environment({"HOME=/", "INDRIK_WORKERS=4", "INDRIK_PID=/a=b", "WORKERS=5"});
  ASSERT_EQ(reading.settings.size(), 2U);
  EXPECT_EQ(reading.settings[0].key, "workers");
  EXPECT_EQ(reading.settings[0].value, Value{"4"});
  EXPECT_EQ(reading.settings[0].origin, "environment INDRIK_WORKERS");
  EXPECT_FALSE(reading.settings[0].typed);
  EXPECT_EQ(reading.settings[1].value, Value{"/a=b"});
  EXPECT_THAT(reading.mistakes, IsEmpty());
}

TEST(EnvironmentTest, SplitsListsAtCommas) {
  const auto reading = read_environment({"INDRIK_BIND=127.0.0.1:1, unix:/a"});
  EXPECT_EQ(reading.settings.at(0).value, (Value{std::vector<std::string>{"127.0.0.1:1", "unix:/a"}}));
  EXPECT_EQ(reading.settings.at(0).as_written, "\"127.0.0.1:1, unix:/a\"");
}

TEST(EnvironmentTest, SaysThatANameIsMisspelt) {
  EXPECT_THAT(read_environment({"INDRIK_WOKERS=4"}).mistakes,
              ElementsAre("environment INDRIK_WOKERS: no setting has this name; did you mean INDRIK_WORKERS?"));
}

TEST(EnvironmentTest, LeavesTheNamesOfOthersAlone) {  // Kubernetes makes these for a service called indrik
  const auto reading = read_environment({"INDRIK_SERVICE_HOST=10.0.0.1", "INDRIK_SERVICE_PORT=80",
                                         "INDRIK_PORT=tcp://a", "INDRIK_PORT_80_TCP_ADDR=10.0.0.1", "INDRIK_DIR=/a",
                                         "INDRIK_BIN=/b", "INDRIK_=x", "INDRIK_WORKERS"});
  EXPECT_THAT(reading.settings, IsEmpty());
  EXPECT_THAT(reading.mistakes, IsEmpty());
}

}  // namespace
}  // namespace indrik::config
