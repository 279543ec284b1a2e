#pragma once

#include <coroutine>
#include <cstddef>
#include <deque>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <indrik/sdk/strand.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

/// Several tasks awaited at once. One of them may decide the matter: the others are then cancelled; all have ended
/// when the coroutine that awaits them goes on.
class Gathering {
 public:
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    static_assert(OurPromise<Promise>, "indrik: when_all() and when_any() can be awaited in an indrik::Task only");
    waiter_ = waiter;
    for (auto* branch = first_; branch != nullptr && decisive_ == nullptr; branch = branch->next) {
      ++unfinished_;
      branch->start(waiter.promise().context);
    }
    return --unfinished_ > 0;
  }

 protected:
  class BranchBase {
   public:
    BranchBase(const BranchBase&) = delete;
    BranchBase& operator=(const BranchBase&) = delete;

    virtual void start(const Context& parent) noexcept = 0;
    virtual Scope& scope() noexcept = 0;
    virtual bool failed() const noexcept = 0;
    virtual void rethrow() = 0;

    BranchBase* next = nullptr;

   protected:
    explicit BranchBase(Gathering& whole) noexcept : whole_{whole} {}
    virtual ~BranchBase() = default;

    static std::coroutine_handle<> on_end(void* whom) noexcept {
      auto& self = *static_cast<BranchBase*>(whom);
      return self.whole_.ended(self);
    }

    Gathering& whole_;
  };

  template <class T>
  class Branch final : public BranchBase {
   public:
    Branch(Gathering& whole, Task<T>&& task) : BranchBase{whole}, strand_{std::move(task)} {}
    void start(const Context& parent) noexcept override {
      strand_.start(parent, {&BranchBase::on_end, static_cast<BranchBase*>(this)});
    }
    Scope& scope() noexcept override { return strand_.scope(); }
    bool failed() const noexcept override { return strand_.failed(); }
    void rethrow() override { strand_.take(); }
    auto take() { return strand_.take(); }

   private:
    Strand<T> strand_;
  };

  enum class Decides : bool { failure, end };
  explicit Gathering(Decides decides) noexcept : decides_{decides} {}
  ~Gathering() = default;

  void add(BranchBase& branch) noexcept {
    (last_ != nullptr ? last_->next : first_) = &branch;
    last_ = &branch;
  }
  BranchBase* decisive() const noexcept { return decisive_; }

 private:
  std::coroutine_handle<> ended(BranchBase& branch) noexcept {
    if (decisive_ == nullptr && (decides_ == Decides::end || branch.failed())) {
      decisive_ = &branch;
      for (auto* other = first_; other != nullptr; other = other->next)
        if (other != &branch) other->scope().cancel();
    }
    return --unfinished_ == 0 ? waiter_ : nullptr;
  }

  Decides decides_;
  std::coroutine_handle<> waiter_;
  BranchBase* first_ = nullptr;
  BranchBase* last_ = nullptr;
  BranchBase* decisive_ = nullptr;
  std::size_t unfinished_ = 1;  ///< and the starting itself
};

template <class T>
using Kept = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class... Ts>
class Several : public Gathering {
 protected:
  Several(Decides decides, Task<Ts>&&... tasks)
      : Gathering{decides}, branches_{std::pair<Gathering&, Task<Ts>&&>{*this, std::move(tasks)}...} {
    std::apply([this](auto&... branch) { (add(branch.branch), ...); }, branches_);
  }

  /// A tuple cannot make its elements in place from two arguments.
  template <class T>
  struct Held {
    explicit Held(std::pair<Gathering&, Task<T>&&> made) : branch{made.first, std::move(made.second)} {}
    Branch<T> branch;
  };
  std::tuple<Held<Ts>...> branches_;
};

template <class... Ts>
class All final : public Several<Ts...> {
 public:
  explicit All(Task<Ts>&&... tasks) : Several<Ts...>{Gathering::Decides::failure, std::move(tasks)...} {}

  auto await_resume() {
    if (auto* const failed = this->decisive()) failed->rethrow();
    if constexpr (!(std::is_void_v<Ts> && ...))
      return std::apply([](auto&... held) { return std::tuple<Kept<Ts>...>{held.branch.take()...}; }, this->branches_);
  }
};

