"""Spark against native on this machine, and from which size and number of cores on Spark is the quicker one."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from common import DATA, HERE, TOP, WORK, compiled, make_csv, make_document, measure, median, remove, warm

VERSION = "4.1.1"
# kind: rows, rows with --quick
CSV = {"numeric": (1_000_000, 10_000), "taxi": (5_000_000, 10_000)}
XML = (800_000, 2_000)
BOOKS = (200, 6)
BOOK_ROWS = (20_000, 200)
CORES = (2, 8, 32, 128)
SPARK_TYPES = {"int64": "BIGINT", "float64": "DOUBLE", "bool": "BOOLEAN", "string": "STRING", "date": "DATE", "timestamp": "TIMESTAMP_NTZ"}


def spark_python():
    """The Python with Spark; None = it cannot be had here."""
    done = subprocess.run([TOP / "scripts" / "spark.sh", "get", VERSION], cwd=TOP, capture_output=True, text=True)
    python = TOP / "build" / "spark" / VERSION / "venv" / "bin" / "python"
    return python if done.returncode == 0 and python.exists() else None


class Sparks:
    def __init__(self, bench, python):
        self.bench, self.python, self.package = bench, python, Path(bench.options.package)

    def run(self, cores, *words):
        """The figures of each run, medians, or why there are none."""
        runs = []
        for _ in range(self.bench.options.runs):
            jars = TOP / "build" / "spark" / VERSION / "jars"
            done = subprocess.run([self.python, HERE / "spark_task.py", str(cores), jars, self.package, *map(str, words)], capture_output=True, text=True)
            if done.returncode != 0:
                return {"why": (done.stderr.strip().splitlines() or ["no reason given"])[-1][:160].replace("|", "/")}
            runs.append(json.loads(done.stdout.strip().splitlines()[-1]))
        return {**{key: median(runs, key) for key in ("start", "first", "again")}, "by": runs[0]["by"]}


def native(bench, *words, outputs):
    runs = []
    for _ in range(bench.options.runs):
        remove(outputs)
        runs.append(measure(bench.pyforge("convert", *words, "--force", "--quiet")))
    return runs


def ddl_of(bench, source):
    told = json.loads(subprocess.check_output(bench.pyforge("info", source, "--format", "json"), text=True))
    types = [(column["name"], SPARK_TYPES.get(column["type"], column["type"].upper())) for column in told["columns"]]
    return ", ".join(f"`{name}` {kind}" for name, kind in types), told.get("delimiter") or ","


def rows_of_spark(bench, found):
    """A line of the table for each thing that Spark was asked for: {label: figures of Sparks.run}"""
    for label, told in found.items():
        if "why" in told:
            bench.say(f"| {label} | failed: {told['why']} | | | |")
        else:
            bench.say(f"| {label} | {told['start'] + told['first']:.2f} | {told['first']:.2f} | {told['again']:.2f} | {told['by']} |")
    bench.say()


def one_file(bench, sparks, source, label):
    output, parts = WORK / "out-native.parquet", WORK / "out-spark"
    megabytes = source.stat().st_size / 1e6
    runs = native(bench, source, output, "--threads", bench.threads, outputs=output)
    bench.say(f"### {label} ({megabytes:.1f} MB)")
    bench.say()
    bench.say("| | with the start of the session, s | without, s | once more, s | by |")
    bench.say("|---|---|---|---|---|")
    wall = median(runs, "wall")
    bench.say(f"| native, {bench.threads} threads, a process | {wall:.2f} | {wall:.2f} | {wall:.2f} | native |")
    found = {}
    for cores in (1, 2):
        if source.suffix == ".csv":
            ddl, delimiter = ddl_of(bench, source)
            found[f"Spark's reader, types given, local[{cores}]"] = sparks.run(cores, "read", source, parts, ddl, delimiter)
            remove(parts)
        found[f"the engine spark, local[{cores}]"] = sparks.run(cores, "engine", source, WORK / "out-spark.parquet")
        remove(WORK / "out-spark.parquet")
    rows_of_spark(bench, found)
    remove(output)
    return {"label": label, "megabytes": megabytes, "native": wall, "spark": found}


def make_books(bench):
    """A folder of workbooks, all alike: what differs between them costs nothing."""
    count, rows = BOOKS[bench.options.quick], BOOK_ROWS[bench.options.quick]
    folder = DATA / f"books-{count}-{rows}"
    if not folder.exists():
        new = folder.with_suffix(".part")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        first = new / "book-000.xlsx"
        subprocess.check_call([compiled("make_workbook.c", "-lz"), "orders", str(rows), "1", first])
        for number in range(1, count):
            shutil.copy(first, new / f"book-{number:03d}.xlsx")
        new.rename(folder)
    for path in folder.iterdir():
        warm(path)
    return folder


def many_books(bench, sparks):
    folder, output = make_books(bench), WORK / "out-books"
    files = list(folder.iterdir())
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    label = f"{len(files)} workbooks"
    bench.say(f"### {label} ({megabytes:.1f} MB), each to a Parquet file")
    bench.say()
    bench.say("| | with the start of the session, s | without, s | once more, s | by |")
    bench.say("|---|---|---|---|---|")
    walls = {}
    for threads in (1, 2):
        walls[threads] = median(native(bench, folder, f"{output}/", "--threads", threads, outputs=output), "wall")
        bench.say(f"| native, {threads} thread{'s' if threads > 1 else ''}, a process | {walls[threads]:.2f} | {walls[threads]:.2f} "
                  f"| {walls[threads]:.2f} | native |")
    found = {}
    for cores in (1, 2):
        remove(output)
        found[f"executors, local[{cores}]"] = sparks.run(cores, "batch", folder, output)
    rows_of_spark(bench, found)
    remove(output)
    good = [told for told in found.values() if "why" not in told]
    if len(good) == 2:
        gain = good[0]["again"] / good[1]["again"]
        bench.judge(f"{label}: local[1] ÷ local[2], the session there", f"{gain:.2f}", "at least 1.6", gain >= 1.6)
    return {"label": label, "megabytes": megabytes, "native": walls[2], "spark": found}


# ---- what it costs elsewhere


def model(one, two, megabytes):
    """(seconds of a job that does nothing, MB/s of a core): two runs of T = fixed + size / (rate x cores)."""
    shared = 2 * (one["again"] - two["again"])  # size / rate
    if shared <= 0:
        return None
    return max(0.0, one["again"] - shared), megabytes / shared


def break_even(start, fixed, rate, native_rate, cores):
    """The size in MB from which on Spark with so many cores is quicker than the native engine here; None = never."""
    saved = 1 / native_rate - 1 / (rate * cores)
    return (start + fixed) / saved if saved > 0 else None


def size_text(megabytes):
    return "never" if megabytes is None else f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"


def costs(bench, measured):
    bench.say("### From which size on Spark is quicker")
    bench.say()
    bench.say("Reckoned, not measured: T(native) = size ÷ n, T(Spark) = start + fixed + size ÷ (r × cores), where n is what the native engine does here with all "
              "cores, and start, fixed and r come from local[1] and local[2] with the session there. Spark is quicker from (start + fixed) ÷ (1/n − 1/(r × cores)) on; never, "
              "where r × cores is not more than n. On a cluster whose session runs already, start is 0. Disks and networks are left out.")
    bench.say()
    bench.say("| | native, MB/s | Spark, MB/s and core | fixed, s | start, s | cores as quick as native | "
              + " | ".join(f"from, {cores} cores" for cores in CORES) + " | "
              + " | ".join(f"session there, {cores} cores" for cores in CORES) + " |")
    bench.say("|" + "---|" * (6 + 2 * len(CORES)))
    for one in measured:
        kinds = {label.rpartition(", local[")[0] for label in one["spark"]}
        for kind in sorted(kinds):
            runs = [one["spark"].get(f"{kind}, local[{cores}]", {"why": ""}) for cores in (1, 2)]
            found = None if any("why" in run for run in runs) else model(*runs, one["megabytes"])
            if found is None:
                bench.say(f"| {one['label']}, {kind} | no two runs to reckon from |" + " |" * (4 + 2 * len(CORES)))
                continue
            fixed, rate = found
            start, native_rate = runs[1]["start"], one["megabytes"] / one["native"]
            cells = [size_text(break_even(begun, fixed, rate, native_rate, cores)) for begun in (start, 0.0) for cores in CORES]
            bench.say(f"| {one['label']}, {kind} | {native_rate:.0f} | {rate:.1f} | {fixed:.1f} | {start:.1f} | {native_rate / rate:.1f} | " + " | ".join(cells) + " |")
    bench.say()


def part(bench):
    bench.say("## Spark against native")
    bench.say()
    python = spark_python()
    if python is None or not (Path(bench.options.package) / "pyforge_cli").is_dir():
        bench.say("Not measured: " + ("Spark cannot be had here." if python is None else f"there is no package in {bench.options.package} (CONFIGURE=-DPYFORGE_PYTHON=ON)."))
        bench.say()
        bench.judge("Spark against native", "not measured", "–", False)
        return
    bench.say(f"Spark {VERSION} in local mode, 4 GB of heap, {os.cpu_count()} cores in the machine. *With the start* is what a process pays that has no session "
              "yet, *without* the first work of a new session, *once more* the same in a warm one.")
    bench.say()
    sparks = Sparks(bench, python)
    measured = [one_file(bench, sparks, make_csv(kind, rows[bench.options.quick]), f"{kind}.csv") for kind, rows in CSV.items()]
    measured.append(one_file(bench, sparks, make_document("xml", XML[bench.options.quick]), "XML"))
    measured.append(many_books(bench, sparks))
    costs(bench, measured)
