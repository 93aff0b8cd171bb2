"""Output appears whole or not at all: kills, signals, full disks, closed pipes, and files that are in the way."""

import csv
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time

import pyarrow.parquet as parquet
import pytest

from conftest import clean_environment

ROWS = 150_000


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """Large enough for a conversion to be interrupted."""
    path = tmp_path_factory.mktemp("big") / "big.csv"
    chance = random.Random(7)
    with path.open("w") as out:
        out.write("id,amount,day,note\n")
        for row in range(ROWS):
            out.write(f"{row},{chance.random() * 1000:.3f},2024-0{row % 9 + 1}-11,note {chance.random()} of {row}\n")
    return path


def leftovers(folder, *expected):
    return sorted(set(os.listdir(folder)) - set(expected))


def start(pyforge_path, *args, **options):
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen([pyforge_path, *map(str, args)], env=clean_environment(), **options)


@pytest.mark.parametrize("seed", range(12))
def test_kill_leaves_the_old_output(pyforge_path, pyforge, big, tmp_path, seed):
    old = tmp_path / "old.csv"
    old.write_text("a,b\n1,2\n")
    out = tmp_path / "out.parquet"
    assert pyforge("convert", old, out).returncode == 0
    before = out.read_bytes()
    process = start(pyforge_path, "convert", big, out, "--force")
    time.sleep(random.Random(seed).random() * 0.25)
    process.kill()
    process.communicate()
    content = out.read_bytes()
    assert content == before or parquet.read_metadata(out).num_rows == ROWS
    assert len(leftovers(tmp_path, "old.csv", "out.parquet")) <= 1
    assert pyforge("convert", old, out, "--force").returncode == 0
    assert leftovers(tmp_path, "old.csv", "out.parquet") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_removes_what_was_begun(pyforge_path, tmp_path, number):
    # The input is a pipe that never ends, so that the signal always finds the conversion at work.
    process = start(pyforge_path, "convert", "-", tmp_path / "out.parquet", "--from", "csv", stdin=subprocess.PIPE)
    process.stdin.write(b"a,b\n" + b"1,2\n" * 2_000_000)
    process.stdin.flush()
    process.send_signal(number)
    process.stdin.close()
    process.wait(timeout=30)
    process.stderr.close()
    assert process.returncode == 128 + number
    assert leftovers(tmp_path) == []


