#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>

namespace indrik::supervisor {

/// What a signal asks of the master.
enum class Command : std::uint8_t {
  stop,
  stop_quickly,
  reload,
  upgrade,
  more_workers,
  fewer_workers,
  reopen_logs,
  reap,
  nothing
};

struct SignalSpec {
  int number;
  std::string_view name;
  Command command;
  std::string_view to_master;
  std::string_view to_worker;
};

/// Every signal that the master reads from its queue; docs/signals.md is made of it.
inline constexpr auto kSignals = std::to_array<SignalSpec>({
    {SIGTERM, "TERM", Command::stop,
     "Stops gracefully: serves on for `drain_delay`, closes the listeners, sends TERM to every worker, kills (KILL) "
     "those that still run a second after `graceful_timeout`, exits with 0. A second TERM ends the delay; one after it "
     "acts like QUIT.",
     "Accepts no more, finishes the requests it has, exits with 0. The master replaces it at once, unless it sent the "
     "signal itself."},
    {SIGINT, "INT", Command::stop_quickly,
     "Stops quickly: sends QUIT to every worker, KILL a second later, exits with 0. While stopping gracefully, it "
     "hastens.",
     "Like QUIT."},
    {SIGQUIT, "QUIT", Command::stop_quickly, "Like INT.",
     "Ends at once; requests in flight are cut off. The master replaces it, unless it sent the signal itself."},
    {SIGHUP, "HUP", Command::reload,
     "Reads the configuration again, opens the addresses that are new, and starts one new worker. When that has been "
     "ready for a second, the others are exchanged one by one: each new one is ready before an old one gets TERM. "
     "Then addresses that are no more asked for are closed. If the configuration is wrong, an address cannot be "
     "opened, or a new worker ends or is not ready within `boot_timeout`, the new ones go, the old ones stay, and the "
     "error log says why. A HUP during this is done afterwards, and when the workers of the generation before the last "
     "have gone; what TTIN and TTOU changed is forgotten.",
     "Ignored."},
    {SIGTTIN, "TTIN", Command::more_workers, "One worker more, as far as the scoreboard has room.", "Ignored."},
    {SIGTTOU, "TTOU", Command::fewer_workers, "One worker fewer, never below one: the oldest gets TERM.", "Ignored."},
    {SIGUSR1, "USR1", Command::reopen_logs, "Opens its log files again and sends USR1 to every worker.",
     "Opens its log files again."},
    {SIGUSR2, "USR2", Command::upgrade,
     "Starts the program again, as whatever binary stands at its place now, with the arguments, the environment and "
     "the "
     "folder of the first start, and hands the listeners over. When all workers of the new master are ready, this one "
     "finishes its requests and exits with 0. If the new one fails, or is not ready within `boot_timeout`, it ends, "
     "this "
     "one goes on, and the error log says why. Refused while an upgrade or a reload is under way, and while the master "
     "of before has not ended. The new one's pid file has `.2` at its end until the old one has ended.",
     "Ignored."},
    {SIGWINCH, "WINCH", Command::nothing, "Ignored.", "Ignored."},
    {SIGCHLD, "CHLD", Command::reap, "Reaps every child that has ended; replaces workers.", "Ignored."},
});

/// docs/signals.md.
std::string signals_document();

}  // namespace indrik::supervisor
