#!/usr/bin/env python3
"""Runs pyforge and its peers side by side and writes the figures as Markdown.

    make bench                          everything, several minutes to an hour; report to build/bench/RESULTS.md
    make bench ARGS="--quick"           small files, one run each: shows that it works, its figures mean nothing
    make bench ARGS="--only csv --files mixed1m --codecs snappy --runs 5"
    make bench ARGS="--only xlsx,mission"
    make bench ARGS="--write bench/RESULTS.md"

Each measurement is a whole process, from start to exit: wall clock, CPU (user + system) and peak memory as the kernel counted them for that
process (wait4). Peers and pyforge take turns, so that what else happens on the machine hits all alike; how busy other processes kept
it is told beside each figure. Medians, with the least and the most. Inputs are read once before, so they are in memory for everybody.

Standard library only: memory of this process would count as a child's before it runs its program.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

import documents
import mission
import spark
import workbooks
from common import (DATA, HERE, MIB, PYTHON, TOP, WORK, Bench, good, make_csv, measure, median, spread, table, take_turns, verify)

PEERS = ("duckdb", "polars", "pyarrow_stream", "pyarrow_read")
CSV_PEERS = ("duckdb", "polars", "pyarrow_stream")

# name: kind, rows, rows with --quick, quoted newlines, --late
FILES = {
    "mixed1m": ("mixed", 1_000_000, 10_000, True, None),
    "mixed10m": ("mixed", 10_000_000, 100_000, True, None),
    "numeric": ("numeric", 1_000_000, 10_000, False, None),
    "wide": ("wide", 20_000, 200, False, None),
    "text": ("text", 10_000, 100, True, None),
    "newlines": ("newlines", 500_000, 5_000, True, None),
    "taxi": ("taxi", 1_000_000, 10_000, False, None),
    "mixed5m": ("mixed", 5_000_000, 50_000, True, None),
    "mixed5m_late_one": ("mixed", 5_000_000, 50_000, True, "one"),
    "mixed5m_late_all": ("mixed", 5_000_000, 50_000, True, "all"),
}
CSV_FILES = ("mixed1m", "mixed10m", "numeric", "wide", "text", "newlines", "taxi")
LATE_COLUMNS = {"one": "quantity", "all": "id,token,quantity"}


def rows_of(bench, file):
    return FILES[file][2 if bench.options.quick else 1]


def chosen(bench, files):
    return [name for name in bench.options.files if name in FILES] if bench.options.files else files


def make_file(bench, name):
    return make_csv(FILES[name][0], rows_of(bench, name), FILES[name][4])


def floor_of(bench, source, output, codec):
    """CPU of the codec on the column bytes, of reading the input and of writing the output."""
    plain = WORK / "plain.parquet"
    plain.unlink(missing_ok=True)
    run = measure(bench.pyforge("convert", source, plain, "--compression", "none", "--quiet"))
    if not run["ok"]:
        return None
    done = subprocess.run([PYTHON, HERE / "floor.py", source, plain, output, codec, str(bench.options.zstd_level)],
                          capture_output=True, text=True)
    plain.unlink()
    if done.returncode != 0:
        print(done.stderr)
        return None
    return json.loads(done.stdout)


def judge_speed(bench, label, results, best, floor):
    """At most half of the best peer, or 1.4 times the codec's CPU plus reading and writing, whichever is larger."""
    ours = results["pyforge"]
    least_cpu = 1.4 * floor["codec"] + floor["read"] + floor["write"] if floor else 0.0
    for key, least in (("cpu", least_cpu), ("wall", least_cpu / bench.threads)):
        limit = max(best[key] / 2, least)
        figure = median(ours, key)
        bench.judge(f"{label}: {key} s", f"{figure:.3f} ({figure / best[key]:.2f} of the best peer)", f"{limit:.3f}", figure <= limit)


# ---- the parts


