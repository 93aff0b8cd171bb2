#!/bin/sh
# Configures a preset when needed and builds it.  scripts/build.sh PRESET [TARGET...]     JOBS=N limits the parallel compilers,
# CONFIGURE="-DNAME=VALUE ..." goes to CMake
set -eu
cd "$(dirname "$0")/.."

preset=$1
shift
jobs=${JOBS:-$(nproc)}
log=build/$preset.configure.log
mkdir -p build
# A build directory keeps its generator; a new one gets Ninja where it is there.
set -- --build "build/$preset" -j "$jobs" ${1:+--target "$@"}
generator=
if [ ! -f "build/$preset/CMakeCache.txt" ] && command -v ninja >/dev/null 2>&1; then
    generator=Ninja
fi
# shellcheck disable=SC2086
if ! cmake --preset "$preset" ${generator:+-G "$generator"} ${CONFIGURE:-} >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
exec cmake "$@"
