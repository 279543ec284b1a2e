#include "integration/support/postgres_server.h"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <vector>

#include "integration/support/command.h"

namespace indrik::test {
namespace {

/// The newest of the versions that Debian keeps beside each other.
std::filesystem::path folder_of_programs() {
  std::filesystem::path newest;
  for (const auto& version : std::filesystem::directory_iterator{"/usr/lib/postgresql"})
    if (std::filesystem::exists(version.path() / "bin/initdb")) newest = std::max(newest, version.path() / "bin");
  if (newest.empty()) throw std::runtime_error{"no PostgreSQL in /usr/lib/postgresql"};
  return newest;
}

/// PostgreSQL refuses to run as root. The signal of the parent's death would be lost by the change of user.
std::vector<std::string> as_unprivileged(std::vector<std::string> command) {
  if (::geteuid() == 0)
    command.insert(command.begin(), {"/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                                     "--pdeathsig=QUIT", "--"});
  return command;
}

}  // namespace

PostgresServer::PostgresServer() {
  if (const auto* user = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr)
    if (::chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error{"chown"};
  std::string line = "cd " + folder_.path().native() + " &&";
  for (const auto& word : as_unprivileged({folder_of_programs() / "initdb", "--pgdata=data", "--username=postgres",
                                           "--auth=trust", "--no-sync", "--no-locale", "--encoding=UTF8"}))
    line += ' ' + word;
  if (const auto made = run_command(line); made.code != 0) throw std::runtime_error{"initdb: " + made.output};
  start();
}

PostgresServer::~PostgresServer() {
  if (process_) stop();
}

void PostgresServer::start() {
  const auto folder = folder_.path().native();
  auto command = as_unprivileged({folder_of_programs() / "postgres",
                                  "-D",
                                  folder + "/data",
                                  "-k",
                                  folder,
                                  "-h",
                                  "",
                                  "-F",
                                  "-N",
                                  "250",
                                  "-B",
                                  "4MB",
                                  "-c",
                                  "dynamic_shared_memory_type=mmap",
                                  "-c",
                                  "autovacuum=off",
                                  "-c",
                                  "max_wal_senders=0",
                                  "-c",
                                  "wal_level=minimal"});
  const auto program = command.front();
  command.erase(command.begin());
  process_.emplace(std::move(command), ServerProcess::Setup{.folder = folder_.path(), .program = program});
  process_->await_line("database system is ready to accept connections", ++starts_);  // the log is appended to
}

void PostgresServer::stop() {
  control_.reset();
  process_->signal(SIGINT);  // "fast": sessions are ended, what was told is kept
  process_->wait_exit();
  process_.reset();
}

std::string PostgresServer::execute(const std::string& statement) const {
  if (!control_) control_.reset(PQconnectdb(conninfo().c_str()));
  const std::unique_ptr<PGresult, decltype(&PQclear)> result{PQexec(control_.get(), statement.c_str()), PQclear};
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) throw std::runtime_error{PQerrorMessage(control_.get())};
  return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

}  // namespace indrik::test
