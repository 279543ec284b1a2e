#pragma once

#include <array>
#include <span>
#include <string_view>

namespace indrik::architecture {

/// One layer of src/: whom it may include, and to which libraries it is the only door.
struct LayerRule {
  std::string_view layer;
  std::string_view
      may_include;           ///< other layers, and "indrik" for the plugin interface in include/; separated by spaces
  std::string_view door_to;  ///< beginnings of angled includes that no other layer may use; separated by spaces
};

/// The one table; CMakeLists.txt and docs/design.md are compared with it.
inline constexpr auto kLayers = std::to_array<LayerRule>({
    {"base", "", ""},
    {"process", "base", "systemd/"},
    {"log", "base", "spdlog/"},
    {"config", "base", "toml CLI/"},
    {"net", "base", "openssl/"},
    {"http", "base", "llhttp"},
    {"stream", "base", ""},
    {"routing", "base http", ""},
    {"plugin", "base log http stream indrik", "dlfcn.h"},
    // The hooked system calls ask for libc's own with dlsym(3): the second door to dlfcn.h.
    {"fiber", "base", "boost/ dlfcn.h valgrind/"},
    {"worker", "base process log net http stream routing fiber", "ev.h ev++.h"},
    {"control", "base net", "nlohmann/"},
    {"supervisor", "base process log net control", ""},
    {"app", "base process log config net http stream routing plugin fiber worker control supervisor", ""},
    // The second program, with flags of its own.
    {"ctl", "base config control", "CLI/"},
});

/// Libraries of plugins, which each plugin's file includes for itself; no layer does.
inline constexpr std::string_view kOfPlugins = "curl/ hiredis/ libpq-fe.h";

/// Libraries without a door: part of our vocabulary in src/ and tests/, but not of what plugin authors get.
inline constexpr std::string_view kEverywhere = "fmt/";

inline constexpr std::size_t kMaxLines = 500;

/// C, POSIX and Linux headers. C++'s own have neither a dot nor a slash and need no list.
inline constexpr std::string_view kSystemFolders = "sys/ linux/ netinet/ arpa/ net/ asm/ sanitizer/";
inline constexpr std::string_view kSystemHeaders =
    "aio.h assert.h ctype.h cxxabi.h dirent.h elf.h endian.h errno.h execinfo.h fcntl.h fenv.h float.h fnmatch.h ftw.h "
    "getopt.h glob.h grp.h ifaddrs.h inttypes.h langinfo.h libgen.h limits.h link.h locale.h malloc.h math.h mntent.h "
    "mqueue.h netdb.h poll.h pthread.h pwd.h regex.h resolv.h sched.h semaphore.h setjmp.h signal.h spawn.h stdalign.h "
    "stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h string.h strings.h syslog.h "
    "termios.h threads.h time.h ucontext.h uchar.h unistd.h unwind.h utime.h wait.h wchar.h";

}  // namespace indrik::architecture