def csv_to_parquet(bench, file, codec):
    source = make_file(bench, file)
    newlines = "1" if FILES[file][3] else "0"
    outputs = {name: WORK / f"out-{name}.parquet" for name in (*PEERS, "pyforge")}
    contestants = {name: ([PYTHON, HERE / "peers.py", "csv2parquet", name, source, outputs[name], codec, bench.threads, newlines],
                          outputs[name], None) for name in PEERS}
    contestants["pyforge"] = (bench.pyforge("convert", source, outputs["pyforge"], "--compression", codec, "--threads", bench.threads,
                                            "--force", "--quiet"), outputs["pyforge"], None)
    bench.say(f"### {file} → Parquet, {codec} ({source.stat().st_size / 1e6:.1f} MB, {rows_of(bench, file)} rows)")
    bench.say()
    results = take_turns(bench, contestants)
    checks = {}
    if good(results["pyforge"]):
        checks = {name: verify("same", outputs["pyforge"], outputs[name], rows_of(bench, file)) for name in PEERS if good(results[name])}
        checks["pyforge"] = verify("settings", outputs["pyforge"])
    best = table(bench, results, outputs, checks)
    label = f"{file}, {codec}"
    if not good(results["pyforge"]) or not best["cpu"]:
        bench.judge(label, "failed", "–", False)
        return None
    wrong = [f"{name}: {text}" for name, text in checks.items() if text != "ok"]
    bench.judge(f"{label}: values, statistics, dictionaries", "; ".join(wrong) or "equal", "equal", not wrong)
    floor = floor_of(bench, source, outputs["pyforge"], codec)
    if floor:
        bench.say(f"Codec alone on the same column bytes ({floor['bytes'] / 1e6:.1f} MB): {floor['codec']:.3f} s CPU; reading the input "
                  f"{floor['read']:.3f} s, writing the output {floor['write']:.3f} s.")
        bench.say()
    judge_speed(bench, label, results, best, floor)
    sizes = {name: os.path.getsize(outputs[name]) for name in results if good(results[name])}
    smallest = min(size for name, size in sizes.items() if name != "pyforge")
    bench.judge(f"{label}: output size", f"{sizes['pyforge'] / smallest:.2f} of the smallest peer's", "1.1", sizes["pyforge"] <= 1.1 * smallest)
    for output in outputs.values():
        output.unlink(missing_ok=True)
    return median(results["pyforge"], "peak")


def part_csv(bench):
    bench.say("## CSV to Parquet")
    bench.say()
    peaks = {}
    for file in chosen(bench, CSV_FILES):
        for codec in bench.options.codecs:
            peak = csv_to_parquet(bench, file, codec)
            if peak:
                peaks[file, codec] = peak
    for (file, codec), peak in peaks.items():
        bench.judge(f"{file}, {codec}: peak MiB", f"{peak:.1f}", "256", peak <= 256)
    for codec in bench.options.codecs:
        small, large = peaks.get(("mixed1m", codec)), peaks.get(("mixed10m", codec))
        if small and large:
            bench.judge(f"peak at 10 M rows ÷ at 1 M rows, {codec}", f"{large / small:.2f}", "1.1", large <= 1.1 * small)


def part_parquet(bench):
    bench.say("## Parquet to CSV")
    bench.say()
    for file in chosen(bench, ("mixed1m", "numeric", "taxi")):
        source = WORK / f"{file}.parquet"
        if not measure(bench.pyforge("convert", make_file(bench, file), source, "--force", "--quiet"))["ok"]:
            bench.judge(f"{file} Parquet → CSV", "failed", "–", False)
            continue
        outputs = {name: WORK / f"out-{name}.csv" for name in (*CSV_PEERS, "pyforge")}
        contestants = {name: ([PYTHON, HERE / "peers.py", "parquet2csv", name, source, outputs[name], "-", bench.threads, "0"], outputs[name],
                              None) for name in CSV_PEERS}
        contestants["pyforge"] = (bench.pyforge("convert", source, outputs["pyforge"], "--threads", bench.threads, "--force", "--quiet"),
                                  outputs["pyforge"], None)
        bench.say(f"### {file}.parquet → CSV ({source.stat().st_size / 1e6:.1f} MB, {rows_of(bench, file)} rows)")
        bench.say()
        results = take_turns(bench, contestants)
        checks = {name: verify("csv", source, outputs[name]) for name in results if good(results[name])}
        best = table(bench, results, outputs, checks)
        if good(results["pyforge"]) and best["cpu"]:
            figure = median(results["pyforge"], "cpu")
            met = figure <= best["cpu"] and checks["pyforge"] == "ok"
            bench.judge(f"{file} Parquet → CSV: cpu s", f"{figure:.3f} ({figure / best['cpu']:.2f} of the best peer)", f"{best['cpu']:.3f}", met)
        else:
            bench.judge(f"{file} Parquet → CSV", "failed", "–", False)
        for output in (*outputs.values(), source):
            output.unlink(missing_ok=True)


