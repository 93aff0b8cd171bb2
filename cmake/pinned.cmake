# PYFORGE_DEPS=pinned: sources that packaging/fetch_sources.py fetched, built static with this build's compiler and flags. Gives the
# target pyforge_dependencies. Only what the library calls is compiled: no dictionary builder, no gz files, no frames.
set(PYFORGE_SOURCES_DIR "${CMAKE_SOURCE_DIR}/build/sources" CACHE PATH "Library sources for PYFORGE_DEPS=pinned")
file(SHA256 ${CMAKE_SOURCE_DIR}/packaging/sources.lock PYFORGE_LOCK_HASH)
set(PYFORGE_FETCHED_HASH "")
if(EXISTS ${PYFORGE_SOURCES_DIR}/.lock)
  file(READ ${PYFORGE_SOURCES_DIR}/.lock PYFORGE_FETCHED_HASH)
endif()
if(NOT PYFORGE_FETCHED_HASH STREQUAL PYFORGE_LOCK_HASH)
  message(FATAL_ERROR "PYFORGE_DEPS=pinned: the sources in ${PYFORGE_SOURCES_DIR} are not those of packaging/sources.lock; "
    "run: packaging/fetch_sources.py ${PYFORGE_SOURCES_DIR}")
endif()
enable_language(CXX ASM)

# Other people's code: no warnings, and nothing of it is seen outside of what it is linked into.
function(pyforge_pinned name)
  cmake_parse_arguments(PINNED "" "" "SOURCES;INCLUDE;DEFINE" ${ARGN})
  list(TRANSFORM PINNED_SOURCES PREPEND ${PYFORGE_SOURCES_DIR}/${name}/)
  list(TRANSFORM PINNED_INCLUDE PREPEND ${PYFORGE_SOURCES_DIR}/${name}/)
  add_library(pinned_${name} STATIC ${PINNED_SOURCES})
  target_include_directories(pinned_${name} SYSTEM PUBLIC ${PINNED_INCLUDE})
  target_compile_definitions(pinned_${name} PRIVATE NDEBUG ${PINNED_DEFINE})
  target_compile_options(pinned_${name} PRIVATE -w)
  set_target_properties(pinned_${name} PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
endfunction()

file(GLOB ZSTD_SOURCES RELATIVE ${PYFORGE_SOURCES_DIR}/zstd ${PYFORGE_SOURCES_DIR}/zstd/lib/common/*.c
  ${PYFORGE_SOURCES_DIR}/zstd/lib/compress/*.c ${PYFORGE_SOURCES_DIR}/zstd/lib/decompress/*.c
  ${PYFORGE_SOURCES_DIR}/zstd/lib/decompress/*.S)
pyforge_pinned(zstd SOURCES ${ZSTD_SOURCES} INCLUDE lib
  DEFINE XXH_NAMESPACE=ZSTD_ ZSTD_LEGACY_SUPPORT=0 ZSTDLIB_VISIBLE= ZSTDERRORLIB_VISIBLE=)
pyforge_pinned(lz4 SOURCES lz4.c INCLUDE . DEFINE LZ4LIB_VISIBILITY=)
pyforge_pinned(zlib SOURCES adler32.c crc32.c deflate.c inffast.c inflate.c inftrees.c trees.c zutil.c INCLUDE .
  DEFINE HAVE_UNISTD_H)
pyforge_pinned(libdeflate INCLUDE . SOURCES lib/adler32.c lib/arm/cpu_features.c lib/crc32.c lib/deflate_compress.c
  lib/deflate_decompress.c lib/gzip_compress.c lib/gzip_decompress.c lib/utils.c lib/x86/cpu_features.c
  lib/zlib_compress.c lib/zlib_decompress.c)

# What expat's own build would find out of a C library of 2.28; the copy of wxWidgets asks whether there is such a file.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/pinned/expat_config.h CONTENT
"#define HAVE_GETRANDOM 1
#define XML_CONTEXT_BYTES 1024
#define XML_DTD 1
#define XML_GE 1
#define XML_NS 1
" @ONLY)
pyforge_pinned(expat SOURCES random_getrandom.c xmlparse.c xmlrole.c xmltok.c INCLUDE . DEFINE HAVE_EXPAT_CONFIG_H)
target_include_directories(pinned_expat SYSTEM PRIVATE ${CMAKE_BINARY_DIR}/pinned)

# The one header that snappy's own build would make; the version in it is looked at by nobody.
file(READ ${PYFORGE_SOURCES_DIR}/snappy/snappy-stubs-public.h.in SNAPPY_STUBS)
string(REPLACE "\${HAVE_SYS_UIO_H_01}" "1" SNAPPY_STUBS "${SNAPPY_STUBS}")
string(REGEX REPLACE "\\\${PROJECT_VERSION_[A-Z]+}" "0" SNAPPY_STUBS "${SNAPPY_STUBS}")
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/pinned/snappy-stubs-public.h CONTENT "${SNAPPY_STUBS}" @ONLY)
pyforge_pinned(snappy SOURCES snappy-c.cc snappy-sinksource.cc snappy-stubs-internal.cc snappy.cc INCLUDE .
  DEFINE HAVE_ATTRIBUTE_ALWAYS_INLINE=1 HAVE_BUILTIN_EXPECT=1 HAVE_BUILTIN_CTZ=1 HAVE_BUILTIN_PREFETCH=1
  $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},aarch64>:SNAPPY_HAVE_NEON=1>)
target_include_directories(pinned_snappy SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/pinned)
target_compile_options(pinned_snappy PRIVATE -fno-exceptions -fno-rtti)
set_target_properties(pinned_snappy PROPERTIES CXX_STANDARD 14 CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)

add_library(pyforge_dependencies INTERFACE)
target_link_libraries(pyforge_dependencies INTERFACE
  pinned_zstd pinned_lz4 pinned_zlib pinned_libdeflate pinned_snappy pinned_expat)
# What is linked in has to be named where it is handed on.
file(GLOB PYFORGE_NOTICES ${PYFORGE_SOURCES_DIR}/licences/*)
