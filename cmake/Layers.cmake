# add_layer(NAME DEPENDS LAYERS... LIBRARIES TARGETS...): src/NAME/*.cpp becomes the static library indrik_NAME.
# What a layer may depend on is stated once more, and checked include by include, in tests/architecture.
function(add_layer name)
  cmake_parse_arguments(layer "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  list(TRANSFORM layer_DEPENDS PREPEND indrik_)
  if(sources)
    add_library(indrik_${name} STATIC ${sources})
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
  list(TRANSFORM program_DEPENDS PREPEND indrik_)
  target_include_directories(indrik_${program_LAYER} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(indrik_${program_LAYER} PUBLIC ${program_DEPENDS} PRIVATE indrik_warnings)
  target_compile_definitions(indrik_${program_LAYER} PRIVATE
    INDRIK_VERSION="${PROJECT_VERSION}" INDRIK_RELEASED="${INDRIK_RELEASED}")
  add_executable(${name} ${PROJECT_SOURCE_DIR}/src/${program_LAYER}/main.cpp)
  target_link_libraries(${name} PRIVATE indrik_${program_LAYER} indrik_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR} ENABLE_EXPORTS ON)
endfunction()
