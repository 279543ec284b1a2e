# Most of what a file takes to compile goes into the headers of libraries, so that builds for tests compile some files of
# a layer at once. Not those that share a name with another in their unnamed namespaces; and what is shipped is compiled
# file by file, which tells of a header that is missing.
option(INDRIK_TOGETHER "Compile files of a layer together in builds for tests" ON)
file(GLOB INDRIK_ALONE CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/fiber/hooks_*.cpp)
foreach(file config/toml_guard fiber/lock_queue net/address_set net/tls_credentials plugin/loop_interface supervisor/stall_reports
    worker/loop_watches)
  list(APPEND INDRIK_ALONE ${PROJECT_SOURCE_DIR}/src/${file}.cpp)
endforeach()
set_source_files_properties(${INDRIK_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)

function(compile_together target)
  if(INDRIK_TOGETHER AND CMAKE_BUILD_TYPE STREQUAL "Dev")
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    # To GCC the files look like headers then, in which a member of a type without linkage would be a mistake.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# Of the layers through which every request goes, more is compiled into its callers: GCC stops when the program has grown
# by a fixed share, most of which it spends on what runs once. See docs/performance.md.
set(INDRIK_ON_THE_WAY base process log net http stream routing plugin fiber worker)
function(compile_into_callers target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    target_compile_options(${target} PRIVATE
      --param=inline-unit-growth=150 --param=large-unit-insns=100000 --param=max-inline-insns-auto=80)
  endif()
endfunction()

# add_layer(NAME DEPENDS LAYERS... LIBRARIES TARGETS...): src/NAME/*.cpp becomes the static library indrik_NAME.
# What a layer may depend on is stated once more, and checked include by include, in tests/architecture.
function(add_layer name)
  cmake_parse_arguments(layer "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  list(TRANSFORM layer_DEPENDS PREPEND indrik_)
  if(sources)
    add_library(indrik_${name} STATIC ${sources})
    compile_together(indrik_${name})
    if(name IN_LIST INDRIK_ON_THE_WAY)
      compile_into_callers(indrik_${name})
    endif()
    target_include_directories(indrik_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(indrik_${name} PUBLIC ${layer_DEPENDS} ${layer_LIBRARIES} PRIVATE indrik_warnings)
  else()  # a layer of headers only
    add_library(indrik_${name} INTERFACE)
    target_include_directories(indrik_${name} INTERFACE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(indrik_${name} INTERFACE ${layer_DEPENDS} ${layer_LIBRARIES})
  endif()
endfunction()

# add_program(NAME LAYER app DEPENDS LAYERS...): src/LAYER/*.cpp becomes build/PRESET/NAME.
# Its dynamic symbols are exported: the hooked system calls must be found before libc's by every plugin.
function(add_program name)
  cmake_parse_arguments(program "" "LAYER" "DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${program_LAYER}/*.cpp)
  list(REMOVE_ITEM sources ${PROJECT_SOURCE_DIR}/src/${program_LAYER}/main.cpp)
  add_library(indrik_${program_LAYER} STATIC ${sources})
  compile_together(indrik_${program_LAYER})
  list(TRANSFORM program_DEPENDS PREPEND indrik_)
  target_include_directories(indrik_${program_LAYER} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(indrik_${program_LAYER} PUBLIC ${program_DEPENDS} PRIVATE indrik_warnings)
  target_compile_definitions(indrik_${program_LAYER} PRIVATE
    INDRIK_VERSION="${PROJECT_VERSION}" INDRIK_RELEASED="${INDRIK_RELEASED}")
  add_executable(${name} ${PROJECT_SOURCE_DIR}/src/${program_LAYER}/main.cpp)
  target_link_libraries(${name} PRIVATE indrik_${program_LAYER} indrik_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR} ENABLE_EXPORTS ON)
endfunction()