def part_repair(bench):
    """A text in the last row of one integer column, and of every one; from a file and through a pipe."""
    bench.say("## Repair: a text in the last row of an integer column")
    bench.say()
    files = {"plain": make_file(bench, "mixed5m"), "one": make_file(bench, "mixed5m_late_one"), "all": make_file(bench, "mixed5m_late_all")}
    for way in ("file", "pipe"):
        outputs = {name: WORK / f"out-{name}.parquet" for name in files}
        contestants = {}
        for name, path in files.items():
            source = ["-", outputs[name], "--from", "csv"] if way == "pipe" else [path, outputs[name]]
            command = bench.pyforge("convert", *source, "--threads", bench.threads, "--force", "--quiet")
            contestants[name] = (command, outputs[name], path if way == "pipe" else None)
        bench.say(f"### from a {way} ({files['plain'].stat().st_size / 1e6:.1f} MB, {rows_of(bench, 'mixed5m')} rows)")
        bench.say()
        results = take_turns(bench, contestants)
        bench.say("| late text in | wall s | cpu s | wall ÷ without | cpu ÷ without | peak MiB | others busy | values |")
        bench.say("|---|---|---|---|---|---|---|---|")
        for name, runs in results.items():
            if not good(runs):
                bench.say(f"| {name} | FAILED | | | | | | |")
                bench.judge(f"repair of {name}, {way}", "failed", "–", False)
                continue
            ratio = {key: median(runs, key) / median(results["plain"], key) for key in ("wall", "cpu")}
            check = "–" if name == "plain" else verify("late", outputs["plain"], outputs[name], LATE_COLUMNS[name])
            bench.say(f"| {'none' if name == 'plain' else name + ' integer column' + ('s' if name == 'all' else '')} | {spread(runs, 'wall')} "
                      f"| {spread(runs, 'cpu')} | {ratio['wall']:.2f} | {ratio['cpu']:.2f} | {median(runs, 'peak'):.1f} "
                      f"| {median(runs, 'others'):.2f} | {check} |")
            if name != "plain":
                limit = 1.5 if name == "one" else 2.5
                bench.judge(f"repair of {name}, {way}: wall ÷ without", f"{ratio['wall']:.2f}, values {check}", f"{limit}",
                            ratio["wall"] <= limit and check == "ok")
        bench.say()
        for output in outputs.values():
            output.unlink(missing_ok=True)


def part_start(bench):
    bench.say("## Start-up")
    bench.say()
    runs = {"true": [], "pyforge": [], **{f"{peer} (import only)": [] for peer in ("duckdb", "polars", "pyarrow_stream")}}
    for turn in range(3 if bench.options.quick else 40):
        runs["true"].append(measure(["/bin/true"]))
        runs["pyforge"].append(measure(bench.pyforge("--version")))
        if turn < max(3, bench.options.runs):
            for peer in ("duckdb", "polars", "pyarrow_stream"):
                runs[f"{peer} (import only)"].append(measure([PYTHON, HERE / "peers.py", "start", peer]))
    bench.say("| | wall ms | cpu ms | peak MiB |")
    bench.say("|---|---|---|---|")
    for name, measured in runs.items():
        values = [1000 * run["wall"] for run in measured]
        bench.say(f"| {name} | {statistics.median(values):.1f} ({min(values):.1f}–{max(values):.1f}) | {1000 * median(measured, 'cpu'):.1f} "
                  f"| {median(measured, 'peak'):.1f} |")
    bench.say()
    more = 1000 * (median(runs["pyforge"], "wall") - median(runs["true"], "wall"))
    bench.judge("pyforge --version beyond /bin/true, ms", f"{more:.1f}", "10", good(runs["pyforge"]) and more <= 10)


