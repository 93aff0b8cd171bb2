"""Outputs on file systems that lack what the usual way of writing needs (files without a name, hard links, syncing that works), inputs on
disks that fail, and inputs that cannot be read at any place although their format has to be.

A small library put in front of the C library makes calls fail, as network and FUSE file systems do.
"""

import gzip
import os
import signal
import subprocess
import time

import pytest
from conftest import clean_environment
from oracle import assert_same_everywhere

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef int (*open_function)(const char *, int, ...);

static int open_or_fail(const char *name, const char *path, int flags, mode_t mode)
{
    if ((flags & O_TMPFILE) == O_TMPFILE && getenv("SHIM_NO_TMPFILE")) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return ((open_function)dlsym(RTLD_NEXT, name))(path, flags, mode);
}

#define OPEN(name)                                                                                                                     \
    int name(const char *path, int flags, ...)                                                                                         \
    {                                                                                                                                  \
        va_list args;                                                                                                                  \
        va_start(args, flags);                                                                                                         \
        mode_t mode = va_arg(args, mode_t);                                                                                            \
        va_end(args);                                                                                                                  \
        return open_or_fail(#name, path, flags, mode);                                                                                 \
    }
OPEN(open)
OPEN(open64)

int link(const char *from, const char *to)
{
    if (getenv("SHIM_NO_LINK")) {
        errno = EPERM;
        return -1;
    }
    return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "link"))(from, to);
}

ssize_t pread(int fd, void *to, size_t size, off_t offset)
{
    const char *from = getenv("SHIM_BAD_FROM");

    if (from && offset + (off_t)size > atoll(from)) {
        errno = EIO;
        return -1;
    }
    return ((ssize_t(*)(int, void *, size_t, off_t))dlsym(RTLD_NEXT, "pread"))(fd, to, size, offset);
}

ssize_t pread64(int fd, void *to, size_t size, off_t offset)
{
    return pread(fd, to, size, offset);
}

int fsync(int fd)
{
    struct stat st;

    if (getenv("SHIM_NO_SYNC") || (getenv("SHIM_NO_FOLDER_SYNC") && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))) {
        errno = EIO;
        return -1;
    }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int flock(int fd, int operation)
{
    if (getenv("SHIM_NO_LOCK")) {
        errno = ENOLCK;
        return -1;
    }
    return ((int (*)(int, int))dlsym(RTLD_NEXT, "flock"))(fd, operation);
}

int access(const char *path, int mode)
{
    if (getenv("SHIM_NO_PROC") && strncmp(path, "/proc/", 6) == 0) {
        errno = ENOENT;
        return -1;
    }
    return ((int (*)(const char *, int))dlsym(RTLD_NEXT, "access"))(path, mode);
}

int linkat(int from, const char *path, int to, const char *target, int flags)
{
    if (getenv("SHIM_NO_PROC") && strncmp(path, "/proc/", 6) == 0) {
        errno = ENOENT;
        return -1;
    }
    return ((int (*)(int, const char *, int, const char *, int))dlsym(RTLD_NEXT, "linkat"))(from, path, to, target, flags);
}
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "shim.c", "-o", "shim.so", "-ldl"], cwd=folder, check=True)
    return str(folder / "shim.so")


@pytest.fixture
def folder(tmp_path):
    """A folder of its own for outputs, so that what is left behind is seen."""
    (tmp_path / "in.csv").write_text("id,name\n007,x\n008,y\n")
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


LACKS = [pytest.param({"SHIM_NO_TMPFILE": "1"}, id="nameless files"),
         pytest.param({"SHIM_NO_TMPFILE": "1", "SHIM_NO_LINK": "1"}, id="nameless files and links"),
         pytest.param({"SHIM_NO_TMPFILE": "1", "SHIM_NO_LOCK": "1"}, id="nameless files and locks"),
         pytest.param({"SHIM_NO_LOCK": "1"}, id="locks"), pytest.param({"SHIM_NO_PROC": "1"}, id="proc")]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("lacks", LACKS)
def test_output_appears_whole(pyforge, shim, folder, lacks):
    source, target = folder.parent / "in.csv", folder / "a.parquet"
    env = {"LD_PRELOAD": shim, **lacks}
    for options, code in (((), 0), ((), 4), (("--force",), 0), (("--force", "--sync"), 0)):
        done = pyforge("convert", source, target, "--quiet", *options, env=env)
        assert done.returncode == code, done.stderr.decode()
        assert names_in(folder) == ["a.parquet"]
        assert assert_same_everywhere(target).to_pydict() == {"id": ["007", "008"], "name": ["x", "y"]}


@pytest.mark.parametrize("lacks", LACKS)
def test_failure_leaves_nothing(pyforge, shim, folder, lacks):
    bad = folder.parent / "bad.csv"
    bad.write_text('a,b\n1,"never closed\n')
    done = pyforge("convert", bad, folder / "a.parquet", env={"LD_PRELOAD": shim, **lacks})
    assert done.returncode == 1
    assert names_in(folder) == []


