#include "plugin/escapes.h"

#include <elf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

namespace indrik::plugin {
namespace {

/// What of an ELF file matters here. What lies outside of the file is as if it were not there.
class ElfImage {
 public:
  using Section = ElfW(Shdr);
  using Symbol = ElfW(Sym);

  explicit ElfImage(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    bytes_.assign(std::istreambuf_iterator<char>{file}, {});
    const auto header = at<ElfW(Ehdr)>(0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return;
    for (std::uint64_t i = 0; i < header->e_shnum; ++i)
      if (const auto section = at<Section>(header->e_shoff + i * header->e_shentsize)) sections_.push_back(*section);
    if (header->e_shstrndx < sections_.size()) names_ = sections_[header->e_shstrndx];
  }

  bool has_section(std::string_view name) const {
    return std::any_of(sections_.begin(), sections_.end(),
                       [&](const Section& section) { return text(names_, section.sh_name) == name; });
  }

  bool is_symbolic() const {
    bool symbolic = false;
    for_each<ElfW(Dyn)>(SHT_DYNAMIC, [&](const ElfW(Dyn) & entry, const Section&) {
      symbolic =
          symbolic || entry.d_tag == DT_SYMBOLIC || (entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_SYMBOLIC) != 0);
    });
    return symbolic;
  }

  template <class Visit>
  void for_each_symbol(Visit visit) const {
    for (const auto type : {SHT_DYNSYM, SHT_SYMTAB})
      for_each<Symbol>(static_cast<unsigned>(type), [&](const Symbol& symbol, const Section& table) {
        if (table.sh_link < sections_.size()) visit(symbol, text(sections_[table.sh_link], symbol.st_name));
      });
  }

 private:
  template <class T>
  std::optional<T> at(std::uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }

  template <class T, class Visit>
  void for_each(unsigned type, Visit visit) const {
    for (const auto& section : sections_)
      if (section.sh_type == type)
        for (std::uint64_t i = 0; i < section.sh_size / sizeof(T); ++i)
          if (const auto value = at<T>(section.sh_offset + i * sizeof(T))) visit(*value, section);
  }

  std::string_view text(const Section& strings, std::uint64_t offset) const {
    if (offset >= strings.sh_size || strings.sh_offset > bytes_.size() ||
        bytes_.size() - strings.sh_offset < strings.sh_size)
      return {};
    const auto all = std::string_view{bytes_}.substr(strings.sh_offset + offset, strings.sh_size - offset);
    return all.substr(0, all.find('\0'));
  }

  std::string bytes_;
  std::vector<Section> sections_;
  Section names_{};
};

/// What a file has of the hooked names.
struct Findings {
  std::set<std::string> exported;  ///< which the executable's come before, unless the file binds to itself
  std::set<std::string> kept;      ///< hidden or protected: what calls them inside the file finds them
  bool imports_syscall = false;
  bool has_go = false;
};

Findings look_into(const ElfImage& image, std::span<const std::string_view> hooked) {
  Findings found;
  found.has_go = image.has_section(".go.buildinfo") || image.has_section(".gopclntab");
  bool by_linker = false;
  image.for_each_symbol([&](const ElfImage::Symbol& symbol, std::string_view name) {
    // What is local by its source ("static") stands behind the name of its source file, and is nobody else's. What was
    // hidden stands behind a file without a name (GNU ld), or says so (others).
    if (ELF64_ST_TYPE(symbol.st_info) == STT_FILE) by_linker = name.empty();
    const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
    const bool is_local = ELF64_ST_BIND(symbol.st_info) == STB_LOCAL;
    if (symbol.st_shndx == SHN_UNDEF) {
      found.imports_syscall = found.imports_syscall || name == "syscall";
      return;
    }
    found.has_go = found.has_go || name == "runtime.newproc";
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || !std::binary_search(hooked.begin(), hooked.end(), name)) return;
    if (visibility != STV_DEFAULT || (is_local && by_linker))
      found.kept.emplace(name);
    else if (!is_local)
      found.exported.emplace(name);
  });
  return found;
}

std::string some_of(const std::set<std::string>& names) {
  constexpr std::size_t kMost = 5;
  std::vector<std::string> first{names.begin(),
                                 std::next(names.begin(), static_cast<std::ptrdiff_t>(std::min(names.size(), kMost)))};
  return fmt::format("{}{}", fmt::join(first, ", "), names.size() > kMost ? ", …" : "");
}

}  // namespace

std::vector<std::string> find_escapes(const std::filesystem::path& path, Part part,
                                      std::span<const std::string_view> hooked) {
  const ElfImage image{path};
  auto found = look_into(image, hooked);
  std::vector<std::string> escapes;
  const bool is_symbolic = image.is_symbolic();
  if (is_symbolic && found.exported.empty() && part == Part::plugin)
    escapes.emplace_back(
        "is linked with -Bsymbolic, by which a function of libc that came to be linked into it would not yield (link "
        "it "
        "without)");
  if (is_symbolic && !found.exported.empty())
    escapes.push_back(
        fmt::format("is linked with -Bsymbolic and defines {} itself (link it without)", some_of(found.exported)));
  else if (part == Part::plugin)
    found.kept.merge(found.exported);
  if (!found.kept.empty())
    escapes.push_back(fmt::format("has its own {} (link libc, libpthread and clients dynamically, or rename them)",
                                  some_of(found.kept)));
  if (found.imports_syscall && part == Part::plugin)
    escapes.emplace_back("calls syscall(), of which futex(2) alone yields (call libc's functions by their names)");
  if (found.has_go)
    escapes.emplace_back("contains a Go runtime, which makes system calls itself (run it in class event or sync)");
  return escapes;
}

std::vector<std::string> loaded_files() {
  std::vector<std::string> files;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* all) {
        if (info->dlpi_name != nullptr && *info->dlpi_name != '\0')
          static_cast<std::vector<std::string>*>(all)->emplace_back(info->dlpi_name);
        return 0;
      },
      &files);
  return files;
}

}  // namespace indrik::plugin
