#include "worker/input_buffer.h"

#include <cstring>
#include <new>
#include <utility>

namespace indrik::worker {
namespace {

std::unique_ptr<char[]> allocate(std::size_t size) noexcept {
  try {
    return std::make_unique_for_overwrite<char[]>(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace

std::unique_ptr<char[]> BufferPool::take() noexcept {
  if (free_.empty()) return allocate(kSize);
  auto buffer = std::move(free_.back());
  free_.pop_back();
  return buffer;
}

void BufferPool::give_back(std::unique_ptr<char[]> buffer) noexcept {
  if (free_.size() >= kKept) return;
  try {
    free_.push_back(std::move(buffer));
  } catch (const std::bad_alloc&) {  // one less
  }
}

bool InputBuffer::make_room(char*& begin, char*& end) noexcept {
  if (!data_) {
    data_ = pool_ ? pool_->take() : allocate(BufferPool::kSize);
    if (!data_) return false;
    capacity_ = BufferPool::kSize;
    begin = end = data_.get();
    return true;
  }
  const auto used = static_cast<std::size_t>(end - begin);
  if (used == capacity_) return grow(begin, end);
  if (end != data_.get() + capacity_) return true;
  std::memmove(data_.get(), begin, used);
  begin = data_.get();
  end = begin + used;
  return true;
}

bool InputBuffer::grow(char*& begin, char*& end) noexcept {
  auto larger = allocate(capacity_ * 2);
  if (!larger) return false;
  std::memcpy(larger.get(), begin, capacity_);
  end = larger.get() + capacity_;
  begin = larger.get();
  if (capacity_ == BufferPool::kSize && pool_) pool_->give_back(std::move(data_));
  data_ = std::move(larger);
  capacity_ *= 2;
  return true;
}

void InputBuffer::release() noexcept {
  if (capacity_ == BufferPool::kSize && pool_) pool_->give_back(std::move(data_));
  data_.reset();
  capacity_ = 0;
}

}  // namespace indrik::worker
