# What `cmake --install` puts where, by package: the components server, plugins and dev.
include(CMakePackageConfigHelpers)

set(INDRIK_CONF_DIR ${CMAKE_INSTALL_FULL_SYSCONFDIR}/indrik)
set(unit_folder lib/systemd/system)  # systemd looks here whatever the multiarch name is
set(generated ${PROJECT_BINARY_DIR}/packaging)
set(packaging ${PROJECT_SOURCE_DIR}/packaging)

# --- server
install(TARGETS indrik RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR} COMPONENT server)
install(TARGETS indrikctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT server)
install(TARGETS plugin_health LIBRARY DESTINATION ${INDRIK_PLUGIN_DIR} COMPONENT server)  # the default configuration's
install(FILES ${PROJECT_SOURCE_DIR}/conf/production.toml DESTINATION ${INDRIK_CONF_DIR} RENAME indrik.toml
  COMPONENT server)
install(DIRECTORY DESTINATION ${INDRIK_CONF_DIR}/conf.d COMPONENT server)  # empty: production.toml includes what comes
install(FILES ${PROJECT_SOURCE_DIR}/conf/indrik.toml DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/indrik/examples
  COMPONENT server)
install(FILES ${packaging}/sysusers/indrik.conf DESTINATION lib/sysusers.d COMPONENT server)
install(FILES ${packaging}/logrotate/indrik DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/logrotate.d COMPONENT server)

# add_unit(UNIT OF_INSTANCE CONFIG FOLDER): the one server, or one of several.
function(add_unit unit of_instance config folder)
  configure_file(${packaging}/systemd/indrik.service.in ${generated}/${unit}.service @ONLY)
  install(FILES ${generated}/${unit}.service DESTINATION ${unit_folder} COMPONENT server)
endfunction()
add_unit(indrik "" indrik indrik)
add_unit(indrik@ " %i" %i indrik-%i)
install(FILES ${packaging}/systemd/indrik.socket DESTINATION ${unit_folder} COMPONENT server)

# add_man_page(NAME SECTION COMMAND...): what the command prints, out of the tables in the source.
function(add_man_page name section)
  set(file ${generated}/${name}.${section})
  add_custom_command(OUTPUT ${file} ${file}.gz COMMAND ${ARGN} > ${file} COMMAND gzip -9nkf ${file}
    DEPENDS indrik indrikctl VERBATIM)
  set_property(GLOBAL APPEND PROPERTY indrik_man_pages ${file})
  install(FILES ${file}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT server)
endfunction()
add_man_page(indrik 8 indrik --print-man-8)
add_man_page(indrik.toml 5 indrik --print-man-5)
add_man_page(indrikctl 1 indrikctl --print-man)
get_property(man_pages GLOBAL PROPERTY indrik_man_pages)
if(INDRIK_TESTS)  # they are packaged from a build without
  add_custom_target(man_pages DEPENDS ${man_pages})
else()
  add_custom_target(man_pages ALL DEPENDS ${man_pages})
endif()

# --- plugins
get_property(plugins DIRECTORY ${PROJECT_SOURCE_DIR}/plugins PROPERTY BUILDSYSTEM_TARGETS)
list(FILTER plugins INCLUDE REGEX "^plugin_")
list(REMOVE_ITEM plugins plugin_health)
install(TARGETS ${plugins} LIBRARY DESTINATION ${INDRIK_PLUGIN_DIR} COMPONENT plugins)

# --- dev
set(cmake_folder ${CMAKE_INSTALL_LIBDIR}/cmake/indrik)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/indrik DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
install(TARGETS indrik_sdk EXPORT indrik COMPONENT dev)
install(EXPORT indrik NAMESPACE indrik:: DESTINATION ${cmake_folder} FILE indrikTargets.cmake COMPONENT dev)
configure_package_config_file(${packaging}/cmake/indrikConfig.cmake.in ${generated}/indrikConfig.cmake
  INSTALL_DESTINATION ${cmake_folder} PATH_VARS INDRIK_PLUGIN_DIR)
write_basic_package_version_file(${generated}/indrikConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${generated}/indrikConfig.cmake ${generated}/indrikConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/IndrikPlugin.cmake DESTINATION ${cmake_folder} COMPONENT dev)
configure_file(${packaging}/indrik.pc.in ${generated}/indrik.pc @ONLY)
install(FILES ${generated}/indrik.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