@pytest.fixture
def writing(pyforge_path, shim, folder):
    """start(lacks): a run in the middle of its output."""
    children = []

    def start(lacks):
        env = {"LD_PRELOAD": shim, "SHIM_NO_TMPFILE": "1", **lacks}
        child = subprocess.Popen([pyforge_path, "convert", "-", folder / "a.parquet", "--from", "csv", "--types", "string"], stdin=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, env=clean_environment(env))
        children.append(child)
        child.stdin.write(b"a,b\n" + b"1,2\n" * 2_000_000)
        child.stdin.flush()
        deadline = time.monotonic() + 30
        while not names_in(folder) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(names_in(folder)) == 1 and "a.parquet" not in names_in(folder)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


@pytest.mark.parametrize("is_asked_for", [True, False])
@pytest.mark.parametrize("lacks", [{}, {"SHIM_NO_LOCK": "1"}])
def test_kill_leaves_one_file_and_the_next_run_removes_it(pyforge, writing, folder, lacks, is_asked_for):
    """Also while nobody has asked what became of the process, which keeps its number as long."""
    child = writing(lacks)
    child.send_signal(signal.SIGKILL)
    if is_asked_for:
        child.wait()
    else:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert len(names_in(folder)) == 1
    assert pyforge("convert", folder.parent / "in.csv", folder / "b.parquet", "--quiet").returncode == 0
    assert names_in(folder) == ["b.parquet"]


@pytest.mark.parametrize("lacks", [{}, {"SHIM_NO_LOCK": "1"}])
def test_what_may_still_be_written_is_not_removed(pyforge, writing, folder, lacks):
    child = writing(lacks)
    child.send_signal(signal.SIGSTOP)
    left = names_in(folder)
    assert pyforge("convert", folder.parent / "in.csv", folder / "b.parquet", "--quiet").returncode == 0
    assert names_in(folder) == sorted([*left, "b.parquet"])
    child.send_signal(signal.SIGCONT)
    child.stdin.close()
    assert child.wait() == 0
    assert names_in(folder) == ["a.parquet", "b.parquet"]


def test_folder_that_cannot_be_synced_is_a_warning(pyforge, shim, folder):
    """The output is in place by then, so it is not a failure."""
    target = folder / "a.parquet"
    done = pyforge("convert", folder.parent / "in.csv", target, "--sync", env={"LD_PRELOAD": shim, "SHIM_NO_FOLDER_SYNC": "1"})
    assert done.returncode == 0, done.stderr.decode()
    assert b"could not be synced" in done.stderr
    assert assert_same_everywhere(target).num_rows == 2
    assert names_in(folder) == ["a.parquet"]


@pytest.mark.parametrize("options", [(), ("--sync",)])
def test_sync_asks_the_disk(pyforge, shim, folder, options):
    """With --sync a disk that refuses is an error, and the old output is still there; without it nobody asks."""
    target = folder / "a.parquet"
    assert pyforge("convert", folder.parent / "in.csv", target, "--quiet", "--sync").returncode == 0
    before = target.read_bytes()
    (folder.parent / "other.csv").write_text("id\n1\n")
    done = pyforge("convert", folder.parent / "other.csv", target, "--force", "--quiet", *options,
                   env={"LD_PRELOAD": shim, "SHIM_NO_SYNC": "1"})
    assert done.returncode == (1 if options else 0), done.stderr.decode()
    assert (target.read_bytes() == before) == bool(options)
    if options:
        assert b"sync" in done.stderr and os.strerror(5).encode() in done.stderr
    assert names_in(folder) == ["a.parquet"]


def test_bad_sector(pyforge, shim, tmp_path):
    """The disk fails in the middle of the input: said with the file's name, and nothing is left."""
    source = tmp_path / "in.csv"
    source.write_text("a,b\n" + "1,2\n" * 2_000_000)
    (tmp_path / "out").mkdir()
    done = pyforge("convert", source, tmp_path / "out" / "a.parquet", "--quiet", env={"LD_PRELOAD": shim, "SHIM_BAD_FROM": "5000000"})
    assert done.returncode == 1
    assert os.strerror(5).encode() in done.stderr and b"in.csv" in done.stderr
    assert names_in(tmp_path / "out") == []


@pytest.mark.parametrize("way", ["pipe", "gzip"])
def test_parquet_that_cannot_be_read_at_any_place(pyforge, tmp_path, write, way):
    """Parquet is read from its end: what comes through a pipe or compressed is copied aside first."""
    source = write("in.csv", "id,when,x\n007,2024-01-31,1.5\n008,,\n")
    assert pyforge("convert", source, tmp_path / "a.parquet", "--quiet").returncode == 0
    content = (tmp_path / "a.parquet").read_bytes()
    if way == "pipe":
        done = pyforge("convert", "-", tmp_path / "b.csv", "--quiet", input=content)
    else:
        (tmp_path / "a.parquet.gz").write_bytes(gzip.compress(content))
        done = pyforge("convert", tmp_path / "a.parquet.gz", tmp_path / "b.csv", "--quiet")
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "b.csv").read_text() == "id,when,x\n007,2024-01-31,1.5\n008,,\n"
    cut = pyforge("validate", "-", "--from", "parquet", input=content[:-20])
    assert cut.returncode == 1 and cut.stderr
