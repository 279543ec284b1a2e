#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/fd.h"
#include "fiber/file_offload.h"
#include "unit/fiber/conformance.h"

extern "C" {
int __open_2(const char* path, int flags);
int __openat_2(int folder, const char* path, int flags);
ssize_t __pread_chk(int file, void* buffer, std::size_t size, off_t offset, std::size_t room);
}

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

/// Both ways: with files on threads, and without.
class FileHookTest : public ConformanceTest, public testing::WithParamInterface<bool> {
 protected:
  FileHookTest() {
    std::string name = std::filesystem::temp_directory_path() / "indrik-files-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    offload_files(GetParam());
  }
  ~FileHookTest() override {
    offload_files(false);
    std::filesystem::remove_all(folder_);
  }
  std::string path(const char* name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
};

INSTANTIATE_TEST_SUITE_P(Offload, FileHookTest, testing::Bool(),
                         [](const auto& given) { return given.param ? "OnThreads" : "InPlace"; });

long answer(long result) { return result >= 0 ? result : -errno; }

TEST_P(FileHookTest, OpensAsOutsideOfFibers) {
  expect_the_same([&] {
    const auto name = path("file");
    const auto* const file = name.c_str();
    Results results;
    const auto opened = [&](int descriptor) {
      results.push_back(descriptor >= 0 ? 0 : -errno);
      if (descriptor < 0) return;
      results.push_back(::fcntl(descriptor, F_GETFL) & (O_ACCMODE | O_APPEND));
      results.push_back(::fcntl(descriptor, F_GETFD));
      struct stat status {};
      ::fstat(descriptor, &status);
      results.push_back(status.st_mode);
      ::close(descriptor);
    };
    opened(::open(file, O_RDONLY));
    opened(::open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    opened(::open(file, O_RDWR | O_CREAT | O_EXCL, 0600));
    opened(::open64(file, O_WRONLY | O_APPEND));
    opened(::openat(AT_FDCWD, file, O_RDONLY | O_DIRECTORY));
    opened(::openat64(-7, "x", O_RDONLY));
    opened(::open(path(".").c_str(), O_TMPFILE | O_RDWR, 0604));
    opened(::open(file, O_PATH));
    opened(__open_2(file, O_RDONLY));
    opened(__openat_2(AT_FDCWD, file, O_RDONLY));
    opened(::creat(path("made").c_str(), 0611));
    opened(::creat64(path("made").c_str(), 0611));
    opened(::open("", O_RDONLY));
    std::filesystem::remove(name);
    std::filesystem::remove(path("made"));
    return results;
  });
}

TEST_P(FileHookTest, ReadsAndWritesAsOutsideOfFibers) {
  expect_the_same([&] {
    const Fd file{::open(path("data").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    const int f = file.get();
    std::array<char, 16> text{};
    const std::array<char, 4> word{'w', 'o', 'r', 'd'};
    iovec in{text.data(), text.size()};
    iovec out{const_cast<char*>(word.data()), word.size()};
    Results results{answer(::write(f, word.data(), word.size())),
                    answer(::writev(f, &out, 1)),
                    answer(::pwrite(f, word.data(), word.size(), 8)),
                    answer(::pwrite64(f, word.data(), word.size(), -1)),
                    answer(::pwritev(f, &out, 1, 12)),
                    answer(::pwritev64(f, &out, 1, 16)),
                    answer(::pwritev2(f, &out, 1, 20, 0)),
                    answer(::pwritev64v2(f, &out, 1, 24, RWF_DSYNC)),
                    answer(::lseek(f, 0, SEEK_SET)),
                    answer(::read(f, text.data(), 3)),
                    answer(::readv(f, &in, 1)),
                    answer(::pread(f, text.data(), text.size(), 20)),
                    answer(::pread64(f, text.data(), text.size(), 100)),
                    answer(__pread_chk(f, text.data(), 4, 1, text.size())),
                    answer(::preadv(f, &in, 1, 2)),
                    answer(::preadv64(f, &in, 1, -3)),
                    answer(::preadv2(f, &in, 1, -1, 0)),
                    answer(::preadv64v2(f, &in, 1, 0, 1 << 20)),
                    answer(::pread(-1, text.data(), 1, 0)),
                    text[0],
                    text[1]};
    return results;
  });
}

TEST_P(FileHookTest, SyncsAndAllocatesAsOutsideOfFibers) {
  expect_the_same([&] {
    const Fd file{::open(path("data").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    const int f = file.get();
    Results results;
    for (const int descriptor : {f, -1}) {
      results.push_back(answer(::fsync(descriptor)));
      results.push_back(answer(::fdatasync(descriptor)));
      results.push_back(answer(::syncfs(descriptor)));
      results.push_back(answer(::sync_file_range(descriptor, 0, 0, SYNC_FILE_RANGE_WRITE)));
      results.push_back(answer(::ftruncate(descriptor, 100)));
      results.push_back(answer(::ftruncate64(descriptor, -1)));
      results.push_back(answer(::fallocate(descriptor, 0, 0, 4096)));
      results.push_back(answer(::fallocate64(descriptor, 0, -1, 4096)));
      results.push_back(::posix_fallocate(descriptor, 0, 8192));
      results.push_back(::posix_fallocate64(descriptor, 0, -1));
    }
    struct stat status {};
    ::fstat(f, &status);
    results.push_back(status.st_size);
    return results;
  });
}

TEST_P(FileHookTest, LocksAsOutsideOfFibers) {
  expect_the_same([&] {
    const auto name = path("locked");
    const Fd first{::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    const Fd second{::open(name.c_str(), O_RDWR | O_CLOEXEC)};
    struct flock whole {};
    whole.l_type = F_WRLCK;
    struct flock range {};
    range.l_type = F_RDLCK;
    range.l_len = 10;
    Results results{answer(::flock(first.get(), LOCK_EX)),
                    answer(::flock(second.get(), LOCK_EX | LOCK_NB)),
                    answer(::flock(first.get(), LOCK_UN)),
                    answer(::flock(second.get(), LOCK_SH)),
                    answer(::flock(second.get(), LOCK_UN)),
                    answer(::flock(first.get(), 0)),
                    answer(::flock(-1, LOCK_EX)),
                    answer(::fcntl(first.get(), F_SETLKW, &range)),
                    answer(::fcntl64(first.get(), F_SETLKW, &whole)),
                    answer(::fcntl(first.get(), F_OFD_SETLK, &whole)),
                    answer(::lockf(first.get(), F_LOCK, 5)),
                    answer(::lockf64(first.get(), F_ULOCK, 0)),
                    answer(::fcntl(first.get(), F_OFD_SETLKW, &whole)),
                    answer(::fcntl(second.get(), F_OFD_SETLK, &whole)),
                    answer(::fcntl(-1, F_SETLKW, &whole)),
                    answer(::fcntl(first.get(), F_GETFD)),
                    answer(::fcntl(first.get(), 9999, 0))};
    const Fd copy{::fcntl(first.get(), F_DUPFD_CLOEXEC, 500)};
    results.push_back(copy.get() >= 500);
    return results;
  });
}

TEST_P(FileHookTest, WaitsForALockThatAnotherFiberHolds) {
  const auto name = path("locked");
  std::string order;
  for (const char fiber : {'a', 'b'})
    start([&, fiber] {
      const Fd file{::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
      EXPECT_EQ(::flock(file.get(), LOCK_EX), 0);
      order += fiber;
      sleep_for(3ms);
      order += fiber;
    });
  finish();
  EXPECT_TRUE(order == "aabb" || order == "bbaa") << order;
}

TEST_P(FileHookTest, LeavesALockToOthersWhenItsTaskIsCancelled) {
  const Fd holder{::open(path("locked").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  const Fd other{::open(path("locked").c_str(), O_RDWR | O_CLOEXEC)};
  ASSERT_EQ(::flock(holder.get(), LOCK_EX), 0);
  int error = 0;
  Fiber* const waiter = start([&] { error = ::flock(other.get(), LOCK_SH) == 0 ? 0 : errno; });
  cancel(*waiter);
  EXPECT_EQ(error, ECANCELED);
  finish();
}

class OffloadedFileTest : public FileHookTest {};
INSTANTIATE_TEST_SUITE_P(Offload, OffloadedFileTest, testing::Values(true));

TEST_P(OffloadedFileTest, ServesOthersWhileAFifoIsOpened) {
  const auto name = path("fifo");
  ASSERT_EQ(::mkfifo(name.c_str(), 0600), 0);
  int opened = 0;
  start([&] { opened += Fd{::open(name.c_str(), O_RDONLY | O_CLOEXEC)} ? 1 : 0; });
  start([&] { opened += Fd{::open(name.c_str(), O_WRONLY | O_CLOEXEC)} ? 1 : 0; });
  finish();
  EXPECT_EQ(opened, 2);
}

TEST_P(OffloadedFileTest, ParksForWhatIsReadAndSynced) {
  int turns = 0;
  bool done = false;
  start([&] {
    const Fd file{::open(path("data").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    EXPECT_EQ(turns, 1);  // the other one ran
    EXPECT_EQ(::write(file.get(), "text", 4), 4);
    EXPECT_EQ(::fsync(file.get()), 0);
    done = true;
  });
  start([&] { ++turns; });
  EXPECT_FALSE(done);
  finish();
}

}  // namespace
}  // namespace indrik::fiber
