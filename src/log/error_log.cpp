// The one place that compiles spdlog.
#include "log/error_log.h"

#include <fcntl.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>
#include <memory>
#include <mutex>

#include "base/fd.h"
#include "log/journal.h"
#include "log/line_writer.h"

namespace indrik::log {
namespace {

spdlog::level::level_enum level_in_spdlog(Level level) noexcept {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::critical:
      break;
  }
  return spdlog::level::critical;
}

Result<Fd> open_target(const std::string& target, const std::optional<Owner>& owner) {
  // A copy of stderr, so that closing is the same for both.
  const bool is_stderr = target == "-";
  if (owner && !is_stderr)
    if (auto created = create_for(*owner, target); !created) return fail(std::move(created).error());
  // O_NONBLOCK: a FIFO that nobody reads is an error (ENXIO), not a wait without end.
  Fd fd{is_stderr ? ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
                  : ::open(target.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640)};
  if (!fd) return fail(Error::from_errno(errno, "open the error log {}", is_stderr ? "on stderr" : target));
  return fd;
}

/// As sd-daemon(3) has it, which takes syslog(3)'s: the journal takes a "<3>" off the front of a line.
int priority_of(spdlog::level::level_enum level) noexcept {
  switch (level) {
    case spdlog::level::debug:
      return LOG_DEBUG;
    case spdlog::level::info:
      return LOG_INFO;
    case spdlog::level::warn:
      return LOG_WARNING;
    case spdlog::level::err:
      return LOG_ERR;
    default:
      return LOG_CRIT;
  }
}

/// Whole lines, each in one write(2): with O_APPEND no two processes mix theirs.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit DescriptorSink(Fd fd)
      : base_sink{std::make_unique<spdlog::pattern_formatter>("%Y-%m-%d %H:%M:%S.%e [%P] [%l] %v")},
        to_journal_{is_journal(fd.get())},
        writer_{std::move(fd)} {}

  void replace(Fd fd) {
    const std::lock_guard lock{mutex_};
    to_journal_ = is_journal(fd.get());
    writer_.replace(std::move(fd));
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    if (const auto lost = writer_.lost(); lost > 0)
      append({"", spdlog::level::warn,
              fmt::format("{} lost: the log could not be written",
                          lost == 1 ? "1 line was" : fmt::format("{} lines were", lost))},
             text);
    append(message, text);
    writer_.write({text.data(), text.size()});
  }
  void flush_() override {}

 private:
  void append(const spdlog::details::log_msg& message, spdlog::memory_buf_t& text) {
    const auto begin = text.size();
    formatter_->format(message, text);
    if (!to_journal_) return;
    // The journal takes each line for an entry of its own, those of a block too.
    const std::string plain{text.data() + begin, text.size() - begin};
    const auto prefix = fmt::format("<{}>", priority_of(message.level));
    text.resize(begin);
    for (std::size_t from = 0; from < plain.size();) {
      const auto end = plain.find('\n', from) + 1;  // the last line ends by one as well
      text.append(prefix);
      text.append(plain.data() + from, plain.data() + end);
      from = end;
    }
  }

  bool to_journal_;
  LineWriter writer_;
};

/// Line ends and controls become \n, \r, \t or \xHH. Bytes of UTF-8 pass: the text may be in any language.
std::string without_controls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

struct ErrorLog::State {
  State(std::string path, std::optional<Owner> whose, Fd fd)
      : target{std::move(path)},
        owner{whose},
        sink{std::make_shared<DescriptorSink>(std::move(fd))},
        logger{"", sink} {}

  std::string target;
  std::optional<Owner> owner;
  std::shared_ptr<DescriptorSink> sink;  // spdlog's loggers share their sinks
  spdlog::logger logger;
};

ErrorLog::ErrorLog(std::unique_ptr<State> state) noexcept : state_{std::move(state)} {}
ErrorLog::ErrorLog(ErrorLog&&) noexcept = default;
ErrorLog& ErrorLog::operator=(ErrorLog&&) noexcept = default;
ErrorLog::~ErrorLog() = default;

Result<ErrorLog> ErrorLog::open(const std::string& target, Level least, std::optional<Owner> owner) {
  auto fd = open_target(target, owner);
  if (!fd) return fail(std::move(fd).error());
  auto state = std::make_unique<State>(target, owner, *std::move(fd));
  state->logger.set_level(level_in_spdlog(least));
  return ErrorLog{std::move(state)};
}

bool ErrorLog::enabled(Level level) const noexcept { return state_->logger.should_log(level_in_spdlog(level)); }

void ErrorLog::write(Level level, std::string_view text) noexcept {
  state_->logger.log(level_in_spdlog(level), without_controls(text));
}

Result<void> ErrorLog::redirect(const std::string& target, Level least, std::optional<Owner> owner) {
  if (target != state_->target) {
    auto fd = open_target(target, owner);
    if (!fd) return fail(std::move(fd).error());
    state_->target = target;
    state_->sink->replace(*std::move(fd));
  }
  state_->owner = owner;
  state_->logger.set_level(level_in_spdlog(least));
  return {};
}

void ErrorLog::write_block(Level level, std::string_view first, std::span<const std::string> more) noexcept {
  auto text = without_controls(first);
  // The indent is what no entry begins with: nobody can forge one.
  for (const auto& line : more) text.append("\n    ").append(without_controls(line));
  state_->logger.log(level_in_spdlog(level), text);
}

Result<void> ErrorLog::reopen() {
  if (state_->target == "-") return {};
  auto fd = open_target(state_->target, state_->owner);
  if (!fd) return fail(std::move(fd).error());
  state_->sink->replace(*std::move(fd));
  return {};
}

}  // namespace indrik::log
