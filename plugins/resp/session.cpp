#include "session.h"

#include <algorithm>
#include <charconv>

namespace resp {
namespace {

/// Whether a text is a word, as a C program sees both: in any case, up to a NUL.
bool is_word(std::string_view text, std::string_view word) noexcept {
  text = text.substr(0, text.find('\0'));
  return std::ranges::equal(text, word, [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; });
}

std::string lower_case(std::string_view text) {
  std::string lower{text};
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

/// A name of eight letters at most as a number: upper case, 0 if it is none.
constexpr std::uint64_t code_of(std::string_view name) noexcept {
  if (name.size() > 8) return 0;
  std::uint64_t code = 0;
  for (char c : name) code = (code << 8U) | static_cast<unsigned char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return code;
}

std::string_view cut(std::string_view text, std::size_t size) noexcept {
  return text.substr(0, std::min(size, text.find('\0')));
}

constexpr std::string_view kNotANumber = "ERR value is not an integer or out of range";

}  // namespace

struct Session::Command {
  std::uint64_t code;
  std::string_view name;
  int arity;          ///< with the name; negative: at least
  bool takes_memory;  ///< refused when the store is full
  void (Session::*run)(const Args& args);
};

// Those that are asked for most come first.
constexpr Session::Command Session::kCommands[] = {
    {code_of("GET"), "get", 2, false, &Session::get},
    {code_of("SET"), "set", -3, true, &Session::set},
    {code_of("INCR"), "incr", 2, true, &Session::incr},
    {code_of("DEL"), "del", -2, false, &Session::del},
    {code_of("EXISTS"), "exists", -2, false, &Session::exists},
    {code_of("PING"), "ping", -1, false, &Session::ping},
    {code_of("ECHO"), "echo", 2, false, &Session::echo},
    {code_of("DECR"), "decr", 2, true, &Session::decr},
    {code_of("INCRBY"), "incrby", 3, true, &Session::incrby},
    {code_of("DECRBY"), "decrby", 3, true, &Session::decrby},
    {code_of("TTL"), "ttl", 2, false, &Session::ttl},
    {code_of("PTTL"), "pttl", 2, false, &Session::pttl},
    {code_of("DBSIZE"), "dbsize", 1, false, &Session::dbsize},
    {code_of("FLUSHALL"), "flushall", -1, false, &Session::flushall},
    {code_of("CONFIG"), "config", -2, false, &Session::config},
    {code_of("COMMAND"), "command", -1, false, &Session::command},
    {code_of("SELECT"), "select", 2, false, &Session::select},
    {code_of("CLIENT"), "client", -2, false, &Session::client},
    {code_of("HELLO"), "hello", -1, false, &Session::hello},
};

Session::Progress Session::advance(std::string_view input, std::string& out) {
  out_ = &out;
  Progress progress;
  while (out.size() < kBatch) {
    switch (parser_.advance(input.substr(progress.consumed))) {
      case Parser::Outcome::more:
        progress.more_than = parser_.wants() - 1;
        return progress;
      case Parser::Outcome::error:
        add_error("ERR " + parser_.error());
        progress.is_over = true;
        return progress;
      case Parser::Outcome::command:
        break;
    }
    if (!parser_.args().empty()) run(parser_.args());
    progress.consumed += parser_.size();
    progress.is_over = is_over_;
    if (is_over_) return progress;
  }
  progress.is_short = false;
  return progress;
}

const Session::Command* Session::find_command(std::string_view name) noexcept {
  const auto code = code_of(name);
  const auto* const found = std::ranges::find(kCommands, code, &Command::code);
  return found == std::end(kCommands) ? nullptr : found;
}

void Session::run(const Args& args) {
  const auto* const command = find_command(args[0]);
  if (command == nullptr) {
    if (!is_word(args[0], "QUIT")) return add_unknown(args);
    is_over_ = true;
    *out_ += "+OK\r\n";
    return;
  }
  const auto count = static_cast<int>(args.size());
  if (command->arity > 0 ? count != command->arity : count < -command->arity) return add_wrong_arity(command->name);
  if (command->takes_memory && store_.is_full())
    return add_error("OOM command not allowed when used memory > 'maxmemory'.");
  (this->*command->run)(args);
}

void Session::get(const Args& args) { add_value(store_.find(args[1])); }

void Session::set(const Args& args) {
  if (args.size() > 3) return set_with_options(args);
  store_.set(args[1], args[2], 0);
  *out_ += "+OK\r\n";
}

namespace {

/// What stands behind key and value.
struct SetOptions {
  bool if_new = false, if_there = false, get = false, keep_ttl = false;
  std::string_view unit;  ///< of `time`; empty: none
  std::string_view time;

