# Packages, by cpack in the build folder: `cpack -G DEB`, `cpack -G RPM`. ./dev package makes and checks them.
set(INDRIK_MAINTAINER "Indrik maintainers <maintainers@indrik.invalid>" CACHE STRING "Whom packages name")
set(debian ${packaging}/debian)

file(STRINGS ${debian}/changelog newest LIMIT_COUNT 1)
if(NOT newest MATCHES "^indrik \\(${PROJECT_VERSION}-([^)]+)\\) ")
  message(FATAL_ERROR "packaging/debian/changelog does not begin with version ${PROJECT_VERSION}")
endif()
set(CPACK_DEBIAN_PACKAGE_RELEASE ${CMAKE_MATCH_1})

# Debian wants the changelog compressed, and the same for the same source.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${debian}/changelog ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
foreach(pair "${debian}/changelog>changelog.Debian.gz" "${PROJECT_SOURCE_DIR}/CHANGELOG.md>changelog.gz")
  string(REPLACE ">" ";" pair ${pair})
  list(GET pair 0 from)
  list(GET pair 1 to)
  execute_process(COMMAND gzip -9nc ${from} OUTPUT_FILE ${generated}/${to} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

set(CPACK_PACKAGE_VENDOR Indrik)
# It would stand before each package's own.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_PACKAGE_CONTACT ${INDRIK_MAINTAINER})
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_COMPONENTS_ALL server plugins dev)
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 0)
# Folders below /usr are 0755 whatever the umask of the builder.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

# describe(COMPONENT PACKAGE SECTION SUMMARY TEXT): one package, for every generator.
macro(describe component package section summary text)
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section})
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${summary}\n${text}")
  set(CPACK_RPM_${component}_PACKAGE_NAME ${package})
  set(CPACK_RPM_${component}_PACKAGE_SUMMARY ${summary})
  set(CPACK_RPM_${component}_PACKAGE_DESCRIPTION ${text})
  foreach(file ${debian}/copyright ${generated}/changelog.Debian.gz ${generated}/changelog.gz)
    install(FILES ${file} DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${component})
  endforeach()
endmacro()
describe(server indrik httpd "prefork application server for native code"
"Serves handlers that are compiled to shared objects: a master process binds
the sockets, forks workers, replaces those that die or hang, and reloads
configuration and plugins without losing a request. The same plugin runs one
request at a time, in a pool of threads, or in thousands of fibers.")
describe(plugins indrik-plugins httpd "example plugins for the application server Indrik"
"A server of static files, a small Redis in memory, and clients of Redis,
PostgreSQL and HTTP servers, as they come with the source.")
describe(dev indrik-dev libdevel "headers to write plugins for the application server Indrik"
"The C interface, the header-only SDK in C++20, and what CMake and pkg-config
need: find_package(indrik) with indrik_add_plugin(), and indrik.pc.")

include(${CMAKE_CURRENT_LIST_DIR}/PackagesDebian.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/PackagesRpm.cmake)
include(CPack)
