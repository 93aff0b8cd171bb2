#!/bin/sh
# Real Spark with Delta for the tests, in build/spark/VERSION, made once and used again.
#   scripts/spark.sh get [VERSION]              makes it
#   scripts/spark.sh test [VERSION] [ARG...]    runs tests/spark on it; ARGs are pytest's
# VERSION: 4.1.1 (the default), 4.0.1 or 3.5.7. Needs Java 17 or later, Maven and Python with venv (scripts/install.sh spark).
# Ends with 3 when it cannot be had here; what is missing is the last line.
set -eu
cd "$(dirname "$0")/.."

action=${1:-get}
[ $# -eq 0 ] || shift
version=4.1.1
case ${1:-} in [0-9]*)
    version=$1
    shift
    ;;
esac
case $version in
4.1.1) delta=4.2.0 artifact=delta-spark_4.1_2.13 ;;
4.0.1) delta=4.0.1 artifact=delta-spark_2.13 ;;
3.5.7) delta=3.3.2 artifact=delta-spark_2.12 ;;
*)
    echo "spark.sh: no Spark $version here; 4.1.1, 4.0.1 and 3.5.7 are known" >&2
    exit 2
    ;;
esac
place=build/spark/$version

cannot() {
    echo "NO SPARK $version: $1"
    exit 3
}

java_there() {
    found=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
    [ "${found:-0}" -ge 17 ]
}

get() {
    java_there || cannot "Java 17 or later is missing (scripts/install.sh spark)"
    wanted="$(python3 -c 'import sys; print(sys.version)' | cksum) $(cksum <tests/spark/packages.txt) $artifact $delta"
    if [ "$(cat "$place/.installed" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    command -v mvn >/dev/null 2>&1 || cannot "Maven is missing (scripts/install.sh spark)"
    echo "making $place"
    rm -rf "$place"
    mkdir -p "$place/jars"
    for name in "$artifact" delta-storage; do
        mvn -q -B dependency:copy "-Dartifact=io.delta:$name:$delta" "-DoutputDirectory=$place/jars" >"$place/maven.log" 2>&1 ||
            cannot "Delta's $name $delta could not be had; $place/maven.log says why"
    done
    python3 -m venv "$place/venv"
    sed -n "s/^${version%%.*}\.  *//p" tests/spark/packages.txt >"$place/requirements.txt"
    "$place/venv/bin/python" -m pip install --quiet "pyspark[connect]==$version" --requirement "$place/requirements.txt" \
        >"$place/pip.log" 2>&1 || cannot "pyspark $version could not be installed; $place/pip.log says why"
    echo "$wanted" >"$place/.installed"
}

get
case $action in
get) ;;
test)
    PYFORGE_SPARK_JARS=$place/jars
    PYTHONDONTWRITEBYTECODE=1
    export PYFORGE_SPARK_JARS PYTHONDONTWRITEBYTECODE
    exec "$place/venv/bin/python" -m pytest -p no:cacheprovider -q "$@" tests/spark
    ;;
*)
    echo "spark.sh: $action is not an action; get or test was expected" >&2
    exit 2
    ;;
esac
