#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "plugin/abi_text.h"
#include "plugin/interfaces.h"
#include "support/temporary_folder.h"
#include "unit/plugin/fakes.h"

namespace indrik::plugin {
namespace {

using testing::HasSubstr;

class FileInterfaceTest : public testing::Test {
 protected:
  std::int32_t answer(const std::string& name, int descriptor = -1) {
    const indrik_file file{.struct_size = sizeof file, .descriptor = descriptor, .path = text_of(name)};
    return kHttpFile.answer(handle_of(exchange), &file);
  }
  /// The slices of the answer, read as they would be sent.
  std::string sent() {
    std::string text;
    for (const auto& part : exchange.response.take_parts()) {
      std::string slice(part.size, '\0');
      EXPECT_EQ(::pread(part.file->get(), slice.data(), slice.size(), static_cast<off_t>(part.offset)),
                static_cast<ssize_t>(part.size));
      text += part.bytes + slice;
    }
    return text;
  }
  static bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) >= 0; }

  test::TemporaryFolder folder;
  std::string path = folder.write("a.css", "0123456789").native();
  FakeExchange exchange;
};

TEST_F(FileInterfaceTest, SendsTheFileAtAPath) {
  EXPECT_EQ(answer(path), INDRIK_OK);
  EXPECT_EQ(exchange.response.status(), 200);
  EXPECT_THAT(exchange.response.field_lines(), HasSubstr("Content-Type: text/css; charset=utf-8\r\n"));
  EXPECT_EQ(sent(), "0123456789");
}

TEST_F(FileInterfaceTest, SendsAnOpenFileFromItsBeginningUnderTheNameGiven) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ::lseek(descriptor, 5, SEEK_SET);
  EXPECT_EQ(answer("a.html", descriptor), INDRIK_OK);
  EXPECT_THAT(exchange.response.field_lines(), HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
  EXPECT_EQ(sent(), "0123456789");
  EXPECT_FALSE(is_open(descriptor)) << "it was the host's";
}

TEST_F(FileInterfaceTest, ObeysConditionsAndRanges) {
  const http::Field range[] = {{"Range", "bytes=2-4"}};
  exchange.request.fields = range;
  EXPECT_EQ(answer(path), INDRIK_OK);
  EXPECT_EQ(exchange.response.status(), 206);
  EXPECT_EQ(sent(), "234");
  exchange.response.reset();
  const http::Field condition[] = {{"If-None-Match", "*"}};
  exchange.request.fields = condition;
  EXPECT_EQ(answer(path), INDRIK_OK);
  EXPECT_EQ(exchange.response.status(), 304);
}

TEST_F(FileInterfaceTest, TakesTheTypeAndTheCodingGiven) {
  const indrik_file file{.struct_size = sizeof file,
                         .descriptor = -1,
                         .path = text_of(path),
                         .content_type = INDRIK_TEXT("x/y"),
                         .content_encoding = INDRIK_TEXT("gzip")};
  EXPECT_EQ(kHttpFile.answer(handle_of(exchange), &file), INDRIK_OK);
  EXPECT_THAT(exchange.response.field_lines(), HasSubstr("Content-Type: x/y\r\nContent-Encoding: gzip\r\n"));
}

TEST_F(FileInterfaceTest, AnswersNotFoundForWhatIsNoRegularFile) {
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("loop", folder / "loop");
  for (const auto& none : {(folder / "none").native(), path + "/b", folder.path().native(), std::string{"/dev/null"},
                           (folder / "pipe").native(), (folder / "loop").native(), std::string(5000, 'a'),
                           (folder / std::string(300, 'a')).native(), std::string{}}) {
    exchange.response.reset();
    exchange.response.add_field("Cache-Control", "max-age=9");
    EXPECT_EQ(answer(none), INDRIK_E_NOT_FOUND) << none;
    EXPECT_EQ(exchange.response.status(), 404);
    EXPECT_EQ(exchange.response.body(), "Not Found\n");
    EXPECT_EQ(exchange.response.field_lines(), "");
  }
}

TEST_F(FileInterfaceTest, RefusesDescriptorsThatCannotBeRead) {
  EXPECT_EQ(answer("a", ::open(path.c_str(), O_WRONLY | O_CLOEXEC)), INDRIK_E_INVALID);
  EXPECT_EQ(answer("a", ::open(path.c_str(), O_PATH | O_CLOEXEC)), INDRIK_E_INVALID);
  const int closed = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ::close(closed);
  EXPECT_EQ(answer("a", closed), INDRIK_E_INVALID);
  EXPECT_FALSE(exchange.response.has_parts());
}

