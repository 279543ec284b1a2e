#include <fcntl.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>

#include "contract/contract.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class FileBodyContract : public ContractTest {
 protected:
  /// "/file" is answered with the file `path` as it is then; "/parts" with two slices of it among bytes.
  void routes(routing::Router& router) const {
    add_hello(router);
    add(router, "GET", "/file", FunctionHandler::blocking([file = path](http::Exchange& exchange) {
          const auto size = std::filesystem::file_size(file);
          exchange.response.append_part({.bytes = {}, .file = open(file), .offset = 0, .size = size});
        }));
    add(router, "GET", "/parts", FunctionHandler::blocking([file = path](http::Exchange& exchange) {
          const auto opened = open(file);
          exchange.response.append_part({.bytes = "<", .file = opened, .offset = 0, .size = 3});
          exchange.response.append_part({.bytes = "><", .file = opened, .offset = 5, .size = 2});
          exchange.response.append_part(http::BodyPart{.bytes = ">"});
        }));
    add(router, "GET", "/status/{code}", FunctionHandler::blocking([file = path](http::Exchange& exchange) {
          exchange.response.set_status(std::stoi(std::string{*exchange.request.param("code")}));
          exchange.response.append_part({.bytes = {}, .file = open(file), .offset = 0, .size = 10});
        }));
  }
  static std::shared_ptr<const Fd> open(const std::filesystem::path& file) {
    return std::make_shared<const Fd>(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  }
  static std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
    return text;
  }
  std::size_t descriptors() const {
    const auto folder_of_links = std::filesystem::path{"/proc"} / std::to_string(worker.pid()) / "fd";
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder_of_links}, {}));
  }
  static constexpr std::uint64_t kBig = 48 << 20;  ///< more than the kernel takes for a client that does not read

  /// Asks for "/file" and takes nothing: the answer fills what lies between, and the worker waits.
  void stall(HttpClient& slow) {
    slow.send(request_bytes("GET", "/file"));
    std::array<char, 1> byte{};
    const Deadline deadline{kPatience};
    while (::recv(slow.fd(), byte.data(), 1, MSG_PEEK | MSG_DONTWAIT) != 1)
      ASSERT_FALSE(deadline.passed()) << "no answer has begun";
    EXPECT_EQ(client.get("/").body, "hello");
  }

  TemporaryFolder folder;
  std::filesystem::path path = folder.write("body", "0123456789");
  WorkerProcess worker{options, [this](routing::Router& router) { routes(router); }};
  HttpClient client{worker.address()};
};
INDRIK_FOR_EVERY_CLASS(FileBodyContract);

TEST_P(FileBodyContract, SendsAFileWithItsLengthAndKeepsTheConnection) {
  for (int i = 0; i < 3; ++i) {
    const auto response = client.get("/file");
    EXPECT_EQ(response.field("content-length"), "10");
    EXPECT_EQ(response.body, "0123456789");
  }
  EXPECT_EQ(worker.slot().accepted, 1U);
}

TEST_P(FileBodyContract, SendsSlicesAmongBytes) {
  const auto response = client.get("/parts");
  EXPECT_EQ(response.field("content-length"), "9");
  EXPECT_EQ(response.body, "<012><56>");
}

TEST_P(FileBodyContract, AnnouncesAFileToHeadAndSendsNoneOfIt) {
  client.send(request_bytes("HEAD", "/file") + request_bytes("GET", "/"));
  EXPECT_EQ(client.receive("HEAD").field("content-length"), "10");
  EXPECT_EQ(client.receive().body, "hello");
}

TEST_P(FileBodyContract, SendsNoneOfItWithAStatusThatHasNoBody) {
  client.send(request_bytes("GET", "/status/204") + request_bytes("GET", "/status/304") + request_bytes("GET", "/"));
  EXPECT_EQ(client.receive().field("content-length"), std::nullopt);
  EXPECT_EQ(client.receive().field("content-length"), std::nullopt);
  EXPECT_EQ(client.receive().body, "hello");
}

TEST_P(FileBodyContract, SendsAnEmptyFile) {
  folder.write("body", "");
  EXPECT_EQ(client.get("/file").field("content-length"), "0");
  EXPECT_EQ(client.get("/").body, "hello");
}

TEST_P(FileBodyContract, AnswersPipelinedRequestsForFilesInOrder) {
  const auto bytes = pattern(3 << 20);
  folder.write("body", bytes);
  std::string requests;
  for (int i = 0; i < 3; ++i) requests += request_bytes("GET", "/") + request_bytes("GET", "/file");
  client.send(requests + request_bytes("GET", "/parts"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.receive().body, "hello");
    EXPECT_TRUE(client.receive().body == bytes);
  }
  EXPECT_EQ(client.receive().body, "<abc><fg>");
}

TEST_P(FileBodyContract, ClosesAfterAFileWhereTheClientWantsThat) {
  const auto bytes = pattern(3 << 20);
  folder.write("body", bytes);
  client.send("GET /file HTTP/1.0\r\n\r\n");
  const auto response = client.receive();
  EXPECT_TRUE(response.closes());
  EXPECT_TRUE(response.body == bytes);
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_P(FileBodyContract, ServesOthersWhileOneTakesABigFileSlowly) {
  folder.write("body", "");
  std::filesystem::resize_file(path, kBig);
  HttpClient slow{worker.address()};
  stall(slow);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client.get("/").body, "hello");
  EXPECT_EQ(slow.receive().body.size(), kBig);
  EXPECT_EQ(slow.get("/").body, "hello");
}

TEST_P(FileBodyContract, ResetsTheConnectionWhoseFileHasBecomeShorter) {
  folder.write("body", "");
  std::filesystem::resize_file(path, kBig);
  HttpClient slow{worker.address()};
  stall(slow);
  std::filesystem::resize_file(path, 10);
  EXPECT_LT(slow.receive_until_closed().size(), kBig);
  EXPECT_THAT(worker.error_text(), HasSubstr("answer given up: " + path.native() + ": it has become shorter"));
  EXPECT_EQ(client.get("/file").body.size(), 10U);
}

TEST_P(FileBodyContract, ClosesTheFileOfAClientThatLeaves) {
  folder.write("body", "");
  std::filesystem::resize_file(path, kBig);
  client.get("/");
  const auto before = descriptors();
  {
    HttpClient slow{worker.address()};
    stall(slow);
    EXPECT_EQ(descriptors(), before + 2) << "its socket and its file";
    slow.reset();
  }
  const Deadline deadline{kPatience};
  while (descriptors() != before) {
    ASSERT_FALSE(deadline.passed());
    client.get("/");
  }
  EXPECT_THAT(worker.error_text(), Not(HasSubstr("given up")));
}

TEST_P(FileBodyContract, RecordsTheBytesOfAFile) {
  client.get("/file");
  client.send(request_bytes("HEAD", "/file"));
  client.receive("HEAD");
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
  EXPECT_THAT(worker.access_text(), HasSubstr("\"GET /file HTTP/1.1\" 200 10"));
  EXPECT_THAT(worker.access_text(), HasSubstr("\"HEAD /file HTTP/1.1\" 200 0"));
}

}  // namespace
}  // namespace indrik::test
