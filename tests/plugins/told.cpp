// Says what it was told of a client, takes long bodies and gives long answers: for tests behind proxies.
#include <cstdint>
#include <string>

#include <indrik/indrik.hpp>

namespace {

/// What both ends can compute of bytes that one of them has (FNV-1a).
std::uint64_t digest(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

indrik::Response who(const indrik::Request& request) {
  std::string out{request.peer()};
  for (const auto part : {request.remote(), request.scheme(), request.host(), request.prefix(), request.path()})
    out.append("|").append(part);
  return indrik::text(out);
}

}  // namespace

INDRIK_PLUGIN("told", "1.0", [](indrik::App& app) {
  app.get("/who", who);
  app.post("/digest", [](const indrik::Request& request) {
    return indrik::text(std::to_string(request.body().size()) + " " + std::to_string(digest(request.body())));
  });
  app.get("/large/{bytes}", [](const indrik::Request& request) {
    std::string out;
    const auto size = std::stoull(std::string{request.param("bytes").value_or("0")});
    while (out.size() < size) out += std::to_string(out.size()) + "\n";
    return indrik::text(out);
  });
});
