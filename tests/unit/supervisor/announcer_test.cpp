#include "supervisor/announcer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "support/temporary_folder.h"

namespace indrik::supervisor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using Stage = Condition::Stage;

class AnnouncerTest : public testing::Test {
 protected:
  AnnouncerTest() : socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)} {
    const auto name = (folder_ / "notify").native();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.c_str(), name.size());
    if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    ::setenv("WATCHDOG_USEC", "60000000", 1);
    announcer_ = Announcer{process::ServiceManager::from_environment()};
  }
  ~AnnouncerTest() override {
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
  }
  /// What was told since the last look, without signs of life.
  std::vector<std::string> told() {
    std::vector<std::string> all;
    std::array<char, 4096> text;
    for (ssize_t size = 0; (size = ::recv(socket_.get(), text.data(), text.size(), 0)) > 0;)
      if (std::string one{text.data(), static_cast<std::size_t>(size)}; one != "WATCHDOG=1") all.push_back(one);
    return all;
  }
  std::vector<std::string> told_of(const Condition& now) {
    announcer_.update(now, listeners_);
    return told();
  }
  void listen(const std::string& name) {
    listeners_.push_back(*net::Listener::open(*net::Address::parse("unix:" + (folder_ / name).native()), {}));
  }

  indrik::test::TemporaryFolder folder_;
  Fd socket_;
  std::vector<net::Listener> listeners_;
  Announcer announcer_{{}};
  Condition starting_{.stage = Stage::starting, .workers = 2, .wanted = 2};
  Condition serving_{.stage = Stage::serving, .workers = 2, .ready = 2, .wanted = 2};
};

TEST_F(AnnouncerTest, TellsWhatHasChangedAndOnce) {
  EXPECT_THAT(told_of(starting_), ElementsAre("STATUS=starting: 0 of 2 workers are ready\n"));
  EXPECT_THAT(told_of(starting_), IsEmpty());
  EXPECT_THAT(told_of(serving_), ElementsAre("READY=1\nSTATUS=serving with 2 workers\n"));
  serving_.ready = 1;
  EXPECT_THAT(told_of(serving_), ElementsAre("STATUS=serving with 1 of 2 workers\n"));
  serving_.heir = 77;
  EXPECT_THAT(told_of(serving_), ElementsAre(HasSubstr("a new master (pid 77) starts")));
  EXPECT_THAT(told_of({.stage = Stage::stopping, .workers = 2}),
              ElementsAre("STOPPING=1\nSTATUS=stopping: 2 workers finish what they have\n"));
}

TEST_F(AnnouncerTest, TellsOfAReloadThatWasOverBeforeItCouldBeTold) {
  told_of(serving_);
  ++serving_.reloads;
  EXPECT_THAT(told_of(serving_), ElementsAre(StartsWith("RELOADING=1\nMONOTONIC_USEC="), "READY=1"));
  EXPECT_THAT(told_of(serving_), IsEmpty());
}

TEST_F(AnnouncerTest, TellsTheEndOfAReloadWhenItIsOver) {
  told_of(serving_);
  ++serving_.reloads;
  serving_.reloading = true;
  EXPECT_THAT(told_of(serving_),
              ElementsAre("STATUS=serving with 2 workers, reloading\n", StartsWith("RELOADING=1\n")));
  serving_.reloading = false;
  EXPECT_THAT(told_of(serving_), ElementsAre("STATUS=serving with 2 workers\n", "READY=1"));
}

TEST_F(AnnouncerTest, SaysNothingBesideAnotherMasterAndEverythingAfterIt) {
  announcer_.be_silent();
  EXPECT_THAT(told_of(serving_), IsEmpty());
  EXPECT_EQ(announcer_.next_deadline(), TimePoint::max());
  announcer_.begin_anew();
  EXPECT_THAT(told_of(serving_), ElementsAre("READY=1\nSTATUS=serving with 2 workers\n"));
}

TEST_F(AnnouncerTest, ForgetsWhatThoseBeforeHaveStoredAndNobodyListensAt) {
  listen("a");
  announcer_.be_silent();
  announcer_.inherit({stored_name(listeners_[0]), "indrik=gone"});
  EXPECT_THAT(told_of(serving_), IsEmpty());
  announcer_.begin_anew();
  EXPECT_THAT(told_of(serving_), ElementsAre("READY=1\nSTATUS=serving with 2 workers\n",
                                             "FDSTOREREMOVE=1\nFDNAME=indrik=gone", StartsWith("FDSTORE=1\n")));
  EXPECT_THAT(told_of(serving_), IsEmpty());
}

