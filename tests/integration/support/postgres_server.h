#pragma once

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>

#include "integration/support/server_process.h"
#include "support/temporary_folder.h"

namespace indrik::test {

/// A real PostgreSQL with a cluster of its own, reached by a unix socket in its folder; it forgets what it is told as
/// soon as it ends badly (no fsync). It dies with this object at the latest.
class PostgresServer {
 public:
  /// Makes the cluster and returns when it answers.
  PostgresServer();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// For libpq.
  std::string conninfo() const { return "host=" + folder_.path().native() + " user=postgres dbname=postgres"; }

  void stop();
  /// After stop(): again, with what it had.
  void start();

  /// The first field of the first row, by a connection of the test's own; throws where the statement fails.
  std::string execute(const std::string& statement) const;

 private:
  TemporaryFolder folder_;
  std::size_t starts_ = 0;
  std::optional<ServerProcess> process_;
  mutable std::unique_ptr<PGconn, decltype(&PQfinish)> control_{nullptr, PQfinish};
};

}  // namespace indrik::test
