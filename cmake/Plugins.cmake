# What a plugin sees of the server: include/ and nothing else.
add_library(indrik_sdk INTERFACE)
add_library(indrik::sdk ALIAS indrik_sdk)
target_include_directories(indrik_sdk INTERFACE ${PROJECT_SOURCE_DIR}/include)

# add_plugin(NAME SOURCES... [OUTPUT folder]): build/PRESET/plugins/NAME.so, exporting its one entry only.
function(add_plugin name)
  cmake_parse_arguments(plugin "" "OUTPUT" "LIBRARIES" ${ARGN})
  if(NOT plugin_OUTPUT)
    set(plugin_OUTPUT ${PROJECT_BINARY_DIR}/plugins)
  endif()
  add_library(plugin_${name} MODULE ${plugin_UNPARSED_ARGUMENTS})
  target_link_libraries(plugin_${name} PRIVATE indrik::sdk ${plugin_LIBRARIES} indrik_warnings)
  set_target_properties(plugin_${name} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${plugin_OUTPUT}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()