# ---- the report


def machine():
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "?")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / MIB
    system = next((line.split("=")[1].strip('"') for line in Path("/etc/os-release").read_text().splitlines()
                   if line.startswith("PRETTY_NAME")), platform.system())
    return f"{len(os.sched_getaffinity(0))} cores of {model}, {memory:.0f} GiB, {system}, Linux {platform.release()}"


def introduction(bench, parts):
    versions = ", ".join(f"{name} {subprocess.check_output([PYTHON, HERE / 'peers.py', 'version', name], text=True).strip()}"
                         for name in ("duckdb", "polars", "pyarrow"))
    ours = subprocess.check_output([bench.options.pyforge, "--version"], text=True).strip()
    commit = subprocess.run(["git", "-C", TOP, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip() or "no commit"
    bench.say("# Benchmark")
    bench.say()
    bench.say(f"Made {time.strftime('%Y-%m-%d %H:%M')} by `{shlex.join(['make', 'bench', *bench.make_arguments])}` ({', '.join(parts)}) at {commit}.")
    bench.say()
    bench.say(f"- Machine: {machine()}; load when it began: {os.getloadavg()[0]:.2f}.")
    bench.say(f"- {ours} against {versions}, {bench.threads} threads each; {bench.options.runs} runs each in turn; median (least–most).")
    bench.say("- Whole processes, start to exit, inputs warm: wall, CPU (user + system) and peak memory of the process itself. Peers are Python")
    bench.say("  programs that import one library; what that alone takes stands under Start-up. *others busy*: cores kept busy by other processes;")
    bench.say("  above 0.4 the row is not to be trusted.")
    if bench.options.quick:
        bench.say("- **--quick: tiny files, the figures mean nothing.**")
    bench.say()


def verdict_table(bench):
    bench.say("## Against the goals")
    bench.say()
    bench.say("| goal | found | at most | met |")
    bench.say("|---|---|---|---|")
    for criterion, figure, limit, met in bench.verdicts:
        bench.say(f"| {criterion} | {figure} | {limit} | {'yes' if met else '**no**'} |")
    bench.say()


def save(bench):
    bench.options.write.write_text("\n".join(bench.lines).rstrip() + "\n")


def main():
    parts = {"csv": part_csv, "parquet": part_parquet, "xlsx": workbooks.part, "xml": documents.part_xml, "dbf": documents.part_dbf,
             "repair": part_repair, "start": part_start, "mission": mission.part, "spark": spark.part}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(parts), help=f"parts: {','.join(parts)}")
    parser.add_argument("--files", type=lambda text: text.split(","), help=f"of {','.join([*CSV_FILES, *workbooks.FILES])}")
    parser.add_argument("--codecs", type=lambda text: text.split(","), default=["snappy", "zstd"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, help="for everybody; default: all cores")
    parser.add_argument("--zstd-level", type=int, default=3, help="for the codec's own CPU; the level pyforge uses by default")
    parser.add_argument("--pyforge", default=str(TOP / "build" / "release" / "pyforge"))
    parser.add_argument("--package", default=str(TOP / "build" / "release" / "python"), help="the Python package, for the part spark")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", type=Path, default=WORK / "RESULTS.md", help="the report")
    options = parser.parse_args()
    if options.quick:
        options.runs = 1
    unknown = [name for name in options.only if name not in parts]
    unknown += [name for name in options.files or () if name not in FILES and name not in workbooks.FILES]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")

    DATA.mkdir(parents=True, exist_ok=True)
    bench = Bench(options)
    bench.make_arguments = [f"ARGS={shlex.join(sys.argv[1:])}"] if sys.argv[1:] else []
    introduction(bench, options.only)
    for name in options.only:
        parts[name](bench)
        save(bench)  # what a later part meets takes nothing away
    verdict_table(bench)
    save(bench)
    missed = sum(not met for *_, met in bench.verdicts)
    print(f"{len(bench.verdicts) - missed} goals met, {missed} missed; report in {options.write}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
