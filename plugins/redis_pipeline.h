#pragma once

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "redis_connection.h"

/// One connection to Redis that all coroutines of a worker share. What they ask within a turn of the loop leaves
/// together, and Redis answers in the order in which it was asked: a command costs a part of a system call. The
/// connection is made when it is first needed, and anew after it has failed. Loop thread only.
class RedisPipeline {
 public:
  /// `settings` outlive it.
  RedisPipeline(indrik::App& app, const RedisSettings& settings)
      : app_{app}, settings_{settings}, has_output_{app, 0} {}

  /// `const auto reply = co_await pipeline.command("GET", key)`. Throws PeerFailed.
  template <class... Words>
  indrik::Task<RedisReply> command(Words... words) {
    Question question{*this};
    append({words...});
    if (!std::exchange(is_running_, true)) app_.spawn(run());
    try {
      const auto permit = co_await question.answered.async_acquire(settings_.timeout);
    } catch (const indrik::TimedOut&) {
      hang_up();  // whoever else waits for it would wait in vain
      throw settings_.failure("no answer in time");
    }
    if (!question.reply) throw PeerFailed{failure_};
    if (question.reply->type == REDIS_REPLY_ERROR) throw settings_.failure({question.reply->str, question.reply->len});
    co_return std::move(question.reply);
  }

 private:
  /// A place in the line of those who wait for their answers; in the frame of the coroutine that asks.
  struct Question {
    explicit Question(RedisPipeline& asked)
        : pipeline{asked}, place{asked.first_place_ + asked.questions_.size()}, answered{asked.app_, 0} {
      pipeline.questions_.push_back(this);
    }
    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;
    /// Given up, it keeps its place: its answer comes all the same.
    ~Question() {
      if (place >= pipeline.first_place_) pipeline.questions_[place - pipeline.first_place_] = nullptr;
    }

    RedisPipeline& pipeline;
    const std::uint64_t place;
    indrik::Semaphore answered;
    RedisReply reply{nullptr, freeReplyObject};
  };

  void append(std::initializer_list<std::string_view> words) {
    output_ += '*' + std::to_string(words.size()) + "\r\n";
    for (const auto word : words)
      output_.append('$' + std::to_string(word.size()) + "\r\n").append(word).append("\r\n");
    ++unsent_;
    tell_writer();
  }
  void tell_writer() {
    if (!std::exchange(is_told_, true)) has_output_.release();
  }

  /// The life of a connection, or of several. It is made on a thread, for a name may have to be looked up.
  indrik::Task<> run() {
    while (is_running_) {
      try {
        connection_ = co_await indrik::offload([this] { return std::make_unique<RedisConnection>(settings_); });
        const auto writing = co_await indrik::spawn(write_questions());
        for (;;) {
          co_await indrik::wait_readable(connection_->socket());
          read_answers();
        }
      } catch (const std::exception& failed) {
        end(failed.what());
      } catch (const indrik::Cancelled&) {
        has_answered_ = false;
        end("the server stops");
        throw;
      }
    }
  }

  indrik::Task<> write_questions() {
    if (!output_.empty()) tell_writer();
    for (;;) {
      auto told = co_await has_output_.async_acquire();
      told.keep();  // who appends gives the next
      is_told_ = false;
      // What has come where nobody waits for an answer is the end: nothing is sent any more.
      if (questions_.size() == unsent_ && !indrik::is_quiet(connection_->socket())) co_return;
      unsent_ = 0;
      leaving_.clear();
      std::swap(output_, leaving_);
      for (std::string_view rest{leaving_}; !rest.empty();) {
        const auto sent = ::send(connection_->socket(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) co_return hang_up();
        if (sent < 0)
          co_await indrik::wait_writable(connection_->socket());
        else
          rest.remove_prefix(static_cast<std::size_t>(sent));
      }
    }
  }

  void read_answers() {
    std::array<char, 16384> bytes;
    const auto size = ::recv(connection_->socket(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size < 0) throw settings_.failure(std::generic_category().message(errno));
    if (size == 0) throw settings_.failure("Server closed the connection");
    auto* const reader = connection_->reader();
    redisReaderFeed(reader, bytes.data(), static_cast<std::size_t>(size));
    for (void* reply = nullptr; redisReaderGetReply(reader, &reply) == REDIS_OK && reply != nullptr;)
      answer({static_cast<redisReply*>(reply), freeReplyObject});
    if (reader->err != 0) throw settings_.failure(reader->errstr);
  }
  void answer(RedisReply reply) {
    if (questions_.empty()) throw settings_.failure("an answer to no question");
    auto* const question = questions_.front();
    questions_.pop_front();
    ++first_place_;
    has_answered_ = true;
    if (question == nullptr) return;
    question->reply = std::move(reply);
    question->answered.release();
  }

  /// The next that is read is the end.
  void hang_up() noexcept {
    if (connection_) ::shutdown(connection_->socket(), SHUT_RDWR);
  }
  /// Those whose questions were sent fail. A connection that was of use has had its time: others get another.
  void end(std::string why) {
    failure_ = std::move(why);
    connection_.reset();
    is_running_ = std::exchange(has_answered_, false) && unsent_ > 0;
    if (!is_running_) {
      unsent_ = 0;
      output_.clear();
    }
    for (; questions_.size() > unsent_; questions_.pop_front(), ++first_place_)
      if (auto* const question = questions_.front()) question->answered.release();
  }

  indrik::App& app_;
  const RedisSettings& settings_;
  std::unique_ptr<RedisConnection> connection_;
  indrik::Semaphore has_output_;  ///< a permit: the writer is to look
  bool is_told_ = false, is_running_ = false, has_answered_ = false;
  std::string output_, leaving_, failure_;
  std::deque<Question*> questions_;  ///< in the order asked; null: given up
  std::size_t unsent_ = 0;           ///< of questions_, the last
  std::uint64_t first_place_ = 0;    ///< of questions_
};
