# indrik_add_plugin(NAME SOURCES... [LIBRARIES TARGETS...]): the target NAME builds NAME.so, a plugin for Indrik that
# exports its one entry only. For projects of their own after find_package(indrik), and for the plugins in this tree.
# A server finds it by name in INDRIK_PLUGIN_DIR: install(TARGETS NAME DESTINATION ${INDRIK_PLUGIN_DIR}).
function(indrik_add_plugin name)
  cmake_parse_arguments(plugin "" "" "LIBRARIES" ${ARGN})
  add_library(${name} MODULE ${plugin_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE indrik::sdk ${plugin_LIBRARIES})
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if("CXX" IN_LIST languages)
    target_compile_features(${name} PRIVATE cxx_std_20)
  endif()
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()
