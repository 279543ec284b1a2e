#include "control/door.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "control/caller.h"
#include "support/temporary_folder.h"

namespace indrik::control {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Door::Limits kFew{.clients = 4, .patience = 5'000ms};

class DoorTest : public testing::Test {
 protected:
  net::Listener listener(const std::string& name = "control") const {
    return *net::Listener::open(*net::Address::parse("unix:" + path(name)), {.backlog = 64, .unix_mode = 0600});
  }
  std::string path(const std::string& name = "control") const { return (folder_ / name).native(); }

  Fd client() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  Fd client(std::string_view says) const {
    auto fd = client();
    send(fd, says);
    return fd;
  }
  static void send(const Fd& fd, std::string_view text) {
    EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  /// What has come so far.
  static std::string heard(const Fd& fd) {
    char room[4096];
    const auto size = ::recv(fd.get(), room, sizeof room, MSG_DONTWAIT);
    return size > 0 ? std::string{room, static_cast<std::size_t>(size)} : std::string{};
  }
  static bool is_shown_out(const Fd& fd) {
    char byte;
    const auto size = ::recv(fd.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return size == 0 || (size < 0 && errno == ECONNRESET);  // reset: it was not read to its end
  }
  std::size_t watched() const {
    std::vector<pollfd> sources;
    door_.watch(sources);
    return sources.size();
  }

  indrik::test::TemporaryFolder folder_;
  Door door_{listener(), kFew};
  TimePoint now_ = Clock::now();
};

TEST_F(DoorTest, StandsWithAFileForItsOwnerOnly) {
  struct stat info {};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(DoorTest, HearsAWholeRequestAndTellsWhoAsks) {
  const auto asking = client("stop now\n");
  const auto visits = door_.attend(now_);
  ASSERT_THAT(visits, SizeIs(1));
  EXPECT_EQ(visits[0].request, (Request{.command = Command::stop, .now = true}));
  EXPECT_EQ(visits[0].pid, ::getpid());
  EXPECT_EQ(visits[0].user, ::geteuid());
  EXPECT_THAT(door_.attend(now_), IsEmpty()) << "once";
  door_.answer(visits[0].visitor, {.text = "well"}, now_);
  EXPECT_EQ(heard(asking), "{\"status\":\"ok\",\"text\":\"well\"}\n");
  (void)door_.attend(now_);
  EXPECT_TRUE(is_shown_out(asking));
}

TEST_F(DoorTest, WaitsForTheRestOfALine) {
  const auto asking = client("sta");
  EXPECT_THAT(door_.attend(now_), IsEmpty());
  send(asking, "tus");
  EXPECT_THAT(door_.attend(now_), IsEmpty());
  send(asking, "\n");
  EXPECT_THAT(door_.attend(now_), SizeIs(1));
}

TEST_F(DoorTest, AnswersWrongRequestsByItself) {
  for (const auto& [line, why] : std::vector<std::pair<std::string, std::string>>{
           {"open sesame\n", "is no request"}, {std::string(300, 'a'), "too long"}, {"\n", "is no request"}}) {
    const auto asking = client(line);
    EXPECT_THAT(door_.attend(now_), IsEmpty());
    EXPECT_THAT(heard(asking), HasSubstr(why));
    EXPECT_TRUE(heard(asking).empty());
  }
}

TEST_F(DoorTest, RefusesALineThatEndsWithItsConnection) {
  const auto asking = client("status");
  ::shutdown(asking.get(), SHUT_WR);
  for (int turn = 0; turn < 2; ++turn) EXPECT_THAT(door_.attend(now_), IsEmpty());
  EXPECT_THAT(heard(asking), HasSubstr("the line has no end"));
}

TEST_F(DoorTest, AnswersWhoHasEndedItsOwnHalf) {
  const auto asking = client("status\n");
  ::shutdown(asking.get(), SHUT_WR);
  const auto visits = door_.attend(now_);
  ASSERT_THAT(visits, SizeIs(1));
  (void)door_.attend(now_);
  door_.answer(visits[0].visitor, {.text = "well"}, now_);
  EXPECT_THAT(heard(asking), HasSubstr("well"));
}

TEST_F(DoorTest, ForgetsWhoHangsUp) {
  auto asking = client("status\n");
  const auto visits = door_.attend(now_);
  EXPECT_EQ(watched(), 2U);
  asking.reset();
  (void)door_.attend(now_);
  EXPECT_EQ(watched(), 1U);
  door_.answer(visits.at(0).visitor, {.text = "to nobody"}, now_);
}

TEST_F(DoorTest, LosesPatienceWithWhoSaysNothing) {
  const auto silent = client();
  (void)door_.attend(now_);
  EXPECT_EQ(door_.next_deadline(), now_ + 5s);
  (void)door_.attend(now_ + 5s);
  EXPECT_THAT(heard(silent), HasSubstr("no request came in time"));
  (void)door_.attend(now_ + 5s);
  EXPECT_TRUE(is_shown_out(silent));
  EXPECT_EQ(door_.next_deadline(), TimePoint::max());
}

TEST_F(DoorTest, WaitsForWhatTakesItsTimeWithoutADeadline) {
  const auto asking = client("reload\n");
  const auto visits = door_.attend(now_);
  EXPECT_EQ(door_.next_deadline(), TimePoint::max());
  EXPECT_THAT(door_.attend(now_ + std::chrono::hours{1}), IsEmpty());
  door_.answer(visits.at(0).visitor, {.text = "well"}, now_ + std::chrono::hours{1});
  EXPECT_THAT(heard(asking), HasSubstr("well"));
}

TEST_F(DoorTest, ShowsOutWhoHasHisAnswerAtOnce) {
  const auto asking = client("status\n");
  const auto visits = door_.attend(now_);
  ASSERT_THAT(visits, SizeIs(1));
  door_.answer(visits[0].visitor, {.text = "well"}, now_);
  EXPECT_THAT(heard(asking), HasSubstr("well"));
  EXPECT_TRUE(is_shown_out(asking));
  EXPECT_EQ(watched(), 1U);
}

TEST_F(DoorTest, SendsALongAnswerAsFastAsItIsTaken) {
  const auto asking = client("status\n");
  const auto visits = door_.attend(now_);
  const std::string text(4'000'000, 'x');
  door_.answer(visits.at(0).visitor, {.text = text}, now_);
  std::string all;
  while (!all.ends_with('\n')) {
    all += heard(asking);
    (void)door_.attend(now_);
  }
  EXPECT_EQ(decode(std::string_view{all}.substr(0, all.size() - 1))->text, text);
}

TEST_F(DoorTest, LosesPatienceWithWhoDoesNotTakeItsAnswer) {
  const auto asking = client("status\n");
  const auto visits = door_.attend(now_);
  door_.answer(visits.at(0).visitor, {.text = std::string(4'000'000, 'x')}, now_);
  EXPECT_EQ(door_.next_deadline(), now_ + 5s);
  (void)door_.attend(now_ + 5s);
  EXPECT_EQ(watched(), 1U);
}

TEST_F(DoorTest, LetsTheOldestSilentOneGoWhereManyCome) {
  std::vector<Fd> silent;
  for (int i = 0; i < 8; ++i) silent.push_back(client());
  const auto asking = client("status\n");
  const auto visits = door_.attend(now_);
  EXPECT_THAT(visits, SizeIs(1));
  EXPECT_EQ(watched(), 1U + kFew.clients);
  EXPECT_THAT(heard(silent.front()), HasSubstr("too many others"));
  EXPECT_TRUE(heard(silent.back()).empty());
}

TEST_F(DoorTest, TurnsOthersAwayWhileAllWait) {
  std::vector<Fd> waiting;
  for (std::size_t i = 0; i < kFew.clients; ++i) waiting.push_back(client("reload\n"));
  EXPECT_THAT(door_.attend(now_), SizeIs(kFew.clients));
  const auto late = client("status\n");
  EXPECT_THAT(door_.attend(now_), IsEmpty());
  EXPECT_THAT(heard(late), HasSubstr("too many others wait"));
  EXPECT_TRUE(is_shown_out(late));
}

TEST_F(DoorTest, ListensToRootAndItsOwnUserOnly) {
  EXPECT_TRUE(Door::listens_to(0, 0));
  EXPECT_TRUE(Door::listens_to(0, 1000));
  EXPECT_TRUE(Door::listens_to(1000, 1000));
  EXPECT_FALSE(Door::listens_to(1000, 0));
  EXPECT_FALSE(Door::listens_to(1001, 1000));
}

TEST_F(DoorTest, KeepsConnectionsOpenAfterItsFarewell) {
  const auto asking = client("stop\n");
  (void)door_.attend(now_);
  door_.close();
  EXPECT_FALSE(std::filesystem::exists(path()));
  door_.farewell({.text = "stopped"});
  EXPECT_THAT(heard(asking), HasSubstr("stopped"));
  EXPECT_FALSE(is_shown_out(asking));
  door_ = Door{};
  EXPECT_TRUE(is_shown_out(asking));
}

TEST_F(DoorTest, LeavesTheFileToItsHeir) {
  Door heir{
      *net::Listener::adopt(Fd{::fcntl(door_.fd(), F_DUPFD_CLOEXEC, 0)}, *net::Address::parse("unix:" + path()), {})};
  door_.hand_over();
  EXPECT_EQ(door_.fd(), -1);
  EXPECT_TRUE(std::filesystem::exists(path()));
  heir.take_over();
  const auto asking = client("status\n");
  EXPECT_THAT(heir.attend(now_), SizeIs(1));
  heir.close();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(DoorTest, RemovesAnInheritedSocketThatIsNotWantedOnceItServes) {
  Door heir{listener("other")};
  heir.retire_later(
      *net::Listener::adopt(Fd{::fcntl(door_.fd(), F_DUPFD_CLOEXEC, 0)}, *net::Address::parse("unix:" + path()), {}));
  door_.hand_over();
  EXPECT_TRUE(std::filesystem::exists(path()));
  heir.take_over();
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_TRUE(std::filesystem::exists(path("other")));
}

TEST_F(DoorTest, LeavesEverythingAloneInAChild) {
  const auto asking = client("status\n");
  (void)door_.attend(now_);
  const pid_t child = ::fork();
  if (child == 0) {
    door_.close_in_child();
    ::_exit(door_.fd() == -1 && std::filesystem::exists(path()) ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(is_shown_out(asking));
}

TEST_F(DoorTest, IsNowhereWithoutASocket) {
  Door none;
  std::vector<pollfd> sources;
  none.watch(sources);
  EXPECT_THAT(sources, IsEmpty());
  EXPECT_THAT(none.attend(now_), IsEmpty());
  EXPECT_EQ(none.next_deadline(), TimePoint::max());
  EXPECT_EQ(none.fd(), -1);
}

/// Users that this process can become, and that are not this one: there are some for root only.
std::vector<uid_t> others() { return ::geteuid() == 0 ? std::vector<uid_t>{65534} : std::vector<uid_t>{}; }

class DoorToOthersTest : public DoorTest, public testing::WithParamInterface<uid_t> {};

TEST_P(DoorToOthersTest, RefusesWhateverTheFilesPermissions) {
  ASSERT_EQ(::chmod(path().c_str(), 0666), 0);
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_other = ::setresuid(GetParam(), GetParam(), GetParam()) == 0;
    auto caller = Caller::connect(path(), Clock::now() + 20s);
    if (!is_other || !caller) ::_exit(1);
    const auto answer = caller->ask({.command = Command::stop, .now = true});
    ::_exit(answer && decode(*answer)->outcome == Outcome::refused ? 0 : 2);
  }
  int status = -1;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    pollfd source{.fd = door_.fd(), .events = POLLIN, .revents = 0};
    ::poll(&source, 1, 10);
    EXPECT_THAT(door_.attend(Clock::now()), IsEmpty());
  }
  EXPECT_EQ(status, 0);
}

INSTANTIATE_TEST_SUITE_P(Root, DoorToOthersTest, testing::ValuesIn(others()), testing::PrintToStringParamName());

}  // namespace
}  // namespace indrik::control
