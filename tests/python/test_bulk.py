"""Several inputs in one command: folders, patterns, names of outputs, failures, exit codes."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest

from conftest import clean_environment

GOOD = "id,name\n1,a\n2,b\n"
BAD = 'id,name\n1,"never closed\n'


@pytest.fixture
def tree(tmp_path):
    """in/{one.csv,two.csv,one.tsv,notes.md,.hidden.csv,old.parquet} and in/deep/er/{one.csv,three.csv}"""
    deep = tmp_path / "in" / "deep" / "er"
    deep.mkdir(parents=True)
    for name in ("one.csv", "two.csv", ".hidden.csv", "deep/er/one.csv", "deep/er/three.csv"):
        (tmp_path / "in" / name).write_text(GOOD)
    (tmp_path / "in" / "one.tsv").write_text("id\tname\n1\ta\n")
    (tmp_path / "in" / "notes.md").write_text("no table")
    (tmp_path / "in" / "old.parquet").write_text("no table either")
    return tmp_path


def plan(pyforge, cwd, *args):
    done = pyforge("convert", *args, "--explain", "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return {record["input_path"]: record["output_path"] for record in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize(
    "args, expected",
    [
        (["in"], {"in/one.csv": "in/one_csv.parquet", "in/one.tsv": "in/one_tsv.parquet", "in/two.csv": "in/two.parquet"}),
        (["in/*.csv", "out"], {"in/one.csv": "out/one.parquet", "in/two.csv": "out/two.parquet"}),
        (["in/t?o.csv"], {"in/two.csv": "in/two.parquet"}),
        (["in/[!t]*.csv", "out/"], {"in/one.csv": "out/one.parquet"}),
        (["in/.h*"], {"in/.hidden.csv": "in/.hidden.parquet"}),
        (["in/**/three.csv", "out/"], {"in/deep/er/three.csv": "out/deep/er/three.parquet"}),
        (["in/*/er/o*", "out/"], {"in/deep/er/one.csv": "out/deep/er/one.parquet"}),
        (["in/one.csv", "in/deep/er/one.csv", "out/"],
         {"in/one.csv": "out/one_csv_2.parquet", "in/deep/er/one.csv": "out/one_csv.parquet"}),
        (["in/two.csv", "in/t*.csv", "out/"], {"in/two.csv": "out/two.parquet"}),
        (["in/deep", "out/", "--recursive"],
         {"in/deep/er/one.csv": "out/er/one.parquet", "in/deep/er/three.csv": "out/er/three.parquet"}),
    ],
)  # fmt: skip
def test_files_and_names(pyforge, tree, args, expected):
    assert plan(pyforge, tree, *args) == expected


def test_output_format_names_outputs_and_is_left_out(pyforge, tree):
    found = plan(pyforge, tree, "in", "out/", "--to", "csv")
    assert found == {"in/old.parquet": "out/old.csv"}


def test_links_to_folders_are_not_followed_on_the_way(pyforge, tree):
    """One leads back, one to what nobody has named: neither is entered, which is said; one that is named is."""
    (tree / "elsewhere").mkdir()
    (tree / "elsewhere" / "much.csv").write_text(GOOD)
    os.symlink("..", tree / "in" / "deep" / "up")
    os.symlink("../elsewhere", tree / "in" / "out")
    inside = ["in/deep/er/one.csv", "in/deep/er/three.csv", "in/one.csv", "in/two.csv"]
    assert sorted(plan(pyforge, tree, "in/**/*.csv", "out/")) == inside
    assert sorted(plan(pyforge, tree, "in", "out/", "--recursive")) == sorted([*inside, "in/one.tsv"])
    assert sorted(plan(pyforge, tree, "in/deep", "out/", "--recursive")) == inside[:2]
    for named in (["in/out"], ["in/out/**/*.csv"], ["in/out/*.csv"], ["in/o*/*.csv"], ["in/out", "--recursive"]):
        assert sorted(plan(pyforge, tree, named[0], "out/", *named[1:])) == ["in/out/much.csv"]
    done = pyforge("convert", "in", "out/", "--recursive", cwd=tree)
    assert done.returncode == 0 and done.stderr.count(b"links to folders are not followed, such as in/") == 1, done.stderr.decode()
    done = pyforge("convert", "in/deep/er", "other/", "--recursive", cwd=tree)
    assert done.returncode == 0 and b"links to folders" not in done.stderr


def test_folders_that_may_not_be_read(pyforge, pyforge_path, tmp_path):
    """One that cannot be listed and one whose files cannot be looked at: each is one failure beside the others, with its reason."""
    without = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if without and shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed, and nothing is refused to root")
    for name, mode in (("a", 0o700), ("b", 0o400), ("c", 0o300)):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / f"{name}.csv").write_text(GOOD)
        (tmp_path / "in" / name).chmod(mode)
    for given in ("in", "in/**/*.csv", "in/*/*.csv"):
        done = pyforge("convert", given, "out/", "--recursive", "--force", command=[*without, pyforge_path], cwd=tmp_path)
        said = done.stderr.decode()
        assert done.returncode == 3 and "1 of 3 files converted, 2 failed" in said, said
        assert "cannot look at in/b/b.csv: Permission denied" in said and "cannot list in/c: Permission denied" in said, said
    done = pyforge("convert", "in/c", "out/", command=[*without, pyforge_path], cwd=tmp_path)
    assert done.returncode == 1 and b"cannot list in/c: Permission denied" in done.stderr, done.stderr.decode()
    for name in "bc":
        (tmp_path / "in" / name).chmod(0o700)


def test_what_is_no_file_is_told(pyforge, tree):
    os.symlink("nowhere", tree / "in" / "lost.csv")
    os.mkfifo(tree / "in" / "pipe.csv")
    done = pyforge("convert", "in/*.csv", "out/", cwd=tree, timeout=20)
    assert done.returncode == 3 and b"2 of 3 files converted, 1 failed" in done.stderr
    assert b"in/lost.csv' does not exist" in done.stderr and b"in/pipe.csv is left out" in done.stderr


def test_a_file_called_like_a_pattern_is_that_file(pyforge, tmp_path):
    (tmp_path / "a*.csv").write_text(GOOD)
    (tmp_path / "ab.csv").write_text(GOOD)
    done = pyforge("convert", "a*.csv", cwd=tmp_path)
    assert done.returncode == 0
    assert sorted(path.name for path in tmp_path.glob("*.parquet")) == ["a*.parquet"]


def test_bad_files_do_not_keep_good_ones_back(pyforge, tmp_path):
    bad = {7, 50, 51, 120, 199}
    (tmp_path / "in").mkdir()
    for number in range(200):
        (tmp_path / "in" / f"f{number:03}.csv").write_text(BAD if number in bad else f"id,name\n{number},a\n")
    done = pyforge("convert", "in/*.csv", "out/", "--jobs", "4", "--json", cwd=tmp_path)
    *records, totals = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 3
    assert {key: totals["totals"][key] for key in ("files", "converted", "failed", "with_rejects")} == {
        "files": 200, "converted": 195, "failed": 5, "with_rejects": 0}  # fmt: skip
    failed = {record["input_path"]: record["error"] for record in records if not record["success"]}
    assert set(failed) == {f"in/f{number:03}.csv" for number in bad}
    assert all("not closed" in error["message"] for error in failed.values())
    assert len(list((tmp_path / "out").iterdir())) == 195
    assert pq.read_table(tmp_path / "out" / "f123.parquet").to_pylist() == [{"id": 123, "name": "a"}]
    assert b"195 of 200 files converted, 5 failed" in done.stderr


def test_exit_codes(pyforge, tree):
    (tree / "bad").mkdir()
    (tree / "bad" / "a.csv").write_text(BAD)
    assert pyforge("convert", "bad", "out/", cwd=tree).returncode == 1
    assert not (tree / "out").exists()
    assert pyforge("convert", "in/*.csv", "out/", cwd=tree).returncode == 0
    assert pyforge("convert", "in/*.csv", "out/", cwd=tree).returncode == 1  # the outputs exist
    assert pyforge("convert", "in/*.csv", "out/", "--force", cwd=tree).returncode == 0
    (tree / "in" / "two.csv").write_text("id,name\n" + "1,a\n" * 50 + "1,a,b\n")
    assert pyforge("convert", "in/*.csv", "out/", "--force", cwd=tree).returncode == 3
    assert (tree / "out" / "two.parquet.rejects.csv").exists()


@pytest.mark.parametrize(
    "args, told",
    [
        (["none/*.csv"], b"no file matches the pattern"),
        (["in/one.csv", "in/two.csv", "in/one.tsv"], b"the last argument is the folder"),
        (["in/*.csv", "-"], b"the last argument is the folder"),
        (["in/*.csv", "all.parquet"], b"the last argument is the folder"),
        (["-", "in/one.csv", "out/"], b"standard input cannot be one of several"),
        (["in/*.csv", "out/", "--jobs", "-1"], b"--jobs is out of range"),
        (["in/*.csv", "out/", "--rejects", "r.csv"], b"--rejects names one file"),
        (["in/*.csv", "out/", "--to", "parqet"], b"cannot be 'parqet'"),
    ],
)
def test_refusals(pyforge, tree, args, told):
    done = pyforge("convert", *args, cwd=tree)
    assert done.returncode in (1, 2)
    assert told in done.stderr
    assert not (tree / "out").exists()


def test_a_folder_without_inputs_is_told(pyforge, tmp_path):
    done = pyforge("convert", tmp_path)
    assert done.returncode == 2 and b"no file with the suffix of a format that is read" in done.stderr


def test_a_missing_file_fails_alone(pyforge, tree):
    done = pyforge("convert", "in/one.csv", "in/none.csv", "out/", cwd=tree)
    assert done.returncode == 3 and b"in/none.csv' does not exist" in done.stderr
    assert [path.name for path in (tree / "out").iterdir()] == ["one.parquet"]


def test_quiet_tells_failures_only(pyforge, tree):
    (tree / "in" / "bad.csv").write_text(BAD)
    done = pyforge("convert", "in/*.csv", "out/", "--quiet", cwd=tree)
    assert done.returncode == 3 and done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 2 and "in/bad.csv" in lines[0] and lines[1].startswith("  hint:")


def test_the_original_knew_no_folders(pyforge, tree):
    done = pyforge("convert", "in", "--compat", "1.0", cwd=tree)
    assert b"Unsupported input format" in done.stderr


def test_same_bytes_however_many_jobs(pyforge, tree):
    for jobs in ("1", "3"):
        assert pyforge("convert", "in", f"out{jobs}/", "-r", "-j", jobs, cwd=tree).returncode == 0
    files = sorted(path.relative_to(tree / "out1") for path in (tree / "out1").rglob("*.parquet"))
    assert len(files) == 5
    for file in files:
        assert (tree / "out1" / file).read_bytes() == (tree / "out3" / file).read_bytes()


def test_an_interrupt_leaves_whole_files_only(pyforge_path, tmp_path):
    (tmp_path / "in").mkdir()
    text = "id,name,value\n" + "".join(f"{row},name {row},{row * 0.5}\n" for row in range(100_000))
    for number in range(20):
        (tmp_path / "in" / f"{number:02}.csv").write_text(text)
    with subprocess.Popen([pyforge_path, "convert", "in", "out/"], cwd=tmp_path, env=clean_environment(),
                          stderr=subprocess.PIPE) as running:  # fmt: skip
        while not list(tmp_path.glob("out/*.parquet")) and running.poll() is None:
            time.sleep(0.005)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=20)
    assert running.returncode == 130 and b"interrupted" in told
    for path in (tmp_path / "out").iterdir():
        assert path.suffix == ".parquet" and pq.read_metadata(path).num_rows == 100_000


def test_files_of_rejected_rows_are_no_inputs(pyforge, tree):
    (tree / "in" / "one.parquet.rejects.csv").write_text("row,line\n1,2\n")
    for args in (["in/*.csv", "out/"], ["in", "out/"], ["in/one.*", "out/"]):
        assert not any("rejects" in path for path in plan(pyforge, tree, *args)), args
        done = pyforge("convert", *args, "--explain", cwd=tree)
        assert done.stderr == b"note: 1 file of rejected rows is left out ('*.rejects.csv' takes them)\n"
    assert list(plan(pyforge, tree, "in/*.rejects.csv", "out/")) == ["in/one.parquet.rejects.csv"]
    assert list(plan(pyforge, tree, "in/one.parquet.rejects.csv", "in/two.csv", "out/"))[0] == "in/one.parquet.rejects.csv"


def test_two_inputs_without_a_folder(pyforge, tmp_path):
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(GOOD)
    done = pyforge("convert", "one.csv", "two.csv", cwd=tmp_path)
    assert done.returncode == 4 and (tmp_path / "two.csv").read_text() == GOOD
    message, hint = done.stderr.decode().splitlines()
    assert "--force" not in message
    assert hint.startswith("  hint: with several inputs the last argument is the folder for the outputs (end it with /)")


@pytest.mark.parametrize("command", ["info", "validate"])
@pytest.mark.parametrize("given", [".", "*.csv"])
def test_info_and_validate_lead_to_convert(pyforge, tmp_path, command, given):
    done = pyforge(command, given, cwd=tmp_path)
    assert done.returncode != 0 and b"folders and patterns are for the command convert" in done.stderr


# ---- the same file twice, cancelling, jobs


def test_one_file_in_several_spellings_is_converted_once(pyforge, tree):
    os.symlink("in", tree / "link")
    spellings = ["in/two.csv", "./in/two.csv", str(tree / "in" / "two.csv"), "in/deep/../two.csv", "link/two.csv"]
    assert plan(pyforge, tree, *spellings, "out/") == {"in/two.csv": "out/two.parquet"}


def test_a_link_with_a_name_of_its_own_is_converted(pyforge, tree):
    os.symlink("two.csv", tree / "in" / "latest.csv")
    assert sorted(plan(pyforge, tree, "in/t*.csv", "in/l*.csv", "out/")) == ["in/latest.csv", "in/two.csv"]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_signal_ends_the_file_under_way(pyforge_path, tmp_path, jobs):
    line = b"1,name of somebody,2.5,2024-05-06\n"
    (tmp_path / "a.csv").write_bytes(b"id,name,value,day\n" + line * 4_000_000)
    os.link(tmp_path / "a.csv", tmp_path / "b.csv")
    with subprocess.Popen([pyforge_path, "convert", "a.csv", "b.csv", "out/", "-j", jobs, "--threads", jobs], cwd=tmp_path,
                          env=clean_environment(), stderr=subprocess.PIPE) as running:  # fmt: skip
        time.sleep(0.2)
        assert running.poll() is None
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)
    assert running.returncode == 143 and not list(tmp_path.glob("out/*"))


def test_fewer_jobs_where_threads_are_few(pyforge_path, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("the system's limit of threads is not root's")
    for number in range(64):
        (tmp_path / f"{number}.csv").write_text(GOOD)
    script = 'ulimit -u $(( $(ps -u "$(id -u)" -L --no-headers | wc -l) + 12 )); exec "$0" convert "*.csv" out/ --jobs 64 --threads 64'
    done = subprocess.run(["bash", "-c", script, pyforge_path], cwd=tmp_path, env=clean_environment(), capture_output=True,
                          timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"--jobs 64 needs more threads than the system allows" in done.stderr


# ---- in Python

SCHEME = """
import os, signal, threading
from pyforge_cli.extensions import BaseExtension

