"""Excel workbooks to Parquet, and one written from CSV, against DuckDB's extension, Polars with fastexcel, and openpyxl."""

import subprocess

from common import (DATA, HERE, PYTHON, WORK, compiled, environment, good, make_csv, measure, median, remove, table, take_turns, verify,
                    warm)

# name: kind, rows of each sheet, rows with --quick, sheets
FILES = {
    "xlsx50k": ("orders", 50_000, 1_000, 1),
    "xlsx500k": ("orders", 500_000, 5_000, 1),
    "xlsx_sheets": ("orders", 100_000, 1_000, 3),
    "xlsx_wide": ("wide", 20_000, 200, 1),
    "xlsx_long": ("long", 1_000_000, 10_000, 1),
}
MEMORY = {"xlsx_long": "100M"}
PEAK = {"xlsx_long": 100}  # MiB
WRITTEN_ROWS = (200_000, 2_000)
SHARE = 0.4  # of the best peer
# DuckDB's extension is a download of DuckDB itself at run time; the index has it for the version of DuckDB that is named here.
PACKAGES = (("duckdb==1.5.5", "duckdb-extension-excel==1.5.5"), ("polars==2.1.0", "fastexcel==0.21.0", "xlsxwriter==3.3.1"),
            ("openpyxl==3.1.5", "pyarrow==26.0.1"))
READERS = ("duckdb", "polars")
SLOW_READERS = {"xlsx50k": ("openpyxl",)}  # ten times as slow as the others; once is enough to see it
WRITERS = ("duckdb", "polars")
# CPU of DuckDB for the same table on this kind of machine, for where it cannot be had.
WRITER_CPU = 4.0


def run_peer(python, *words):
    return subprocess.run([python, HERE / "peers.py", *map(str, words)], capture_output=True, text=True)


def peers_there(wanted):
    """The Python of the peers, those that work, and their versions."""
    python = environment("excel", PYTHON, PACKAGES)
    versions = {}
    for peer in wanted:
        done = run_peer(python, "version", f"{peer}_excel") if python else None
        if done and done.returncode == 0:
            versions[peer] = done.stdout.strip()
    return python, versions


def make_workbook(kind, rows, sheets):
    path = DATA / f"{kind}-{rows}{f'-{sheets}' if sheets > 1 else ''}.xlsx"
    if not path.exists():
        new = path.with_suffix(".part")
        subprocess.check_call([compiled("make_workbook.c", "-lz"), kind, str(rows), str(sheets), new])
        new.rename(path)
    return warm(path)


def outputs_of(name, sheets):
    """One file a sheet, named as peers.py names them."""
    return [WORK / f"out-{name}{f'-{sheet}' if sheet > 1 else ''}.parquet" for sheet in range(1, sheets + 1)]


def our_outputs(source, sheets):
    """The files of one call: several sheets go into a folder."""
    if sheets == 1:
        return outputs_of("pyforge", 1)
    return [WORK / "out-pyforge" / f"{source.stem}_Sheet{sheet}.parquet" for sheet in range(1, sheets + 1)]


def our_reading(bench, source, outputs, memory):
    place = outputs[0] if len(outputs) == 1 else f"{outputs[0].parent}/"
    limit = ["--memory", memory] if memory else []
    return bench.pyforge("convert", source, place, "--compression", "snappy", "--threads", bench.threads, "--force", "--quiet", *limit)


def judge_share(bench, label, results, best, share):
    for key in ("cpu", "wall"):
        figure, limit = median(results["pyforge"], key), share * best[key]
        bench.judge(f"{label}: {key} s", f"{figure:.3f} ({figure / best[key]:.2f} of the best peer)", f"{limit:.3f}", figure <= limit)


