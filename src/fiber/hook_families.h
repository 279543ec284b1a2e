#pragma once

#include <span>
#include <string_view>

namespace indrik::fiber {

using SymbolNames = std::span<const std::string_view>;

// What each family of hooks defines: one function a file, beside the definitions. That hooks.cpp calls each is also
// what makes the linker take the file from the library.

SymbolNames c11_hooks() noexcept;
SymbolNames close_hooks() noexcept;
SymbolNames condition_hooks() noexcept;
SymbolNames connect_hooks() noexcept;
SymbolNames databases_hooks() noexcept;
SymbolNames epoll_hooks() noexcept;
SymbolNames eventfd_hooks() noexcept;
SymbolNames file_data_hooks() noexcept;
SymbolNames file_locks_hooks() noexcept;
SymbolNames files_hooks() noexcept;
SymbolNames futex_hooks() noexcept;
SymbolNames messages_hooks() noexcept;
SymbolNames mutex_hooks() noexcept;
SymbolNames names_hooks() noexcept;
SymbolNames once_hooks() noexcept;
SymbolNames poll_hooks() noexcept;
SymbolNames process_hooks() noexcept;
SymbolNames read_hooks() noexcept;
SymbolNames rwlock_hooks() noexcept;
SymbolNames select_hooks() noexcept;
SymbolNames semaphore_hooks() noexcept;
SymbolNames sendfile_hooks() noexcept;
SymbolNames signals_hooks() noexcept;
SymbolNames sleep_hooks() noexcept;
SymbolNames socket_hooks() noexcept;
SymbolNames splice_hooks() noexcept;
SymbolNames thread_hooks() noexcept;

}  // namespace indrik::fiber