TEST_F(FileInterfaceTest, SaysWhyAFileCannotBeOpened) {
  // UBSan looks at objects of types that it meets for the first time through a pipe, which needs descriptors.
  ASSERT_EQ(answer(path), INDRIK_OK);
  exchange.response.reset();
  ::rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ::close(next);
  const ::rlimit none{.rlim_cur = static_cast<rlim_t>(next), .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto code = answer(path);
  const int why = errno;
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(code, INDRIK_E_FAILED);
  EXPECT_EQ(why, EMFILE);
}

TEST_F(FileInterfaceTest, RefusesAPathWithNul) { EXPECT_EQ(answer(path + std::string{"\0.png", 5}), INDRIK_E_INVALID); }

TEST_F(FileInterfaceTest, RefusesAFileBesideAnotherBodyOrType) {
  exchange.response.append_body("body");
  EXPECT_EQ(answer(path), INDRIK_E_WRONG_PHASE);
  exchange.response.reset();
  exchange.response.add_field("Content-Type", "text/plain");
  EXPECT_EQ(answer(path), INDRIK_E_WRONG_PHASE);
  exchange.response.reset();
  EXPECT_EQ(answer(path), INDRIK_OK);
  const int second = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(answer(path, second), INDRIK_E_WRONG_PHASE);
  EXPECT_FALSE(is_open(second));
  EXPECT_EQ(kHttpResponse.append_body(handle_of(exchange), INDRIK_TEXT("more")), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kHttpResponse.set_status(handle_of(exchange), 200), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kHttpResponse.fail(handle_of(exchange), INDRIK_TEXT("no")), INDRIK_OK);
  EXPECT_FALSE(exchange.response.has_parts());
  EXPECT_EQ(answer(path), INDRIK_E_WRONG_PHASE) << "it has failed";
}

TEST_F(FileInterfaceTest, RefusesATypeThatIsNoFieldValue) {
  const indrik_file file{.struct_size = sizeof file,
                         .descriptor = -1,
                         .path = text_of(path),
                         .content_type = INDRIK_TEXT("text/plain\r\nX: y")};
  EXPECT_EQ(kHttpFile.answer(handle_of(exchange), &file), INDRIK_E_BAD_VALUE);
  const indrik_file sizeless{};
  EXPECT_EQ(kHttpFile.answer(handle_of(exchange), &sizeless), INDRIK_E_INVALID);
  EXPECT_EQ(kHttpFile.answer(handle_of(exchange), nullptr), INDRIK_E_INVALID);
}

/// What the C++ interface makes of it.
class SdkFileTest : public FileInterfaceTest {
 protected:
  void get(const std::string& route, const std::string& argument) {
    const http::Field fields[] = {{"X-Path", argument}};
    exchange.request.fields = fields;
    probe.run(route, exchange);
    exchange.request.fields = {};
  }
  Mounted probe{test_plugin("sdk_probe")};
};

TEST_F(SdkFileTest, SendsAFileWithFields) {
  get("GET /file", path);
  EXPECT_EQ(exchange.failure, "");
  EXPECT_EQ(sent(), "0123456789");
  EXPECT_THAT(exchange.response.field_lines(), HasSubstr("X-One: 1\r\n"));
  EXPECT_THAT(exchange.response.field_lines(), HasSubstr("Content-Type: text/css; charset=utf-8\r\n"));
}

TEST_F(SdkFileTest, AnswersNotFound) {
  get("GET /file", path + "x");
  EXPECT_EQ(exchange.failure, "");
  EXPECT_EQ(exchange.response.status(), 404);
}

TEST_F(SdkFileTest, FailsForOtherReasons) {
  get("GET /file", path + std::string{"\0", 1});
  EXPECT_THAT(exchange.failure, HasSubstr("the server refuses the file"));
}

TEST_F(SdkFileTest, SendsACopyOfAnAnswerWithItsOwnDescriptor) {
  for (int i = 0; i < 2; ++i) {
    exchange.response.reset();
    get("GET /kept-file", path);
    EXPECT_EQ(exchange.failure, "");
    EXPECT_EQ(exchange.response.status(), 203);
    EXPECT_EQ(sent(), "0123456789");
    EXPECT_THAT(exchange.response.field_lines(), HasSubstr("Content-Type: x/y\r\nContent-Encoding: gzip\r\n"));
  }
}

}  // namespace
}  // namespace indrik::plugin
