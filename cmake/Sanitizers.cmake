# INDRIK_SANITIZE is what -fsanitize= takes: "address,undefined" or "thread"; empty is none.
set(INDRIK_SANITIZE "" CACHE STRING "Sanitizers for everything built here")
if(INDRIK_SANITIZE)
  add_compile_options(-fsanitize=${INDRIK_SANITIZE} -fno-sanitize-recover=all)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The instrumentation blinds this warning: GCC 12 gives it for std::regex and std::function of its own library.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
  add_link_options(-fsanitize=${INDRIK_SANITIZE})
endif()