def endless():
    number = 0
    while True:
        number += 1
        yield f"mem:{number:09}.csv", 1

LISTS = {
    "plain": lambda: ["mem:a.csv", "mem:b.csv", "mem:c.txt"],
    "up": lambda: ["mem:a.csv", ("mem:..", 1)],
    "gone": lambda: ["mem:a.csv", "mem:gone"],
    "deep": lambda: ["mem:../../a.csv"],
    "other": lambda: ["other:a.csv"],
    "short": lambda: [("m", 1)],
    "empty": lambda: [("", 1)],
    "nul": lambda: ["mem:a\\0.csv"],
    "surrogate": lambda: ["mem:\\ud800.csv"],
    "endless": endless,
}

class Memory:
    name = "mem"
    description = "a scheme of a test"
    def stat(self, location):
        if location in ("mem:", "mem:/"):
            return {"directory": True}
        if not location.endswith((".csv", ".txt")) or "*" in location:
            raise FileNotFoundError(location)
        return 8
    def open(self, location):
        import io
        return io.BytesIO(b"id\\n1\\n2\\n3")
    def list(self, location):
        which = os.environ["LISTED"]
        if os.environ.get("INTERRUPTED"):
            threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        return LISTS[which]()

class Ext(BaseExtension):
    name = "mem"
    version = "1.0"
    description = "of a test"
    licence = "MIT"
    def is_available(self): return True
    def initialize(self): return True
    def get_schemes(self): return [Memory()]
