// GET /db answers the first row of a query as JSON, GET /db/slow waits in the database: by plain, blocking libpq on
// pooled connections. In a green worker others run while a request waits for PostgreSQL.
//
// [app.config]: conninfo ("": as libpq's environment says; PostgreSQL's manual, 34.1.1), query ("SELECT 1 AS id,
// 'Indrik' AS name"), slow_query ("SELECT pg_sleep(0.1)"), connect_timeout (2s; whole seconds, 2 at least), timeout
// (5s: for a statement, kept by the database), pool_size (64: connections of a worker; max_connections bounds all).
#include <libpq-fe.h>

#include "json.h"
#include "pool.h"

namespace {

using indrik::Request;
using indrik::Response;
using namespace std::chrono_literals;

/// libpq's messages end with a line end, and may have several.
std::string in_one_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::string line{text};
  for (auto& c : line)
    if (c == '\n' || c == '\t') c = ' ';
  return line;
}

class Connection {
 public:
  struct Settings {
    std::string conninfo, connect_timeout, statement_timeout;
  };

  /// What conninfo says stands after, and so before, ours.
  explicit Connection(const Settings& settings) {
    const std::array<const char*, 6> names{"connect_timeout",  "options", "fallback_application_name",
                                           "tcp_user_timeout", "dbname",  nullptr};
    const std::array<const char*, 6> values{settings.connect_timeout.c_str(),
                                            settings.statement_timeout.c_str(),
                                            "indrik",
                                            "10000",
                                            settings.conninfo.c_str(),
                                            nullptr};
    connection_.reset(PQconnectdbParams(names.data(), values.data(), 1));
    if (!connection_) throw std::bad_alloc{};
    if (PQstatus(connection_.get()) != CONNECTION_OK) fail(PQerrorMessage(connection_.get()));
  }
  bool is_alive() const noexcept { return is_quiet(PQsocket(connection_.get())); }

  using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;
  /// Throws PeerFailed.
  Result execute(const std::string& query) {
    Result result{PQexecParams(connection_.get(), query.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0), PQclear};
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) fail(PQerrorMessage(connection_.get()));
    return result;
  }

 private:
  [[noreturn]] static void fail(std::string_view why) { throw PeerFailed{"PostgreSQL: " + in_one_line(why)}; }

  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{nullptr, PQfinish};
};

Response first_row(const PGresult* result) {
  if (PQntuples(result) == 0) return indrik::json("null\n").status(404);
  std::string row;
  for (int column = 0; column < PQnfields(result); ++column) {
    row += column == 0 ? "{" : ", ";
    row += quoted(PQfname(result, column)) + ": ";
    row += PQgetisnull(result, 0, column) != 0 ? "null" : quoted(PQgetvalue(result, 0, column));
  }
  return indrik::json(row + "}\n");
}

struct Database {
  explicit Database(indrik::App& app)
      : peer{app.log()},
        query{app.config().get_or("query", "SELECT 1 AS id, 'Indrik' AS name")},
        slow_query{app.config().get_or("slow_query", "SELECT pg_sleep(0.1)")} {
    const auto timeout = app.config().get_or("timeout", 5000ms);
    settings = {.conninfo = app.config().get_or("conninfo", ""),
                .connect_timeout = std::to_string(app.config().get_or("connect_timeout", 2s).count()),
                .statement_timeout = "-c statement_timeout=" + std::to_string(timeout.count())};
    pool.emplace(app.config().get_or("pool_size", std::size_t{64}), timeout,
                 [this] { return std::make_unique<Connection>(settings); });
  }
  Response answer(const Request& request, const std::string& statement) {
    return peer.ask(request, [&] {
      auto connection = pool->take();
      const auto result = connection->execute(statement);
      connection.keep();
      return first_row(result.get());
    });
  }

  Peer peer;
  const std::string query, slow_query;
  Connection::Settings settings;
  std::optional<Pool<Connection>> pool;
};

}  // namespace

INDRIK_PLUGIN("database", "1.0", [](indrik::App& app) {
  const auto database = std::make_shared<Database>(app);
  app.get("/db", [=](const Request& request) { return database->answer(request, database->query); });
  app.get("/db/slow", [=](const Request& request) { return database->answer(request, database->slow_query); });
  app.on_stop([=] { database->pool->clear(); });
});
