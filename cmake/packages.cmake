# Packages by CPack, from what `cmake --install` installs; scripts/package.sh makes them. All kinds are made from one build:
# packaging/library_folder.cmake moves the libraries to where each has them. What only a .deb has is added by
# packaging/deb/finish.cmake.
set(HUGEPAGE_SHIM_PACKAGER "hugepage-shim packager <packager@hugepage-shim.invalid>" CACHE STRING
  "Who makes the packages: Name <address>; a placeholder for the role (RELEASING.md)")
set(doc_dir ${CMAKE_INSTALL_DATAROOTDIR}/doc/hugepage-shim)
# What is read, laid out as here; a test follows the links of what is installed.
install(FILES README.md README.zh.md SECURITY.md CHANGELOG.md CONTRIBUTING.md RELEASING.md LICENSE LICENSE-APACHE LICENSE-MIT DESTINATION ${doc_dir})
install(DIRECTORY docs deploy DESTINATION ${doc_dir})
install(FILES bench/README.md bench/RESULTS.md DESTINATION ${doc_dir}/bench)
install(DIRECTORY bench/runs DESTINATION ${doc_dir}/bench)
install(FILES packaging/hugepage-shim.conf DESTINATION ${doc_dir}/examples)

set(CPACK_PACKAGE_NAME hugepage-shim)
set(CPACK_PACKAGE_VENDOR "hugepage-shim authors")
set(CPACK_PACKAGE_CONTACT "${HUGEPAGE_SHIM_PACKAGER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "huge pages on the right NUMA node for Filecoin sealers")
set(CPACK_PACKAGE_DESCRIPTION
  "A library that is preloaded into an unmodified Filecoin sealer and gives its
two sector-sized buffers pre-made huge pages on the NUMA node of the thread
that asks for them. Every other call passes untouched, and where no memory
file is free the sealer gets what the kernel would have given it.
.
With it come hugepagectl and hugepage-file-init, which make and check the
memory files, and pc1-label, a labelling program to try and measure it with.
Nothing is preloaded or mounted, and no page taken, before it is configured.
The documents are in /usr/share/doc/hugepage-shim/docs, some in Chinese.")
# With DESTDIR, so that CMAKE_INSTALL_PREFIX is /usr to packaging/systemd too, and not a folder of the build.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
# Nothing is installed outside the package's folder.
set(CPACK_ERROR_ON_ABSOLUTE_INSTALL_DESTINATION ON)
# Not ALL: that would replace the list of files which `cmake --install` left in the build folder, perhaps as root.
set(CPACK_INSTALL_CMAKE_PROJECTS ${PROJECT_BINARY_DIR} ${PROJECT_NAME} Unspecified /)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR})
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_GENERATOR DEB)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
if(CMAKE_CROSSCOMPILING)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${HUGEPAGE_SHIM_DEBIAN_ARCHITECTURE})
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE})
  set(CPACK_HUGEPAGE_SHIM_DPKG_RECORDS ${HUGEPAGE_SHIM_DPKG_RECORDS})
endif()
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/packaging/deb/triggers ${PROJECT_SOURCE_DIR}/packaging/deb/prerm)
set(CPACK_PRE_BUILD_SCRIPTS
  ${PROJECT_SOURCE_DIR}/packaging/library_folder.cmake ${PROJECT_SOURCE_DIR}/packaging/deb/finish.cmake)
set(CPACK_HUGEPAGE_SHIM_SOURCE_DIR ${PROJECT_SOURCE_DIR})
set(CPACK_HUGEPAGE_SHIM_MULTIARCH ${CMAKE_LIBRARY_ARCHITECTURE})

set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_LICENSE "MIT OR Apache-2.0")
set(CPACK_RPM_PACKAGE_GROUP "System Environment/Base")
set(CPACK_RPM_PACKAGE_AUTOREQ ON)
# Links to programs by their build id, which debuggers of packages with debug information want.
set(CPACK_RPM_SPEC_MORE_DEFINE "%define _build_id_links none")
set(CPACK_RPM_PRE_UNINSTALL_SCRIPT_FILE ${PROJECT_SOURCE_DIR}/packaging/rpm/preun)
string(REPLACE "\n.\n" "\n\n" CPACK_RPM_PACKAGE_DESCRIPTION "${CPACK_PACKAGE_DESCRIPTION}")
include(CPack)
