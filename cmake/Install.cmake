# What `cmake --install` puts where, by package: the components server, plugins and dev.
include(CMakePackageConfigHelpers)

set(INDRIK_CONF_DIR ${CMAKE_INSTALL_FULL_SYSCONFDIR}/indrik)
set(unit_folder lib/systemd/system)  # systemd looks here whatever the multiarch name is
set(generated ${PROJECT_BINARY_DIR}/packaging)
set(packaging ${PROJECT_SOURCE_DIR}/packaging)

# --- server
install(TARGETS indrik RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR} COMPONENT server)
if(TARGET indrikctl)
  install(TARGETS indrikctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT server)
endif()
install(TARGETS plugin_health LIBRARY DESTINATION ${INDRIK_PLUGIN_DIR} COMPONENT server)  # the default configuration's
install(FILES ${PROJECT_SOURCE_DIR}/conf/production.toml DESTINATION ${INDRIK_CONF_DIR} RENAME indrik.toml
  COMPONENT server)
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
