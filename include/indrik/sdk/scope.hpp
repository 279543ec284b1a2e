#pragma once

#include <chrono>
#include <coroutine>
#include <utility>

#include <indrik/sdk/alarm.hpp>
#include <indrik/sdk/api.hpp>
#include <indrik/sdk/cancelled.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

class Scope;

/// One thing that a coroutine waits for; part of what it awaits, so that waiting allocates nothing. Either it comes, or
/// its scope is cancelled: the coroutine is then told by an exception, and never destroyed while it waits.
class Wait {
 public:
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

 protected:
  Wait() = default;
  virtual ~Wait() = default;

  /// For await_suspend(). False: the coroutine goes on at once.
  bool begin(const Context& context, std::coroutine_handle<> waiter) noexcept;
  /// It has come: the coroutine goes on. Nothing of this may be there afterwards.
  void finish() noexcept { take_waiter().resume(); }
  /// The same for whoever resumes it himself.
  std::coroutine_handle<> take_waiter() noexcept;
  /// For await_resume().
  void throw_if_cancelled() const {
    if (cancelled_) throw Cancelled{};
  }

  const Context& context() const noexcept { return context_; }
  /// For waits with a timeout.
  void start_timer(std::chrono::nanoseconds delay, void (*fired)(void* wait)) noexcept {
    alarm_.start(context_, delay, fired, this);
  }
  void cancel_timer() noexcept { alarm_.cancel(context_); }

 private:
  friend class Scope;

  /// Asks for it. False: it is there already, or cannot be asked for; await_resume() tells.
  virtual bool start() noexcept = 0;
  /// Sees to it that it will not come any more. False: it is on its way, and will.
  virtual bool forget() noexcept = 0;

  void cancel() noexcept;
  bool cancel_now() noexcept;
  void tell_cancelled(std::chrono::nanoseconds delay) noexcept {
    start_timer(delay, [](void* wait) { static_cast<Wait*>(wait)->finish(); });
  }

  Context context_;
  std::coroutine_handle<> waiter_;
  Alarm alarm_;  ///< of a timeout, or until it is told that it is cancelled
  bool cancelled_ = false;
};

/// Who is cancelled as one: the coroutines of a request, of one of several tasks awaited at once, of a connection, or
/// of the plugin itself. They wait for one thing at a time. Scopes form trees: to cancel one cancels those below, and
/// it is told itself when they have ended, so that nothing goes from under them.
/// It must neither move nor go while any coroutine of it is suspended. Loop thread only.
class Scope {
 public:
  /// What goes on when something has ended: a coroutine to resume, or none.
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
    if (waiting_ != nullptr && first_child_ == nullptr) waiting_->cancel();
  }
  /// The same, within this call; what cannot be given up at once ends later.
  void cancel_now() noexcept {
    cancel();
    while (cancel_one_now()) continue;
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
  /// The opposite, when it has no children. Returns who goes on because it was the last that he waited for, or null.
  std::coroutine_handle<> leave() noexcept {
    auto& parent = *std::exchange(parent_, nullptr);
    (previous_ != nullptr ? previous_->next_ : parent.first_child_) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    if (parent.first_child_ != nullptr) return nullptr;
    if (parent.cancelled_) parent.cancel();  // its turn has come
    const auto next = std::exchange(parent.emptied_, {});
    return next.get != nullptr ? next.get(next.whom) : nullptr;
  }
  /// It ends: children that are left are cancelled. True: there are some; `next` when they have ended.
  bool end_children(Next next) noexcept {
    if (first_child_ == nullptr) return false;
    emptied_ = next;
    for (auto* child = first_child_; child != nullptr; child = child->next_) child->cancel();
    return true;
  }

 protected:
  void (*arm_)(Scope& self) noexcept = nullptr;  ///< a root's: called when the first waits

 private:
  friend class Wait;

  bool cancel_one_now() noexcept {
    for (auto* child = first_child_; child != nullptr; child = child->next_)
      if (child->cancel_one_now()) return true;
    return waiting_ != nullptr && first_child_ == nullptr && waiting_->cancel_now();
  }

  Scope* parent_ = nullptr;
  Scope* first_child_ = nullptr;
  Scope* next_ = nullptr;
  Scope* previous_ = nullptr;
  Wait* waiting_ = nullptr;
  Next emptied_;
  bool cancelled_ = false;
  bool told_ = false;  ///< a wait has ended because of it
};

/// What goes on is a coroutine that waits.
inline Scope::Next to_resume(std::coroutine_handle<> waiter) noexcept {
  return {[](void* address) noexcept { return std::coroutine_handle<>::from_address(address); }, waiter.address()};
}

/// The scope of a request's outermost coroutine: it is cancelled with its exchange.
class RequestScope final : public Scope {
 public:
  explicit RequestScope(const Context& context) noexcept : context_{context} {
    if (context.api->deadline != nullptr) arm_ = &RequestScope::watch;  // many never wait
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
    scope->waiting_ = this;
    tell_cancelled(kCancelled);  // told before: whoever waits on and on must not have the loop for himself
    return true;
  }
  if (!start()) return false;
  scope->waiting_ = this;
  return true;
}

inline std::coroutine_handle<> Wait::take_waiter() noexcept {
  if (context_.scope != nullptr) context_.scope->waiting_ = nullptr;
  return std::exchange(waiter_, nullptr);
}

inline void Wait::cancel() noexcept {
  if (cancelled_ || !forget()) return;
  cancelled_ = context_.scope->told_ = true;
  tell_cancelled({});
}

inline bool Wait::cancel_now() noexcept {
  if (!cancelled_) return false;  // it cannot be given up
  cancel_timer();
  finish();
  return true;
}

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop
