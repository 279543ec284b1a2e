#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace indrik::process {

/// The functions of an ELF file of this machine, by address: .symtab where it was not stripped away, and .dynsym.
/// The file is mapped and read as it is needed: a file that is cut short meanwhile ends the process by SIGBUS, so look
/// into files in a process that may end.
class ElfSymbols {
 public:
  /// What stands at an address.
  struct Place {
    std::string_view symbol;  ///< as in the file; valid as long as this object
    std::uint64_t offset = 0;
  };

  static Result<ElfSymbols> read(const char* path);

  /// `address` as the file counts: less the base at which it was loaded. None: no function is there.
  std::optional<Place> find(std::uint64_t address) const noexcept;
  std::size_t size() const noexcept { return functions_.size(); }

 private:
  struct Unmap {
    std::size_t size = 0;
    void operator()(const char* memory) const noexcept;
  };
  struct Function {
    std::uint64_t begin;
    std::uint64_t size;  ///< 0: not known
    std::string_view name;
  };
  using Mapping = std::unique_ptr<const char, Unmap>;

  ElfSymbols(Mapping file, std::vector<Function> functions)
      : file_{std::move(file)}, functions_{std::move(functions)} {}
  static std::vector<Function> functions_in(std::string_view file);

  Mapping file_;
  std::vector<Function> functions_;  ///< by begin
};

/// "run_all(int)" of "_Z7run_alli"; what is no mangled name stays as it is.
std::string demangled(std::string_view symbol);

}  // namespace indrik::process
