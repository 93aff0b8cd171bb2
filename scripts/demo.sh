#!/bin/sh
# Converts the sample of examples/ to Parquet and shows the summary, what pyforge knows of the file, and its first rows.
set -eu
cd "$(dirname "$0")/.."

pyforge=build/release/pyforge
mkdir -p build
out=$(mktemp -d build/demo.XXXXXX)
trap 'rm -rf "$out"' EXIT INT TERM

show() {
    echo
    echo "\$ $*"
}

show "pyforge convert examples/sales.csv $out/sales.parquet"
"$pyforge" convert examples/sales.csv "$out/sales.parquet"
show "pyforge info $out/sales.parquet"
"$pyforge" info "$out/sales.parquet"
show "pyforge convert $out/sales.parquet - --to csv | head -n 6"
"$pyforge" convert "$out/sales.parquet" - --to csv --quiet | head -n 6
