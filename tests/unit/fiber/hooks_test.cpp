#include "fiber/hooks.h"

#include <dlfcn.h>
#include <elf.h>
#include <gmock/gmock.h>
#include <link.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace indrik::fiber {
namespace {

std::string file_of(const void* address) {
  Dl_info info{};
  return ::dladdr(address, &info) != 0 ? info.dli_fname : "";
}

/// The functions that this executable defines and exports.
std::vector<std::string> exported_functions() {
  std::ifstream file{"/proc/self/exe", std::ios::binary};
  const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
  const auto at = [&bytes]<class T>(std::size_t offset, T* value) {
    std::copy_n(bytes.data() + offset, sizeof *value, reinterpret_cast<char*>(value));
  };
  ElfW(Ehdr) header;
  at(0, &header);
  std::vector<ElfW(Shdr)> sections(header.e_shnum);
  for (std::size_t i = 0; i < sections.size(); ++i) at(header.e_shoff + i * sizeof(ElfW(Shdr)), &sections[i]);
  const auto table = std::find_if(sections.begin(), sections.end(), [](auto& s) { return s.sh_type == SHT_DYNSYM; });
  std::vector<std::string> names;
  for (std::size_t i = 0; table != sections.end() && i < table->sh_size / sizeof(ElfW(Sym)); ++i) {
    ElfW(Sym) symbol;
    at(table->sh_offset + i * sizeof symbol, &symbol);
    if (symbol.st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
      names.emplace_back(bytes.data() + sections[table->sh_link].sh_offset + symbol.st_name);
  }
  return names;
}

TEST(HooksTest, StandBeforeADefinitionOfTheSystems) {
  const auto own = file_of(reinterpret_cast<const void*>(&hooked_symbols));
  for (const auto symbol : hooked_symbols()) {
    const std::string name{symbol};
    void* const first = ::dlsym(RTLD_DEFAULT, name.c_str());
    EXPECT_EQ(file_of(first), own) << name;
    void* const next = ::dlsym(RTLD_NEXT, name.c_str());
    EXPECT_TRUE(next != nullptr && file_of(next) != own) << name;
  }
}

TEST(HooksTest, AreAllNamed) {
  void* const libc = ::dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
  ASSERT_NE(libc, nullptr);
  std::vector<std::string> instead_of_libc;
  for (const auto& name : exported_functions())
    if (name != "_init" && name != "_fini" && ::dlsym(libc, name.c_str()) != nullptr) instead_of_libc.push_back(name);
  EXPECT_THAT(instead_of_libc,
              testing::IsSubsetOf(std::vector<std::string>{hooked_symbols().begin(), hooked_symbols().end()}));
  EXPECT_GE(instead_of_libc.size(), 5U);
}

TEST(HooksTest, AreNamedOnceAndInOrder) {
  const auto names = hooked_symbols();
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end(), std::greater_equal<>{}), names.end());
}

}  // namespace
}  // namespace indrik::fiber
