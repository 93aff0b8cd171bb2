#!/usr/bin/env python3
"""Line coverage of src/ by the unit tests and the Python tests. Fails under 90 % in all or 80 % in any file.

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


def call(command, env=None):
    return subprocess.call([str(part) for part in command], cwd=TOP, env={**os.environ, **(env or {})})


def main():
    if call(["scripts/build.sh", "coverage"]) or call(["scripts/venv.sh"]):
        return 1
    for old in BUILD.rglob("*.gcda"):
        old.unlink()
    jobs = os.environ.get("JOBS") or str(os.cpu_count() or 1)
    # A test that fails here fails in `make check` too; here it only covers less.
    if call(["ctest", "--preset", "coverage", "-j", jobs, "--quiet"]):
        print("coverage: some unit tests failed", file=sys.stderr)
    if call(["build/venv/bin/python", "-m", "pytest", "-n", jobs, "-q", "-p", "no:cacheprovider", "tests/python"],
            {"PYFORGE": str(BUILD / "pyforge"), "PYTHONDONTWRITEBYTECODE": "1"}):
        print("coverage: some Python tests failed", file=sys.stderr)

    (BUILD / "html").mkdir(exist_ok=True)
    summary = BUILD / "summary.json"
    if call(["gcovr", "--root", TOP, "--filter", "src/", "--object-directory", BUILD, "-j", jobs, "--exclude-unreachable-branches",
             "--gcov-ignore-parse-errors", "--json-summary", summary, "--html-details", BUILD / "html" / "index.html", BUILD]):
        return 1
    result = json.loads(summary.read_text())
    low = []
    for file in sorted(result["files"], key=lambda file: file["line_percent"]):
        print(f"{file['line_percent']:6.1f} %  {file['line_covered']:5d} of {file['line_total']:5d}  {file['filename']}")
        if file["line_percent"] < FILE_AT_LEAST:
            low.append(file["filename"])
    total = result["line_percent"]
    print(f"{total:6.1f} %  {result['line_covered']:5d} of {result['line_total']:5d}  all")
    if total < TOTAL_AT_LEAST:
        print(f"coverage: {total:.1f} % of the lines, expected {TOTAL_AT_LEAST:.0f} %", file=sys.stderr)
    for name in low:
        print(f"coverage: {name} is under {FILE_AT_LEAST:.0f} %", file=sys.stderr)
    return 1 if low or total < TOTAL_AT_LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
