#!/bin/sh
# Installs what is missing on Debian 12 and nothing else.  scripts/install.sh build|check|full|spark|wheel|wheel-full
#   build  compiler, CMake, libraries: what the command needs
#   check  and what the tests need: cmocka, clang 16 with its sanitizers, Python with venv
#   full   and the coverage reporter, and LibreOffice, which reads the workbooks we write
#   spark  what scripts/spark.sh needs: Java and Maven
#   wheel  what make wheel needs; wheel-full: and to try wheels on other systems
# Where everything is there already (however it came there), the package manager is not touched.
set -eu

group=${1:-build}
missing=

# want PACKAGE TEST...: notes the package unless the test succeeds.
want() {
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
command_there() { command -v "$1"; }
package_there() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }
# A library with its header and pkg-config file; the package counts too, for when pkg-config itself is still missing.
library_there() { pkg-config --exists "$1" || package_there "$2"; }
header_there() { printf '#include <stddef.h>\n#include <%s>\n' "$1" | cc -E - || package_there "$2"; }
# CMake's presets and --output-junit need 3.25.
cmake_there() {
    version=$(cmake --version 2>/dev/null | sed -n 's/^cmake version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    # shellcheck disable=SC2086
    set -- $version 0 0
    [ "$1" -gt 3 ] || { [ "$1" -eq 3 ] && [ "$2" -ge 25 ]; }
}
venv_there() { python3 -c 'import ensurepip, venv'; }
clang_runtime_there() { [ -n "$(find "$(clang-16 -print-resource-dir)" -name 'libclang_rt.fuzzer*' | head -n 1)" ]; }

want_build() {
    want gcc command_there cc
    want libc6-dev header_there stdio.h libc6-dev
    want make command_there make
    want cmake cmake_there
    want ninja-build command_there ninja
    want pkg-config command_there pkg-config
    want libzstd-dev library_there libzstd libzstd-dev
    want liblz4-dev library_there liblz4 liblz4-dev
    want zlib1g-dev library_there zlib zlib1g-dev
    want libdeflate-dev library_there libdeflate libdeflate-dev
    want libexpat1-dev library_there expat libexpat1-dev
    want libisal-dev library_there libisal libisal-dev
    want libsnappy-dev header_there snappy-c.h libsnappy-dev
}

want_check() {
    want libcmocka-dev library_there cmocka libcmocka-dev
    want clang-16 command_there clang-16
    want clang-tidy-16 command_there clang-tidy-16
    want clang-format-16 command_there clang-format-16
    want libclang-rt-16-dev clang_runtime_there
    want llvm-16 command_there llvm-symbolizer-16
    want python3 command_there python3
    want python3-venv venv_there
    want python3-dev python_headers_there
    want ca-certificates test -d /etc/ssl/certs
    want man-db command_there man
    want fuse3 command_there fusermount3
    want libfuse3-dev library_there fuse3 libfuse3-dev
    want util-linux command_there nsenter
}

want_full() {
    want gcovr command_there gcovr
    want libreoffice-calc command_there soffice
    want util-linux command_there setarch
}

want_spark() {
    want openjdk-17-jre-headless java_there
    want maven command_there mvn
    want python3 command_there python3
    want python3-venv venv_there
    want ca-certificates test -d /etc/ssl/certs
}

# Spark 4 needs Java 17.
java_there() {
    version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
    [ "${version:-0}" -ge 17 ]
}

python_headers_there() { python3 -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")'; }

want_wheel() {
    want python3 command_there python3
    want python3-venv venv_there
    want python3-dev python_headers_there
    want cargo command_there cargo
    want binutils command_there readelf
    want ca-certificates test -d /etc/ssl/certs
}

want_wheel_full() {
    want debootstrap command_there debootstrap
    want qemu-user-static command_there qemu-aarch64-static
    want util-linux command_there unshare
}

want_build
case $group in
build) ;;
check) want_check ;;
full) want_check && want_full ;;
spark) want_spark ;;
wheel) want_wheel ;;
wheel-full) want_wheel && want_wheel_full ;;
*)
    echo "install.sh: $group is not a group; expected build, check, full, spark, wheel or wheel-full" >&2
    exit 2
    ;;
esac

[ -n "$missing" ] || exit 0
echo "missing packages:$missing"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "install.sh: there is no apt-get here; install what these Debian packages hold by hand, then try again" >&2
    exit 1
fi
run=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "install.sh: installing them needs root or sudo:  apt-get install$missing" >&2
        exit 1
    fi
    run="sudo"
fi
$run apt-get update -q
# shellcheck disable=SC2086
$run env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
