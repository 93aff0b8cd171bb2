#!/bin/sh
# Installs what scripts/wheel.sh made in build/dist and uses it, as somebody would who has nothing else.  scripts/test_wheel.sh [--full]
#   every Python 3.8 to 3.13 there is: offline from the folder, and by the wheel's path with extras; limited API; symbols;
#   the example extension in Python, built and installed beside the wheel; the sdist with a compiler, and without one
#   --full  also a bullseye system (glibc 2.31, no compiler; root), and the aarch64 wheel in qemu (root)
# Network: only the first run, for what the extras and the sdist need. The last line is "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/.." || exit 1
top=$PWD
dist=$top/build/dist
work=$top/build/check-wheel
sample=$top/examples/sales.csv
document=$top/examples/orders.xml
full=${1:-}
passed=0
failed=0
skipped=0
version=$(sed -n 's/^#define PF_VERSION "\(.*\)"/\1/p' include/pyforge/pyforge.h)
# What pip is told by the environment would find other packages.
for name in $(env | sed -n 's/^\(PIP_[A-Z_]*\)=.*/\1/p'); do
    case $name in PIP_CERT | PIP_*TIMEOUT | PIP_INDEX_URL | PIP_EXTRA_INDEX_URL) ;; *) unset "$name" ;; esac
done
unset PYTHONPATH PYTHONHOME
PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_DISABLE_PIP_VERSION_CHECK

# Cuts the network where that is allowed.
offline=
if [ "$(id -u)" -eq 0 ] && unshare -n true 2>/dev/null; then
    offline="unshare -n"
fi

pass() { passed=$((passed + 1)); }
fail() {
    failed=$((failed + 1))
    echo "  FAILED: $1"
    [ -z "${2:-}" ] || tail -n 20 "$2" | sed 's/^/    /'
}
skip() {
    skipped=$((skipped + 1))
    echo "  SKIPPED: $1"
}
# check NAME COMMAND...: output to a log.
check() {
    what=$1
    shift
    log=$work/log-$(echo "$what" | tr -c 'a-zA-Z0-9.\n' '-')
    if "$@" >"$log" 2>&1; then pass; else fail "$what" "$log"; fi
}
now() { date +%s.%N; }
since() { echo "$1 $(now)" | awk '{ printf "%.1f", $2 - $1 }'; }
# at_most VALUE LIMIT NAME
at_most() {
    if [ "$(echo "$1 $2" | awk '{ print ($1 <= $2) }')" = 1 ]; then pass; else fail "$3: $1, at most $2 allowed"; fi
}

# Run by the installed package's Python, in an empty folder: the API on files, and the package's own word about itself.
write_probe() {
    cat >"$work/probe.py" <<'END'
import sys

import pyforge_cli

try:
    from importlib.metadata import version
except ImportError:
    from importlib_metadata import version
assert version("pyforge-cli") == pyforge_cli.__version__, (version("pyforge-cli"), pyforge_cli.__version__)
sample, out = sys.argv[1:3]
pyforge_cli.convert(sample, out, force=True)
table = pyforge_cli.read(out)
assert len(table.schema) > 5, table.schema
assert open(out, "rb").read(4) == b"PAR1"
assert "pyarrow" not in sys.modules
print(pyforge_cli.info(out))
END
}

# What the wheel's file says: metadata, notices, no surprise among its members.
check_contents() {
    python3 - "$1" <<'END'
import email, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
names = wheel.namelist()
info = next(name for name in names if name.endswith(".dist-info/METADATA")).rpartition("/")[0]
meta = email.message_from_bytes(wheel.read(info + "/METADATA"))
requires = meta.get_all("Requires-Dist", [])
assert all("extra ==" in line for line in requires), requires
of = lambda extra: sorted(line.split(";")[0].strip() for line in requires if f'"{extra}"' in line.replace("'", '"'))
assert of("databricks") == of("all") == ["databricks-sdk>=0.36"], requires
assert of("spark") == ["pyspark>=3.5"], requires
assert meta["Requires-Python"] == ">=3.8" and meta["License-Expression"] == "MIT"
points = wheel.read(info + "/entry_points.txt").decode()
assert "pyforge = pyforge_cli.__main__:main" in points and "[pyforge.extensions]" in points, points
notices = {name.rpartition("/")[2].partition("-")[0] for name in names if name.startswith(info + "/licenses/linked/")}
assert {"zstd", "lz4", "zlib", "libdeflate", "snappy", "expat", "libcxx"} <= notices, notices
modules = [name for name in names if name.endswith(".so")]
assert sorted(modules) == ["pyforge_cli/_pyforge.abi3.so", "pyforge_cli/extensions/databricks/_databricks.so"], modules
assert "pyforge_cli/py.typed" in names
strange = [name for name in names if name.endswith((".c", ".h", ".a", ".pyc", ".o"))]
assert not strange, strange
END
}

