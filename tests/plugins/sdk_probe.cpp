// Uses all of the C++ interface, so that its tests can look at it from the host's side.
#include <fcntl.h>
#include <indrik/indrik.hpp>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

namespace {

using indrik::App;
using indrik::Request;
using indrik::Response;
using indrik::Task;
using namespace std::chrono_literals;

/// What the configuration was read as, or what was thrown: GET /config tells.
std::string read_config(const App& app) {
  const auto config = app.config();
  std::string out = config.get_or("text", "none");
  out += " " + std::to_string(config.get_or("count", 5));
  out += config.get_or("flag", false) ? " true" : " false";
  out += " " + std::to_string(config.get_or("ratio", 0.5));
  out += " " + std::to_string(config.get_or("delay", 100ms).count()) + "ms";
  for (const auto& item : config.get<std::vector<std::string>>("items").value_or(std::vector<std::string>{}))
    out += " " + item;
  if (config.get<std::uint8_t>("small")) out += " small";
  if (const auto size = config.get_within("size", std::size_t{0}, 1, 10); size > 0) out += " " + std::to_string(size);
  if (const auto wait = config.get_within("wait", 0ms, 5ms, 2s); wait > 0ms) out += " " + std::to_string(wait.count());
  return out + " " + config.get<std::string>("nested.key").value_or("-");
}

Task<int> number_after(std::chrono::nanoseconds delay, int number) {
  co_await indrik::sleep_for(delay);
  if (number < 0) throw std::out_of_range{"negative"};
  co_return number;
}

Task<> nothing() { co_return; }

Task<Response> add_numbers(const Request& request) {
  int sum = 0;
  for (int i = 1; i <= 3; ++i) sum += co_await number_after(10ms, i);
  try {
    co_await number_after(10ms, -1);
  } catch (const std::out_of_range&) {
    sum += 100;
  }
  for (int i = 0; i < 1000; ++i) co_await nothing();
  co_return indrik::text(std::to_string(sum) + " " + std::string{request.query("note").value_or("-")});
}

void add_requests(App& app) {
  app.get("/request/{id}", [](const Request& request) {
    std::string out{request.method()};
    for (const auto part :
         {request.target(), request.path(), request.query(), request.body(), request.peer(), request.scheme(),
          request.remote(), request.host(), request.prefix(), request.param("id").value_or("-"),
          request.param("none").value_or("-"), request.field("ACCEPT").value_or("-"),
          request.query("a b").value_or("-"), request.query("empty").value_or("-"), request.query("raw").value_or("-")})
      out.append("|").append(part);
    request.each_field(
        [&](std::string_view name, std::string_view value) { out.append("|").append(name).append("=").append(value); });
    return indrik::text(out);
  });
}

void add_responses(App& app) {
  app.post("/answer", [](const Request&) {
    return indrik::text("a").field("content-TYPE", "text/csv").field("X-One", "1").field("X-One", "2").body("b");
  });
  app.get("/html", [](const Request&) { return indrik::html("<p>"); });
  app.get("/json", [](const Request&) { return indrik::json("{}"); });
  app.put("/status", [](const Request&) { return indrik::status(404); });
}

void add_files(App& app) {
  app.get("/file", [](const Request& request) {
    return indrik::file(std::string{request.field("X-Path").value_or("")}).field("X-One", "1");
  });
  const auto kept = std::make_shared<std::unique_ptr<Response>>();
  app.get("/kept-file", [kept](const Request& request) {
    if (!*kept) {
      indrik::Descriptor opened{::open(std::string{*request.field("X-Path")}.c_str(), O_RDONLY | O_CLOEXEC)};
      auto response = indrik::file(std::move(opened), "name").status(203);
      *kept = std::make_unique<Response>(response.field("content-type", "x/y").field("Content-Encoding", "gzip"));
    }
    return **kept;
  });
}

void add_deadline(App& app) {
  app.get("/deadline", [](const Request& request) {
    std::string out;
    if (request.deadline() == std::chrono::steady_clock::time_point::max()) out += "never ";
    if (request.extend(5ms)) out += "extended";
    if (request.cancelled()) out += "cancelled";
    if (request.client_gone()) out += " gone";
    return indrik::text(out);
  });
}

void add_tls(App& app) {
  app.get("/tls", [](const Request& request) {
    const auto tls = request.tls();
    if (!tls) return indrik::text("plain");
    std::string out{tls->version};
    for (const auto part : {tls->cipher, tls->server_name, tls->protocol}) out.append("|").append(part);
    out += tls->is_resumed ? "|resumed" : "|new";
    const auto& client = tls->client;
    if (!client) return indrik::text(out + "|nobody");
    out += client->is_verified ? "|verified" : "|unverified";
    for (const auto part : {client->subject, client->issuer, client->serial, client->fingerprint, client->pem})
      out.append("|").append(part);
    return indrik::text(out);
  });
}

void add_coroutines(App& app) {
  const auto kept = std::make_shared<std::string>("captured");
  app.patch("/sum", add_numbers);
  app.del(
      "/captured",
      [kept](const Request&) -> Task<Response> {
        co_await indrik::sleep_for(5ms);
        co_return indrik::text(*kept);
      },
      [kept](const Request&) { return indrik::text("blocking " + *kept); });
  app.get("/at-once", [](const Request&) -> Task<Response> {
    co_await indrik::sleep_for(0ms);
    co_return indrik::text("now");
  });
}

}  // namespace

INDRIK_PLUGIN("sdk_probe", "2.5", [](App& app) {
  const auto config = read_config(app);
  app.route("GET", "/config", [config](const Request&) { return indrik::text(config); });
  add_requests(app);
  add_responses(app);
  add_files(app);
  add_deadline(app);
  add_tls(app);
  add_coroutines(app);
  app.on_start([&app] { app.log().info("{{started}} {} {} {} {}", "text", 7, 0.5, true); });
  app.on_stop([&app] { app.log().warning("stopped first"); });
  app.on_stop([] { throw std::runtime_error{"thrown by the stop hook"}; });
});
