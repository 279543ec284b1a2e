#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace indrik::worker {

/// Rooms for objects of one size, close together in chunks of their own: what thousands of connections need is found in
/// fewer pages than where other objects lie between, and what a burst has taken goes back to the system whatever else
/// was made meanwhile (Bonwick, "The Slab Allocator", USENIX 1994). One thread.
class Slab {
 public:
  static constexpr std::size_t kChunk = 64 * 1024;

  /// `size` bytes each, kChunk / 8 at most, aligned as operator new does it.
  explicit Slab(std::size_t size) noexcept;
  /// Nothing that it has given is in use any more.
  ~Slab();
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  std::size_t size() const noexcept { return size_; }
  /// Throws std::bad_alloc.
  void* take();
  /// The same, where `needed` bytes are more than such a room has.
  void* take(std::size_t needed) {
    if (needed > size_) throw std::bad_alloc{};
    return take();
  }
  /// A room of any slab.
  static void leave(void* room) noexcept;

  /// That it holds, in use or not.
  std::size_t chunks() const noexcept { return chunks_; }

 private:
  struct Room {
    Room* next;
  };
  /// At the beginning of each chunk, which begins at a multiple of its size.
  struct Chunk {
    Slab* owner;
    Chunk* next;          ///< of those with room
    Chunk* previous;      ///< of those with room
    Room* left;           ///< rooms that were in use
    std::uint32_t begun;  ///< rooms that ever were
    std::uint32_t used;
  };

  Chunk* make_chunk();
  void free_chunk(Chunk* chunk) noexcept;
  void link(Chunk& chunk) noexcept;
  void unlink(Chunk& chunk) noexcept;
  void leave(Chunk& chunk, void* room) noexcept;

  const std::size_t size_;
  const std::uint32_t most_;  ///< rooms of a chunk
  Chunk* with_room_ = nullptr;
  std::size_t chunks_ = 0;
  bool has_empty_ = false;
};

/// Ends an object that lies in a room.
struct LeaveSlab {
  template <class T>
  void operator()(T* object) const noexcept {
    std::destroy_at(object);
    Slab::leave(object);
  }
};
template <class T>
using SlabPtr = std::unique_ptr<T, LeaveSlab>;

/// Throws std::bad_alloc.
template <class T, class... Arguments>
SlabPtr<T> make_in(Slab& slab, Arguments&&... arguments) {
  static_assert(std::is_nothrow_constructible_v<T, Arguments...>, "or its room would be lost");
  return SlabPtr<T>{new (slab.take(sizeof(T))) T(std::forward<Arguments>(arguments)...)};
}

/// For containers whose nodes are all of one size.
template <class T>
class SlabAllocator {
 public:
  using value_type = T;
  explicit SlabAllocator(Slab& slab) noexcept : slab_{&slab} {}
  template <class Other>
  SlabAllocator(const SlabAllocator<Other>& other) noexcept : slab_{&other.slab()} {}

  T* allocate(std::size_t count) { return static_cast<T*>(slab_->take(count * sizeof(T))); }
  void deallocate(T* room, std::size_t) noexcept { Slab::leave(room); }
  Slab& slab() const noexcept { return *slab_; }
  friend bool operator==(const SlabAllocator& one, const SlabAllocator& other) noexcept {
    return one.slab_ == other.slab_;
  }

 private:
  Slab* slab_;
};

}  // namespace indrik::worker
