#!/usr/bin/env python3
"""Builds everything and runs every test; the last line of the output is "N passed, N failed, N skipped" and nothing else.

    scripts/check.py                    what `make check` runs: dev and release builds, unit tests, Python tests, source checks, tables
                                        through real Spark, the unit tests and the fuzz corpus once more under ASan and UBSan
    scripts/check.py --full             also older Sparks, ThreadSanitizer, the Python module under sanitizers, coverage thresholds, wheels, ten minutes
                                        of every fuzz target
    scripts/check.py --only unit,asan   some of the steps

Standard library only, as it runs before the virtual environment exists. Logs: build/check/.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
LOGS = TOP / "build" / "check"
JOBS = os.environ.get("JOBS") or str(os.cpu_count() or 1)
# What cmocka prints for one test of an executable.
CMOCKA_LINE = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] (?!tests?:|\d+ test)(\S+)", re.MULTILINE)


class Tally:
    """Every test with its outcome and time."""

    def __init__(self):
        self.tests = []  # (seconds, name)
        self.passed = 0
        self.failed = []
        self.skipped = []  # (name, reason)

    def add(self, name, outcome, seconds=0.0, reason=""):
        if outcome == "passed":
            self.passed += 1
        elif outcome == "skipped":
            self.skipped.append((name, reason))
        else:
            self.failed.append(name)
        if seconds:
            self.tests.append((seconds, name))

    def line(self):
        return f"{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped"


def run(name, command, env=None):
    """Runs a command, output to build/check/NAME.log. Returns (ok, seconds, log path)."""
    log = LOGS / f"{name}.log"
    start = time.monotonic()
    with log.open("wb") as out:
        status = subprocess.call([str(part) for part in command], cwd=TOP, stdout=out, stderr=subprocess.STDOUT,
                                 env={**os.environ, **(env or {})})
    return status == 0, time.monotonic() - start, log


def show_tail(log, lines=60):
    text = log.read_text(errors="replace").splitlines()
    print(f"  --- the end of {log.relative_to(TOP)}")
    for line in text[-lines:]:
        print("  " + line)
    sys.stdout.flush()


def heading(text):
    print(f"== {text}", flush=True)


def simple_step(tally, name, command, env=None):
    """One command that counts as one test."""
    ok, seconds, log = run(name, command, env)
    tally.add(name, "passed" if ok else "failed", seconds)
    if not ok:
        show_tail(log)
    return ok


def build(tally, preset, *settings):
    heading(f"build {preset}")
    return simple_step(tally, f"build-{preset}", ["scripts/build.sh", preset], {"CONFIGURE": " ".join(settings)})


def count_executable(tally, label, case):
    """Counts the tests inside one ctest entry (a cmocka executable, or a replay that is one test)."""
    name = f"{label}:{case.get('name')}"
    seconds = float(case.get("time") or 0)
    text = case.findtext("system-out") or ""
    status = case.get("status")
    outcomes = {}
    for word, test in CMOCKA_LINE.findall(text):
        outcomes[test] = {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}[word]
    for test, outcome in outcomes.items():
        tally.add(f"{name}.{test}", outcome, reason="skipped by the test")
    bad = status in ("fail", "notrun") or case.find("failure") is not None or case.find("error") is not None
    if bad and "failed" not in outcomes.values():
        tally.add(f"{name} (ended badly)", "failed")
    elif not outcomes and not bad:
        tally.add(name, "passed")
    tally.tests.append((seconds, name))
    if bad:
        print(f"  --- {name}")
        for line in text.splitlines()[-60:]:
            print("  " + line)


def ctest(tally, preset, label, prefix=()):
    heading(f"unit tests and fuzz corpus: {preset}")
    report = LOGS / f"ctest-{preset}.xml"
    report.unlink(missing_ok=True)
    ok, _, log = run(f"ctest-{preset}", [*prefix, "ctest", "--preset", preset, "-j", JOBS, "--output-junit", report,
                                         "--test-output-size-passed", "4000000", "--test-output-size-failed", "4000000"])
    if not report.exists():
        tally.add(f"ctest-{preset}", "failed")
        show_tail(log)
        return
    before = len(tally.failed)
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        count_executable(tally, label, case)
    if not ok and len(tally.failed) == before:
        tally.add(f"ctest-{preset}", "failed")
        show_tail(log)


def count_pytest(tally, name, report, ok, log):
    """Counts the tests of a run by its JUnit report."""
    if not report.exists():
        tally.add(name, "failed")
        show_tail(log)
        return
    before = len(tally.failed)
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        test = f"{case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        bad = case.find("failure") is not None or case.find("error") is not None
        outcome = "failed" if bad else "skipped" if skipped is not None else "passed"
        tally.add(test, outcome, float(case.get("time") or 0), "" if skipped is None else skipped.get("message") or "")
    if not ok and len(tally.failed) == before:
        tally.add(name, "failed")
    if not ok:
        show_tail(log, 120)


def pytest(tally, name, paths, env=None):
    report = LOGS / f"{name}.xml"
    report.unlink(missing_ok=True)
    ok, _, log = run(name, ["build/venv/bin/python", "-m", "pytest", "-n", JOBS, "--dist", "loadgroup", "-q", "-p",
                            "no:cacheprovider", "--junitxml", report, *paths],
                     {"PYTHONDONTWRITEBYTECODE": "1", **(env or {})})
    count_pytest(tally, name, report, ok, log)


def spark(tally, version):
    """The tests through real Spark with Delta, one Java process for all; where it cannot be had, one that is skipped, aloud."""
    heading(f"tables through Spark {version}")
    name = f"spark-{version}"
    status = subprocess.call(["scripts/install.sh", "spark"], cwd=TOP)
    ok, seconds, log = run(f"{name}-get", ["scripts/spark.sh", "get", version])
    tally.tests.append((seconds, f"{name}-get"))
    if status != 0 or not ok:
        told = log.read_text(errors="replace").splitlines()[-1:] or ["no reason given"]
        print(f"  NO SPARK: {told[0]}")
        tally.add(name, "skipped", reason=told[0])
        return
    report = LOGS / f"{name}.xml"
    report.unlink(missing_ok=True)
    ok, _, log = run(name, ["scripts/spark.sh", "test", version, "--junitxml", report],
                     {"PYFORGE_PACKAGE": str(TOP / "build" / "release" / "python")})
    count_pytest(tally, name, report, ok, log)


def python_tests(tally):
    heading("Python tests against the oracles")
    if simple_step(tally, "venv", ["scripts/venv.sh"]):
        pytest(tally, "python", ["tests/python"], {"PYFORGE_PACKAGE": str(TOP / "build" / "release" / "python")})


def source_checks(tally):
    heading("source checks")
    if simple_step(tally, "venv-checks", ["scripts/venv.sh"]):
        pytest(tally, "checks", ["tests/checks"])


def thread_sanitizer(tally):
    if build(tally, "tsan"):
        # Kernels with 32 random bits of address space put mappings where this ThreadSanitizer does not expect them.
        ctest(tally, "tsan", "tsan", [shutil.which("setarch"), os.uname().machine, "-R"] if shutil.which("setarch") else [])


def sanitized_module(tally):
    """The Python module, its calls made again and again: nothing leaks, and threads do not race."""
    heading("the Python module under sanitizers")
    for kind in ("asan", "tsan"):
        simple_step(tally, f"module-{kind}", ["python3", "scripts/sanitize_module.py", kind])


def fuzz(tally, seconds):
    heading(f"fuzz targets, {seconds} s each")
    ok, took, log = run("fuzz", ["scripts/fuzz.sh", seconds])
    results = re.findall(r"^fuzz (\w+): (.*)$", log.read_text(errors="replace"), re.MULTILINE)
    for name, result in results:
        print(f"  {name}: {result}")
        tally.add(f"fuzz:{name}", "passed" if result.startswith("no finding") else "failed", took / len(results))
    if not ok and all(result.startswith("no finding") for _, result in results):
        tally.add("fuzz", "failed")
    if not ok:
        show_tail(log)


def coverage(tally):
    heading("line coverage: 90 % in all, 80 % a file")
    if simple_step(tally, "coverage", ["python3", "scripts/coverage.py"]):
        show_tail(LOGS / "coverage.log", 1)


def wheels(tally):
    """The wheels of both architectures, installed and used on every Python and system there is."""
    heading("wheels")
    if not simple_step(tally, "wheel", ["make", "wheel", "ARCH=x86_64 aarch64"]):
        return
    ok, seconds, log = run("check-wheel", ["make", "check-wheel", "ARGS=--full"])
    text = log.read_text(errors="replace")
    counts = re.findall(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", text, re.MULTILINE)
    passed, failed, skipped = (int(count) for count in counts[-1]) if counts else (0, 0, 0)
    for outcome, count in (("passed", passed), ("failed", failed), ("skipped", skipped)):
        for number in range(count):
            tally.add(f"check-wheel {outcome} {number + 1}", outcome, reason="see build/check/check-wheel.log")
    tally.tests.append((seconds, "check-wheel"))
    if not counts or (not ok and failed == 0):
        tally.add("check-wheel", "failed")
    if not ok:
        show_tail(log)


def steps_of(options):
    steps = {
        "unit": lambda tally: build(tally, "dev") and ctest(tally, "dev", "unit"),
        "checks": source_checks,
        "python": lambda tally: build(tally, "release", "-DPYFORGE_PYTHON=ON") and python_tests(tally),
        "spark": lambda tally: build(tally, "release", "-DPYFORGE_PYTHON=ON") and spark(tally, "4.1.1"),
        "asan": lambda tally: build(tally, "asan") and ctest(tally, "asan", "asan"),
    }
    if options.full:
        steps["sparks"] = lambda tally: build(tally, "release", "-DPYFORGE_PYTHON=ON") and [
            spark(tally, version) for version in ("4.0.1", "3.5.7")]
        steps["tsan"] = thread_sanitizer
        steps["module"] = sanitized_module
        steps["coverage"] = coverage
        steps["wheels"] = wheels
        steps["fuzz"] = lambda tally: fuzz(tally, options.fuzz_seconds)
    if options.only:
        unknown = set(options.only.split(",")) - set(steps)
        if unknown:
            raise SystemExit(f"check.py: no step {', '.join(sorted(unknown))}; there are {', '.join(steps)}")
        steps = {name: step for name, step in steps.items() if name in options.only.split(",")}
    return steps


def report(tally, seconds):
    print("== slowest ten")
    for took, name in sorted(tally.tests, reverse=True)[:10]:
        print(f"  {took:8.2f} s  {name}")
    if tally.skipped:
        print(f"== SKIPPED: {len(tally.skipped)}")
        reasons = {}
        for name, reason in tally.skipped:
            reasons.setdefault(reason.strip(), []).append(name)
        for reason, names in reasons.items():
            print(f"  {len(names)} x {reason or 'no reason given'}: {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}")
    if not os.environ.get("PYFORGE_TEST_DATA"):
        print("  PYFORGE_TEST_DATA is not set: tests on the real files of other projects did not run")
    if tally.failed:
        print(f"== FAILED: {len(tally.failed)}")
        for name in tally.failed:
            print(f"  {name}")
    print(f"== {seconds:.0f} s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", help="steps, separated by commas")
    parser.add_argument("--fuzz-seconds", default="600")
    options = parser.parse_args()

    LOGS.mkdir(parents=True, exist_ok=True)
    if options.full:
        os.environ["PYFORGE_TEST_FULL"] = "1"
    tally = Tally()
    start = time.monotonic()
    for step in steps_of(options).values():
        step(tally)
    report(tally, time.monotonic() - start)
    (LOGS / "summary").write_text(tally.line() + "\n")
    print(tally.line(), flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
