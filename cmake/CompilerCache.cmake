# A second build of the same source costs next to nothing where ccache is installed; nothing needs it.
find_program(INDRIK_CCACHE ccache)
if(INDRIK_CCACHE)
  # What ccache cannot see of a precompiled header are its times and unused definitions.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${INDRIK_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
