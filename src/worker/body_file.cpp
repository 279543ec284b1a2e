#include "worker/body_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace indrik::worker {
namespace {

/// For file systems that know no O_TMPFILE.
Fd create_and_unlink(const std::filesystem::path& folder) {
  auto name = (folder / "indrik-body-XXXXXX").string();
  Fd file{::mkostemp(name.data(), O_CLOEXEC)};
  if (file) ::unlink(name.c_str());
  return file;
}

std::filesystem::path folder_or_default(const std::filesystem::path& folder) {
  if (!folder.empty()) return folder;
  std::error_code failure;
  auto usual = std::filesystem::temp_directory_path(failure);
  return failure ? std::filesystem::path{"/tmp"} : usual;
}

}  // namespace

Result<BodyFile> BodyFile::create(const std::filesystem::path& folder, BodySpace& space) {
  const auto where = folder_or_default(folder);
  Fd file{::open(where.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, S_IRUSR | S_IWUSR)};
  if (!file && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) file = create_and_unlink(where);
  if (!file) return fail(Error::from_errno(errno, "create a file for a request's body in {}", where.native()));
  return BodyFile{std::move(file), space};
}

BodyFile::BodyFile(BodyFile&& other) noexcept
    : space_{other.space_},
      file_{std::move(other.file_)},
      size_{std::exchange(other.size_, 0)},
      mapped_{std::exchange(other.mapped_, nullptr)} {}

BodyFile& BodyFile::operator=(BodyFile&& other) noexcept {
  std::swap(space_, other.space_);
  std::swap(file_, other.file_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

BodyFile::~BodyFile() {
  space_->taken -= size_;
  if (mapped_ != nullptr) ::munmap(mapped_, size_);
}

Result<void> BodyFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(file_.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return fail(Error::from_errno(errno, "keep a request's body in a file"));
    size_ += static_cast<std::size_t>(size);
    space_->taken += static_cast<std::size_t>(size);
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return {};
}

Result<std::string_view> BodyFile::view() {
  if (size_ == 0) return std::string_view{};
  if (mapped_ == nullptr) {
    void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file_.get(), 0);
    if (mapped == MAP_FAILED) return fail(Error::from_errno(errno, "map a request's body"));
    mapped_ = mapped;
  }
  return std::string_view{static_cast<const char*>(mapped_), size_};
}

}  // namespace indrik::worker
