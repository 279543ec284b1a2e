#include "plugin/descriptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

namespace indrik::plugin {
namespace {

using testing::HasSubstr;

std::int32_t create_nothing(const indrik_host*, indrik_instance**, char*, std::uint64_t) { return INDRIK_OK; }

indrik_plugin good() { return {INDRIK_PLUGIN_HEADER, .name = "good", .create = create_nothing}; }

TEST(DescriptorTest, TakesAGoodOne) {
  const auto plugin = good();
  EXPECT_TRUE(check_descriptor(&plugin));
}

TEST(DescriptorTest, ReadsNoFurtherThanItsSizeAtEverySize) {
  // The descriptor ends where the page does: one byte more is a fault.
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* memory = ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  ASSERT_EQ(::mprotect(static_cast<char*>(memory) + page, page, PROT_NONE), 0);
  constexpr std::size_t kLeast = offsetof(indrik_plugin, create) + sizeof(void*);
  for (std::size_t size = 8; size <= sizeof(indrik_plugin); size += 8) {
    auto plugin = good();
    plugin.struct_size = static_cast<std::uint32_t>(size);
    char* at = static_cast<char*>(memory) + page - size;
    std::memcpy(at, &plugin, size);
    const auto checked = check_descriptor(reinterpret_cast<const indrik_plugin*>(at));
    EXPECT_EQ(checked.has_value(), size >= kLeast) << size;
  }
  ::munmap(memory, 2 * page);
}

TEST(DescriptorTest, TakesWhatAnOlderHeaderDidNotHaveAsNull) {
  auto plugin = good();
  plugin.destroy = [](indrik_instance*) {};
  plugin.struct_size = offsetof(indrik_plugin, destroy);
  const auto checked = check_descriptor(&plugin);
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->destroy, nullptr);
  EXPECT_EQ(checked->create, &create_nothing);
}

TEST(DescriptorTest, TakesOneThatIsLongerThanOurs) {
  struct {
    indrik_plugin known = good();
    std::uint64_t unknown = ~0ULL;
  } newer;
  newer.known.struct_size = sizeof newer;
  newer.known.abi_minor = 7;
  EXPECT_TRUE(check_descriptor(&newer.known));
}

TEST(DescriptorTest, RefusesDemandsItDoesNotKnowAndIgnoresHints) {
  auto plugin = good();
  plugin.flags = 1ULL << 40U;
  EXPECT_TRUE(check_descriptor(&plugin));
  plugin.flags = 1ULL << 3U;
  const auto checked = check_descriptor(&plugin);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().text(), HasSubstr("flags 0x8"));
}

TEST(DescriptorTest, RefusesOneWithoutANameOrWithoutCreate) {
  auto plugin = good();
  plugin.name = "";
  EXPECT_THAT(check_descriptor(&plugin).error().text(), HasSubstr("no name"));
  plugin = good();
  plugin.create = nullptr;
  EXPECT_THAT(check_descriptor(&plugin).error().text(), HasSubstr("no create()"));
}

}  // namespace
}  // namespace indrik::plugin
