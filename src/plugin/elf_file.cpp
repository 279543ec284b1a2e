#include "plugin/elf_file.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace indrik::plugin {
namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);

constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr unsigned char kOrder = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

bool read_at(const Fd& file, void* into, std::size_t size, std::uint64_t offset) noexcept {
  return ::pread(file.get(), into, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

/// The machine this program was built for, as its own header has it: /proc/self/exe is always readable to itself.
std::uint16_t this_machine() noexcept {
  const Fd self{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  Header header{};
  return self && read_at(self, &header, sizeof header, 0) ? header.e_machine : std::uint16_t{EM_NONE};
}

Result<void> check_header(const Header& header) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return fail(Error{"not a shared object (no ELF file)"});
  const auto ours = this_machine();
  if (header.e_ident[EI_CLASS] != kClass || header.e_ident[EI_DATA] != kOrder ||
      (ours != EM_NONE && header.e_machine != ours))
    return fail(Error{"a shared object for another kind of machine"});
  if (header.e_type != ET_DYN) return fail(Error{"an ELF file, but not a shared object"});
  return {};
}

Result<void> check_segments(const Fd& file, const Header& header, std::uint64_t file_size) {
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Segment segment{};
    const std::uint64_t offset = header.e_phoff + std::uint64_t{i} * header.e_phentsize;
    if (!read_at(file, &segment, sizeof segment, offset)) return fail(Error{"the file is cut short"});
    if (segment.p_type != PT_LOAD) continue;
    if (segment.p_filesz > file_size || segment.p_offset > file_size - segment.p_filesz)
      return fail(Error::format("the file is cut short: {} bytes, {} are needed", file_size,
                                segment.p_offset + segment.p_filesz));
  }
  return {};
}

}  // namespace

Result<void> check_elf_file(const std::filesystem::path& path) {
  const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};  // non-blocking: a FIFO must not hold us
  if (!file) return fail(Error{Error::describe(errno), errno});
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return fail(Error{Error::describe(errno), errno});
  if (!S_ISREG(status.st_mode)) return fail(Error{"not a regular file"});
  Header header{};
  if (status.st_size < static_cast<off_t>(sizeof header)) return fail(Error{"not a shared object (no ELF file)"});
  if (!read_at(file, &header, sizeof header, 0)) return fail(Error::from_errno(errno, "read"));
  if (auto right = check_header(header); !right) return right;
  return check_segments(file, header, static_cast<std::uint64_t>(status.st_size));
}

}  // namespace indrik::plugin
