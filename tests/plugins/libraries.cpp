// Uses of client libraries beyond question and answer, each by blocking calls on a connection of its own.
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <sys/select.h>

#include <memory>
#include <stdexcept>
#include <string>

#include <indrik/indrik.hpp>

namespace {

using indrik::Request;
using indrik::Response;

using Postgres = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;
using Redis = std::unique_ptr<redisContext, decltype(&redisFree)>;
using Reply = std::unique_ptr<redisReply, void (*)(void*)>;

std::string text_of(const Request& request, std::string_view name) {
  return std::string{request.query(name).value_or("")};
}

Postgres connect_postgres(const std::string& conninfo) {
  Postgres connection{PQconnectdb(conninfo.c_str()), PQfinish};
  if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error{PQerrorMessage(connection.get())};
  return connection;
}

Result execute(PGconn* connection, const std::string& statement, ExecStatusType expected) {
  Result result{PQexec(connection, statement.c_str()), PQclear};
  if (PQresultStatus(result.get()) != expected) throw std::runtime_error{PQerrorMessage(connection)};
  return result;
}

/// The next notification, awaited by select(2), as PostgreSQL's manual does it (34.9).
Response listen(const std::string& conninfo) {
  const auto connection = connect_postgres(conninfo);
  execute(connection.get(), "LISTEN news", PGRES_COMMAND_OK);
  for (;;) {
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(PQsocket(connection.get()), &readable);
    if (::select(PQsocket(connection.get()) + 1, &readable, nullptr, nullptr, nullptr) < 0)
      throw std::runtime_error{"select"};
    if (PQconsumeInput(connection.get()) == 0) throw std::runtime_error{PQerrorMessage(connection.get())};
    const std::unique_ptr<PGnotify, decltype(&PQfreemem)> news{PQnotifies(connection.get()), PQfreemem};
    if (news) return indrik::text(news->extra);
  }
}

/// Many rows to the database and back; their sum, as the rows that came say.
Response copy(const std::string& conninfo, int rows) {
  const auto connection = connect_postgres(conninfo);
  execute(connection.get(), "CREATE TEMPORARY TABLE numbers (number bigint, padding text)", PGRES_COMMAND_OK);
  execute(connection.get(), "COPY numbers FROM STDIN", PGRES_COPY_IN);
  const std::string padding(100, 'p');
  for (int row = 0; row < rows; ++row) {
    const auto line = std::to_string(row) + '\t' + padding + '\n';
    if (PQputCopyData(connection.get(), line.data(), static_cast<int>(line.size())) != 1)
      throw std::runtime_error{PQerrorMessage(connection.get())};
  }
  PQputCopyEnd(connection.get(), nullptr);
  while (const Result end{PQgetResult(connection.get()), PQclear})
    if (PQresultStatus(end.get()) != PGRES_COMMAND_OK) throw std::runtime_error{PQerrorMessage(connection.get())};
  execute(connection.get(), "COPY numbers TO STDOUT", PGRES_COPY_OUT);
  long sum = 0;
  for (char* line = nullptr; PQgetCopyData(connection.get(), &line, 0) > 0; PQfreemem(line)) sum += std::atol(line);
  return indrik::text(std::to_string(sum));
}

Redis connect_redis(const Request& request) {
  const timeval within{.tv_sec = 2, .tv_usec = 0};
  Redis connection{
      redisConnectWithTimeout(text_of(request, "host").c_str(),
                              static_cast<int>(std::strtol(text_of(request, "port").c_str(), nullptr, 10)), within),
      redisFree};
  if (connection->err != 0) throw std::runtime_error{connection->errstr};
  return connection;
}

Response subscribe(const Request& request) {
  const auto connection = connect_redis(request);
  const Reply subscribed{static_cast<redisReply*>(redisCommand(connection.get(), "SUBSCRIBE news")), freeReplyObject};
  void* message = nullptr;
  if (redisGetReply(connection.get(), &message) != REDIS_OK) throw std::runtime_error{connection->errstr};
  const Reply reply{static_cast<redisReply*>(message), freeReplyObject};
  return indrik::text({reply->element[2]->str, reply->element[2]->len});
}

/// A library's failure is the answer.
template <class Handler>
auto told(Handler handler) {
  return [handler](const Request& request) {
    try {
      return handler(request);
    } catch (const std::runtime_error& failed) {
      return indrik::text(failed.what()).status(502);
    }
  };
}

}  // namespace

INDRIK_PLUGIN("libraries", "1.0", [](indrik::App& app) {
  const auto conninfo = app.config().get_or("conninfo", "");
  app.get("/quick", [](const Request&) { return indrik::text("quick"); });
  app.get("/listen", told([=](const Request&) { return listen(conninfo); }));
  app.get("/copy", told([=](const Request&) { return copy(conninfo, 20'000); }));
  app.get(
      "/database", told([=](const Request& request) {
        connect_postgres("connect_timeout=2 host=" + text_of(request, "host") + " port=" + text_of(request, "port"));
        return indrik::text("connected");
      }));
  app.get("/redis", told([=](const Request& request) {
            connect_redis(request);
            return indrik::text("connected");
          }));
  app.get("/subscribe", told(subscribe));
});
