"""What the parts of the benchmark have in common: measuring processes in turns, their tables, the goals, the environments of peers.

Standard library only: memory of this process would count as a child's before it runs its program.
"""

import os
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
WORK = TOP / "build" / "bench"
DATA = WORK / "data"
PYTHON = sys.executable
MIB = 1 << 20


class Bench:
    """What one invocation was asked for, and what it found."""

    def __init__(self, options):
        self.options = options
        self.threads = options.threads or len(os.sched_getaffinity(0))
        self.lines = []
        self.verdicts = []  # (criterion, figure, limit, met)

    def say(self, line=""):
        print(line, flush=True)
        self.lines.append(line)

    def judge(self, criterion, figure, limit, met):
        self.verdicts.append((criterion, figure, limit, met))

    def pyforge(self, *arguments):
        return [self.options.pyforge, *[str(argument) for argument in arguments]]


# ---- measuring


def busy_seconds():
    """Seconds all processors together have been busy."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _, _, irq, softirq, steal = (int(field) for field in fields[:8])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def measure(command, piped=None):
    """Runs a process to its end. piped: a file that `cat` gives it through a pipe. Returns wall, cpu, peak (MiB), others (cores), ok, and
    why it failed."""
    log = WORK / "stderr.log"
    feeder = subprocess.Popen(["cat", str(piped)], stdout=subprocess.PIPE) if piped else None
    with log.open("wb") as errors:
        busy = busy_seconds()
        start = time.perf_counter()
        child = subprocess.Popen([str(part) for part in command], stdin=feeder.stdout if feeder else subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=errors)
        if feeder:
            feeder.stdout.close()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        busy = busy_seconds() - busy
    child.returncode = os.waitstatus_to_exitcode(status)
    if feeder:
        feeder.wait()
    cpu = usage.ru_utime + usage.ru_stime
    why = ""
    if child.returncode != 0:
        said = log.read_text(errors="replace")
        why = f"exit {child.returncode} after {wall:.0f} s: {(said.strip().splitlines() or [''])[-1][-160:]}".replace("|", "/")
        print(f"  failed ({child.returncode}): {shlex.join(str(part) for part in command)}\n  {said[-800:]}")
    return {"wall": wall, "cpu": cpu, "peak": usage.ru_maxrss / 1024, "others": max(0.0, (busy - cpu) / wall), "ok": child.returncode == 0,
            "why": why}


def remove(path):
    if Path(path).is_dir():
        shutil.rmtree(path)
    else:
        Path(path).unlink(missing_ok=True)


def take_turns(bench, contestants, long=None):
    """Runs {name: (command, output or None, piped or None)} in turn. Returns {name: list of measurements}. long: seconds from which on a
    contestant runs no second time."""
    results = {name: [] for name in contestants}
    order = list(contestants)
    for turn in range(bench.options.runs):
        for name in order[turn % len(order):] + order[: turn % len(order)]:
            command, output, piped = contestants[name]
            if long and results[name] and (results[name][0]["wall"] > long or not results[name][0]["ok"]):
                continue
            if output:
                remove(output)
            results[name].append(measure(command, piped))
    return results


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def spread(runs, key, digits=3):
    values = [run[key] for run in runs]
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def good(runs):
    return all(run["ok"] for run in runs)


def verify(*arguments):
    """"ok" or what differs."""
    done = subprocess.run([PYTHON, HERE / "verify.py", *[str(argument) for argument in arguments]], capture_output=True, text=True)
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "verify.py failed: " + done.stderr.strip()[-300:]


def compiled(source, *libraries):
    """The program made of a source beside this file, anew when a source has changed."""
    program = WORK / Path(source).stem
    made = program.stat().st_mtime if program.exists() else 0
    if made < max(file.stat().st_mtime for file in (HERE / source, *HERE.glob("*.h"))):
        subprocess.check_call(["cc", "-std=gnu17", "-O2", HERE / source, "-o", program, *libraries])
    return program


def make_csv(kind, rows, late=None):
    """The input, made when it is not there yet."""
    path = DATA / f"{kind}-{rows}{'-late-' + late if late else ''}.csv"
    if not path.exists():
        new = path.with_suffix(".part")
        with new.open("wb") as out:
            subprocess.check_call([compiled("make_data.c"), kind, str(rows), *(["--late", late] if late else [])], stdout=out)
        new.rename(path)
    return warm(path)


def make_document(kind, rows):
    """The XML document, or the dBase table."""
    path = DATA / f"records-{rows}.{kind}"
    if not path.exists():
        new = path.with_suffix(".part")
        with new.open("wb") as out:
            subprocess.check_call([compiled("make_documents.c"), kind, str(rows)], stdout=out)
        new.rename(path)
    return warm(path)


def warm(path):
    buffer = bytearray(1 << 16)  # small: what this process has used at most counts as its children's before they begin
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    return path


# ---- environments of peers that the tests do not need


def environment(name, python, packages):
    """A virtual environment build/bench/NAME with groups of packages; a group that cannot be had is left out. Returns its Python, or None
    where nothing could be had."""
    place = WORK / name
    wanted = f"{python} {packages}"
    marker = place / ".installed"
    if not marker.exists() or marker.read_text() != wanted:
        shutil.rmtree(place, ignore_errors=True)
        print(f"making {place}")
        subprocess.check_call([python, "-m", "venv", place])
        done = [subprocess.call([place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *group]) == 0
                for group in packages]
        # What could not be had this time is tried again the next time.
        marker.write_text(wanted if all(done) else "")
        if not any(done):
            return None
    return place / "bin" / "python"


# ---- tables


def table(bench, results, outputs=None, checks=None, absent=()):
    """One row a contestant, fastest first, ratios against the best peer. absent: peers that cannot be had here."""
    peers = [name for name in results if name != "pyforge" and good(results[name])]
    best = {key: min((median(results[name], key) for name in peers), default=None) for key in ("wall", "cpu")}
    bench.say("| | wall s | cpu s | wall ÷ best peer | cpu ÷ best peer | peak MiB | output MB | others busy | values |")
    bench.say("|---|---|---|---|---|---|---|---|---|")
    for name, runs in sorted(results.items(), key=lambda item: median(item[1], "wall")):
        if not good(runs):
            bench.say(f"| {name} | FAILED: {next(run['why'] for run in runs if not run['ok'])} | | | | | | | |")
            continue
        ratios = [f"{median(runs, key) / best[key]:.2f}" if best[key] else "–" for key in ("wall", "cpu")]
        size = f"{os.path.getsize(outputs[name]) / 1e6:.1f}" if outputs else "–"
        bench.say(f"| {name} | {spread(runs, 'wall')} | {spread(runs, 'cpu')} | {ratios[0]} | {ratios[1]} | {median(runs, 'peak'):.1f} | {size} "
                  f"| {median(runs, 'others'):.2f} | {(checks or {}).get(name, '–')} |")
    for name in absent:
        bench.say(f"| {name} | not available | | | | | | | |")
    bench.say()
    return best
