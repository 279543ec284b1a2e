#include "process/stack_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <memory>

#include "process/elf_symbols.h"
#include "process/modules.h"
#include "support/temporary_folder.h"

namespace indrik::process {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

}  // namespace

/// Not inside the unnamed namespace: its mangled name is known.
int landmark_of_stack_text_test(int value) { return value + 1; }

namespace {

std::uintptr_t landmark() { return reinterpret_cast<std::uintptr_t>(&landmark_of_stack_text_test); }

std::unique_ptr<CrashRecord> record_at(std::uintptr_t pc) {
  auto record = std::make_unique<CrashRecord>();
  record->module_count = static_cast<std::uint32_t>(list_modules(record->modules));
  record->pc = pc;
  record->walked_count = 1;
  record->walked[0] = pc;
  return record;
}

TEST(StackTextTest, NamesTheFunctionThatHoldsAnAddress) {
  const auto record = record_at(landmark() + 1);
  const auto lines = stack_lines(*record, true);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("#0 indrik::process::landmark_of_stack_text_test(int) + 0x1 in /"));
  EXPECT_THAT(stack_lines(*record, false)[0], Not(HasSubstr("landmark")));
}

TEST(StackTextTest, LooksBeforeAReturnAddress) {
  const auto record = record_at(1);
  record->walked_count = 2;
  record->walked[0] = 1;
  record->walked[1] = landmark() + 1;  // returns to the second byte: the call is the first
  EXPECT_THAT(stack_lines(*record, true)[1], HasSubstr("landmark_of_stack_text_test(int) + 0x1 in"));
}

TEST(StackTextTest, GivesNoNamesOfAFileThatWasReplaced) {
  const auto record = record_at(landmark() + 1);
  for (auto& module : record->modules) module.changed_ns += 1;
  EXPECT_THAT(stack_lines(*record, true)[0], Not(HasSubstr("landmark")));
}

TEST(StackTextTest, BelievesNoNumberInARecord) {
  CrashRecord record;
  record.walked_count = 0xffffffff;
  record.unwound_count = 0xffffffff;
  record.module_count = 0xffffffff;
  for (auto& module : record.modules) {
    module = {.base = 1, .begin = 0, .end = ~std::uintptr_t{0}, .inode = 1};
    std::memset(module.path, 'x', sizeof module.path);
  }
  std::memset(record.walked, 0xff, sizeof record.walked);
  std::memset(record.unwound, 0xff, sizeof record.unwound);
  EXPECT_LE(stack_lines(record, true).size(), CrashRecord::kFrames + 1);
}

TEST(StackTextTest, SaysNothingOfAnEmptyRecord) { EXPECT_THAT(stack_lines(CrashRecord{}, true), ElementsAre()); }

TEST(ElfSymbolsTest, RefusesWhatIsNoElfFile) {
  indrik::test::TemporaryFolder folder;
  const auto text = (folder.path() / "text").native();
  std::ofstream{text} << "not an object";
  EXPECT_FALSE(ElfSymbols::read(text.c_str()));
  EXPECT_FALSE(ElfSymbols::read((folder.path() / "none").c_str()));
  EXPECT_FALSE(ElfSymbols::read(folder.path().c_str()));
}

TEST(ElfSymbolsTest, ReadsAFileThatWasCutAnywhere) {
  indrik::test::TemporaryFolder folder;
  std::ifstream self{"/proc/self/exe", std::ios::binary};
  const std::string whole{std::istreambuf_iterator<char>{self}, {}};
  const auto file = (folder.path() / "cut").native();
  for (std::size_t size = 64; size < whole.size(); size = size * 3 / 2) {
    std::ofstream{file, std::ios::binary | std::ios::trunc}.write(whole.data(), static_cast<std::streamsize>(size));
    const auto symbols = ElfSymbols::read(file.c_str());
    ASSERT_TRUE(symbols);
    EXPECT_LE(symbols->size(), ElfSymbols::read("/proc/self/exe")->size());
  }
}

TEST(ElfSymbolsTest, LeavesAloneWhatIsNotMangled) {
  EXPECT_EQ(demangled("main"), "main");
  EXPECT_EQ(demangled("_Z3runi"), "run(int)");
  EXPECT_EQ(demangled("_Z"), "_Z");
  EXPECT_EQ(demangled("f"), "f");  // which is "float" as a mangled type
}

}  // namespace
}  // namespace indrik::process
