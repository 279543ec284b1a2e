// sendfile, against libc's own.
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#include <optional>
#include <vector>

#include "fiber/hook_families.h"
#include "unit/fiber/descriptor_conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

struct Sender {
  const char* name;
  ssize_t (*send)(int out, int file, off_t* offset, std::size_t size);
};

constexpr Sender kSenders[] = {{"sendfile", &::sendfile}, {"sendfile64", &::sendfile64}};

constexpr std::size_t kSize = 8'000'000;

class SendfileTest : public DescriptorConformanceTest, public testing::WithParamInterface<Sender> {
 protected:
  SendfileTest() { put(file, bytes); }

  /// And where the file, and the offset, stand then.
  Call send(std::optional<off_t> offset, std::size_t size) {
    return [=, this](Ends& ends) {
      ::lseek(file.get(), 100, SEEK_SET);
      auto at = offset.value_or(0);
      auto seen = see([&] { return GetParam().send(ends.here.get(), file.get(), offset ? &at : nullptr, size); });
      seen.bytes = std::to_string(at) + " " + std::to_string(::lseek(file.get(), 0, SEEK_CUR));
      ends.here.reset();
      return seen;
    };
  }

  const std::string bytes = pattern(kSize);
  const Fd file{::memfd_create("file", MFD_CLOEXEC)};
};

TEST_P(SendfileTest, GivesAllBeforeItReturns) {
  for (const auto make : {unix_stream, tcp}) {
    std::string got;
    const auto read_all = [&](Ends& ends) { got = drain(ends.there); };
    const auto seen = expect_same(make, send(10, 5'000'000), read_all);
    EXPECT_EQ(seen, (Seen{5'000'000, 77, "5000010 100"}));
    EXPECT_TRUE(got == bytes.substr(10, 5'000'000));
  }
}

TEST_P(SendfileTest, GivesAllToAPipeToo) {
  std::string got;
  const auto read_all = [&](Ends& ends) { got = drain(ends.there); };
  EXPECT_EQ(in_fiber(pipe_to_write, send(10, 500'000), read_all).result, 500'000);  // libc's: what the pipe takes
  EXPECT_TRUE(got == bytes.substr(10, 500'000));
}

TEST_P(SendfileTest, GoesOnWhereTheFileStands) {
  std::string got;
  const auto read_all = [&](Ends& ends) { got = drain(ends.there); };
  EXPECT_EQ(expect_same(unix_stream, send({}, kSize * 2), read_all).bytes, "0 " + std::to_string(kSize));
  EXPECT_TRUE(got == bytes.substr(100));
}

TEST_P(SendfileTest, GivesWhatFitsWhereNobodyWaits) {
  const auto nonblocking = [this](Ends& ends) {
    set_nonblocking(ends.here);
    auto seen = send(0, kSize)(ends);
    seen.bytes = seen.result > 0 && seen.result < static_cast<long>(kSize) ? "some" : "?";
    seen.result = 0;  // how much it is is the kernel's affair
    return seen;
  };
  EXPECT_EQ(expect_same_at_once(tcp, nonblocking).bytes, "some");
}

TEST_P(SendfileTest, ReturnsWhatWentBeforeTheTaskWasCancelled) {
  const auto seen = cancelled(tcp, send(0, kSize));
  EXPECT_GT(seen.result, 0);
  EXPECT_LT(seen.result, static_cast<long>(kSize));
  EXPECT_EQ(seen.bytes, std::to_string(seen.result) + " 100");
}

TEST_P(SendfileTest, FailsWhereThePeerIsGone) {
  PipeSignals signals;
  const auto to_nobody = [&](Ends& ends) {
    ends.there.reset();
    auto seen = send(0, 1000)(ends);
    seen.bytes += " signals: " + std::to_string(signals.take());
    return seen;
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, to_nobody).error, EPIPE);
}

TEST_P(SendfileTest, RefusesWhatLibcRefuses) {
  EXPECT_EQ(expect_same_at_once(unix_stream, send(-1, 10)).error, EINVAL);
  expect_same_at_once(unix_stream, send(0, 0));
  expect_same_at_once(unix_stream, send(kSize, 10));
  expect_same_at_once(pipe_to_read, send(0, 10));
  const auto from_a_pipe = [](Ends& ends) {
    const auto pipe = pipe_to_read();
    put(pipe.there, "x");
    return see([&] { return GetParam().send(ends.here.get(), pipe.there.get(), nullptr, 1); });
  };
  expect_same_at_once(unix_stream, from_a_pipe);
}

TEST_P(SendfileTest, CopiesToFiles) {
  const auto to_file = [this](Ends& ends) {
    ends.here.reset(::memfd_create("copy", MFD_CLOEXEC));
    return send(0, 1000)(ends);
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, to_file).result, 1000);
}

INSTANTIATE_TEST_SUITE_P(Calls, SendfileTest, testing::ValuesIn(kSenders),
                         [](const auto& one) { return std::string{one.param.name}; });

TEST(SendfileHooksTest, AreAllShownHere) {
  std::vector<std::string_view> shown;
  for (const auto& sender : kSenders) shown.emplace_back(sender.name);
  EXPECT_THAT(shown, testing::UnorderedElementsAreArray(sendfile_hooks()));
}

}  // namespace
}  // namespace indrik::fiber
