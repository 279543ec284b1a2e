#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace indrik::worker {

/// Objects that are not in use, so that who needs one soon need not make it. What a burst has left goes in the seconds
/// after it. One thread.
template <class Object, class Pointer = std::unique_ptr<Object>>
class Spares {
 public:
  static constexpr std::size_t kMost = 4096;
  static constexpr std::size_t kFew = 128;  ///< are kept whatever comes

  /// Null: there is none.
  Pointer take() noexcept {
    if (spare_.empty()) return nullptr;
    auto object = std::move(spare_.back());
    spare_.pop_back();
    least_ = std::min(least_, spare_.size());
    return object;
  }
  bool has_room() const noexcept { return spare_.size() < kMost; }
  void give_back(Pointer&& object) { spare_.push_back(std::move(object)); }
  /// To be called once in a while: frees half of what nobody has needed since the last call. True: there were some.
  bool shrink() noexcept {
    const auto unneeded = std::exchange(least_, spare_.size());
    if (unneeded <= kFew) return false;
    // Those that stay shall lie together, so that the pages of the others are of no use to anybody.
    std::ranges::sort(spare_, {}, [](const Pointer& spare) { return spare.get(); });
    spare_.erase(spare_.begin(), spare_.begin() + static_cast<std::ptrdiff_t>(unneeded / 2));
    least_ = spare_.size();
    return true;
  }
  std::size_t size() const noexcept { return spare_.size(); }

 private:
  std::vector<Pointer> spare_;
  std::size_t least_ = 0;  ///< there were never fewer since the last shrink()
};

}  // namespace indrik::worker
