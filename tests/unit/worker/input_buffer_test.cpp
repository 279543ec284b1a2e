#include "worker/input_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace indrik::worker {
namespace {

class InputBufferTest : public testing::Test {
 protected:
  /// As a connection receives: as much as there is room for.
  void receive(std::string_view bytes) {
    while (!bytes.empty()) {
      ASSERT_TRUE(buffer.make_room(begin, end));
      const auto size = std::min(bytes.size(), buffer.room_behind(end));
      ASSERT_GT(size, 0U);
      end = std::copy_n(bytes.data(), size, end);
      bytes.remove_prefix(size);
    }
  }
  std::string_view input() const { return {begin, static_cast<std::size_t>(end - begin)}; }

  BufferPool pool;
  InputBuffer buffer{&pool};
  char* begin = nullptr;
  char* end = nullptr;
};

TEST_F(InputBufferTest, GrowsWithWhatComes) {
  const std::string much(BufferPool::kSize * 5 + 3, 'x');
  receive(much);
  EXPECT_EQ(input(), much);
}

TEST_F(InputBufferTest, MovesWhatIsLeftToTheFront) {
  receive(std::string(BufferPool::kSize - 4, 'x'));
  receive("left");
  begin += BufferPool::kSize - 4;
  receive(" and new");
  EXPECT_EQ(input(), "left and new");
  EXPECT_EQ(buffer.room_behind(end), BufferPool::kSize - 12);
}

TEST_F(InputBufferTest, HandsTheSameMemoryOn) {
  receive("one");
  const auto* const memory = begin;
  buffer.release();
  InputBuffer next{&pool};
  char* its_begin = nullptr;
  char* its_end = nullptr;
  ASSERT_TRUE(next.make_room(its_begin, its_end));
  EXPECT_EQ(its_begin, memory);
}

}  // namespace
}  // namespace indrik::worker