"""


MANIFEST = """
name = "mem"
version = "1.0"
description = "of a test"
licence = "MIT"
adds = ["scheme mem"]
"""


@pytest.fixture
def memory_scheme(package_folder, tmp_path):
    """Runs a script with the scheme "mem", whose list() is the one that is named."""
    site = tmp_path / "site"
    info = site / "mem-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "mem_module").mkdir()
    (site / "mem_module" / "__init__.py").write_text(SCHEME)
    (site / "mem_module" / "pyforge-extension.toml").write_text(MANIFEST)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mem\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[pyforge.extensions]\nmem = mem_module:Ext\n")
    (tmp_path / "here.csv").write_text(GOOD)

    def run(script, listed, timeout=60, **more):
        env = clean_environment({"PYTHONPATH": f"{package_folder}:{site}", "LISTED": listed, "HOME": str(tmp_path), **more})
        return subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=timeout)

    return run


FILES = "import pyforge_cli; print(pyforge_cli.files({}))"


@pytest.mark.parametrize(
    "pattern, expected",
    [
        ("mem:*.csv", [("mem:a.csv", "out/a.parquet"), ("mem:b.csv", "out/b.parquet")]),
        ("mem:a*", [("mem:a.csv", "out/a.parquet")]),
        ("mem:c.txt", [("mem:c.txt", "out/c.parquet")]),
    ],
)
def test_patterns_of_a_scheme(memory_scheme, pattern, expected):
    done = memory_scheme(FILES.format(f"[{pattern!r}], 'out'"), "plain")
    assert done.stdout.strip() == repr(expected), done.stderr


@pytest.mark.parametrize("listed, told", [
    ("up", "is no name in it"), ("deep", "is no name in it"), ("other", "is no name in it"), ("short", "is no name in it"),
    ("empty", "is no name in it"), ("nul", "null byte"), ("gone", "mem:gone"), ("surrogate", "surrogate"),
])  # fmt: skip
def test_entries_that_are_none(memory_scheme, listed, told):
    done = memory_scheme(FILES.format("['mem:*'], 'out'"), listed)
    assert done.returncode == 1 and told in done.stderr, done.stderr
    assert "pyforge_cli." in done.stderr


def test_endless_listings_are_ended(memory_scheme):
    done = memory_scheme(FILES.format("['mem:*'], 'out', memory='64MB'"), "endless")
    assert done.returncode == 1 and "OutOfMemoryError" in done.stderr, done.stderr
    done = memory_scheme(FILES.format("['mem:*'], 'out'"), "endless")
    assert done.returncode == 1 and "LimitError" in done.stderr and "more than 1000000 entries" in done.stderr, done.stderr
    script = ("import time, pyforge_cli\nstarted = time.monotonic()\ntry: pyforge_cli.files(['mem:*'], 'out')\n"
              "except KeyboardInterrupt: print(time.monotonic() - started)")  # fmt: skip
    done = memory_scheme(script, "endless", INTERRUPTED="yes")
    assert 0.4 < float(done.stdout) < 1.5, done.stderr


def test_paths_with_a_nul_are_refused(package):
    for arguments in ((["a\0b.csv"],), (["a.csv"], "out\0put")):
        with pytest.raises(ValueError, match="null byte"):
            package.files(*arguments)