template <class... Ts>
class Any final : public Several<Ts...> {
 public:
  using Winner = std::variant<Kept<Ts>...>;

  explicit Any(Task<Ts>&&... tasks) : Several<Ts...>{Gathering::Decides::end, std::move(tasks)...} {}

  Winner await_resume() { return winner(std::index_sequence_for<Ts...>{}); }

 private:
  template <std::size_t... Is>
  Winner winner(std::index_sequence<Is...>) {
    std::optional<Winner> winner;
    const auto look = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
      auto& branch = std::get<I>(this->branches_).branch;
      if (&branch == this->decisive()) winner.emplace(std::in_place_index<I>, branch.take());
    };
    (look(std::integral_constant<std::size_t, Is>{}), ...);
    return *std::move(winner);
  }
};

template <class T>
class Many : public Gathering {
 protected:
  Many(Decides decides, std::vector<Task<T>>&& tasks) : Gathering{decides} {
    for (auto& task : tasks) add(branches_.emplace_back(*this, std::move(task)));
  }

  std::deque<Branch<T>> branches_;
};

template <class T>
class AllOfMany final : public Many<T> {
 public:
  explicit AllOfMany(std::vector<Task<T>>&& tasks) : Many<T>{Gathering::Decides::failure, std::move(tasks)} {}

  auto await_resume() {
    if (auto* const failed = this->decisive()) failed->rethrow();
    if constexpr (!std::is_void_v<T>) {
      std::vector<T> values;
      values.reserve(this->branches_.size());
      for (auto& branch : this->branches_) values.push_back(branch.take());
      return values;
    }
  }
};

}  // namespace sdk

/// What when_any() gives for tasks in a vector: which was first, and what it gave.
template <class T>
struct First {
  std::size_t index;
  T value;
};

namespace sdk {

template <class T>
class AnyOfMany final : public Many<T> {
 public:
  explicit AnyOfMany(std::vector<Task<T>>&& tasks) : Many<T>{Gathering::Decides::end, std::move(tasks)} {}

  auto await_resume() {
    std::size_t index = 0;
    while (&this->branches_[index] != this->decisive()) ++index;
    if constexpr (std::is_void_v<T>) {
      this->branches_[index].take();
      return index;
    } else {
      return First<T>{index, this->branches_[index].take()};
    }
  }
};

}  // namespace sdk

/// `auto [user, orders] = co_await when_all(load_user(id), load_orders(id));` runs all at once and gives what they
/// gave, as a std::tuple with std::monostate for void; nothing where all are void. The first that throws ends it: the
/// others are cancelled, and when they have ended its exception is thrown here. So tasks may refer to what stands in
/// the frame that awaits them.
template <class... Ts>
[[nodiscard]] sdk::All<Ts...> when_all(Task<Ts>... tasks) {
  return sdk::All<Ts...>{std::move(tasks)...};
}
/// The same for any number: a std::vector of what they gave, in their order.
template <class T>
[[nodiscard]] sdk::AllOfMany<T> when_all(std::vector<Task<T>> tasks) {
  return sdk::AllOfMany<T>{std::move(tasks)};
}

/// Runs all at once until the first ends, well or not: the others are cancelled, and when they have ended its value is
/// given, as a std::variant whose index() says which it was, or its exception thrown.
template <class... Ts>
[[nodiscard]] sdk::Any<Ts...> when_any(Task<Ts>... tasks) {
  static_assert(sizeof...(Ts) > 0, "indrik: when_any() of nothing would never end");
  return sdk::Any<Ts...>{std::move(tasks)...};
}
/// The same for any number, as a First; for void its index alone. Throws std::invalid_argument for none, which would
/// never end.
template <class T>
[[nodiscard]] sdk::AnyOfMany<T> when_any(std::vector<Task<T>> tasks) {
  if (tasks.empty()) throw std::invalid_argument{"when_any() of no tasks"};
  return sdk::AnyOfMany<T>{std::move(tasks)};
}

}  // namespace indrik
#pragma GCC visibility pop