def read_workbook(bench, name, python, versions):
    kind, rows, quick, sheets = FILES[name]
    rows = quick if bench.options.quick else rows
    source = make_workbook(kind, rows, sheets)
    readers = (*READERS, *SLOW_READERS.get(name, ()))
    outputs = {**{reader: outputs_of(reader, sheets) for reader in readers}, "pyforge": our_outputs(source, sheets)}
    contestants = {}
    for reader in (reader for reader in readers if reader in versions):
        words = ["xlsx2parquet", reader, source, outputs[reader][0], "snappy", bench.threads, sheets]
        contestants[reader] = ([python, HERE / "peers.py", *words], outputs[reader][0], None)
    contestants["pyforge"] = (our_reading(bench, source, outputs["pyforge"], MEMORY.get(name)), outputs["pyforge"][0], None)
    several = f"{sheets} sheets of " if sheets > 1 else ""
    bench.say(f"### {name} → Parquet, snappy ({source.stat().st_size / 1e6:.1f} MB, {several}{rows} rows"
              f"{', `--memory ' + MEMORY[name] + '`' if name in MEMORY else ''})")
    bench.say()
    results = take_turns(bench, contestants)
    checks = {}
    if good(results["pyforge"]):
        for reader in contestants:
            if reader != "pyforge" and good(results[reader]):
                found = [verify("workbook", ours, theirs, rows) for ours, theirs in zip(outputs["pyforge"], outputs[reader])]
                checks[reader] = next((text for text in found if text != "ok"), "ok")
        checks["pyforge"] = verify("settings", outputs["pyforge"][0])
    best = table(bench, results, {reader: paths[0] for reader, paths in outputs.items()}, checks,
                 [reader for reader in readers if reader not in versions])
    if not good(results["pyforge"]) or not best["cpu"]:
        bench.judge(name, "failed", "–", False)
    else:
        wrong = [f"{reader}: {text}" for reader, text in checks.items() if text != "ok"]
        bench.judge(f"{name}: values, statistics, dictionaries", "; ".join(wrong) or "equal", "equal", not wrong)
        judge_share(bench, name, results, best, SHARE)
        peak = median(results["pyforge"], "peak")
        if name in PEAK:
            bench.judge(f"{name}, {MEMORY[name]}: peak MiB", f"{peak:.1f}", str(PEAK[name]), peak <= PEAK[name])
    for path in (path for paths in outputs.values() for path in paths):
        remove(path)


def check_written(python, versions, book, expected, rows):
    """Read back by Polars, as it is neither of those that are looked at most closely."""
    if "polars" not in versions:
        return "not read back"
    back = WORK / "back.parquet"
    done = run_peer(python, "xlsx2parquet", "polars", book, back, "snappy", 2, 1)
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or ["not read back"])[-1][-160:]
    found = verify("workbook", expected, back, rows)
    remove(back)
    return found


def write_workbook(bench, python, versions, source, rows):
    outputs = {writer: WORK / f"out-{writer}.xlsx" for writer in (*WRITERS, "pyforge")}
    contestants = {}
    for writer in (writer for writer in WRITERS if writer in versions):
        words = ["csv2xlsx", writer, source, outputs[writer], "-", bench.threads, 0]
        contestants[writer] = ([python, HERE / "peers.py", *words], outputs[writer], None)
    ours = bench.pyforge("convert", source, outputs["pyforge"], "--threads", bench.threads, "--force", "--quiet")
    contestants["pyforge"] = (ours, outputs["pyforge"], None)
    bench.say(f"### mixed.csv → XLSX ({source.stat().st_size / 1e6:.1f} MB, {rows} rows)")
    bench.say()
    results = take_turns(bench, contestants)
    expected = WORK / "expected.parquet"
    checks = {}
    if measure(bench.pyforge("convert", source, expected, "--force", "--quiet"))["ok"]:
        checks = {writer: check_written(python, versions, outputs[writer], expected, rows)
                  for writer in results if good(results[writer])}
    table(bench, results, outputs, checks, [writer for writer in WRITERS if writer not in versions])
    label = f"mixed.csv, {rows} rows → XLSX"
    if not good(results["pyforge"]):
        bench.judge(label, "failed", "–", False)
    else:
        bench.judge(f"{label}: values", checks.get("pyforge", "not checked"), "equal", checks.get("pyforge") == "ok")
        there = "duckdb" in results and good(results["duckdb"])
        least = median(results["duckdb"], "cpu") if there else WRITER_CPU
        figure = median(results["pyforge"], "cpu")
        whose = "of DuckDB's" if there else f"of the {WRITER_CPU:.0f} s that DuckDB takes on such a machine, which is not available here"
        bench.judge(f"{label}: cpu s", f"{figure:.3f} ({figure / least:.2f} {whose})", f"{least / 2:.3f}", figure <= least / 2)
    for output in (*outputs.values(), expected):
        remove(output)


def part(bench):
    bench.say("## Excel workbooks")
    bench.say()
    python, versions = peers_there(("duckdb", "polars", "openpyxl"))
    there = ", ".join(f"{name} {version}" for name, version in versions.items())
    bench.say(f"Peers: {there or 'none'}. Numbers are compared as numbers (DuckDB reads each as a double), points of time to the")
    bench.say("millisecond.")
    bench.say()
    chosen = [name for name in bench.options.files or FILES if name in FILES]
    for name in chosen:
        read_workbook(bench, name, python, versions)
    if not bench.options.files:
        rows = WRITTEN_ROWS[bench.options.quick]
        write_workbook(bench, python, versions, make_csv("mixed", rows), rows)
