#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace indrik::worker {

/// Buffers of one size for the input of conversations: one that waits between two messages needs none, and the next to
/// get something takes the one that is still warm. Loop thread only.
class BufferPool {
 public:
  static constexpr std::size_t kSize = 16 * 1024;

  /// Null: no memory.
  std::unique_ptr<char[]> take() noexcept;
  void give_back(std::unique_ptr<char[]> buffer) noexcept;

 private:
  static constexpr std::size_t kKept = 64;
  std::vector<std::unique_ptr<char[]>> free_;
};

/// The memory behind a conversation's input; what of it is in use is told by two pointers, which its calls move along.
/// Empty, it has none.
class InputBuffer {
 public:
  /// Null: no pool, whoever uses it is a thread of its own.
  explicit InputBuffer(BufferPool* pool) noexcept : pool_{pool} {}

  /// Makes room behind `end`, in a buffer of twice the size if this one is full of what is between the two: memory
  /// follows what has come, not what was announced. False: no memory.
  bool make_room(char*& begin, char*& end) noexcept;
  std::size_t room_behind(const char* end) const noexcept {
    return static_cast<std::size_t>(data_.get() + capacity_ - end);
  }
  void release() noexcept;
  /// From now on it is used by a thread beside the loop.
  void leave_pool() noexcept { pool_ = nullptr; }

 private:
  bool grow(char*& begin, char*& end) noexcept;

  BufferPool* pool_;
  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
};

}  // namespace indrik::worker
