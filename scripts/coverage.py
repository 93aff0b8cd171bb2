#!/usr/bin/env python3
"""Line coverage of the C sources, the Databricks extension among them, by the unit tests and the Python tests, and of the Python package by
its own and those through real Spark, where it can be had. Fails under 90 % of all C or 80 % of any C file, and under 95 % of the Python package.

Writes build/coverage/html/index.html and prints one line a file, lowest first.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
BUILD = TOP / "build" / "coverage"
TOTAL_AT_LEAST = 90.0
FILE_AT_LEAST = 80.0
PYTHON_AT_LEAST = 95.0


def call(command, env=None):
    return subprocess.call([str(part) for part in command], cwd=TOP, env={**os.environ, **(env or {})})


def python_tests(jobs):
    """Runs them with the package of this build. Gives the share of the package's lines they ran."""
    report = BUILD / "python.json"
    report.unlink(missing_ok=True)
    package = BUILD / "python"
    # Most tests of extensions run Python in processes of their own, which count too.
    settings = BUILD / "python.toml"
    settings.write_text('[tool.coverage.run]\npatch = ["subprocess"]\nparallel = true\n')
    counted = ["-q", "-p", "no:cacheprovider", "--cov=pyforge_cli", f"--cov-config={settings}", "--cov-report=", f"--cov-report=json:{report}"]
    env = {"PYFORGE": str(BUILD / "pyforge"), "PYFORGE_PACKAGE": str(package), "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1",
           "COVERAGE_FILE": str(BUILD / "python.coverage")}
    # A test that fails here fails in `make check` too; here it only covers less.
    if call(["build/venv/bin/python", "-m", "pytest", "-n", jobs, "--dist", "loadgroup", *counted, "tests/python"], env):
        print("coverage: some Python tests failed", file=sys.stderr)
    if call(["scripts/spark.sh", "test", "4.1.1", "--cov-append", *counted], env):
        print("coverage: some tests through Spark failed, or it cannot be had", file=sys.stderr)
    if not report.exists():
        return 0.0
    result = json.loads(report.read_text())
    for name, file in sorted(result["files"].items(), key=lambda item: item[1]["summary"]["percent_covered"]):
        summary = file["summary"]
        print(f"{summary['percent_covered']:6.1f} %  {summary['covered_lines']:5d} of {summary['num_statements']:5d}  {Path(name).name}")
    return result["totals"]["percent_covered"]


def c_lines(jobs):
    """The summary of gcovr, or None."""
    (BUILD / "html").mkdir(exist_ok=True)
    summary = BUILD / "summary.json"
    if call(["gcovr", "--root", TOP, "--filter", "src/", "--filter", "python/", "--filter", "extensions/databricks/", "--object-directory", BUILD, "-j", jobs,
             "--exclude-unreachable-branches", "--gcov-ignore-parse-errors", "--json-summary", summary, "--html-details",
             BUILD / "html" / "index.html", BUILD]):
        return None
    return json.loads(summary.read_text())


def main():
    if call(["scripts/build.sh", "coverage"], {"CONFIGURE": "-DPYFORGE_PYTHON=ON"}) or call(["scripts/venv.sh"]):
        return 1
    for old in BUILD.rglob("*.gcda"):
        old.unlink()
    jobs = os.environ.get("JOBS") or str(os.cpu_count() or 1)
    if call(["ctest", "--preset", "coverage", "-j", jobs, "--quiet"]):
        print("coverage: some unit tests failed", file=sys.stderr)
    python = python_tests(jobs)
    result = c_lines(jobs)
    if result is None:
        return 1
    bad = []
    for file in sorted(result["files"], key=lambda file: file["line_percent"]):
        print(f"{file['line_percent']:6.1f} %  {file['line_covered']:5d} of {file['line_total']:5d}  {file['filename']}")
        if file["line_percent"] < FILE_AT_LEAST:
            bad.append(f"{file['filename']} is under {FILE_AT_LEAST:.0f} %")
    total = result["line_percent"]
    print(f"{total:6.1f} %  {result['line_covered']:5d} of {result['line_total']:5d}  all C; {python:.1f} % of the Python package")
    if total < TOTAL_AT_LEAST:
        bad.append(f"{total:.1f} % of the C lines, expected {TOTAL_AT_LEAST:.0f} %")
    if python < PYTHON_AT_LEAST:
        bad.append(f"{python:.1f} % of the Python package, expected {PYTHON_AT_LEAST:.0f} %")
    for fault in bad:
        print(f"coverage: {fault}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
