#!/bin/sh
# The command end to end, in every build (with sanitizers too): the same bytes with one thread and with four, from a file and through a
# pipe, with columns that are made again because of their last value, and back.   tests/command.sh PYFORGE MAKE_DATA WORK-FOLDER
set -eu

pyforge=$1
make_data=$2
work=$3
rows=60000

rm -rf "$work"
mkdir -p "$work"
cd "$work"

same() {
    cmp "$1" "$2" || {
        echo "$1 and $2 differ" >&2
        exit 1
    }
}

"$make_data" mixed $rows >plain.csv
"$make_data" mixed $rows --late one >late-one.csv
"$make_data" mixed $rows --late all >late-all.csv
for name in plain late-one late-all; do
    for threads in 1 4; do
        "$pyforge" convert $name.csv $name-$threads.parquet --threads $threads --quiet
    done
    same $name-1.parquet $name-4.parquet
    "$pyforge" convert - $name-piped.parquet --from csv --threads 4 --quiet <$name.csv
    same $name-1.parquet $name-piped.parquet
done

"$pyforge" convert plain-4.parquet back.csv --threads 4 --quiet
"$pyforge" convert back.csv again.parquet --threads 4 --quiet
same plain-1.parquet again.parquet
"$pyforge" validate late-all-4.parquet >/dev/null
"$pyforge" info plain.csv --threads 4 >/dev/null
rm -rf "$work"
