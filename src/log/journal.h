#pragma once

#include <string_view>

namespace indrik::log {

/// Whether what is written to `fd` goes to systemd's journal: it is the stream that the service manager's variable
/// JOURNAL_STREAM names by device and inode. Source: systemd.exec(5). False where nothing says so.
bool is_journal(int fd) noexcept;

/// The same, of the variable's value.
bool is_stream(std::string_view device_and_inode, int fd) noexcept;

}  // namespace indrik::log
