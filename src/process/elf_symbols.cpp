#include "process/elf_symbols.h"

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/fd.h"

namespace indrik::process {
namespace {

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);
using Symbol = ElfW(Sym);

/// The thing at `offset`, copied out: nothing in a file need be aligned. None: it is not all there.
template <class Thing>
std::optional<Thing> thing_at(std::string_view file, std::uint64_t offset) noexcept {
  if (offset > file.size() || file.size() - offset < sizeof(Thing)) return std::nullopt;
  Thing thing;
  std::memcpy(&thing, file.data() + offset, sizeof thing);
  return thing;
}

std::string_view part_of(std::string_view file, const Section& section) noexcept {
  if (section.sh_type == SHT_NOBITS || section.sh_offset > file.size()) return {};
  return file.substr(section.sh_offset, section.sh_size);
}

std::string_view name_at(std::string_view names, std::uint64_t offset) noexcept {
  if (offset >= names.size()) return {};
  names.remove_prefix(offset);
  return names.substr(0, names.find('\0'));
}

bool is_function(const Symbol& symbol) noexcept {
  const auto type = symbol.st_info & 0xfU;  // ELF32_ST_TYPE and ELF64_ST_TYPE alike
  return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol.st_shndx != SHN_UNDEF;
}

}  // namespace

void ElfSymbols::Unmap::operator()(const char* memory) const noexcept { ::munmap(const_cast<char*>(memory), size); }

Result<ElfSymbols> ElfSymbols::read(const char* path) {
  const Fd fd{::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!fd) return fail(Error::from_errno(errno, "open {}", path));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail(Error::from_errno(errno, "look at {}", path));
  if (!S_ISREG(status.st_mode) || status.st_size == 0) return fail(Error::format("{} is no ELF file", path));
  const auto size = static_cast<std::size_t>(status.st_size);
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (memory == MAP_FAILED) return fail(Error::from_errno(errno, "map {}", path));
  Mapping file{static_cast<const char*>(memory), Unmap{size}};
  const std::string_view bytes{file.get(), size};
  if (!bytes.starts_with(std::string_view{ELFMAG, SELFMAG}) ||
      bytes.substr(EI_CLASS, 1) != std::string_view{sizeof(void*) == 8 ? "\2" : "\1"})
    return fail(Error::format("{} is no ELF file of this machine", path));
  auto functions = functions_in(bytes);
  return ElfSymbols{std::move(file), std::move(functions)};
}

std::vector<ElfSymbols::Function> ElfSymbols::functions_in(std::string_view file) {
  std::vector<Function> functions;
  const auto header = thing_at<Header>(file, 0);
  if (!header) return functions;
  const auto section_at = [&](std::uint64_t number) {
    return thing_at<Section>(file, header->e_shoff + number * sizeof(Section));
  };
  for (std::size_t number = 0; number < header->e_shnum; ++number) {
    const auto section = section_at(number);
    if (!section || (section->sh_type != SHT_SYMTAB && section->sh_type != SHT_DYNSYM)) continue;
    const auto names_section = section_at(section->sh_link);
    if (!names_section) continue;
    const auto names = part_of(file, *names_section);
    const auto symbols = part_of(file, *section);
    for (std::size_t at = 0; at + sizeof(Symbol) <= symbols.size(); at += sizeof(Symbol))
      if (const auto symbol = thing_at<Symbol>(symbols, at); symbol && is_function(*symbol))
        functions.push_back({symbol->st_value, symbol->st_size, name_at(names, symbol->st_name)});
  }
  std::stable_sort(functions.begin(), functions.end(), [](auto& a, auto& b) { return a.begin < b.begin; });
  return functions;
}

std::optional<ElfSymbols::Place> ElfSymbols::find(std::uint64_t address) const noexcept {
  auto after = std::upper_bound(functions_.begin(), functions_.end(), address,
                                [](std::uint64_t a, const Function& function) { return a < function.begin; });
  // Aliases begin at one address, and a function may hold labels of size 0: the nearest that reaches so far.
  for (int tries = 0; after != functions_.begin() && tries < 8; ++tries) {
    --after;
    if (address - after->begin < std::max<std::uint64_t>(after->size, 1))
      return Place{.symbol = after->name, .offset = address - after->begin};
  }
  return std::nullopt;
}

std::string demangled(std::string_view symbol) {
  std::string mangled{symbol};
  if (!symbol.starts_with("_Z")) return mangled;  // else a C function f would be a float
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text{
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), &std::free};
  return status == 0 && text ? std::string{text.get()} : mangled;
}

}  // namespace indrik::process
