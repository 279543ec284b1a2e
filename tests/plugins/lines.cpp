// Streams by the SDK, both flavours of each: lines that come back, numbered; and a second stream beside it.
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <indrik/indrik.hpp>

using namespace std::chrono_literals;

namespace {

std::string answer_to(std::string_view line, int number) {
  if (line == "throw\n") throw std::runtime_error{"as it was told to"};
  if (line == "crash\n") std::abort();
  return std::to_string(number) + " " + std::string{line};
}

}  // namespace

INDRIK_PLUGIN("lines", "1.0", [](indrik::App& app) {
  app.stream(
      "lines",
      [](indrik::Connection& client) {
        client.read_timeout(60s);
        for (int number = 1; const auto line = client.read_until("\n", 100); ++number)
          client.write(answer_to(*line, number));
        if (client.is_stopping()) client.write("bye\n");
      },
      [](indrik::AsyncConnection& client) -> indrik::Task<> {
        client.read_timeout(60s);
        for (int number = 1; const auto line = co_await client.read_until("\n", 100); ++number) {
          const auto answer = answer_to(*line, number);
          co_await client.write(answer);
        }
        if (client.is_stopping()) co_await client.write("bye\n");
      });
  // Speaks first, and counts what comes until the end, which is a wait between two reads.
  app.stream(
      "count",
      [](indrik::Connection& client) {
        client.write("send\n");
        client.flush();
        char room[7];
        std::size_t total = 0;
        while (const auto size = client.read_some(room)) total += size;
        std::this_thread::sleep_for(1ms);
        client.write(std::to_string(total) + "\n");
      },
      [](indrik::AsyncConnection& client) -> indrik::Task<> {
        co_await client.write("send\n");
        co_await client.flush();
        char room[7];
        std::size_t total = 0;
        while (const auto size = co_await client.read_some(room)) total += size;
        co_await indrik::sleep_for(1ms);
        const auto text = std::to_string(total) + "\n";
        co_await client.write(text);
      });
});
