"""The original, pyforge-cli 1.0.9, and this one on the same files, as a user of either calls it: the shortest command."""

import os
import subprocess

from common import TOP, WORK, environment, good, make_csv, make_document, median, remove, spread, take_turns, verify
from workbooks import make_workbook

ORIGINAL = "pyforge-cli==1.0.9"
PYTHON = "3.10"  # the newest that it can be installed on: it asks for pyarrow 8.0.0
# name: format, kind, rows, rows with --quick
FILES = {
    "CSV, 10 MB": ("csv", "mixed", 60_000, 600),
    "CSV, 100 MB": ("csv", "mixed", 585_000, 1_200),
    "XLSX, 10 MB": ("xlsx", "journal", 90_000, 600),
    "XLSX, 100 MB": ("xlsx", "journal", 900_000, 1_200),
    "XML, 10 MB": ("xml", "records", 27_000, 600),
    "XML, 100 MB": ("xml", "records", 267_000, 1_200),
    "XML, 1 GB": ("xml", "records", 2_800_000, 1_800),
}
AT_LEAST = 3
LONG = 60  # seconds; what takes longer runs once
SECONDS_MOST = 2400
MEMORY_MOST = 0.8  # of the machine's


def original():
    """Its command, or None and why not."""
    listed = subprocess.run([TOP / "scripts" / "pythons.sh"], capture_output=True, text=True, check=True).stdout
    found = dict(line.split() for line in listed.splitlines())
    if found.get(PYTHON, "-") == "-":
        return None, f"Python {PYTHON} is not installed"
    python = environment("original", found[PYTHON], ((ORIGINAL,),))
    return (python.parent / "pyforge", "") if python else (None, f"{ORIGINAL} could not be installed")


def limited(command):
    """What takes more than the machine has is ended, and what takes too long."""
    memory = int(MEMORY_MOST * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return ["prlimit", f"--as={memory}", "timeout", SECONDS_MOST, *command]


def written(place):
    """The file the original wrote: of a workbook it makes a folder with one for each group of sheets."""
    return next(iter(sorted(place.glob("*.parquet"))), place) if place.is_dir() else place


def compare(bench, name, command):
    form, kind, rows, quick = FILES[name]
    rows = quick if bench.options.quick else rows
    source = make_csv(kind, rows) if form == "csv" else make_workbook(kind, rows, 1) if form == "xlsx" else make_document(form, rows)
    theirs, ours = WORK / "out-original.parquet", WORK / "out-pyforge.parquet"
    results = take_turns(bench, {
        "original": (limited([command, "convert", source, theirs, "--format", "parquet", "--force"]), theirs, None),
        "pyforge": (bench.pyforge("convert", source, ours, "--force", "--quiet"), ours, None),
    }, LONG)
    label = f"mission, {name}"
    size = f"{source.stat().st_size / 1e6:.1f} MB, {rows} rows"
    if not good(results["pyforge"]):
        bench.say(f"| {name} ({size}) | FAILED | | | | | |")
        bench.judge(label, "failed", "–", False)
    elif not good(results["original"]):
        why = next(run["why"] for run in results["original"] if not run["ok"])
        bench.say(f"| {name} ({size}) | original | {why} | | | | |")
        bench.say(f"| | pyforge | {figures(results['pyforge'])} | – |")
        bench.judge(label, f"the original does not survive: {why}", "–", True)
    else:
        checked = verify("original_xml" if form == "xml" else "original", ours, written(theirs), rows)
        bench.say(f"| {name} ({size}) | original | {figures(results['original'])} | {checked} |")
        bench.say(f"| | pyforge | {figures(results['pyforge'])} | |")
        times = {key: median(results["original"], key) / median(results["pyforge"], key) for key in ("wall", "cpu", "peak")}
        bench.say("| | **original ÷ pyforge** " + "".join(f"| **{ratio:.1f}** " for ratio in times.values()) + "| | |")
        bench.judge(f"{label}: values", checked, "equal", checked == "ok")
        for key, ratio in times.items():
            bench.judge(f"{label}: {key}, original ÷ pyforge", f"{ratio:.1f}", f"at least {AT_LEAST}", ratio >= AT_LEAST)
    remove(theirs)
    remove(ours)


def figures(runs):
    return f"{spread(runs, 'wall')} | {spread(runs, 'cpu')} | {median(runs, 'peak'):.1f} | {median(runs, 'others'):.2f}"


def part(bench):
    bench.say("## The original, pyforge-cli 1.0.9")
    bench.say()
    command, why = original()
    if command is None:
        bench.say(f"Not available: {why}.")
        bench.say()
        bench.judge("mission", why, "–", False)
        return
    bench.say(f"`{ORIGINAL}` from the package index on Python {PYTHON} with what it asks for, `pyforge convert INPUT OUTPUT --format parquet`,")
    bench.say("against `pyforge convert INPUT OUTPUT`, both with their defaults: the original writes texts only, this one finds types. The values")
    bench.say(f"are the same. What takes more than {LONG} s runs once; after {SECONDS_MOST} s, or with more than {MEMORY_MOST:.0%} of the machine's")
    bench.say("memory, it is ended.")
    bench.say()
    bench.say("| to Parquet | | wall s | cpu s | peak MiB | others busy | values |")
    bench.say("|---|---|---|---|---|---|---|")
    for name in FILES:
        compare(bench, name, command)
    bench.say()