# One symbol goes out of each module, and nothing but the C library comes in.
check_symbols() {
    rm -rf "$work/unpacked"
    python3 -m zipfile -e "$1" "$work/unpacked" || return 1
    check_module "$work/unpacked/pyforge_cli/_pyforge.abi3.so" PyInit__pyforge &&
        check_module "$work/unpacked/pyforge_cli/extensions/databricks/_databricks.so" pf_extension_entry
}

check_module() {
    exported=$(nm -D --defined-only "$1" | awk '{ print $NF }')
    [ "$exported" = "$2" ] || { echo "$1 exports: $exported"; return 1; }
    # shellcheck disable=SC2016
    foreign=$(readelf -d "$1" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' |
        grep -Ev '^(libc|libm|libdl|libpthread|librt)\.so\.[0-9]$|^ld-linux-(x86-64|aarch64)\.so\.[0-9]$')
    [ -z "$foreign" ] || { echo "$1 needs: $foreign"; return 1; }
    readelf -lW "$1" | grep -q 'GNU_STACK.* RW ' || { echo "$1 asks for an executable stack"; return 1; }
    if readelf -S "$1" | grep -qE '\.(debug_info|symtab)'; then
        echo "$1 is not stripped"
        return 1
    fi
}

# Compiles the binding once with the headers of Python 3.8, whose limited API it promises to keep to.
check_limited_api() {
    include=$("$1" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    # shellcheck disable=SC2046
    cc -shared -fPIC -O1 -std=gnu17 -fvisibility=hidden -Wall -Wextra -Werror -D_GNU_SOURCE -DPy_LIMITED_API=0x03080000 \
        -isystem "$include" -Iinclude -Isrc -o "$work/limited.so" \
        $(sed -n 's/^ *\([a-z_]*\.c\).*/python\/\1/p' python/sources.cmake) || return 1
    nm -D --defined-only "$work/limited.so" | grep -q ' T PyInit__pyforge$' || { echo "the init function is hidden"; return 1; }
}

use_command() {
    "$1" --version | grep -F "$version" || return 1
    "$1" convert "$sample" "$2" --quiet --force && [ "$(head -c 4 "$2")" = PAR1 ] &&
        "$1" convert "$document" - --to csv --quiet --columns orders_order@id,orders_order_line_article | grep -Fx '2,nut <M8>'
}

# The package and all that a first call loads, the least of five.
import_milliseconds() {
    for _ in 1 2 3 4 5; do
        "$1" -X importtime -c 'import pyforge_cli, pyforge_cli._api' 2>&1 |
            awk -F'|' '$3 ~ /^ pyforge_cli(\._api)?$/ { sum += $2 } END { printf "%.1f\n", sum / 1000 }'
    done | sort -n | head -n 1
}

# The extras come from a folder filled once: with a network, by pip itself.
fetch_extras() {
    folder=$work/extras-$1
    [ -f "$folder/.done" ] && return 0
    rm -rf "$folder"
    "$2" -m pip download --quiet --dest "$folder" "databricks-sdk>=0.36" >"$work/log-extras-$1" 2>&1 || return 1
    touch "$folder/.done"
}

lists_extensions() {
    "$1" --list-extensions | grep -Fx 'databricks: Available - Databricks Unity Catalog and Spark integration'
}

# in_notebook PYTHON FOLDER VARIABLE=VALUE...: what the first lines of a notebook say of the file in the folder.
in_notebook() {
    notebook=$1
    folder=$2
    shift 2
    (cd "$folder" && env "$@" "$notebook" - 2>&1) <<'END'
from pyforge_cli.extensions.databricks import forge
result = forge.convert("sales_data.csv")
print(f"Converted {result['row_count']:,} rows using {result['processing_engine']}")
END
}

# As a laptop, classic and serverless compute look from inside; and a file that cannot be converted shows why.
use_notebook() {
    rm -rf "$2"
    mkdir -p "$2/good" "$2/broken"
    cp "$sample" "$2/good/sales_data.csv"
    printf 'PK\003\004 no table' >"$2/broken/sales_data.csv"
    for place in LANG=C DATABRICKS_RUNTIME_VERSION=15.4 "DATABRICKS_RUNTIME_VERSION=client.4.1 IS_SERVERLESS=TRUE"; do
        # shellcheck disable=SC2086
        in_notebook "$1" "$2/good" $place >"$2/told" || { cat "$2/told"; return 1; }
        grep -Fx 'Converted 96 rows using native' "$2/told" || { cat "$2/told"; return 1; }
        # shellcheck disable=SC2086
        if in_notebook "$1" "$2/broken" $place >"$2/told"; then return 1; fi
        tail -n 2 "$2/told" | grep -F 'the zip archive is damaged' || { cat "$2/told"; return 1; }
    done
}

# A pyspark of nothing: whether the extra asks for it is all that is tried, and the real one has 300 MB.
make_stub_spark() {
    [ -f "$work/stubs/.done" ] && return
    rm -rf "$work/stubs"
    mkdir -p "$work/stubs"
    python3 - "$work/stubs" <<'END'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + "/pyspark-3.5.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("pyspark/__init__.py", "__version__ = '3.5.0'\n")
    info = "pyspark-3.5.0.dist-info/"
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: pyspark\nVersion: 3.5.0\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr(info + "RECORD", "pyspark/__init__.py,,\n")
END
    touch "$work/stubs/.done"
}

# What the example extension is built with, and needs.
fetch_example() {
    folder=$work/example-$1
    [ -f "$folder/.done" ] && return 0
    rm -rf "$folder"
    "$2" -m pip download --quiet --only-binary :all: --dest "$folder" "pyarrow>=14" "setuptools>=61" wheel \
        >"$work/log-example-$1" 2>&1 || return 1
    touch "$folder/.done"
}

use_example() {
    pyforge=$1/bin/pyforge
    rm -rf "$2"
    mkdir "$2"
    PYFORGE_SHELF=$2 "$pyforge" --list-extensions | grep '^shelf: Available' || return 1
    PYFORGE_SHELF=$2 "$pyforge" convert "$sample" shelf:2024/sales.parquet --quiet &&
        PYFORGE_SHELF=$2 "$pyforge" convert shelf:2024/sales.parquet "$2/sales.arrows" --quiet &&
        PYFORGE_SHELF=$2 "$pyforge" shelf | grep -F shelf:2024/sales.parquet &&
        PYFORGE_SHELF=$2 "$1/bin/python" -c "import pyarrow, pyforge_cli
assert pyarrow.table(pyforge_cli.read('$2/sales.arrows')).num_rows == 96" &&
        PYFORGE_SHELF=$2 "$pyforge" extensions test shelf
}

# As an author does it: pip builds the extension from its folder and installs it beside the wheel.
try_example() {
    number=$1
    venv=$2
    if ! fetch_example "$number" "$venv/bin/python"; then
        skip "$number: the example extension (what it needs could not be downloaded, $work/log-example-$number)"
        return
    fi
    rm -rf "$work/shelf-source"
    cp -r "$top/examples/python-extension" "$work/shelf-source"
    # shellcheck disable=SC2086
    check "$number: the example extension is installed" $offline "$venv/bin/python" -m pip install --no-index --pre \
        --find-links "$work/example-$number" --find-links "$dist" "$work/shelf-source"
    check "$number: the example extension is used" use_example "$venv" "$work/shelf-$number"
}

try_python() {
    number=$1
    python=$2
    venv=$work/venv-$number
    rm -rf "$venv"
    start=$(now)
    check "$number: venv" "$python" -m venv "$venv"
    install=$(now)
    # shellcheck disable=SC2086
    check "$number: install offline from the folder" \
        $offline "$venv/bin/python" -m pip install --no-index --find-links "$dist" --only-binary :all: --pre pyforge-cli
    install=$(since "$install")
    check "$number: command" use_command "$venv/bin/pyforge" "$work/$number.parquet"
    nothing=$(since "$start")
    check "$number: lists extensions" lists_extensions "$venv/bin/pyforge"
    check "$number: the lines of a notebook" use_notebook "$venv/bin/python" "$work/$number-notebook"
    check "$number: API" env LD_BIND_NOW=1 "$venv/bin/python" "$work/probe.py" "$sample" "$work/$number-api.parquet"
    import=$(import_milliseconds "$venv/bin/python")
    at_most "$install" 10 "$number: install seconds"
    at_most "$import" 50 "$number: import milliseconds"
    at_most "$nothing" 120 "$number: seconds to the first file"
    printf '  Python %-5s install %5s s, import %5s ms, first file from nothing %5s s\n' "$number" "$install" "$import" "$nothing"
    if fetch_extras "$number" "$venv/bin/python"; then
        # shellcheck disable=SC2086
        check "$number: by path, with extras" $offline "$venv/bin/python" -m pip install --force-reinstall --no-index \
            --find-links "$work/extras-$number" "$wheel[databricks,all]"
        check "$number: with extras, command" use_command "$venv/bin/pyforge" "$work/$number.parquet"
        check "$number: with extras, extensions" lists_extensions "$venv/bin/pyforge"
        check "$number: with extras, SDK" "$venv/bin/python" -c 'import databricks.sdk, pyforge_cli._pyforge'
    else
        skip "$number: by path, with extras (they could not be downloaded, $work/log-extras-$number)"
    fi
    # shellcheck disable=SC2086
    check "$number: by path, with Spark" $offline "$venv/bin/python" -m pip install --force-reinstall --no-index \
        --find-links "$work/stubs" "$wheel[spark]"
    check "$number: with Spark, command" use_command "$venv/bin/pyforge" "$work/$number.parquet"
    check "$number: with Spark, it is there" "$venv/bin/python" -c 'import pyspark'
    # The oldest and the newest: what extensions are made of is in every one.
    case $number in 3.8 | 3.13) try_example "$number" "$venv" ;; esac
}

