#include "plugin/library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "unit/plugin/fakes.h"

#include "support/temporary_folder.h"

namespace indrik::plugin {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// What Library::open() says, which must name the file and be one line.
std::string refusal_of(const std::string& path) {
  const auto library = Library::open(path);
  if (library) return "it was taken";
  EXPECT_THAT(library.error().text(), AllOf(StartsWith("plugin " + path + ": "), Not(HasSubstr("\n"))));
  return library.error().text().substr(path.size() + 9);
}

using test::TemporaryFolder;

TEST(LibraryTest, LoadsAPluginAndTellsItsName) {
  const auto library = Library::open(shipped_plugin("hello"));
  ASSERT_TRUE(library) << library.error().text();
  EXPECT_EQ(library->name(), "hello");
  EXPECT_EQ(library->version(), "1.0");
  EXPECT_EQ(library->path(), shipped_plugin("hello"));
}

TEST(LibraryTest, LoadsAPluginInPlainC) {
  const auto library = Library::open(shipped_plugin("c_hello"));
  ASSERT_TRUE(library) << library.error().text();
  EXPECT_EQ(library->name(), "c_hello");
}

TEST(LibraryTest, RefusesWhatIsNotThere) { EXPECT_EQ(refusal_of("/nowhere/a.so"), "No such file or directory"); }

TEST(LibraryTest, LooksForANameWithoutASlashInTheCurrentFolderOnly) {
  EXPECT_EQ(refusal_of("libc.so.6"), "No such file or directory");  // dlopen(3) alone would find it
}

TEST(LibraryTest, RefusesAFolder) { EXPECT_EQ(refusal_of("/tmp"), "not a regular file"); }

TEST(LibraryTest, RefusesAFifoWithoutWaitingForAWriter) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "a.so").c_str(), 0600), 0);
  EXPECT_EQ(refusal_of((folder / "a.so").native()), "not a regular file");
}

TEST(LibraryTest, RefusesWhatIsNoElfFile) {
  const TemporaryFolder folder;
  std::ofstream{folder / "a.so"}
      << "INPUT(libc.so.6) /* long enough for a header, yet none of a shared object at all */";
  EXPECT_EQ(refusal_of((folder / "a.so").native()), "not a shared object (no ELF file)");
  std::ofstream{folder / "empty.so"}.flush();
  EXPECT_EQ(refusal_of((folder / "empty.so").native()), "not a shared object (no ELF file)");
}

TEST(LibraryTest, RefusesAnotherMachinesObject) {
  const TemporaryFolder folder;
  std::filesystem::copy_file(shipped_plugin("hello"), folder / "a.so");
  std::fstream file{folder / "a.so", std::ios::in | std::ios::out | std::ios::binary};
  file.seekp(18).put('\x08').put('\0');  // e_machine: MIPS
  file.close();
  EXPECT_EQ(refusal_of((folder / "a.so").native()), "a shared object for another kind of machine");
}

TEST(LibraryTest, RefusesAnObjectFileThatWasNeverLinked) {
  const TemporaryFolder folder;
  std::filesystem::copy_file(shipped_plugin("hello"), folder / "a.o");
  std::fstream file{folder / "a.o", std::ios::in | std::ios::out | std::ios::binary};
  file.seekp(16).put('\x01').put('\0');  // e_type: ET_REL
  file.close();
  EXPECT_EQ(refusal_of((folder / "a.o").native()), "an ELF file, but not a shared object");
}

TEST(LibraryTest, RefusesAFileCutShortAnywhere) {
  const TemporaryFolder folder;
  std::filesystem::copy_file(shipped_plugin("hello"), folder / "a.so");
  for (const std::uintmax_t size : {8192U, 4096U, 2048U, 200U, 65U}) {
    std::filesystem::resize_file(folder / "a.so", size);
    EXPECT_THAT(refusal_of((folder / "a.so").native()), StartsWith("the file is cut short"));
  }
}

TEST(LibraryTest, RefusesAnObjectWithoutTheEntry) {
  EXPECT_EQ(refusal_of(test_plugin("no_entry")), "not a plugin: it does not export indrik_plugin_entry");
}

TEST(LibraryTest, NamesASymbolThatIsNowhere) {
  EXPECT_EQ(refusal_of(test_plugin("undefined_symbol")), "undefined symbol: this_function_is_nowhere");
}

TEST(LibraryTest, RefusesAnEntryThatReturnsNothing) {
  EXPECT_EQ(refusal_of(test_plugin("null_descriptor")), "indrik_plugin_entry returned no descriptor");
}

TEST(LibraryTest, RefusesAnotherMagic) {
  EXPECT_THAT(refusal_of(test_plugin("wrong_magic")), HasSubstr("begins with 0x12345678 instead of 0x52444e49"));
}

TEST(LibraryTest, RefusesAnotherMajorVersionAndSaysWhich) {
  EXPECT_EQ(refusal_of(test_plugin("wrong_major")), "built for plugin interface 9.0, this server has 1.0");
}

TEST(LibraryTest, RefusesAPluginThatNeedsANewerHost) {
  EXPECT_EQ(refusal_of(test_plugin("newer_minor")), "needs plugin interface 1.99 or newer, this server has 1.0");
}

TEST(LibraryTest, RefusesADescriptorCutShort) {
  EXPECT_THAT(refusal_of(test_plugin("short_descriptor")), StartsWith("its descriptor is cut short: 40 bytes"));
}

TEST(LibraryTest, ListsTheInterfacesItLacksAndOnlyThose) {
  EXPECT_EQ(refusal_of(test_plugin("unknown_interface")),
            "needs interfaces that this server does not have: indrik.teleport/1, indrik.config/7");
}

}  // namespace
}  // namespace indrik::plugin
