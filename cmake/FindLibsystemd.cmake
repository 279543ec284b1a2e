# Libsystemd::libsystemd
find_path(Libsystemd_INCLUDE_DIR systemd/sd-daemon.h)
find_library(Libsystemd_LIBRARY systemd)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libsystemd REQUIRED_VARS Libsystemd_LIBRARY Libsystemd_INCLUDE_DIR)
if(Libsystemd_FOUND AND NOT TARGET Libsystemd::libsystemd)
  add_library(Libsystemd::libsystemd UNKNOWN IMPORTED)
  set_target_properties(Libsystemd::libsystemd PROPERTIES
    IMPORTED_LOCATION ${Libsystemd_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${Libsystemd_INCLUDE_DIR})
endif()
