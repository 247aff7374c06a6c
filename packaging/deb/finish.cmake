# What only a .deb has, put beside what was installed: the copyright in Debian's format, lintian's overrides, the changelog, compressed manual pages.
# All times are SOURCE_DATE_EPOCH's if that is set, so that one source gives one package.
if(NOT CPACK_GENERATOR STREQUAL "DEB")
  return()
endif()
# For another architecture: dpkg-shlibdeps looks in the records of that one's packages.
if(CPACK_HUGEPAGE_SHIM_DPKG_RECORDS)
  set(ENV{DPKG_ADMINDIR} ${CPACK_HUGEPAGE_SHIM_DPKG_RECORDS})
endif()
set(root ${CPACK_TEMPORARY_DIRECTORY}/usr)
set(documents ${root}/share/doc/${CPACK_PACKAGE_NAME})

file(COPY ${CPACK_HUGEPAGE_SHIM_SOURCE_DIR}/packaging/deb/copyright DESTINATION ${documents}
  FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

file(COPY ${CPACK_HUGEPAGE_SHIM_SOURCE_DIR}/packaging/deb/lintian-overrides DESTINATION ${root}/share/lintian/overrides
  FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
file(RENAME ${root}/share/lintian/overrides/lintian-overrides ${root}/share/lintian/overrides/${CPACK_PACKAGE_NAME})

# The changelog is kept for people, in CHANGELOG.md. Debian's has an entry for the version, which names it.
set(when $ENV{SOURCE_DATE_EPOCH})
if(NOT when)
  string(TIMESTAMP when %s UTC)
  set(ENV{SOURCE_DATE_EPOCH} ${when})
endif()
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${documents}/changelog.Debian
  "${CPACK_PACKAGE_NAME} (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium\n\n"
  "  * Version ${CPACK_PACKAGE_VERSION}; what changed: changelog.gz.\n\n"
  " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
file(COPY_FILE ${CPACK_HUGEPAGE_SHIM_SOURCE_DIR}/CHANGELOG.md ${documents}/changelog)

file(GLOB to_compress ${documents}/changelog ${documents}/changelog.Debian ${root}/share/man/man*/*)
file(CHMOD ${documents}/changelog ${documents}/changelog.Debian
  PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
execute_process(COMMAND gzip -9nf ${to_compress} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND find ${CPACK_TEMPORARY_DIRECTORY} -exec touch -hd @$ENV{SOURCE_DATE_EPOCH} {} +
  COMMAND_ERROR_IS_FATAL ANY)
