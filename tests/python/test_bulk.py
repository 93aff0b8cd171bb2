"""Several inputs in one command: folders, patterns, names of outputs, failures, exit codes."""
import json
import os
import signal
import subprocess
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


def test_links_that_lead_back_are_entered_once(pyforge, tree):
    os.symlink("..", tree / "in" / "deep" / "up")
    found = plan(pyforge, tree, "in/**/*.csv", "out/")
    assert sorted(found) == ["in/deep/er/one.csv", "in/deep/er/three.csv", "in/one.csv", "in/two.csv"]


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
