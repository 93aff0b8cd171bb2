#!/bin/sh
# Builds packages into build/dist; docs/design/packaging.md says how.  scripts/wheel.sh ARCH...|sdist     ARCH: x86_64, aarch64
# Runs on Linux x86_64; aarch64 is cross-compiled. The first run downloads tools and sources, later ones need no network.
set -eu
cd "$(dirname "$0")/.."
top=$PWD
work=$top/build/wheel
tools=$work/tools/bin

make_tools() {
    wanted="$(python3 -c 'import sys; print(sys.version)' | cksum) $(cksum <packaging/requirements.txt)"
    if [ -x "$tools/python" ] && [ "$(cat "$work/tools/.installed" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    echo "making build/wheel/tools"
    rm -rf "$work/tools"
    mkdir -p "$work"
    python3 -m venv "$work/tools"
    "$tools/python" -m pip install --quiet --no-deps --require-hashes --requirement packaging/requirements.txt
    echo "$wanted" >"$work/tools/.installed"
}

# The oldest Python that has headers: what is missing from its limited API does not compile.
find_headers() {
    for python in $(scripts/pythons.sh | sed -n 's/^[0-9.]* \([^-].*\)/\1/p') python3; do
        headers=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
        [ ! -f "$headers/Python.h" ] || return 0
    done
    echo "wheel.sh: no Python has its headers installed (Debian: apt-get install python3-dev)" >&2
    exit 1
}

# What Python's headers include and zig's C library does not have: crypt.h, which Python 3.8 names and does not use, and the
# pyconfig.h that Debian keeps one of for each processor. Both processors are 64-bit, little-endian: one serves for both.
make_includes() {
    mkdir -p "$work/include"
    : >"$work/include/crypt.h"
    folder=$(basename "$headers")
    for arch in x86_64 aarch64; do
        if [ -f "/usr/include/x86_64-linux-gnu/$folder/pyconfig.h" ]; then
            mkdir -p "$work/include/$arch-linux-gnu/$folder"
            cp "/usr/include/x86_64-linux-gnu/$folder/pyconfig.h" "$work/include/$arch-linux-gnu/$folder/"
        fi
    done
}

# make_command NAME WORDS: a command in the folder that cmake/zig.cmake takes its tools from.
make_command() {
    name=$1
    shift
    printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$zig" "$*" >"$work/zig-$arch/$name"
    chmod +x "$work/zig-$arch/$name"
}

make_commands() {
    zig=$("$tools/python" -c 'import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))')
    target="-target $arch-linux-gnu.2.28 -idirafter $work/include"
    mkdir -p "$work/zig-$arch"
    make_command cc cc "$target"
    make_command c++ c++ "$target"
    make_command ar ar
    make_command ranlib ranlib
}

# Notices of what zig links in: the C++ runtime under snappy.
collect_notices() {
    library=$(dirname "$zig")/lib
    cp "$library/libcxx/LICENSE.TXT" "build/sources/licences/libcxx-Apache-2.0-with-LLVM-exceptions.txt"
    cp "$library/libunwind/LICENSE.TXT" "build/sources/licences/libunwind-Apache-2.0-with-LLVM-exceptions.txt"
}

build_wheel() {
    arch=$1
    make_commands
    collect_notices
    rm -rf "$work/raw-$arch"
    # Older wheels would be found first by an installer.
    rm -f build/dist/*"$arch".whl
    echo "building the wheel for $arch, log: build/wheel/$arch.log"
    if ! _PYTHON_HOST_PLATFORM=linux-$arch PYFORGE_ZIG=$work/zig-$arch PYFORGE_ARCH=$arch \
        "$tools/python" -m build --wheel --no-isolation --outdir "$work/raw-$arch" \
        -Cbuild-dir="$work/cmake-$arch" -Cbuild.tool-args="-j$jobs" \
        -Ccmake.define.CMAKE_TOOLCHAIN_FILE="$top/cmake/zig.cmake" \
        -Ccmake.define.PYFORGE_DEPS=pinned -Ccmake.define.PYFORGE_SOURCES_DIR="$top/build/sources" \
        -Ccmake.define.PYFORGE_PYTHON_INCLUDE="$headers" . >"$work/$arch.log" 2>&1; then
        tail -n 40 "$work/$arch.log" >&2
        exit 1
    fi
    # A processor other than this one's can only be given the tag that the symbols ask for.
    platform=manylinux_2_28_$arch
    [ "$arch" = "$(uname -m)" ] || platform=auto
    "$tools/auditwheel" repair --only-plat --plat "$platform" --wheel-dir build/dist "$work/raw-$arch"/*.whl >>"$work/$arch.log" 2>&1 || {
        tail -n 20 "$work/$arch.log" >&2
        exit 1
    }
    for wheel in build/dist/*"$arch".whl; do
        size=$(wc -c <"$wheel")
        echo "$wheel, $size bytes"
        if [ "$size" -gt 10000000 ]; then
            echo "wheel.sh: more than 10 MB" >&2
            exit 1
        fi
    done
}

build_sdist() {
    rm -f build/dist/*.tar.gz
    "$tools/python" -m build --sdist --no-isolation --outdir build/dist . >"$work/sdist.log" 2>&1 || {
        tail -n 20 "$work/sdist.log" >&2
        exit 1
    }
    ls build/dist/*.tar.gz
}

jobs=${JOBS:-$(nproc)}
# The same files in the same order with the same times: the same archive.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 315532800)
ZIG_GLOBAL_CACHE_DIR=$work/zig-cache
ZIG_LOCAL_CACHE_DIR=$work/zig-cache
PATH=$tools:$PATH
export SOURCE_DATE_EPOCH ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR PATH
[ $# -gt 0 ] || set -- x86_64
mkdir -p build/dist
make_tools
for what; do
    case $what in
    sdist) build_sdist ;;
    x86_64 | aarch64)
        python3 packaging/fetch_sources.py build/sources
        find_headers
        make_includes
        build_wheel "$what"
        ;;
    *)
        echo "wheel.sh: $what is not known; expected x86_64, aarch64 or sdist" >&2
        exit 2
        ;;
    esac
done