  /// False: a syntax error.
  bool read(const std::vector<std::string_view>& args) noexcept {
    for (std::size_t i = 3; i < args.size(); ++i) {
      const auto takes_time = [&](std::string_view word) {
        if (!is_word(args[i], word) || keep_ttl || i + 1 >= args.size()) return false;
        if (!unit.empty() && unit != word) return false;
        unit = word;
        return true;
      };
      if (is_word(args[i], "NX") && !if_there) {
        if_new = true;
      } else if (is_word(args[i], "XX") && !if_new) {
        if_there = true;
      } else if (is_word(args[i], "GET")) {
        get = true;
      } else if (is_word(args[i], "KEEPTTL") && unit.empty()) {
        keep_ttl = true;
      } else if (takes_time("EX") || takes_time("PX") || takes_time("EXAT") || takes_time("PXAT")) {
        time = args[++i];
      } else {
        return false;
      }
    }
    return true;
  }
};

/// When it expires, in milliseconds of the wall clock; none: no such time.
std::optional<std::int64_t> expiry(std::string_view unit, std::int64_t time) noexcept {
  const bool in_seconds = unit.starts_with("EX");
  const bool is_relative = !unit.ends_with("AT");
  std::int64_t expires = 0;
  if (time <= 0 || __builtin_mul_overflow(time, in_seconds ? 1000 : 1, &expires)) return std::nullopt;
  if (is_relative && __builtin_add_overflow(expires, now_ms(), &expires)) return std::nullopt;
  return expires;
}

}  // namespace

void Session::set_with_options(const Args& args) {
  SetOptions options;
  if (!options.read(args)) return add_error("ERR syntax error");
  std::int64_t expires = 0;
  if (!options.unit.empty()) {
    const auto time = to_number(options.time);
    if (!time) return add_error(kNotANumber);
    const auto at = expiry(options.unit, *time);
    if (!at) return add_error("ERR invalid expire time in 'set' command");
    expires = *at;
  }
  const auto* const old = store_.find(args[1]);
  if (options.get) add_value(old);
  if ((options.if_new && old != nullptr) || (options.if_there && old == nullptr)) {
    if (!options.get) *out_ += "$-1\r\n";
    return;
  }
  if (options.keep_ttl && old != nullptr) expires = old->expires_ms;
  store_.set(args[1], args[2], expires);
  if (!options.get) *out_ += "+OK\r\n";
}

void Session::add(std::string_view key, std::int64_t by) {
  const auto* const old = store_.find(key);
  std::int64_t number = 0;
  if (old != nullptr) {
    const auto read = to_number(old->value());
    if (!read) return add_error(kNotANumber);
    number = *read;
  }
  if (__builtin_add_overflow(number, by, &number)) return add_error("ERR increment or decrement would overflow");
  char digits[24];
  const char* end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  store_.set(key, {digits, static_cast<std::size_t>(end - digits)}, old != nullptr ? old->expires_ms : 0);
  add_number(number);
}

void Session::incr(const Args& args) { add(args[1], 1); }
void Session::decr(const Args& args) { add(args[1], -1); }

void Session::incrby(const Args& args) {
  const auto by = to_number(args[2]);
  return by ? add(args[1], *by) : add_error(kNotANumber);
}

void Session::decrby(const Args& args) {
  const auto by = to_number(args[2]);
  if (!by) return add_error(kNotANumber);
  std::int64_t negated = 0;
  if (__builtin_sub_overflow(std::int64_t{0}, *by, &negated)) return add_error("ERR decrement would overflow");
  add(args[1], negated);
}

void Session::del(const Args& args) {
  add_number(std::count_if(args.begin() + 1, args.end(), [this](auto key) { return store_.erase(key); }));
}

void Session::exists(const Args& args) {
  add_number(std::count_if(args.begin() + 1, args.end(), [this](auto key) { return store_.find(key) != nullptr; }));
}

void Session::ping(const Args& args) {
  if (args.size() > 2) return add_wrong_arity("ping");
  if (args.size() == 2) return add_bulk(args[1]);
  *out_ += "+PONG\r\n";
}

void Session::echo(const Args& args) { add_bulk(args[1]); }

void Session::ttl(const Args& args) {
  const auto* const entry = store_.find(args[1]);
  if (entry == nullptr || entry->expires_ms == 0) return add_number(entry == nullptr ? -2 : -1);
  add_number((entry->expires_ms - now_ms() + 500) / 1000);
}

void Session::pttl(const Args& args) {
  const auto* const entry = store_.find(args[1]);
  if (entry == nullptr || entry->expires_ms == 0) return add_number(entry == nullptr ? -2 : -1);
  add_number(std::max<std::int64_t>(0, entry->expires_ms - now_ms()));
}

void Session::dbsize(const Args&) { add_number(static_cast<std::int64_t>(store_.size())); }

void Session::flushall(const Args& args) {
  const bool known = args.size() == 1 || (args.size() == 2 && (is_word(args[1], "SYNC") || is_word(args[1], "ASYNC")));
  if (!known) return add_error("ERR syntax error");
  store_.clear();
  *out_ += "+OK\r\n";
}

namespace {

/// "*" is any text, "?" any letter. Only the last "*" is ever tried again: a pattern of many costs no more than one.
bool matches(std::string_view pattern, std::string_view text) noexcept {
  constexpr auto kNone = std::string_view::npos;
  std::size_t in_pattern = 0, in_text = 0, star = kNone, tried = 0;
  while (in_text < text.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      star = in_pattern++;
      tried = in_text;
    } else if (in_pattern < pattern.size() && (pattern[in_pattern] == '?' || pattern[in_pattern] == text[in_text])) {
      ++in_pattern;
      ++in_text;
    } else if (star != kNone) {
      in_pattern = star + 1;
      in_text = ++tried;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in_pattern) == kNone;
}

}  // namespace

/// What clients ask for before they begin, as far as there is something to say.
void Session::config(const Args& args) {
  if (!is_word(args[1], "GET")) return add_unknown_subcommand(args);
  if (args.size() < 3) return add_wrong_arity("config|get");
  const std::pair<std::string_view, std::string> settings[] = {{"appendonly", "no"},
                                                               {"databases", "1"},
                                                               {"proto-max-bulk-len", std::to_string(limits_.max_bulk)},
                                                               {"save", ""},
                                                               {"timeout", "0"}};
  std::vector<const std::pair<std::string_view, std::string>*> found;
  for (const auto& setting : settings) {
    const auto is_asked = [&](std::string_view asked) {
      return asked.size() <= 32 && matches(lower_case(asked), setting.first);
    };
    if (std::any_of(args.begin() + 2, args.end(), is_asked)) found.push_back(&setting);
  }
  add_array(found.size() * 2);
  for (const auto* const setting : found) {
    add_bulk(setting->first);
    add_bulk(setting->second);
  }
}

/// Interactive clients ask what there is, for their hints, and do without.
void Session::command(const Args&) { add_array(0); }

void Session::select(const Args& args) {
  const auto number = to_number(args[1]);
  if (!number) return add_error(kNotANumber);
  if (*number != 0) return add_error("ERR DB index is out of range");
  *out_ += "+OK\r\n";
}

void Session::client(const Args& args) {
  const auto is = [&](std::string_view word, std::size_t count) {
    return is_word(args[1], word) && args.size() == count;
  };
  if (is("SETNAME", 3)) {
    const bool plain = std::ranges::all_of(args[2], [](char c) { return c >= '!' && c <= '~'; });
    if (!plain) return add_error("ERR Client names cannot contain spaces, newlines or special characters.");
    name_ = args[2];
    *out_ += "+OK\r\n";
  } else if (is("GETNAME", 2)) {
    if (name_.empty()) return void(*out_ += "$-1\r\n");
    add_bulk(name_);
  } else if (is("ID", 2)) {
    add_number(static_cast<std::int64_t>(id_));
  } else if (is("SETINFO", 4)) {
    *out_ += "+OK\r\n";  // of later servers; their clients send it unasked
  } else {
    for (const std::string_view known : {"SETNAME", "GETNAME", "ID", "SETINFO"})
      if (is_word(args[1], known)) return add_wrong_arity("client|" + lower_case(known));
    add_unknown_subcommand(args);
  }
}

/// RESP2 is all there is: a client that asks for more is told so, and goes on with that.
void Session::hello(const Args& args) {
  if (args.size() > 1) {
    const auto version = to_number(args[1]);
    if (!version) return add_error("ERR Protocol version is not an integer or out of range");
    if (*version != 2) return add_error("NOPROTO unsupported protocol version");
    if (args.size() > 2) return add_error("ERR Syntax error in HELLO option '" + std::string{cut(args[2], 128)} + "'");
  }
  add_array(14);
  for (const std::string_view text : {"server", "indrik-resp", "version", "7.0.0", "proto"}) add_bulk(text);
  add_number(2);
  add_bulk("id");
  add_number(static_cast<std::int64_t>(id_));
  for (const std::string_view text : {"mode", "standalone", "role", "master", "modules"}) add_bulk(text);
  add_array(0);
}

/// In one line, whatever a client has put into it.
void Session::add_error(std::string_view text) {
  while (text.ends_with('\r') || text.ends_with('\n')) text.remove_suffix(1);
  *out_ += '-';
  for (const char c : text) *out_ += c == '\r' || c == '\n' ? ' ' : c;
  *out_ += "\r\n";
}

void Session::add_wrong_arity(std::string_view command) {
  add_error("ERR wrong number of arguments for '" + std::string{command} + "' command");
}

void Session::add_unknown(const Args& args) {
  constexpr std::size_t kShown = 128;
  std::string shown;
  for (auto arg = args.begin() + 1; arg != args.end() && shown.size() < kShown; ++arg)
    shown.append("'" + std::string{cut(*arg, kShown - shown.size())} + "' ");
  add_error("ERR unknown command '" + std::string{cut(args[0], kShown)} + "', with args beginning with: " + shown);
}

void Session::add_unknown_subcommand(const Args& args) {
  std::string container = lower_case(args[0]);
  for (char& c : container) c = static_cast<char>(c - 'a' + 'A');
  add_error("ERR unknown subcommand '" + std::string{cut(args[1], 128)} + "'. Try " + container + " HELP.");
}

void Session::add_bulk(std::string_view text) {
  char digits[24];
  const char* end = std::to_chars(digits, digits + sizeof digits, text.size()).ptr;
  out_->append(1, '$')
      .append(digits, static_cast<std::size_t>(end - digits))
      .append("\r\n")
      .append(text)
      .append("\r\n");
}

void Session::add_number(std::int64_t number) {
  char digits[24];
  const char* end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out_->append(1, ':').append(digits, static_cast<std::size_t>(end - digits)).append("\r\n");
}

void Session::add_array(std::size_t size) { *out_ += '*' + std::to_string(size) + "\r\n"; }

void Session::add_value(const Entry* entry) {
  if (entry == nullptr) return void(*out_ += "$-1\r\n");
  add_bulk(entry->value());
}

}  // namespace resp
