// Every fault in every worker class: what the client sees, what the log says, and what serves afterwards, in the one
// table of docs/operations.md.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <map>
#include <regex>
#include <stdexcept>

#include "base/strings.h"
#include "integration/support/bad_change.h"
#include "integration/support/http_client.h"
#include "integration/support/load_client.h"
#include "integration/support/server_process.h"
#include "integration/support/site.h"

namespace indrik::test {
namespace {

struct Observed {
  std::string client, log, afterwards;
  bool operator==(const Observed&) const = default;
};

struct Fault {
  std::string name;
  std::string target{};  ///< of misbehaving.so; none: `change` is the name of a bad change
  std::string change{};
};

const std::vector<Fault> kFaults{
    {"null pointer (SIGSEGV)", "/segfault"},
    {"`abort`", "/crash"},
    {"`exit(1)`", "/exit-1"},
    {"infinite loop", "/spin"},
    {"infinite loop in an async handler", "/spin-async"},
    {"deadlock on a mutex", "/deadlock"},
    {"stack overflow", "/recurse"},
    {"no memory left (`RLIMIT_AS`)", "/exhaust"},
    {"more memory than `max_memory`", "/leak"},
    {"reload: start hook hangs", {}, "HangInStart"},
    {"reload: plugin of another ABI", {}, "WrongAbi"},
    {"reload: plugin file cut short", {}, "CutFile"},
    {"reload: syntax error in the configuration", {}, "SyntaxError"},
};

const std::vector<std::string> kClasses{"sync", "event", "green"};

/// Without what differs from run to run and from build to build: numbers of processes, times, addresses, folders,
/// sizes of files, the TOML library's words.
std::string in_general(std::string text) {
  const std::pair<std::regex, const char*> rules[] = {
      {std::regex{R"(/[^ :"]*/)"}, ""},
      {std::regex{R"(pid \d+)"}, "pid N"},
      {std::regex{R"(worker \d+)"}, "worker N"},
      {std::regex{R"(\d+\.\d+ s)"}, "N s"},
      {std::regex{R"(0x[0-9a-f]{4,})"}, "0x…"},
      {std::regex{R"(\d+ MiB are)"}, "N MiB are"},
      {std::regex{R"(\d+ bytes, \d+ are)"}, "N bytes, N are"},
      {std::regex{R"((indrik\.toml:\d+): .*;)"}, "$1: …;"},
  };
  for (const auto& [pattern, replacement] : rules) text = std::regex_replace(text, pattern, replacement);
  return text;
}

/// The first line with `part` in it, without date, process and level.
std::string entry_with(const ServerProcess& server, const std::string& part) {
  const auto line = server.await_line(part);
  const auto level_end = line.find("] ", line.find("] [") + 1);
  const auto indented = line.find_first_not_of(' ');
  return line.substr(indented > 0 ? indented : level_end + 2);
}

/// What serves now, compared with before; each of some requests must find it.
std::string serving(const ServerProcess& server, const std::vector<pid_t>& before, const std::string& address,
                    const std::string& target) {
  const auto now = server.await_workers(before.size());
  for (int i = 0; i < 8; ++i) EXPECT_EQ(HttpClient{address}.get(target).status, 200) << server.error_text();
  const auto kept = std::count_if(
      now.begin(), now.end(), [&](pid_t pid) { return std::find(before.begin(), before.end(), pid) != before.end(); });
  return kept == 2 ? "the same 2 workers" : std::to_string(kept) + " of 2 workers, and a new one";
}

std::string outcome_of(const ServerProcess& server, const std::string& target) {
  HttpClient client{server.address()};
  client.send(request_bytes("GET", target));
  try {
    return std::to_string(client.receive().status);
  } catch (const std::runtime_error&) {
    EXPECT_EQ(client.receive_until_closed(), "");
    return "closed, no answer";
  }
}

/// What tells the line of the log that says what happened: of a dead worker its report, else the first about the
/// request.
std::string mark_of(const ServerProcess& server, const Fault& fault) {
  if (fault.target == "/leak") return "max_memory";
  std::string found;
  EXPECT_TRUE(await([&] {
    for (const auto* mark : {"cause: ", "no answer in time", "bad_alloc"})
      if (found.empty() && server.error_text().find(mark) != std::string::npos) found = mark;
    return !found.empty();
  })) << server.error_text();
  return found;
}

Observed observe_request(const std::string& worker_class, const Fault& fault) {
  // What leaks is answered, and a busy machine may take more than a second for so much memory.
  const bool leaks = fault.target == "/leak";
  ServerProcess server{{"-b", "127.0.0.1:0", "-k", worker_class, "-w", "2", "-t", leaks ? "20s" : "1s",
                        "--graceful-timeout", "500ms", "--max-memory", leaks ? "200MiB" : "0",
                        built_test_plugin("misbehaving")}};
  server.await_line("workers are ready");
  const auto before = server.worker_pids();
  Observed observed;
  observed.client = outcome_of(server, fault.target);
  const auto mark = mark_of(server, fault);
  observed.log = in_general(entry_with(server, mark));
  if (mark == "max_memory" || mark == "cause: ") {
    EXPECT_TRUE(await([&] { return server.worker_pids() != before && server.worker_pids().size() == 2; }));
  }
  observed.afterwards = serving(server, before, server.address(), "/fine");
  server.signal(SIGINT);  // a thread that is stuck for ever holds a graceful stop up
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 0}));
  return observed;
}

