# Warnings are errors everywhere; the flags stand on a target of their own, so that foreign sources go without.
option(INDRIK_TESTS "Build the tests" ON)
option(INDRIK_FUZZ "Build the libFuzzer targets (clang)" OFF)

add_library(indrik_warnings INTERFACE)
target_compile_options(indrik_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wcast-align -Wformat=2 -Wundef -Werror
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Wextra-semi>
  # Aggregates are initialised by name; what is not named keeps its default.
  -Wno-missing-field-initializers)

# Frame pointers everywhere: a profile or a crash report of a running server must be readable.
add_compile_options(-fno-omit-frame-pointer)
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1 -fstack-protector-strong -D_GLIBCXX_ASSERTIONS")
set(CMAKE_C_FLAGS_DEV "-O1 -g1 -fstack-protector-strong")
# What is shipped is hardened as Debian does it.
set(hardening "-fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O3 -g1 ${hardening} -DNDEBUG")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O3 -g1 ${hardening} -DNDEBUG")
foreach(kind EXE MODULE)
  set(CMAKE_${kind}_LINKER_FLAGS_RELWITHDEBINFO "-Wl,-z,relro,-z,now")
endforeach()
