// GET /db answers the first row of a query as JSON, GET /db/slow waits in the database: on pooled connections, by
// plain, blocking libpq, so that others run in a green worker while a request waits for PostgreSQL; and by coroutines,
// which class event takes, with libpq's functions that do not wait.
//
// [app.config]: conninfo ("": as libpq's environment says; PostgreSQL's manual, 34.1.1), query ("SELECT 1 AS id,
// 'Indrik' AS name"), slow_query ("SELECT pg_sleep(0.1)"), connect_timeout (2s; whole seconds, 2 at least), timeout
// (5s: for a statement, kept by the database), pool_size (64: connections of a worker; max_connections bounds all).
#include <libpq-fe.h>

#include <array>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "json.h"
#include "peer.h"

namespace {

using indrik::Request;
using indrik::Response;
using indrik::Task;
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
  int socket() const noexcept { return PQsocket(connection_.get()); }

  using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;
  /// Throws PeerFailed.
  Result execute(const std::string& query) {
    Result result{PQexecParams(connection_.get(), query.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0), PQclear};
    return checked(std::move(result));
  }
  /// PostgreSQL's manual, 34.4. Nothing is sent later: a query fits what the kernel takes of a connection at rest.
  Task<Result> async_execute(std::string query) {
    auto* const connection = connection_.get();
    if (PQsendQueryParams(connection, query.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 0)
      fail(PQerrorMessage(connection));
    Result result{nullptr, PQclear};
    for (;;) {
      while (PQisBusy(connection) != 0) {
        co_await indrik::wait_readable(socket());
        if (PQconsumeInput(connection) == 0) fail(PQerrorMessage(connection));
      }
      Result next{PQgetResult(connection), PQclear};
      if (!next) break;
      result = std::move(next);
    }
    co_return checked(std::move(result));
  }

 private:
  [[noreturn]] static void fail(std::string_view why) { throw PeerFailed{"PostgreSQL: " + in_one_line(why)}; }

  Result checked(Result result) const {
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) fail(PQerrorMessage(connection_.get()));
    return result;
  }

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
      : timeout{patience(app.config(), "timeout", 5000ms)},
        settings{.conninfo = app.config().get_or("conninfo", ""),
                 .connect_timeout = std::to_string(app.config().get_within("connect_timeout", 2s, 2s, 24h).count()),
                 .statement_timeout = "-c statement_timeout=" + std::to_string(timeout.count())},
        peer{app.log()},
        pool{app, {.size = pool_size(app.config(), 64), .wait = timeout}, [this] {
               return std::make_unique<Connection>(settings);
             }} {
    pool.check([](const Connection& connection) { return indrik::is_quiet(connection.socket()); });
  }

  Response answer(const std::string& query) {
    const auto result = pool.take()->execute(query);
    return first_row(result.get());
  }
  Task<Response> async_answer(const std::string& query) {
    const auto connection = co_await pool.async_take();
    const auto result = co_await connection->async_execute(query);
    co_return first_row(result.get());
  }

  const std::chrono::milliseconds timeout;
  const Connection::Settings settings;
  Peer peer;
  indrik::Pool<Connection> pool;
};

}  // namespace

INDRIK_PLUGIN("database", "1.1", [](indrik::App& app) {
  const auto database = std::make_shared<Database>(app);
  const auto serve = [&](std::string_view path, const std::string& query) {
    app.get(
        path,
        [=](const Request& request) { return database->peer.ask(request, [&] { return database->answer(query); }); },
        [=](const Request& request) { return database->peer.async_ask(request, database->async_answer(query)); });
  };
  serve("/db", app.config().get_or("query", "SELECT 1 AS id, 'Indrik' AS name"));
  serve("/db/slow", app.config().get_or("slow_query", "SELECT pg_sleep(0.1)"));
});
