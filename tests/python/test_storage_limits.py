"""Pipes that nobody empties, limits of the system, and inputs that are no usual files."""

import fcntl
import gzip
import os
import resource
import signal
import socket
import subprocess
import time

import pytest

from conftest import clean_environment


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """More than any pipe or socket holds."""
    path = tmp_path_factory.mktemp("limits") / "big.csv"
    path.write_text("id,note\n" + "".join(f"{row},some text of row {row}\n" for row in range(200_000)))
    return path


def start(pyforge_path, *args, **options):
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen([pyforge_path, *map(str, args)], env=clean_environment(), **options)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("kind", ["pipe", "socket"])
@pytest.mark.parametrize("target", ["csv", "parquet"])
def test_signal_ends_the_writing_to_a_reader_that_does_not_read(pyforge_path, big, tmp_path, target, kind, number):
    ours, theirs = os.pipe() if kind == "pipe" else (end.detach() for end in socket.socketpair())
    process = start(pyforge_path, "convert", big, "-", "--to", target, "--temp-dir", tmp_path, stdout=theirs)
    flags = fcntl.fcntl(theirs, fcntl.F_GETFL)
    os.close(theirs)
    time.sleep(0.7)
    assert process.poll() is None
    began = time.monotonic()
    process.send_signal(number)
    process.wait(timeout=30)
    assert time.monotonic() - began < 2
    assert process.returncode == 128 + number
    assert os.listdir(tmp_path) == []
    assert flags & os.O_NONBLOCK == 0
    os.close(ours)
    process.stderr.close()


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_slow_reader_gets_everything(pyforge_path, big, kind):
    ours, theirs = os.pipe() if kind == "pipe" else (end.detach() for end in socket.socketpair())
    process = start(pyforge_path, "convert", big, "-", "--to", "csv", stdout=theirs)
    time.sleep(0.3)
    assert fcntl.fcntl(theirs, fcntl.F_GETFL) & os.O_NONBLOCK == 0
    os.close(theirs)
    got = bytearray()
    while part := os.read(ours, 50_000):
        got += part
    os.close(ours)
    assert process.wait(timeout=30) == 0
    process.stderr.close()
    assert got == big.read_bytes()


def test_limit_on_the_size_of_files(pyforge_path, big, tmp_path):
    """The limit comes with a signal that ends a process unless it asks not to be."""
    process = start(
        pyforge_path, "convert", big, tmp_path / "out.csv", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    )
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"File too large" in messages and b"ulimit -f" in messages
    assert os.listdir(tmp_path) == []


def test_limit_on_open_files(pyforge_path, big, tmp_path):
    process = start(
        pyforge_path, "convert", big, tmp_path / "out.csv", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
    )
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"Too many open files" in messages and b"ulimit -n" in messages


@pytest.mark.parametrize("at", [12, 2_000, -6])
def test_damaged_gzip_says_what_to_do(pyforge, big, tmp_path, at):
    packed = bytearray(gzip.compress(big.read_bytes()[:200_000]))
    packed[at] ^= 0xFF
    (tmp_path / "damaged.csv.gz").write_bytes(packed)
    result = pyforge("convert", tmp_path / "damaged.csv.gz", tmp_path / "out.csv")
    assert result.returncode == 1
    assert b"damaged.csv.gz" in result.stderr and b"gzip -t" in result.stderr
    assert b"fetch" in result.stderr


@pytest.mark.parametrize("source", ["/proc/self/mountinfo", "/sys/devices/system/cpu/possible"])
def test_files_that_claim_any_size(pyforge, tmp_path, source):
    if not os.path.exists(source):
        pytest.skip(f"there is no {source}")
    options = ("--from", "csv", "--header", "none", "--delimiter", "|", "--quote", "none")
    result = pyforge("convert", source, tmp_path / "out.csv", *options)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out.csv").stat().st_size > 0
    result = pyforge("convert", source, tmp_path / "out.parquet", *options)
    assert result.returncode == 0, result.stderr
