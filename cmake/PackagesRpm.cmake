# What only .rpm packages have. They are built to show that the same files fit; Debian is what is tested.
set(CPACK_RPM_COMPONENT_INSTALL ON)
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_LICENSE Apache-2.0)
set(CPACK_RPM_PACKAGE_RELEASE ${CPACK_DEBIAN_PACKAGE_RELEASE})
set(CPACK_RPM_plugins_PACKAGE_REQUIRES "indrik = ${PROJECT_VERSION}-${CPACK_RPM_PACKAGE_RELEASE}")
set(CPACK_RPM_server_USER_FILELIST
  "%config(noreplace) ${INDRIK_CONF_DIR}/indrik.toml"
  "%config(noreplace) ${CMAKE_INSTALL_FULL_SYSCONFDIR}/logrotate.d/indrik")
set(CPACK_RPM_server_POST_INSTALL_SCRIPT_FILE ${packaging}/rpm/post)
set(CPACK_RPM_server_PRE_UNINSTALL_SCRIPT_FILE ${packaging}/rpm/preun)
# Folders that belong to the system.
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
  ${CMAKE_INSTALL_FULL_SYSCONFDIR} ${CMAKE_INSTALL_FULL_SYSCONFDIR}/logrotate.d /usr/lib/systemd /usr/lib/systemd/system
  /usr/lib/sysusers.d /usr/sbin ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_FULL_LIBDIR}/cmake
  ${CMAKE_INSTALL_FULL_MANDIR}/man1 ${CMAKE_INSTALL_FULL_MANDIR}/man5 ${CMAKE_INSTALL_FULL_MANDIR}/man8)