# The peak that the system reports of a process counts that of the one it was forked from, and a test run is large: a small process runs it.
MEASURE = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([done.returncode, done.stderr.decode(), peak]))
"""


def run_small(*command):
    """Exit code, messages and peak KiB of a command."""
    arguments = [sys.executable, "-S", "-c", MEASURE, *map(str, command)]
    return json.loads(subprocess.run(arguments, stdout=subprocess.PIPE, env=clean_environment(), timeout=120, check=True).stdout)


def test_signal_ends_the_wait_for_a_silent_pipe(pyforge_path, tmp_path):
    process = start(pyforge_path, "convert", "-", tmp_path / "out.parquet", "--from", "csv", stdin=subprocess.PIPE)
    process.stdin.write(b"a,b\n1,2\n")
    process.stdin.flush()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)
    process.stdin.close()
    process.stderr.close()
    assert process.returncode == 130
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("end", ["input", "output"])
def test_signal_ends_the_wait_for_the_other_end_of_a_pipe(pyforge_path, write, tmp_path, end):
    """A pipe with a name can be opened once somebody has the other end open, which may be never."""
    source = write("a.csv", "a,b\n1,2\n")
    os.mkfifo(tmp_path / "pipe")
    paths = (tmp_path / "pipe", tmp_path / "o.csv") if end == "input" else (source, tmp_path / "pipe")
    process = start(pyforge_path, "convert", *paths, "--from", "csv", "--to", "csv", "--force")
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    process.stderr.close()
    assert process.returncode == 143
    assert leftovers(tmp_path, "a.csv", "pipe") == []


@pytest.mark.parametrize("options", [(), ("--force",)])
def test_nothing_is_written_through_a_link_that_leads_nowhere(pyforge, write, tmp_path, options):
    source = write("a.csv", "a,b\n1,2\n")
    (tmp_path / "out.csv").symlink_to(tmp_path / "elsewhere.csv")
    result = pyforge("convert", source, tmp_path / "out.csv", *options)
    assert result.returncode == 4
    assert b"link" in result.stderr and b"remove the link" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "out.csv"]
    assert (tmp_path / "out.csv").is_symlink()


def limit_files(size):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def test_no_space_left(pyforge_path, big, tmp_path):
    out = tmp_path / "out.parquet"
    out.write_bytes(b"old")
    process = start(pyforge_path, "convert", big, out, "--force", preexec_fn=limit_files(100_000))
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"cannot write" in messages and b"out.parquet" in messages
    assert out.read_bytes() == b"old"
    assert leftovers(tmp_path, "out.parquet") == []


def test_full_device(pyforge_path, big):
    with open("/dev/full", "wb") as full:
        process = start(pyforge_path, "convert", big, "-", "--to", "csv", stdout=full)
        _, messages = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"space" in messages


def test_closed_pipe_is_quiet(pyforge_path, big):
    process = start(pyforge_path, "convert", big, "-", "--to", "csv", stdout=subprocess.PIPE)
    assert process.stdout.readline().startswith(b"id,")
    process.stdout.close()
    messages = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) != 0
    assert b"error" not in messages.lower()


def test_output_is_input(pyforge, write, tmp_path):
    source = write("notes.txt", "a,b\n1,2\n")
    for target in (source, tmp_path / "link.txt"):
        if target != source:
            target.symlink_to(source)
        result = pyforge("convert", source, target, "--force", "-f", "csv")
        assert result.returncode in (2, 4), result.stderr
    assert source.read_text() == "a,b\n1,2\n"


def test_existing_output_is_kept(pyforge, write, tmp_path):
    source, target = write("a.csv", "a,b\n1,2\n"), tmp_path / "a.parquet"
    target.write_bytes(b"mine")
    result = pyforge("convert", source, target)
    assert result.returncode == 4
    assert b"--force" in result.stderr
    assert target.read_bytes() == b"mine"


def test_failed_conversion_keeps_the_old_output(pyforge, write, tmp_path):
    target = tmp_path / "a.parquet"
    target.write_bytes(b"mine")
    source = write("a.csv", 'a,b\n1,2\n"never closed,3\n')
    result = pyforge("convert", source, target, "--force")
    assert result.returncode == 1
    assert b"line 3" in result.stderr
    assert target.read_bytes() == b"mine"
    assert leftovers(tmp_path, "a.csv", "a.parquet") == []


@pytest.mark.parametrize("closed", ["<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_closed_streams_do_not_reach_the_output(pyforge_path, pyforge, write, tmp_path, closed, name):
    source = write("a.csv", "a,b\n1,2\n")
    assert pyforge("convert", source, tmp_path / f"right-{name}").returncode == 0
    line = f"'{pyforge_path}' convert '{source}' '{tmp_path / name}' --json {closed}"
    # The record was asked for, and cannot be given to a standard output that is closed.
    assert subprocess.run(["sh", "-c", line], check=False).returncode == (5 if ">&-" in closed.split("2>&-")[0] else 0)
    assert (tmp_path / name).read_bytes() == (tmp_path / f"right-{name}").read_bytes()


@pytest.mark.parametrize("rejects", ["./o.csv", "{folder}/o.csv", "link/o.csv"])
def test_rejects_are_not_the_output(pyforge, write, tmp_path, rejects):
    write("a.csv", "id,v\nx,1\n2,2\n3,3\n")
    (tmp_path / "link").symlink_to(tmp_path)
    options = ["--schema", "id:int64", "--on-error", "reject", "--max-rejects", "100%"]
    result = pyforge("convert", "a.csv", "o.csv", *options, "--rejects", rejects.format(folder=tmp_path), "--force", cwd=tmp_path)
    assert result.returncode == 2
    assert b"--rejects names the output" in result.stderr
    assert leftovers(tmp_path, "a.csv", "link") == []


def test_the_text_of_a_rejected_row_is_as_it_was_read(pyforge, write, tmp_path):
    rows = ["1,a,\"\",", "x,\"b \"\"c\"\"\",,\"\"", "2,d,e,f", "y,\"line\nbreak\",\"g\",h\r"]
    for encoding in ("utf-8", "utf-16", "windows-1252"):
        (tmp_path / "a.csv").write_bytes(("id,p,q,r\n" + "\n".join(rows) + "\n").encode(encoding))
        options = ["--schema", "id:int64", "--on-error", "reject", "--max-rejects", "100%", "--columns", "id,r", "--encoding", encoding]
        assert pyforge("convert", "a.csv", "o.csv", *options, "--force", cwd=tmp_path).returncode == 3
        with open(tmp_path / "o.csv.rejects.csv", newline="", encoding="utf-8") as lines:
            raw = [row["raw"] for row in csv.DictReader(lines)]
        assert raw == [rows[1], rows[3].removesuffix("\r")], encoding
        assert (tmp_path / "o.csv").read_text() == "id,r\n1,\n2,f\n"


def test_rejects_are_in_order_and_counted_alike(pyforge, write, tmp_path):
    source = write("a.csv", "id,v\n1,1\n\nx,2\n3,3,3\ny,4\n")
    options = ["--schema", "id:int64", "--on-error", "reject", "--max-rejects", "100%"]
    assert pyforge("convert", source, tmp_path / "o.parquet", *options).returncode == 3
    lines = (tmp_path / "o.parquet.rejects.csv").read_text().splitlines()[1:]
    assert [line.split(",")[:2] for line in lines] == [["2", "4"], ["3", "5"], ["4", "6"]]


def test_the_lowest_misfit_is_told(pyforge, write, tmp_path):
    source = write("a.csv", "a,b\n1,1\n2,x\n3,3\ny,4\n")
    result = pyforge("convert", source, tmp_path / "o.parquet", "--schema", "a:int64,b:int64")
    assert result.returncode == 1
    assert b"row 2 (line 3), column 2 'b'" in result.stderr


@pytest.mark.parametrize("options", [["--threads", "16"], ["--memory", "32M"], ["--memory", "64M", "--threads", "5"]])
def test_the_budget_is_enough(pyforge, big, tmp_path, options):
    assert pyforge("convert", big, tmp_path / "o.parquet", *options).returncode == 0


def test_a_directory_is_not_replaced(pyforge, write, tmp_path):
    source = write("a.csv", "a,b\n1,2\n")
    folder = tmp_path / "folder.parquet"
    folder.mkdir()
    (folder / "precious").write_text("x")
    pyforge("convert", source, folder, "--force")
    assert (folder / "precious").read_text() == "x"


def test_read_only_folder(pyforge, write, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    source = write("a.csv", "a,b\n1,2\n")
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    result = pyforge("convert", source, folder / "a.parquet")
    assert result.returncode == 1
    assert b"locked" in result.stderr


def test_memory_stays_within_the_budget(pyforge_path, tmp_path):
    """A field of 300 MB against the usual limits: a clear error, and not the memory for it."""
    source = tmp_path / "long.csv"
    with source.open("wb") as out:
        out.write(b'a,b\n1,"')
        for _ in range(300):
            out.write(b"x" * 1_000_000)
        out.write(b'"\n')
    status, messages, peak = run_small(pyforge_path, "convert", source, tmp_path / "out.parquet")
    assert status == 1
    assert "--max-record" in messages
    assert peak < 300 * 1024
    assert leftovers(tmp_path, "long.csv") == []


@pytest.mark.parametrize("columns, rows", [(5_000, 600), (20_000, 150), (100_000, 3)])
def test_memory_of_wide_tables(pyforge_path, tmp_path, columns, rows):
    """Many columns of few rows: what each column takes besides its values counts, too."""
    source = tmp_path / "wide.csv"
    with source.open("w") as out:
        out.write(",".join(f"c{i}" for i in range(columns)) + "\n")
        for row in range(rows):
            out.write(",".join(f"text {i}" if i % 2 else str(row * i) for i in range(columns)) + "\n")
    for target in ("wide.parquet", "wide2.csv"):
        status, messages, peak = run_small(pyforge_path, "convert", source, tmp_path / target, "--quiet")
        assert status == 0, messages
        assert peak < (256 + 100) * 1024
    status, messages, peak = run_small(pyforge_path, "convert", tmp_path / "wide.parquet", tmp_path / "wide3.csv", "--quiet")
    assert status == 0, messages
    assert peak < (256 + 100) * 1024
    assert (tmp_path / "wide2.csv").read_bytes() == (tmp_path / "wide3.csv").read_bytes()


def test_records_near_the_limit(pyforge_path, tmp_path):
    """Records almost as long as --max-record allows, within the usual memory."""
    source = tmp_path / "long.csv"
    with source.open("w") as out:
        out.write("id,text\n")
        for row in range(4):
            out.write(f"{row}," + chr(ord("a") + row) * 16_000_000 + "\n")
    for target in ("long.parquet", "long2.csv"):
        status, messages, peak = run_small(pyforge_path, "convert", source, tmp_path / target, "--quiet")
        assert status == 0, messages
        assert peak < (256 + 100) * 1024
    assert (tmp_path / "long2.csv").read_bytes() == source.read_bytes()