Observed observe_reload(const std::string& worker_class, const Fault& fault) {
  const Site site{worker_class};
  site.write("workers = 2");
  ServerProcess server{{"-c", "indrik.toml"}, site.setup()};
  server.await_line("workers are ready");
  const auto before = server.worker_pids();
  LoadClient load{site.address(), {.connections = 4}};
  const auto changes = bad_changes();
  std::find_if(changes.begin(), changes.end(), [&](const auto& change) {
    return change.name == fault.change;
  })->make(site);
  server.signal(SIGHUP);
  Observed observed;
  observed.log = in_general(entry_with(server, "reload failed"));
  observed.afterwards = serving(server, before, site.address(), "/");
  load.await_answered(load.answered() + 10);
  const auto totals = load.stop();
  observed.client = totals.failed + totals.raced == 0 ? "nothing of it" : totals.first_failure;
  server.expect_clean_stop();
  return observed;
}

Observed observe(const std::string& worker_class, const Fault& fault) {
  return fault.target.empty() ? observe_reload(worker_class, fault) : observe_request(worker_class, fault);
}

/// Classes that behave alike share a row.
std::string rows_of(const Fault& fault, const std::vector<Observed>& by_class) {
  std::string rows;
  for (std::size_t i = 0; i < by_class.size(); ++i) {
    const auto& seen = by_class[i];
    if (std::find(by_class.begin(), by_class.begin() + static_cast<std::ptrdiff_t>(i), seen) !=
        by_class.begin() + static_cast<std::ptrdiff_t>(i))
      continue;
    std::string classes;
    for (std::size_t j = i; j < by_class.size(); ++j)
      if (by_class[j] == seen) classes += (classes.empty() ? "" : ", ") + kClasses[j];
    rows +=
        "| " + fault.name + " | " + classes + " | " + seen.client + " | " + seen.log + " | " + seen.afterwards + " |\n";
  }
  return rows;
}

constexpr std::string_view kHead = "| fault | class | the client sees | the log says | what serves afterwards |\n";

std::string table_of(const std::string& document) {
  const auto begin = document.find(kHead);
  if (begin == std::string::npos) throw std::runtime_error{"no table in the document"};
  auto end = begin;
  while (end < document.size() && document[end] == '|') end = document.find('\n', end) + 1;
  return document.substr(begin, end - begin);
}

TEST(FaultMatrixTest, IsWhatTheManualSays) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer has its own words for faults, and needs memory beyond any limit";
#endif
  std::string table{kHead};
  table += "|---|---|---|---|---|\n";
  for (const auto& fault : kFaults) {
    std::vector<std::future<Observed>> running;
    for (const auto& worker_class : kClasses)
      running.push_back(std::async(std::launch::async, observe, worker_class, fault));
    std::vector<Observed> by_class;
    for (auto& one : running) by_class.push_back(one.get());
    table += rows_of(fault, by_class);
  }
  std::cout << table;
  const std::string path = INDRIK_SOURCE_DIR "/docs/operations.md";
  auto document = contents_of(path);
  const auto written = table_of(document);
  if (std::getenv("INDRIK_WRITE_DOCS") != nullptr)
    std::ofstream{path} << document.replace(document.find(kHead), written.size(), table);
  EXPECT_EQ(table_of(contents_of(path)), table) << "write it again with INDRIK_WRITE_DOCS=1";
}

}  // namespace
}  // namespace indrik::test