# Where nothing can be compiled, pip is to show our one line and no compiler's.
refuses_in_one_line() {
    "$@" >"$work/refused" 2>&1 && return 1
    cat "$work/refused"
    [ "$(grep -c 'pyforge-cli cannot be built from source here: there is no C compiler' "$work/refused")" = 1 ] &&
        ! grep -qiE 'traceback|cmake error' "$work/refused"
}

try_sdist() {
    sdist=$(find "$dist" -name 'pyforge_cli-*.tar.gz' | head -n 1)
    if [ -z "$sdist" ]; then
        skip "sdist: build/dist has none (make sdist)"
        return
    fi
    rm -rf "$work/venv-sdist"
    check "sdist: venv" python3 -m venv "$work/venv-sdist"
    pip="$work/venv-sdist/bin/python -m pip"
    # shellcheck disable=SC2086
    check "sdist: without a compiler" refuses_in_one_line env CC=/nothing/cc $offline $pip install --no-index "$sdist"
    if [ ! -f "$work/backend/.done" ]; then
        rm -rf "$work/backend"
        $pip download --quiet --dest "$work/backend" 'scikit-build-core>=1.0' 'cmake>=3.25' ninja >"$work/log-backend" 2>&1 &&
            touch "$work/backend/.done"
    fi
    if [ ! -f "$work/backend/.done" ]; then
        skip "sdist: with a compiler (scikit-build-core could not be downloaded, $work/log-backend)"
        return
    fi
    start=$(now)
    # shellcheck disable=SC2086
    check "sdist: with a compiler" $offline $pip install --no-index --find-links "$work/backend" "$sdist"
    echo "  sdist: built and installed in $(since "$start") s"
    check "sdist: command" use_command "$work/venv-sdist/bin/pyforge" "$work/sdist.parquet"
    check "sdist: API" "$work/venv-sdist/bin/python" "$work/probe.py" "$sample" "$work/sdist-api.parquet"
}

