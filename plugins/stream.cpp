// Bodies piece by piece: server-sent events, an upload that is read as it comes, an answer that is written as it is
// made. Each in both flavours, so that it runs in every worker class.
#include <indrik/indrik.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace {

using indrik::AsyncWriter;
using indrik::Request;
using indrik::Response;
using indrik::Task;
using indrik::Writer;
using namespace std::chrono_literals;

/// Shows the events as they come.
constexpr std::string_view kPage = R"(<!DOCTYPE html>
<title>Indrik: events</title>
<ul id="ticks"></ul>
<script>
  const source = new EventSource("ticks?count=3");
  source.addEventListener("tick", (event) => {
    const line = document.createElement("li");
    line.textContent = "tick " + event.data;
    document.getElementById("ticks").append(line);
  });
  source.addEventListener("end", () => source.close());
</script>
)";

std::uint64_t number_in(const Request& request, std::string_view name, std::uint64_t fallback) {
  const auto text = request.query(name).value_or("");
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && stop == text.data() + text.size() ? number : fallback;
}

indrik::Event tick(std::uint64_t number) {
  return {.data = std::to_string(number), .name = "tick", .id = std::to_string(number)};
}
const indrik::Event kEnd{.data = "that is all", .name = "end"};

Response ticks(const Request& request, std::chrono::milliseconds pause) {
  return indrik::events([pause, count = number_in(request, "count", 10)](Writer& out) {
    for (std::uint64_t number = 1; number <= count; ++number) {
      out.send(tick(number));
      std::this_thread::sleep_for(pause);
    }
    out.send(kEnd);
  });
}

Response async_ticks(const Request& request, std::chrono::milliseconds pause) {
  return indrik::events([pause, count = number_in(request, "count", 10)](AsyncWriter& out) -> Task<> {
    for (std::uint64_t number = 1; number <= count; ++number) {
      const auto event = tick(number);
      co_await out.send(event);
      co_await indrik::sleep_for(pause);
    }
    co_await out.send(kEnd);
  });
}

/// A sum that depends on every byte and on their order: Adler-32 (RFC 1950 8.2).
class Checksum {
 public:
  void add(std::string_view bytes) noexcept {
    for (const char byte : bytes) {
      low_ = (low_ + static_cast<unsigned char>(byte)) % kPrime;
      high_ = (high_ + low_) % kPrime;
    }
    size_ += bytes.size();
  }
  Response told() const {
    return indrik::json("{\"size\": " + std::to_string(size_) +
                        ", \"adler32\": " + std::to_string(high_ * 65536ULL + low_) + "}\n");
  }

 private:
  static constexpr std::uint64_t kPrime = 65521;
  std::uint64_t low_ = 1;
  std::uint64_t high_ = 0;
  std::uint64_t size_ = 0;
};

constexpr std::size_t kRoom = 16 * 1024;

Response sum(const Request& request) {
  Checksum sum;
  std::array<char, kRoom> room;
  for (std::size_t size = 0; (size = request.read(room)) > 0;) sum.add({room.data(), size});
  return sum.told();
}

Task<Response> async_sum(const Request& request) {
  Checksum sum;
  std::array<char, kRoom> room;
  for (std::size_t size = 0; (size = co_await request.read_some(room)) > 0;) sum.add({room.data(), size});
  co_return sum.told();
}

std::string piece_of(std::uint64_t left) {
  return std::string(static_cast<std::size_t>(std::min<std::uint64_t>(left, kRoom)), 'x');
}

/// "?size=N": that many bytes; with "&length" they are announced. The trailer says how many were sent.
Response bytes(const Request& request) {
  const auto size = number_in(request, "size", 1 << 20);
  auto response = Response{}.field("Content-Type", "application/octet-stream").stream([size](Writer& out) {
    for (auto left = size; left > 0;) {
      const auto piece = piece_of(left);
      out.write(piece);
      left -= piece.size();
    }
    out.trailer("X-Bytes", std::to_string(size));
  });
  if (request.query("length")) response.length(size);
  return response;
}

Response async_bytes(const Request& request) {
  const auto size = number_in(request, "size", 1 << 20);
  auto response =
      Response{}.field("Content-Type", "application/octet-stream").stream([size](AsyncWriter& out) -> Task<> {
        for (auto left = size; left > 0;) {
          const auto piece = piece_of(left);
          co_await out.write(piece);
          left -= piece.size();
        }
        out.trailer("X-Bytes", std::to_string(size));
      });
  if (request.query("length")) response.length(size);
  return response;
}

}  // namespace

INDRIK_PLUGIN("stream", "1.0", [](indrik::App& app) {
  const auto pause = app.config().get_or("pause", 1000ms);
  app.get("/", [](const Request& request) {
    request.early_hints({{"Link", "<ticks>; rel=preconnect"}});
    return indrik::html(std::string{kPage});
  });
  app.get(
      "/ticks", [=](const Request& request) { return ticks(request, pause); },
      [=](const Request& request) -> Task<Response> { co_return async_ticks(request, pause); });
  app.post("/sum", indrik::streamed_body, sum, async_sum);
  app.get("/bytes", bytes, [](const Request& request) -> Task<Response> { co_return async_bytes(request); });
});
