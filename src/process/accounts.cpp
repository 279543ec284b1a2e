#include "process/accounts.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include "base/strings.h"

namespace indrik::process {
namespace {

/// The names in a file of the form of passwd(5). Only for a hint: not every account stands there.
std::vector<std::string> names_in(const char* file) {
  std::vector<std::string> names;
  const std::unique_ptr<FILE, int (*)(FILE*)> in{::fopen(file, "re"),
                                                 [](FILE* open) { return open ? ::fclose(open) : 0; }};
  char* line = nullptr;
  std::size_t room = 0;
  while (in && ::getline(&line, &room, in.get()) > 0) {
    const std::string_view text{line};
    names.emplace_back(text.substr(0, text.find(':')));
  }
  ::free(line);
  return names;
}

Error unknown(std::string_view kind, const std::string& text, const char* file) {
  const auto names = names_in(file);
  const auto near = nearest(text, std::vector<std::string_view>{names.begin(), names.end()});
  return Error::format("there is no {} \"{}\"{}", kind, text,
                       near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near));
}

/// An id; the greatest number is what chown(2) and setresuid(2) take for "leave it".
template <class Id>
std::optional<Id> number_of(const std::string& text) {
  const auto number = parse_number<Id>(text);
  return number && *number != std::numeric_limits<Id>::max() ? number : std::nullopt;
}

}  // namespace

Result<User> find_user(const std::string& text) {
  if (const passwd* entry = ::getpwnam(text.c_str())) return User{entry->pw_uid, entry->pw_gid, entry->pw_name};
  if (const auto number = number_of<uid_t>(text)) {
    if (const passwd* entry = ::getpwuid(*number)) return User{entry->pw_uid, entry->pw_gid, entry->pw_name};
    return User{.id = *number, .group = std::nullopt, .name = {}};
  }
  return fail(unknown("user", text, "/etc/passwd"));
}

Result<gid_t> find_group(const std::string& text) {
  if (const group* entry = ::getgrnam(text.c_str())) return gid_t{entry->gr_gid};
  if (const auto number = number_of<gid_t>(text)) return *number;
  return fail(unknown("group", text, "/etc/group"));
}

}  // namespace indrik::process