# make_system FOLDER ARCH: a Debian bullseye of its own, kept for the next run.
make_system() {
    [ -d "$1" ] && return 0
    command -v debootstrap >/dev/null 2>&1 || return 1
    rm -rf "$1.new"
    foreign=
    [ "$2" = "$(dpkg --print-architecture)" ] || foreign=--foreign
    echo "  making $(basename "$1")"
    # shellcheck disable=SC2086
    debootstrap $foreign --arch="$2" --variant=minbase --include=python3,python3-venv,python3-pip bullseye "$1.new" \
        >"$work/log-debootstrap-$2" 2>&1 || return 1
    # What is not set up, as its programs do not run here, is at least unpacked.
    if [ -n "$foreign" ]; then
        for package in "$1.new"/var/cache/apt/archives/*.deb; do
            dpkg-deb -x "$package" "$1.new" || return 1
        done
    fi
    mv "$1.new" "$1"
}

# in_system FOLDER COMMAND...: without network, with /proc.
in_system() {
    system=$1
    shift
    # shellcheck disable=SC2016
    unshare -m -n sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$system" "$@"
}

give_system() {
    rm -rf "$1/try"
    mkdir -p "$1/try/dist"
    cp "$2" "$work/probe.py" "$sample" "$1/try/"
    cp "$2" "$1/try/dist/"
}

try_bullseye() {
    if [ "$(id -u)" -ne 0 ] || ! make_system "$top/build/bullseye" amd64; then
        skip "bullseye: needs root and debootstrap (log: $work/log-debootstrap-amd64)"
        return
    fi
    root=$top/build/bullseye
    give_system "$root" "$wheel"
    start=$(now)
    check "bullseye: venv" in_system "$root" python3 -m venv /try/venv
    check "bullseye: install offline" \
        in_system "$root" /try/venv/bin/python -m pip install --no-index --find-links /try/dist --pre pyforge-cli
    check "bullseye: command" in_system "$root" /try/venv/bin/pyforge convert /try/sales.csv /try/command.parquet --quiet
    echo "  bullseye, Python 3.9: first file from nothing $(since "$start") s"
    check "bullseye: API" in_system "$root" env LD_BIND_NOW=1 /try/venv/bin/python /try/probe.py /try/sales.csv /try/api.parquet
    if [ -n "${sdist:-}" ]; then
        cp "$sdist" "$root/try/"
        check "bullseye: the sdist, without a compiler" refuses_in_one_line \
            in_system "$root" /try/venv/bin/python -m pip install --no-index "/try/$(basename "$sdist")"
    fi
}

try_aarch64() {
    other=$(find "$dist" -name 'pyforge_cli-*aarch64.whl' | head -n 1)
    if [ -z "$other" ]; then
        skip "aarch64: build/dist has no such wheel (make wheel ARCH=aarch64)"
        return
    fi
    check "aarch64: contents" check_contents "$other"
    check "aarch64: symbols" check_symbols "$other"
    if [ "$(id -u)" -ne 0 ] || ! command -v qemu-aarch64-static >/dev/null 2>&1 || ! make_system "$top/build/bullseye-arm64" arm64; then
        skip "aarch64: running it needs root, debootstrap and qemu-user-static (log: $work/log-debootstrap-arm64)"
        return
    fi
    root=$top/build/bullseye-arm64
    give_system "$root" "$other"
    cp "$(command -v qemu-aarch64-static)" "$root/try/qemu"
    # Its Python cannot start other programs here, so this machine's pip puts the wheel there, as one for that machine.
    check "aarch64: pip takes it for Python 3.9, glibc 2.31" python3 -m pip install --quiet --no-index --find-links "$dist" --pre \
        --only-binary :all: --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux_2_17_aarch64 \
        --python-version 3.9 --implementation cp --abi abi3 --target "$root/try/site" pyforge-cli
    for run in "/try/probe.py /try/sales.csv /try/api.parquet" "-m pyforge_cli convert /try/sales.csv /try/command.parquet --quiet"; do
        # shellcheck disable=SC2086
        check "aarch64: ${run%% /try/s*}" \
            in_system "$root" /try/qemu -E PYTHONPATH=/try/site -E LD_BIND_NOW=1 /usr/bin/python3.9 $run
    done
}

wheel=$(find "$dist" -name 'pyforge_cli-*x86_64.whl' 2>/dev/null | head -n 1)
if [ -z "$wheel" ]; then
    echo "test_wheel.sh: build/dist has no wheel for x86_64; run make wheel" >&2
    exit 2
fi
mkdir -p "$work"
rm -f "$work"/log-*
write_probe
make_stub_spark
size=$(wc -c <"$wheel")
echo "  $(basename "$wheel"): $size bytes"
at_most "$size" 10000000 "size of the wheel"
check "wheel: contents" check_contents "$wheel"
check "wheel: symbols" check_symbols "$wheel"
scripts/pythons.sh >"$work/pythons"
while read -r number python <&3; do
    if [ "$python" = - ]; then
        skip "Python $number is not installed"
        continue
    fi
    [ "$number" != 3.8 ] || check "limited API: compiles with headers of Python 3.8" check_limited_api "$python"
    try_python "$number" "$python"
done 3<"$work/pythons"
try_sdist
if [ "$full" = --full ]; then
    try_bullseye
    try_aarch64
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
