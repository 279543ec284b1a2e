#include "process/privileges.h"

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

namespace indrik::process {
namespace {

/// What setresuid(2) promises, looked at from outside: in a user namespace or with kept capabilities it may not hold.
Result<void> prove_dropped(const Identity& identity) {
  uid_t users[3];
  gid_t groups[3];
  if (::getresuid(&users[0], &users[1], &users[2]) != 0 || ::getresgid(&groups[0], &groups[1], &groups[2]) != 0)
    return fail(Error::from_errno(errno, "look at user and group"));
  for (int i = 0; i < 3; ++i)
    if (users[i] != identity.user || groups[i] != identity.group)
      return fail(Error::format("user and group are not {} and {}", identity.user, identity.group));
  if (identity.user == 0) return {};
  if (::setuid(0) == 0 || ::seteuid(0) == 0 || (identity.group != 0 && (::setgid(0) == 0 || ::setegid(0) == 0)))
    return fail(Error::format("user {} can become root again", identity.user));
  return {};
}

}  // namespace

Result<void> drop_privileges(const Identity& identity) {
  // The groups first: they need the rights that go with the user.
  const int grouped =
      identity.name.empty() ? ::setgroups(0, nullptr) : ::initgroups(identity.name.c_str(), identity.group);
  if (grouped != 0) return fail(Error::from_errno(errno, "set the groups of user {}", identity.user));
  if (::setresgid(identity.group, identity.group, identity.group) != 0)
    return fail(Error::from_errno(errno, "become group {}", identity.group));
  if (::setresuid(identity.user, identity.user, identity.user) != 0)
    return fail(Error::from_errno(errno, "become user {}", identity.user));
  ::prctl(PR_SET_DUMPABLE, 1);  // the change took it away, and a worker that hangs shall leave a core
  return prove_dropped(identity);
}

}  // namespace indrik::process
