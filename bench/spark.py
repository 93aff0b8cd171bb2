"""Spark against native on this machine, and from which size and number of cores on Spark is the quicker one."""

import json
import os
import re
import shutil
import statistics
import subprocess
from pathlib import Path

from common import DATA, HERE, TOP, WORK, compiled, make_csv, make_document, measure, median, remove, spread, warm

VERSION = "4.1.1"
# kind: rows, rows with --quick
CSV = {"numeric": (1_000_000, 10_000), "taxi": (2_000_000, 10_000)}
XML = (400_000, 2_000)
BOOKS = (200, 6)
BOOK_ROWS = (10_000, 200)
CORES = (2, 8, 32, 128)
# MB of the input for which it is told how much quicker Spark is.
LARGE = 100_000
PAGE = TOP / "docs" / "spark-costs.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"
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
        """The figures of a process: start and first, and medians of again and survey, with the least and the most; or why there are none."""
        jars = TOP / "build" / "spark" / VERSION / "jars"
        done = subprocess.run([self.python, HERE / "spark_task.py", str(cores), jars, self.package, str(self.bench.options.runs), *map(str, words)],
                              capture_output=True, text=True)
        if done.returncode != 0:
            return {"why": (done.stderr.strip().splitlines() or ["no reason given"])[-1][:160].replace("|", "/")}
        told = json.loads(done.stdout.strip().splitlines()[-1])
        runs = [{"again": seconds} for seconds in told["again"]]
        return {**told, "again": median(runs, "again"), "spread": spread(runs, "again", 2), "survey": statistics.median(told["survey"] or [0.0])}


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
            bench.say(f"| {label} | {told['start'] + told['first']:.2f} | {told['first']:.2f} | {told['spread']} | {told['by']} |")
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
    """(seconds of a job that does nothing, MB/s of a core, seconds a MB of the native reading before): two runs of T = fixed + size x before + size /
    (rate x cores)."""
    shared = 2 * (one["again"] - two["again"])  # size / rate
    if shared <= 0:
        return None
    before = (one["survey"] + two["survey"]) / 2
    return max(0.0, one["again"] - shared - before), megabytes / shared, before / megabytes


def break_even(start, fixed, rate, before, native_rate, cores):
    """The size in MB from which on Spark with so many cores is quicker than the native engine here; None = never."""
    saved = 1 / native_rate - before - 1 / (rate * cores)
    return (start + fixed) / saved if saved > 0 else None


def size_text(megabytes):
    return "never" if megabytes is None else f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"


def ours_against_the_original(report):
    """[(what, times)] of the report's goals about the mission."""
    text = report.read_text() if report.exists() else ""
    return re.findall(r"^\| mission, ([^|:]*): wall, original ÷ pyforge \| ([0-9.]+) \|", text, re.MULTILINE)


def costs(bench, measured):
    """The lines for the report and the page about costs."""
    lines = ["| | native, MB/s | Spark, MB/s and core | native reading before, MB/s | fixed, s | start, s | cores as quick as native | "
             + " | ".join(f"from, {cores} cores" for cores in CORES) + " | "
             + " | ".join(f"session there, {cores} cores" for cores in CORES) + " | "
             + " | ".join(f"{LARGE / 1000:.0f} GB: times native, {cores} cores" for cores in CORES) + " |",
             "|" + "---|" * (7 + 3 * len(CORES))]
    for one in measured:
        kinds = {label.rpartition(", local[")[0] for label in one["spark"]}
        for kind in sorted(kinds):
            runs = [one["spark"].get(f"{kind}, local[{cores}]", {"why": ""}) for cores in (1, 2)]
            found = None if any("why" in run for run in runs) else model(*runs, one["megabytes"])
            if found is None:
                lines.append(f"| {one['label']}, {kind} | no two runs to reckon from |" + " |" * (5 + 3 * len(CORES)))
                continue
            fixed, rate, before = found
            start, native_rate = runs[1]["start"], one["megabytes"] / one["native"]
            cells = [size_text(break_even(begun, fixed, rate, before, native_rate, cores)) for begun in (start, 0.0) for cores in CORES]
            cells += [f"{LARGE / native_rate / (fixed + LARGE * before + LARGE / (rate * cores)):.2f}" for cores in CORES]
            per_core = 1 / native_rate - before
            quick = f"{1 / (rate * per_core):.1f}" if per_core > 0 else "none"
            lines.append(f"| {one['label']}, {kind} | {native_rate:.0f} | {rate:.1f} | {f'{1 / before:.0f}' if before else '–'} | {fixed:.1f} | {start:.1f} "
                         f"| {quick} | " + " | ".join(cells) + " |")
    original = ours_against_the_original(HERE / "RESULTS.md")
    if original:
        lines += ["", "For comparison, this engine on one machine against pyforge-cli 1.0.9 ([bench/RESULTS.md](../bench/RESULTS.md)): "
                  + "; ".join(f"{what}: {times} times as quick" for what, times in original) + "."]
    return lines


def write_page(bench, lines):
    """The figures of a report that is kept go to the page, too."""
    if bench.options.quick or bench.options.write.resolve().parent != HERE:
        return
    text = PAGE.read_text()
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    report = bench.options.write.name
    PAGE.write_text("\n".join([head + BEGIN + f"From [bench/{report}](../bench/{report}):", "", *lines, END]) + tail)


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
              "yet, *without* the first work of a new session, *once more* the same in a warm one (median, least–most).")
    bench.say()
    sparks = Sparks(bench, python)
    measured = [one_file(bench, sparks, make_csv(kind, rows[bench.options.quick]), f"{kind}.csv") for kind, rows in CSV.items()]
    measured.append(one_file(bench, sparks, make_document("xml", XML[bench.options.quick]), "XML"))
    measured.append(many_books(bench, sparks))
    bench.say("### From which size on Spark is quicker")
    bench.say()
    bench.say("Reckoned, not measured, by the formula of [docs/spark-costs.md](../docs/spark-costs.md): what the native engine does is for all cores of this machine; the rest comes "
              "from local[1] and local[2] with the session there. *Session there*: the start is 0. Disks and networks are left out.")
    bench.say()
    lines = costs(bench, measured)
    for line in lines:
        bench.say(line)
    bench.say()
    write_page(bench, lines)
