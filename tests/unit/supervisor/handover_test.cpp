#include "supervisor/handover.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>

#include "support/temporary_folder.h"

namespace indrik::supervisor {
namespace {

using testing::Contains;
using testing::HasSubstr;

class HandoverTest : public testing::Test {
 protected:
  ~HandoverTest() override {
    for (const auto& name : names()) ::unsetenv(name.c_str());
  }
  net::Listener listener(const std::string& name) const {
    return *net::Listener::open(*net::Address::parse("unix:" + (folder_ / name).native()), {});
  }
  static void give(const std::vector<std::string>& variables) {
    for (const auto& variable : variables) {
      const auto middle = variable.find('=');
      ::setenv(variable.substr(0, middle).c_str(), variable.substr(middle + 1).c_str(), 1);
    }
  }
  /// Of the variables that are left in this process.
  static std::vector<std::string> names() {
    std::vector<std::string> found;
    for (char** variable = environ; *variable != nullptr; ++variable)
      if (std::string_view{*variable}.starts_with(Handover::kPrefix))
        found.emplace_back(*variable, std::strchr(*variable, '='));
    return found;
  }

  indrik::test::TemporaryFolder folder_;
};

TEST_F(HandoverTest, TellsTheHeirWhereTheOldMasterIsAsked) {
  control::Door door{listener("control")};
  give(Handover::variables(::getpid(), ::open("/dev/null", O_WRONLY), {}, &door));
  auto handover = Handover::take();
  ASSERT_TRUE(handover && handover->control);
  EXPECT_EQ(handover->control->fd.release(), door.fd());
  EXPECT_EQ(handover->control->asked, door.address());
  EXPECT_TRUE(handover->sockets.empty());
  EXPECT_TRUE(names().empty());
  EXPECT_FALSE(Handover::take());
  const control::Door none;
  EXPECT_EQ(Handover::variables(7, 8, {}, &none), Handover::variables(7, 8, {}, nullptr));
}

TEST_F(HandoverTest, TellsTheHeirOfEverySocketAndTakesTheVariablesAway) {
  std::vector<net::Listener> listeners;
  listeners.push_back(listener("a"));
  listeners.push_back(listener("odd=, name"));
  listeners.back().mark_passed();
  const int report = ::open("/dev/null", O_WRONLY);
  give(Handover::variables(::getpid(), report, listeners, nullptr));
  const auto handover = Handover::take();
  ASSERT_TRUE(handover);
  EXPECT_EQ(handover->predecessor, ::getppid());
  EXPECT_EQ(handover->report.get(), report);
  ASSERT_EQ(handover->sockets.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(handover->sockets[i].fd.get(), listeners[i].fd());
    EXPECT_EQ(handover->sockets[i].asked, listeners[i].asked().text());
    EXPECT_EQ(handover->sockets[i].is_passed, listeners[i].is_passed());
    EXPECT_NE(::fcntl(listeners[i].fd(), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_TRUE(names().empty());
  EXPECT_FALSE(Handover::take());
  for (auto& one : listeners) one.close();  // the handover's now
}

TEST_F(HandoverTest, IsNothingToAChildOfTheHeirAndStillTakesTheVariablesAway) {
  std::vector<net::Listener> listeners;
  listeners.push_back(listener("a"));
  give(Handover::variables(::getpid() + 1, 1, listeners, nullptr));
  EXPECT_FALSE(Handover::take());
  EXPECT_TRUE(names().empty()) << names().front();
  EXPECT_EQ(::fcntl(listeners.front().fd(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);  // untouched
}

TEST_F(HandoverTest, IsNothingWithoutVariables) { EXPECT_FALSE(Handover::take()); }

TEST_F(HandoverTest, HasNoSocketWhereADescriptorIsNotOpen) {
  give({"INDRIK_UPGRADE_HEIR=" + std::to_string(::getpid()), "INDRIK_UPGRADE_REPORT=none",
        "INDRIK_UPGRADE_LISTENERS=4711,x", "INDRIK_UPGRADE_4711=bound 127.0.0.1:80"});
  const auto handover = Handover::take();
  ASSERT_TRUE(handover);
  EXPECT_FALSE(handover->report);
  ASSERT_EQ(handover->sockets.size(), 2U);
  for (const auto& socket : handover->sockets) EXPECT_FALSE(socket.fd);
}

TEST_F(HandoverTest, MayHaveNoListenerAtAll) {
  EXPECT_THAT(Handover::variables(7, 8, {}, nullptr), Contains("INDRIK_UPGRADE_LISTENERS="));
}

}  // namespace
}  // namespace indrik::supervisor
