#include "app/identity.h"

#include <unistd.h>

#include <utility>

#include "process/accounts.h"

namespace indrik::app {

std::optional<process::Identity> find_identity(const config::Loaded& loaded, std::vector<std::string>& mistakes) {
  const auto& [user, group] = std::tie(loaded.settings.user, loaded.settings.group);
  if (user.empty() && group.empty()) return std::nullopt;
  const auto refuse = [&](std::string_view key, std::string_view why) {
    mistakes.push_back(fmt::format("{}: {}", loaded.where(key), why));
  };
  if (::geteuid() != 0) refuse(user.empty() ? "group" : "user", "only root can start workers of another user or group");

  process::Identity identity{.user = ::geteuid(), .group = ::getegid(), .name = {}};
  bool has_group = user.empty();
  if (!user.empty()) {
    if (auto found = process::find_user(user)) {
      identity = {.user = found->id, .group = found->group.value_or(identity.group), .name = std::move(found->name)};
      has_group = found->group.has_value();
    } else {
      refuse("user", found.error().text());
      has_group = true;  // one mistake is enough
    }
  }
  if (!group.empty()) {
    const auto found = process::find_group(group);
    if (found)
      identity.group = *found;
    else
      refuse("group", found.error().text());
  } else if (!has_group) {
    refuse("user", "no account has this number, so the group must be set, too");
  }
  return identity;
}

}  // namespace indrik::app
