#include "process/stack_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "process/elf_symbols.h"
#include "process/modules.h"

namespace indrik::process {
namespace {

struct Frame {
  std::uintptr_t address = 0;
  std::string function;  ///< empty: not known
  std::uint64_t offset = 0;
};

/// Longer names (nested templates) are cut in the middle of a line that nobody reads to its end.
constexpr std::size_t kLongestName = 300;

class Names {
 public:
  explicit Names(bool wanted) : wanted_{wanted} {}

  void put(Frame& frame, const LoadedModule& module, std::uintptr_t looked_up) {
    const auto* const symbols = symbols_of(module);
    if (symbols == nullptr) return;
    const auto place = symbols->find(looked_up - module.base);
    if (!place) return;
    frame.function = demangled(place->symbol);
    if (frame.function.size() > kLongestName) frame.function = frame.function.substr(0, kLongestName) + "…";
    frame.offset = place->offset + (frame.address - looked_up);
  }

 private:
  const ElfSymbols* symbols_of(const LoadedModule& module) {
    if (!wanted_) return nullptr;
    auto [place, is_new] = read_.try_emplace(&module);
    if (is_new && is_unchanged(module))
      if (auto symbols = ElfSymbols::read(module.path)) place->second.emplace(*std::move(symbols));
    return place->second ? &*place->second : nullptr;
  }

  bool wanted_;
  std::map<const LoadedModule*, std::optional<ElfSymbols>> read_;
};

std::span<const std::uintptr_t> addresses_in(const CrashRecord& record) noexcept {
  const std::size_t unwound = std::min<std::size_t>(record.unwound_count, CrashRecord::kFrames);
  const std::size_t walked = std::min<std::size_t>(record.walked_count, CrashRecord::kFrames);
  // Tables know more than frame pointers, but nothing of a call through a wild pointer.
  if (unwound > 1) return {record.unwound, unwound};
  if (walked > 0) return {record.walked, walked};
  return {&record.pc, record.pc != 0 ? 1U : 0U};
}

std::string line_of(std::size_t number, const Frame& frame, const LoadedModule* module) {
  std::string line = fmt::format("#{} ", number);
  if (module == nullptr) return line + fmt::format("{:#x} (no file is mapped there)", frame.address);
  const std::string_view path{module->path, ::strnlen(module->path, sizeof module->path)};
  if (!frame.function.empty()) line += fmt::format("{} + {:#x} in ", frame.function, frame.offset);
  return line + fmt::format("{} + {:#x}", path, frame.address - module->base);
}

}  // namespace

std::vector<std::string> stack_lines(const CrashRecord& record, bool with_names) {
  const std::span modules{record.modules, std::min<std::size_t>(record.module_count, CrashRecord::kModules)};
  return stack_lines(addresses_in(record), modules, with_names);
}

std::vector<std::string> stack_lines(std::span<const std::uintptr_t> addresses, std::span<const LoadedModule> modules,
                                     bool with_names) {
  Names names{with_names};
  std::vector<std::string> lines;
  std::string last;
  std::size_t repeated = 0;
  const auto tell_repeated = [&] {
    if (repeated > 0) lines.push_back(fmt::format("   … {} more of {}", repeated, last));
    repeated = 0;
  };
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    Frame frame{.address = addresses[i]};
    // But for the innermost one they are return addresses: the call is before them, maybe the last of its function.
    const auto looked_up = i == 0 ? frame.address : frame.address - 1;
    const auto* const module = module_of(looked_up, modules);
    if (module != nullptr) names.put(frame, *module, looked_up);
    if (!frame.function.empty() && frame.function == last && i + 1 < addresses.size()) {
      ++repeated;
      continue;
    }
    tell_repeated();
    last = frame.function;
    lines.push_back(line_of(i, frame, module));
  }
  tell_repeated();
  if (addresses.size() == CrashRecord::kFrames) lines.emplace_back("   … and what called these");
  return lines;
}

}  // namespace indrik::process
