# PYFORGE_DEPS=system: the distribution's packages, found by pkg-config. Gives the target pyforge_dependencies.
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(DEFLATE REQUIRED IMPORTED_TARGET libdeflate)
# 2.4 is the first that limits what entities grow to.
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat>=2.5)
# Inflates the sheets of workbooks in less than half of zlib's time; without it zlib does.
pkg_check_modules(ISAL IMPORTED_TARGET libisal)
# Debian's snappy has no pkg-config file.
find_library(SNAPPY_LIBRARY snappy REQUIRED)
find_path(SNAPPY_INCLUDE snappy-c.h REQUIRED)

add_library(pyforge_dependencies INTERFACE)
target_include_directories(pyforge_dependencies SYSTEM INTERFACE ${SNAPPY_INCLUDE})
target_link_libraries(pyforge_dependencies INTERFACE
  PkgConfig::ZSTD PkgConfig::LZ4 PkgConfig::ZLIB PkgConfig::DEFLATE PkgConfig::EXPAT ${SNAPPY_LIBRARY})
if(ISAL_FOUND)
  target_link_libraries(pyforge_dependencies INTERFACE PkgConfig::ISAL)
  target_compile_definitions(pyforge_dependencies INTERFACE PYFORGE_HAVE_ISAL)
  set(PYFORGE_PC_ISAL " libisal")
endif()
