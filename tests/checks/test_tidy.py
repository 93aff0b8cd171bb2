"""clang-tidy: functions of at most 60 lines and 15 branches, and none of the bugs that .clang-tidy asks for.

The static analyzer takes forty times as long as all other checks together, so it runs in `make check-full` only (PYFORGE_TEST_FULL=1). Results are kept in build/check/tidy for as long as no source, header or setting changes.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess

import pytest
from sources import TOP, c_files, exceptions, name_of

TIDY = "clang-tidy-16"
DATABASE = TOP / "build" / "dev" / "compile_commands.json"
FULL = os.environ.get("PYFORGE_TEST_FULL") == "1"
CACHE = TOP / "build" / "check" / "tidy"
FINDING = re.compile(r"^(?P<path>/[^:\n]+):(?P<line>\d+):\d+: (?:warning|error): (?P<text>.*?) \[(?P<check>[\w.,-]+)\]$", re.MULTILINE)
FUNCTION = re.compile(r"^function '(\w+)' exceeds")


def run_tidy(path, digest):
    """clang-tidy's output for one source."""
    key = hashlib.sha256(digest + bytes([FULL]) + name_of(path).encode() + path.read_bytes()).hexdigest()
    kept = CACHE / key
    if not kept.exists():
        done = subprocess.run([TIDY, "-p", DATABASE.parent, "--quiet", *([] if FULL else ["--checks=-clang-analyzer-*"]), path], capture_output=True, text=True)
        # Errors of clang-tidy itself (not findings) must not count as clean.
        assert done.returncode == 0 or FINDING.search(done.stdout), done.stdout + done.stderr
        CACHE.mkdir(parents=True, exist_ok=True)
        kept.write_text(done.stdout)
    return kept.read_text()


@pytest.fixture(scope="module")
def findings():
    """(file, line, check, text) of every finding, each once."""
    if not shutil.which(TIDY):
        pytest.skip(f"{TIDY} is not installed")
    if not DATABASE.exists():
        pytest.skip("build/dev is not configured")
    digest = hashlib.sha256((TOP / ".clang-tidy").read_bytes())
    for header in c_files("src", "include", "tests"):
        if header.suffix == ".h":
            digest.update(header.read_bytes())
    known = {entry["file"] for entry in json.loads(DATABASE.read_text())}
    sources = [path for path in c_files("src") if str(path) in known]
    assert sources, "no source of src/ is in compile_commands.json"
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS") or os.cpu_count() or 1)) as pool:
        texts = list(pool.map(lambda path: run_tidy(path, digest.digest()), sources))
    found = set()
    for text in texts:
        for match in FINDING.finditer(text):
            found.add((os.path.relpath(match["path"], TOP), int(match["line"]), match["check"], match["text"]))
    return sorted(found)


@pytest.mark.xdist_group("tidy")
def test_function_size(findings):
    allowed = exceptions("size_exceptions.txt", 2)
    large = {(path, FUNCTION.match(text)[1]): f"{path}:{line}: {text}" for path, line, check, text in findings
             if "readability-function-size" in check}
    wrong = [text for place, text in large.items() if place not in allowed]
    assert not wrong, "\n".join(wrong)
    assert not set(allowed) - set(large), f"no longer needed in size_exceptions.txt: {sorted(set(allowed) - set(large))}"


@pytest.mark.xdist_group("tidy")
def test_no_findings(findings):
    wrong = [f"{path}:{line}: {text} [{check}]" for path, line, check, text in findings if "readability-function-size" not in check]
    assert not wrong, "\n".join(wrong)
