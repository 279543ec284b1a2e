# What only .deb packages have.
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_VERSION ${PROJECT_VERSION})

# What names of functions in stacks come from: indrik-dbgsym and indrik-plugins-dbgsym, as .ddeb. CPack takes it off the
# files itself then, and finds none in those that are stripped before.
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ON)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/PackagesStripped.cmake)

set(CPACK_DEBIAN_SERVER_PACKAGE_DEPENDS
  "init-system-helpers (>= 1.52), systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_SERVER_PACKAGE_RECOMMENDS "logrotate")
set(CPACK_DEBIAN_SERVER_PACKAGE_SUGGESTS "indrik-plugins, indrik-dev, nginx")
set(CPACK_DEBIAN_PLUGINS_PACKAGE_DEPENDS "indrik (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "indrik, g++, cmake, pkgconf | pkg-config")
# Nothing in it is linked.
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS OFF)

# dpkg tells the server when a plugin has come or changed.
file(WRITE ${generated}/triggers "interest-noawait ${INDRIK_PLUGIN_DIR}\n")
file(WRITE ${generated}/conffiles "${INDRIK_CONF_DIR}/indrik.toml\n${CMAKE_INSTALL_FULL_SYSCONFDIR}/logrotate.d/indrik\n")
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA
  ${debian}/preinst ${debian}/postinst ${debian}/prerm ${debian}/postrm ${generated}/conffiles ${generated}/triggers)
