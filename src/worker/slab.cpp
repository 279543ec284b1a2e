#include "worker/slab.h"

#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <new>

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(place, size) (static_cast<void>(place), static_cast<void>(size))
#define ASAN_UNPOISON_MEMORY_REGION(place, size) (static_cast<void>(place), static_cast<void>(size))
#endif

namespace indrik::worker {
namespace {

constexpr std::size_t kLine = 64;

std::size_t round_up(std::size_t size, std::size_t to) noexcept { return (size + to - 1) / to * to; }

/// A mapping that begins at a multiple of its size; null: there is no memory.
void* map_chunk() noexcept {
  const std::size_t twice = 2 * Slab::kChunk;
  void* const mapping = ::mmap(nullptr, twice, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return nullptr;
  void* begin = mapping;
  std::size_t room = twice;
  std::align(Slab::kChunk, Slab::kChunk, begin, room);
  auto* const at = static_cast<std::byte*>(begin);
  const auto before = static_cast<std::size_t>(at - static_cast<std::byte*>(mapping));
  if (before > 0) ::munmap(mapping, before);
  if (before < Slab::kChunk) ::munmap(at + Slab::kChunk, Slab::kChunk - before);
  return begin;
}

}  // namespace

static_assert(sizeof(std::max_align_t) <= kLine);

Slab::Slab(std::size_t size) noexcept
    : size_{round_up(size, alignof(std::max_align_t))}, most_{static_cast<std::uint32_t>((kChunk - kLine) / size_)} {
  static_assert(sizeof(Chunk) <= kLine);
}

Slab::~Slab() {
  while (with_room_) free_chunk(with_room_);
}

void* Slab::take() {
  Chunk* const chunk = with_room_ ? with_room_ : make_chunk();
  if (chunk->used++ == 0) has_empty_ = false;
  void* room = chunk->left;
  if (room) {
    chunk->left = chunk->left->next;
  } else {
    room = reinterpret_cast<std::byte*>(chunk) + kLine + chunk->begun++ * size_;
  }
  if (chunk->used == most_) unlink(*chunk);
  ASAN_UNPOISON_MEMORY_REGION(room, size_);
  return room;
}

void Slab::leave(void* room) noexcept {
  // The remainder is found by the number of the place: chunks begin at multiples of their size.
  const auto behind = reinterpret_cast<std::uintptr_t>(room) % kChunk;
  auto& chunk = *reinterpret_cast<Chunk*>(static_cast<std::byte*>(room) - behind);
  chunk.owner->leave(chunk, room);
}

void Slab::leave(Chunk& chunk, void* room) noexcept {
  chunk.left = new (room) Room{chunk.left};
  ASAN_POISON_MEMORY_REGION(static_cast<std::byte*>(room) + sizeof(Room), size_ - sizeof(Room));
  if (chunk.used-- == most_) link(chunk);
  if (chunk.used > 0) return;
  // One is kept, so that a single object that comes and goes is no matter for the system.
  if (has_empty_) return free_chunk(&chunk);
  has_empty_ = true;
}

Slab::Chunk* Slab::make_chunk() {
  void* const begin = map_chunk();
  if (!begin) throw std::bad_alloc{};
  auto* const chunk =
      new (begin) Chunk{.owner = this, .next = nullptr, .previous = nullptr, .left = nullptr, .begun = 0, .used = 0};
  ++chunks_;
  link(*chunk);
  return chunk;
}

void Slab::free_chunk(Chunk* chunk) noexcept {
  unlink(*chunk);
  --chunks_;
  ASAN_UNPOISON_MEMORY_REGION(chunk, kChunk);
  ::munmap(chunk, kChunk);
}

void Slab::link(Chunk& chunk) noexcept {
  chunk.next = with_room_;
  chunk.previous = nullptr;
  if (with_room_) with_room_->previous = &chunk;
  with_room_ = &chunk;
}

void Slab::unlink(Chunk& chunk) noexcept {
  (chunk.previous ? chunk.previous->next : with_room_) = chunk.next;
  if (chunk.next) chunk.next->previous = chunk.previous;
}

}  // namespace indrik::worker
