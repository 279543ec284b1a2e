#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser.h"
#include "store.h"

namespace resp {

/// One client: what it sends becomes commands, commands change the store, and replies are appended to a text. Knows no
/// sockets and does not wait: both flavours of the plugin share it.
class Session {
 public:
  /// Replies that are gathered before they should be written.
  static constexpr std::size_t kBatch = 64 * 1024;

  Session(Store& store, const Limits& limits, std::uint64_t id)
      : store_{store}, limits_{limits}, parser_{limits}, id_{id} {}

  struct Progress {
    std::size_t consumed = 0;   ///< bytes of the input that are dealt with
    std::size_t more_than = 0;  ///< when `is_short`: so many bytes of the rest are too few
    bool is_short = true;       ///< the rest is no whole command; false: go on when the replies are written
    bool is_over = false;       ///< nothing more is read from this client
  };
  /// Carries out all commands that stand whole in the input, as far as kBatch goes. `input` begins where the one
  /// before was consumed.
  Progress advance(std::string_view input, std::string& out);

 private:
  using Args = std::vector<std::string_view>;
  struct Command;
  static const Command kCommands[];

  static const Command* find_command(std::string_view name) noexcept;
  void run(const Args& args);
  void set(const Args& args);
  void set_with_options(const Args& args);
  void get(const Args& args);
  void add(std::string_view key, std::int64_t by);
  void incr(const Args& args);
  void decr(const Args& args);
  void incrby(const Args& args);
  void decrby(const Args& args);
  void del(const Args& args);
  void exists(const Args& args);
  void ping(const Args& args);
  void echo(const Args& args);
  void ttl(const Args& args);
  void pttl(const Args& args);
  void dbsize(const Args& args);
  void flushall(const Args& args);
  void config(const Args& args);
  void command(const Args& args);
  void select(const Args& args);
  void client(const Args& args);
  void hello(const Args& args);

  void add_error(std::string_view text);
  void add_wrong_arity(std::string_view command);
  void add_unknown(const Args& args);
  void add_unknown_subcommand(const Args& args);
  void add_bulk(std::string_view text);
  void add_number(std::int64_t number);
  void add_array(std::size_t size);
  void add_value(const Entry* entry);

  Store& store_;
  const Limits& limits_;
  Parser parser_;
  std::uint64_t id_;
  std::string name_;
  std::string* out_ = nullptr;
  bool is_over_ = false;
};

}  // namespace resp
