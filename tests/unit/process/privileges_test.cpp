#include "process/privileges.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "process/accounts.h"

namespace indrik::process {
namespace {

constexpr uid_t kUser = 54321;
constexpr gid_t kGroup = 54322;

TEST(AccountsTest, FindsRootByNameAndByNumber) {
  for (const auto* text : {"root", "0"}) {
    const auto user = find_user(text);
    ASSERT_TRUE(user) << user.error().text();
    EXPECT_EQ(user->id, 0U);
    EXPECT_EQ(user->group, gid_t{0});
    EXPECT_EQ(user->name, "root");
    const auto group = find_group(text);
    ASSERT_TRUE(group) << group.error().text();
    EXPECT_EQ(*group, 0U);
  }
}

TEST(AccountsTest, TakesANumberWithoutAnAccount) {
  const auto user = find_user("54321");
  ASSERT_TRUE(user);
  EXPECT_EQ(user->id, 54321U);
  EXPECT_FALSE(user->group);
  EXPECT_EQ(user->name, "");
  EXPECT_EQ(find_group("54322").value_or(0), 54322U);
}

TEST(AccountsTest, RefusesAnUnknownNameAndNamesTheNearest) {
  EXPECT_EQ(find_user("rooot").error().text(), "there is no user \"rooot\"; did you mean \"root\"?");
  EXPECT_EQ(find_group("rooot").error().text(), "there is no group \"rooot\"; did you mean \"root\"?");
  EXPECT_EQ(find_user("/no/such/user").error().text(), "there is no user \"/no/such/user\"");
}

TEST(AccountsTest, RefusesTheNumberThatMeansNoChange) {
  EXPECT_FALSE(find_user("4294967295"));
  EXPECT_FALSE(find_group("4294967295"));
  EXPECT_FALSE(find_user("-1"));
  EXPECT_FALSE(find_user(""));
}

/// What `body` returns in a child process; the test's own process must stay who it is.
template <class Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class PrivilegesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  }
};

TEST_F(PrivilegesTest, LeavesNoWayBack) {
  EXPECT_EQ(in_child([] {
              if (!drop_privileges({.user = kUser, .group = kGroup, .name = {}})) return 1;
              if (::getuid() != kUser || ::geteuid() != kUser || ::getgid() != kGroup || ::getegid() != kGroup)
                return 2;
              if (::setuid(0) == 0 || ::seteuid(0) == 0 || ::setgid(0) == 0 || ::setegid(0) == 0) return 3;
              return ::getgroups(0, nullptr) == 0 ? 0 : 4;
            }),
            0);
}

TEST_F(PrivilegesTest, StillLeavesACore) {
  EXPECT_EQ(in_child([] {
              if (!drop_privileges({.user = kUser, .group = kGroup, .name = {}})) return 2;
              return ::prctl(PR_GET_DUMPABLE);
            }),
            1);
}

TEST_F(PrivilegesTest, TakesTheGroupsOfANamedAccount) {
  EXPECT_EQ(in_child([] {
              const auto user = find_user("nobody");
              if (!user || !user->group) return 0;  // a system without this account
              if (!drop_privileges({.user = user->id, .group = *user->group, .name = user->name})) return 1;
              gid_t groups[64];
              const int count = ::getgroups(64, groups);
              for (int i = 0; i < count; ++i)
                if (groups[i] == *user->group) return 0;
              return 2;
            }),
            0);
}

TEST_F(PrivilegesTest, ChangesTheGroupOfRootAlone) {
  EXPECT_EQ(in_child([] {
              if (!drop_privileges({.user = 0, .group = kGroup, .name = {}})) return 1;
              return ::getuid() == 0 && ::getgid() == kGroup ? 0 : 2;
            }),
            0);
}

TEST_F(PrivilegesTest, FailsForWhoIsNotRoot) {
  EXPECT_EQ(in_child([] {
              if (!drop_privileges({.user = kUser, .group = kGroup, .name = {}})) return 1;
              return drop_privileges({.user = kUser + 1, .group = kGroup, .name = {}}) ? 2 : 0;
            }),
            0);
}

#ifdef __SANITIZE_THREAD__
// The sanitizer's own thread lacks those rights: glibc ends a process whose threads disagree about who they are.
constexpr int kRefused = -1;
#else
constexpr int kRefused = 0;
#endif

TEST_F(PrivilegesTest, RefusesToGoOnWhereRootCanBeRegained) {
  EXPECT_EQ(in_child([] {
              // Rights that outlive the change of user, as SECBIT_NO_SETUID_FIXUP (see capabilities(7)) grants.
              if (::prctl(PR_SET_SECUREBITS, 1 << 2) != 0) return 0;
              const auto dropped = drop_privileges({.user = kUser, .group = kGroup, .name = {}});
              return dropped ? 1 : dropped.error().text().find("can become root again") == std::string::npos ? 2 : 0;
            }),
            kRefused);
}

}  // namespace
}  // namespace indrik::process
