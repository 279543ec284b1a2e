# A second build of the same source costs next to nothing where ccache is installed; nothing needs it.
find_program(INDRIK_CCACHE ccache)
if(INDRIK_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${INDRIK_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${INDRIK_CCACHE})
endif()
