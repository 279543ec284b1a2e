#pragma once

#include <array>
#include <cstddef>
#include <new>
#include <utility>

#pragma GCC visibility push(hidden)
namespace indrik::sdk {

/// Room for coroutines' frames. What those that have ended leave is kept for the next of about the same size, so that a
/// request that takes the way of earlier ones allocates nothing. Each thread keeps its own, kMost bytes at most; a
/// frame may end in another thread than it began.
class Frames {
 public:
  /// Throws std::bad_alloc.
  static void* take(std::size_t size) {
    const auto kind = kind_of(size);
    if (kind >= kKinds) return ::operator new(size);
    Frame*& first = kept.first[kind];
    if (first == nullptr) return ::operator new((kind + 1) * kStep);
    kept.bytes -= (kind + 1) * kStep;
    return std::exchange(first, first->next);
  }

  /// `size` as it was taken.
  static void leave(void* room, std::size_t size) noexcept {
    const auto kind = kind_of(size);
    if (kind >= kKinds || kept.bytes >= kMost || !is_open()) return ::operator delete(room);
    kept.first[kind] = new (room) Frame{kept.first[kind]};
    kept.bytes += (kind + 1) * kStep;
  }

 private:
#ifdef __SANITIZE_ADDRESS__
  static constexpr std::size_t kKinds = 0;  // it shall see who uses a frame that has ended
#else
  static constexpr std::size_t kKinds = 32;  // frames above 1 KiB are few
#endif
  static constexpr std::size_t kStep = 32;
  static constexpr std::size_t kMost = 1024 * 1024;

  struct Frame {
    Frame* next;
  };
  enum class State : unsigned char { unused, open, ended };
  /// Needs no constructor, so that reaching it does not begin with the question whether that has run.
  struct Kept {
    std::array<Frame*, kKinds> first;
    std::size_t bytes;
    State state;
  };
  /// Frees what is kept when its thread ends; what is left later is freed at once.
  struct End {
    End() noexcept { kept.state = State::open; }
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    ~End() {
      kept.state = State::ended;
      for (Frame*& first : kept.first)
        while (first != nullptr) ::operator delete(std::exchange(first, first->next));
    }
  };

  static std::size_t kind_of(std::size_t size) noexcept { return (size - 1) / kStep; }
  static bool is_open() noexcept {
    if (kept.state == State::unused) static const thread_local End end;
    return kept.state == State::open;
  }

  static inline thread_local constinit Kept kept{};
};

}  // namespace indrik::sdk
#pragma GCC visibility pop
