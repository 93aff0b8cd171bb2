#!/bin/sh
# Runs every fuzz target under ASan and UBSan.  scripts/fuzz.sh [SECONDS]     default 600 each, as many at once as there are cores
# New inputs are kept in build/fuzz/corpus/NAME, findings in build/fuzz/findings. Exit 1 when there is a finding.
set -eu
cd "$(dirname "$0")/.."

seconds=${1:-600}
scripts/build.sh fuzz
mkdir -p build/fuzz/corpus build/fuzz/findings build/fuzz/logs

# One target; called by xargs below.
cat >build/fuzz/run-one.sh <<'END'
#!/bin/sh
name=$1
seconds=$2
mkdir -p "build/fuzz/corpus/$name"
seeds=fuzz/corpus/$name
[ -d "$seeds" ] || seeds=
options="-max_total_time=$seconds -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=build/fuzz/findings/$name-"
dictionary=fuzz/$name.dict
[ ! -f "$dictionary" ] || options="$options -dict=$dictionary"
# shellcheck disable=SC2086
if "build/fuzz/fuzz_$name" $options "build/fuzz/corpus/$name" $seeds >"build/fuzz/logs/$name.log" 2>&1; then
    echo "fuzz $name: no finding, $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/logs/$name.log") inputs in $seconds s"
else
    echo "fuzz $name: FINDING, see build/fuzz/logs/$name.log"
    tail -n 30 "build/fuzz/logs/$name.log"
    exit 1
fi
END
chmod +x build/fuzz/run-one.sh

targets=$(find fuzz -maxdepth 1 -name 'fuzz_*.c' | sed 's|.*/fuzz_||; s|\.c$||' | sort)
if [ -z "$targets" ]; then
    echo "fuzz.sh: there is no fuzz/fuzz_*.c" >&2
    exit 1
fi
# xargs answers 123 when one of them failed.
for target in $targets; do echo "$target"; done | xargs -P "${JOBS:-$(nproc)}" -I NAME build/fuzz/run-one.sh NAME "$seconds" || exit 1