TEST_F(AnnouncerTest, NamesTheHeirAndThenSaysNothingAnyMore) {
  told_of(serving_);
  announcer_.hand_over(77);
  EXPECT_THAT(told_of({.stage = Stage::stopping}), ElementsAre("MAINPID=77\nSTATUS=the new master (pid 77) serves"));
  EXPECT_THAT(told_of({.stage = Stage::stopping, .workers = 1}), IsEmpty());
  EXPECT_EQ(announcer_.next_deadline(), TimePoint::max());
}

TEST_F(AnnouncerTest, FeedsTheWatchdogThreeTimesInItsTimeWhileThereIsProgress) {
  announcer_.update(serving_, listeners_);
  const auto due = announcer_.next_deadline();
  EXPECT_GT(due, Clock::now() + seconds{10});
  EXPECT_LE(due, Clock::now() + seconds{20});
  std::array<char, 64> text;
  while (::recv(socket_.get(), text.data(), text.size(), 0) > 0)
    EXPECT_NE(std::string_view(text.data(), 8), "WATCHDOG");  // without progress
  Announcer another{process::ServiceManager::from_environment()};
  serving_.progresses = true;
  another.update(serving_, listeners_);
  std::string last;
  for (ssize_t size = 0; (size = ::recv(socket_.get(), text.data(), text.size(), 0)) > 0;)
    last.assign(text.data(), static_cast<std::size_t>(size));
  EXPECT_EQ(last, "WATCHDOG=1");
}

TEST_F(AnnouncerTest, HasListenersKeptAndForgottenAndLeavesPassedOnesAlone) {
  listen("a");
  listen("b");
  listeners_.back().mark_passed();
  const auto name = stored_name(listeners_.front());
  EXPECT_THAT(told_of(serving_), ElementsAre(StartsWith("READY=1"), "FDSTORE=1\nFDNAME=" + name));
  EXPECT_THAT(told_of(serving_), IsEmpty());
  listeners_.front().close_and_unlink();
  listeners_.erase(listeners_.begin());
  EXPECT_THAT(told_of(serving_), ElementsAre("FDSTOREREMOVE=1\nFDNAME=" + name));
}

TEST_F(AnnouncerTest, LeavesTheStoreAsItIsWhenTheServerStops) {
  listen("a");
  told_of(serving_);
  listeners_.clear();
  EXPECT_THAT(told_of({.stage = Stage::stopping}), ElementsAre(StartsWith("STOPPING=1")));
}

TEST_F(AnnouncerTest, TriesAgainWhereTheServiceManagerDoesNotRead) {
  listen("a");
  const auto manager = process::ServiceManager::from_environment();
  while (manager.tell("WATCHDOG=1")) continue;
  announcer_.update(serving_, listeners_);
  EXPECT_LE(announcer_.next_deadline(), Clock::now() + milliseconds{100});
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(told_of(serving_), ElementsAre(StartsWith("READY=1"), StartsWith("FDSTORE=1")));
  EXPECT_GT(announcer_.next_deadline(), Clock::now() + seconds{1});
}

TEST_F(AnnouncerTest, SaysNothingWhereThereIsNoServiceManager) {
  ::unsetenv("NOTIFY_SOCKET");
  Announcer nobody{process::ServiceManager::from_environment()};
  nobody.update(serving_, listeners_);
  EXPECT_EQ(nobody.next_deadline(), TimePoint::max());
}

TEST_F(AnnouncerTest, FindsTheAddressInTheNameOfWhatIsStored) {
  const auto path = "unix:" + (folder_ / "a b%41=\xc3\xbc").native();
  for (const auto& text : {std::string{"127.0.0.1:0"}, path}) {
    const auto listener = net::Listener::open(*net::Address::parse(text), {});
    ASSERT_TRUE(listener);
    const auto name = stored_name(*listener);
    for (const char c : name.substr(7)) EXPECT_TRUE(c > ' ' && c < '\x7f' && c != ':') << name;
    EXPECT_EQ(address_in_stored_name(name), text);
  }
  EXPECT_EQ(address_in_stored_name("web"), std::nullopt);
  EXPECT_EQ(address_in_stored_name("stored"), std::nullopt);
  EXPECT_EQ(address_in_stored_name("indrik="), "");
  EXPECT_EQ(address_in_stored_name("indrik=%3"), "%3");
  EXPECT_EQ(address_in_stored_name("indrik=%zz"), "%zz");
  EXPECT_EQ(address_in_stored_name("indrik=%"), "%");
}

}  // namespace
}  // namespace indrik::supervisor
