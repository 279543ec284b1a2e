#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <utility>

#include <indrik/sdk/api.hpp>
#include <indrik/sdk/cancelled.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

class Scope;

/// One thing that a coroutine waits for; part of what it awaits, so that waiting allocates nothing. Either it comes, or
/// its scope is cancelled: the coroutine is then told by an exception, from the loop, and never destroyed while it
/// waits.
class Wait {
 public:
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

 protected:
  Wait() = default;
  virtual ~Wait() = default;

  /// For await_suspend(). start() asks for what is to come. False: the coroutine goes on at once.
  bool begin(const Context& context, std::coroutine_handle<> waiter) noexcept;
  /// It has come: the coroutine goes on. Nothing of this may be there afterwards.
  void finish() noexcept;
  /// For await_resume().
  void throw_if_cancelled() const {
    if (cancelled_) throw Cancelled{};
  }

  const Context& context() const noexcept { return context_; }
  void start_timer(std::chrono::nanoseconds delay, void (*fired)(void* wait)) noexcept;
  void cancel_timer() noexcept {
    const auto& api = *context_.api;
    timer_is_loops_ ? api.loop->cancel_timer(api.host, &timer_) : api.async->cancel_timer(context_.exchange, &timer_);
  }

 private:
  friend class Scope;

  /// False: it has come already, or cannot be asked for; see whatever await_resume() then says.
  virtual bool start() noexcept = 0;
  /// Sees to it that it will not come any more. False: it is on its way, and will.
  virtual bool forget() noexcept = 0;

  bool cancel() noexcept;
  void tell_cancelled(std::chrono::nanoseconds delay) noexcept;

  Context context_;
  std::coroutine_handle<> waiter_;
  indrik_timer timer_{};  ///< of whoever waits with a timeout, or until it is told that it is cancelled
  bool timer_is_loops_ = false;
  bool cancelled_ = false;
};

/// Whoever may be cancelled as one: the coroutines of a request, of one of several tasks that it awaits at once, of a
/// connection, or of the plugin itself. There is one thing at most that they wait for. Scopes form trees: cancelling
/// one cancels those below, and it is not told before they have ended, so that nothing it owns goes from under them. It
/// must neither move nor go while any coroutine of it is suspended. Loop thread only.
class Scope {
 public:
  /// What goes on when a scope's children have ended, as a coroutine to resume.
  struct Next {
    std::coroutine_handle<> (*get)(void* whom) noexcept = nullptr;
    void* whom = nullptr;
  };

  Scope() = default;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  bool cancelled() const noexcept { return cancelled_; }
  bool has_children() const noexcept { return first_child_ != nullptr; }

  /// Ends what is waited for, here and below: soon, not within this call.
  void cancel() noexcept {
    cancelled_ = true;
    for (auto* child = first_child_; child != nullptr; child = child->next_) child->cancel();
    if (waiting_ != nullptr && first_child_ == nullptr && waiting_->cancel()) waiting_ = nullptr;
  }

  /// Stands below `parent` from now on, and is cancelled if that is.
  void enter(Scope& parent) noexcept {
    parent_ = &parent;
    cancelled_ = parent.cancelled_;
    next_ = parent.first_child_;
    if (next_ != nullptr) next_->previous_ = this;
    previous_ = nullptr;
    parent.first_child_ = this;
  }
  /// The opposite; it has no children. Returns what goes on if it was the last that somebody waited for.
  std::coroutine_handle<> leave() noexcept {
    auto& parent = *std::exchange(parent_, nullptr);
    (previous_ != nullptr ? previous_->next_ : parent.first_child_) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    if (parent.first_child_ != nullptr) return std::noop_coroutine();
    if (parent.cancelled_) parent.cancel();
    const auto next = std::exchange(parent.emptied_, {});
    return next.get != nullptr ? next.get(next.whom) : std::noop_coroutine();
  }

  /// The children that are left are of no use any more: cancels them. False: there are none. True: `next` when they
  /// have ended.
  bool end_children(Next next) noexcept {
    if (first_child_ == nullptr) return false;
    emptied_ = next;
    for (auto* child = first_child_; child != nullptr; child = child->next_) child->cancel();
    return true;
  }

 private:
  friend class Wait;

  Scope* parent_ = nullptr;
  Scope* first_child_ = nullptr;
  Scope* next_ = nullptr;
  Scope* previous_ = nullptr;
  Wait* waiting_ = nullptr;
  Next emptied_;
  bool cancelled_ = false;
  bool told_ = false;  ///< a wait has ended for it

 protected:
  void (*arm_)(Scope& self) noexcept = nullptr;  ///< sees to it that it is cancelled with what it serves; called once
};

/// The scope of a request's outermost coroutine: it is cancelled with its exchange.
class RequestScope final : public Scope {
 public:
  explicit RequestScope(const Context& context) noexcept : context_{context} {
    if (context.api->deadline != nullptr) arm_ = &RequestScope::watch;  // by the first that waits: many never do
  }
  ~RequestScope() {
    if (watches_) context_.api->deadline->forget(&watch_);
  }

 private:
  static void watch(Scope& scope) noexcept {
    auto& self = static_cast<RequestScope&>(scope);
    self.watches_ = self.context_.api->deadline->on_cancel(
                        self.context_.exchange, &self.watch_,
                        [](void* room) { static_cast<RequestScope*>(room)->cancel(); }, &self) == INDRIK_OK;
    if (!self.watches_) self.cancel();
  }

  Context context_;
  indrik_cancel_watch watch_{};
  bool watches_ = false;
};

inline bool Wait::begin(const Context& context, std::coroutine_handle<> waiter) noexcept {
  constexpr std::chrono::milliseconds kCancelled{10};
  context_ = context;
  waiter_ = waiter;
  auto* const scope = context.scope;
  if (scope == nullptr) return start();
  auto* root = scope;
  while (root->parent_ != nullptr) root = root->parent_;
  if (root->arm_ != nullptr) std::exchange(root->arm_, nullptr)(*root);
  if (scope->cancelled_) {
    cancelled_ = true;
    if (!std::exchange(scope->told_, true)) return false;
    tell_cancelled(kCancelled);  // it has been told: whoever waits on and on must not have the loop for himself
    return true;
  }
  if (!start()) return false;
  scope->waiting_ = this;
  return true;
}

inline void Wait::finish() noexcept {
  if (context_.scope != nullptr) context_.scope->waiting_ = nullptr;
  std::exchange(waiter_, nullptr).resume();
}

inline bool Wait::cancel() noexcept {
  if (!forget()) return false;
  cancelled_ = context_.scope->told_ = true;
  tell_cancelled({});
  return true;
}

inline void Wait::tell_cancelled(std::chrono::nanoseconds delay) noexcept {
  start_timer(delay, [](void* wait) { std::exchange(static_cast<Wait*>(wait)->waiter_, nullptr).resume(); });
}

inline void Wait::start_timer(std::chrono::nanoseconds delay, void (*fired)(void* wait)) noexcept {
  const auto& api = *context_.api;
  const auto ns = static_cast<std::uint64_t>(delay.count());
  timer_is_loops_ = api.loop != nullptr && api.loop->start_timer(api.host, &timer_, ns, fired, this) == INDRIK_OK;
  if (!timer_is_loops_ && context_.exchange != nullptr)
    api.async->start_timer(context_.exchange, &timer_, ns, fired, this);
}

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop
