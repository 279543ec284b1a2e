# What a plugin sees of the server: include/ and nothing else.
add_library(indrik_sdk INTERFACE)
add_library(indrik::sdk ALIAS indrik_sdk)
set_target_properties(indrik_sdk PROPERTIES EXPORT_NAME sdk)
target_include_directories(indrik_sdk INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)

include(IndrikPlugin)

# Where they are installed; the server looks there last, see plugin_folder() in src/config.
include(GNUInstallDirs)
set(INDRIK_PLUGIN_DIR ${CMAKE_INSTALL_FULL_LIBDIR}/indrik/plugins)
set_property(SOURCE ${PROJECT_SOURCE_DIR}/src/config/plugin_lookup.cpp ${PROJECT_SOURCE_DIR}/src/app/man_pages.cpp
  APPEND PROPERTY COMPILE_DEFINITIONS INDRIK_PLUGIN_DIR="${INDRIK_PLUGIN_DIR}")

# add_plugin(NAME SOURCES... [OUTPUT folder]): build/PRESET/plugins/NAME.so, with our warnings.
function(add_plugin name)
  cmake_parse_arguments(plugin "" "OUTPUT" "LIBRARIES" ${ARGN})
  if(NOT plugin_OUTPUT)
    set(plugin_OUTPUT ${PROJECT_BINARY_DIR}/plugins)
  endif()
  indrik_add_plugin(plugin_${name} ${plugin_UNPARSED_ARGUMENTS} LIBRARIES ${plugin_LIBRARIES} indrik_warnings)
  set_target_properties(plugin_${name} PROPERTIES OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${plugin_OUTPUT})
endfunction()
