"""examples/databricks/acceptance against a simulation: its checks run, tell what they find, and leave nothing behind."""

import importlib.util
import json
import os
import subprocess
import sys
import tomllib

import pytest

from conftest import ROOT, clean_environment
from test_databricks_volumes import VOLUME, extensions, mounted, volume  # noqa: F401  (fixtures)

FOLDER = ROOT / "examples" / "databricks" / "acceptance"
# What a plain folder can show, and what it does otherwise than a volume.
SAME = {
    "writing_from_start_to_end", "reading_at_any_place", "renaming", "renaming_over_a_file", "exclusive_creation", "waiting_for_the_disk",
    "size_after_closing", "folders_and_removing", "environment", "a_good_file", "a_broken_file", "an_output_that_is_there",
    "every_output_format", "in_a_shell", "a_task_turns_red",
}
# Where files without a name exist, nothing of a new file is ever seen in the folder: a kill shows nothing there.
KILLED = {"killed_in_the_middle", "what_is_left_behind"}
OTHER = {"volumes_are_mounted", "appending", "seeking_while_writing", "hard_links"}


@pytest.fixture(scope="module")
def acceptance(package):
    spec = importlib.util.spec_from_file_location("acceptance", FOLDER / "acceptance.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(package_folder, tmp_path):
    def run_script(*words, env=None):
        return subprocess.run([sys.executable, FOLDER / "acceptance.py", *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, cwd=tmp_path, env=clean_environment({"PYTHONPATH": package_folder, **(env or {})}), timeout=300)

    return run_script


def test_on_a_plain_folder(run, tmp_path):
    env = {"DATABRICKS_TOKEN": "planted-token", "DATABRICKS_RUNTIME_VERSION": "15.4"}
    done = run(tmp_path / "v", "--big-mb", 2, env=env)
    assert done.returncode == 0, done
    report = json.loads((tmp_path / "v" / "pyforge-acceptance.json").read_text())
    found = {row["check"]: row for row in report["checks"]}
    assert report["runtime"] == "15.4" and report["environment"]["compute_type"] == "classic"
    wrong = {name: found[name] for name in SAME if found[name]["outcome"] != "as expected"}
    assert not wrong and found["secrets_among_the_variables"]["found"] == "'DATABRICKS_TOKEN'"
    if not os.path.ismount("/Volumes"):
        assert {name for name in OTHER if found[name]["outcome"] == "DIFFERS"} == OTHER
    assert {row["outcome"] for row in found.values()} <= {"as expected", "DIFFERS", "not here"}
    assert os.listdir(tmp_path / "v") == ["pyforge-acceptance.json"], "nothing is left behind"
    assert all(name in done.stdout for name in found) and "please send this file" in done.stdout
    for text in (done.stdout, done.stderr, json.dumps(report)):
        assert "planted-token" not in text


MOUNTED = SAME | OTHER | KILLED | {"making_a_volume_as_a_folder"}


def test_on_a_mount(volume, package_folder):  # noqa: F811
    """Where a file system behaves as volumes do, all that is expected of them is found."""
    words = volume.mount.inside(sys.executable, FOLDER / "acceptance.py", volume.path, "--big-mb", 2, cwd=volume.local)
    env = clean_environment({**volume.env, "PYTHONPATH": package_folder})
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env, timeout=300)
    assert done.returncode == 0, done
    found = {row["check"]: row for row in json.loads((volume.real / "pyforge-acceptance.json").read_text())["checks"]}
    wrong = {name: found[name] for name in MOUNTED if found[name]["outcome"] != "as expected"}
    assert not wrong
    assert volume.names() == ["pyforge-acceptance.json"]


def test_what_is_broken_is_told(acceptance, tmp_path, monkeypatch, capsys):
    def breaks(place):
        raise RuntimeError("no such thing")

    kept = [row for row in acceptance.CHECKS if row[0] == "renaming"]
    monkeypatch.setattr(acceptance, "CHECKS", [("breaks", "x", breaks), *kept])
    with pytest.raises(SystemExit, match="broken: breaks"):
        acceptance.main([str(tmp_path / "v"), "--output", str(tmp_path / "told.json")])
    told = json.loads((tmp_path / "told.json").read_text())["checks"]
    assert [row["outcome"] for row in told] == ["BROKEN", "as expected"] and "RuntimeError: no such thing" in told[0]["found"]


def test_kills_that_came_too_late_show_nothing(acceptance, tmp_path, monkeypatch):
    """Where no run was killed with its output under way, it is not said that all went well."""
    place = acceptance.Place(str(tmp_path), None, 1 << 20, None)
    os.makedirs(place.folder)
    monkeypatch.setattr(acceptance, "pyforge", lambda *words, **how: False)
    for name in ("killed_in_the_middle", "what_is_left_behind"):
        assert acceptance.one(name, "x", getattr(acceptance, name), place)["outcome"] == "not here"

    def tears(*words, is_time=None):
        if is_time is not None:
            acceptance.write(place.path(".target.parquet.part"))
            acceptance.write(place.path("target.parquet"), b"PAR1 half")
        return is_time is not None

    monkeypatch.setattr(acceptance, "pyforge", tears)
    row = acceptance.one("killed_in_the_middle", "the old file or a whole new one, every time", acceptance.killed_in_the_middle, place)
    assert row["outcome"] == "DIFFERS" and "torn or missing 12 times (12 of 12 runs were killed, 12 with a part" in row["found"]


def test_what_volumes_refuse(acceptance, tmp_path, monkeypatch):
    """A mount that refuses is what is expected; one number of an error or another is told."""
    def refuse(*given, **how):
        raise OSError(38, "refused")

    place = acceptance.Place(str(tmp_path), None, 1 << 20, None)
    os.makedirs(place.folder)
    monkeypatch.setattr(acceptance.os, "link", refuse)
    row = acceptance.one("hard_links", "refused", acceptance.hard_links, place)
    assert row["outcome"] == "as expected" and row["found"] == "refused (ENOSYS)"
    monkeypatch.setattr(acceptance.os, "rename", refuse)
    row = acceptance.one("renaming", "works", acceptance.renaming, place)
    assert row["outcome"] == "DIFFERS" and row["found"] == "ENOSYS"


class Session:
    """As much of a session of Spark as the checks use."""

    version = "4.1.1"

    def range(self, count):
        return self

    def mapInArrow(self, function, schema):
        self.rows = [tuple(row.values()) for batch in function([None]) for row in batch.to_pylist()]
        return self

    def collect(self):
        return self.rows


def test_with_a_session(acceptance, package, tmp_path):
    pytest.importorskip("pyarrow")
    place = acceptance.Place(str(tmp_path), None, 1 << 20, Session())
    os.makedirs(place.folder)
    rows = {name: acceptance.one(name, expected, function, place) for name, expected, function in acceptance.CHECKS
            if name in ("session", "the_wheel_on_executors", "volumes_on_executors")}
    assert {row["outcome"] for row in rows.values()} == {"as expected"}, rows
    assert "4.1.1" in rows["session"]["found"]


def test_the_notebook(package_folder, tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="NO JUPYTER: the notebooks go untested")
    nbclient = pytest.importorskip("nbclient", reason="NO JUPYTER: the notebooks go untested")
    pytest.importorskip("ipykernel", reason="NO JUPYTER: the notebooks go untested")
    notebook = nbformat.read(FOLDER / "acceptance.ipynb", as_version=4)
    text = f"volume, big_mb = {str(tmp_path / 'v')!r}, 1"
    notebook.cells.insert(2, nbformat.v4.new_code_cell(text))
    client = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}})
    client.execute(env=clean_environment({
        "PYTHONPATH": package_folder, "IPYTHONDIR": str(tmp_path / "ipython"), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }))
    assert json.loads((tmp_path / "v" / "pyforge-acceptance.json").read_text())["kind"] == "pyforge acceptance"


@pytest.mark.parametrize("path", ["job.json", "acceptance/job.json"])
def test_definitions_of_jobs(path):
    """Names in them are names of the package, and what tasks refer to is there."""
    job = json.loads((FOLDER.parent / path).read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [task["task_key"] for task in job["tasks"]]
    environments = [environment["environment_key"] for environment in job["environments"]]
    parameters = {parameter["name"] for parameter in job["parameters"]}
    assert len(set(names)) == len(names)
    for task in job["tasks"]:
        assert set(depends["task_key"] for depends in task.get("depends_on", [])) <= set(names)
        wheel = task.get("python_wheel_task")
        if wheel:
            assert wheel["package_name"] == project["name"] and wheel["entry_point"] in project["scripts"]
        if "spark_python_task" in task:
            file = task["spark_python_task"]["python_file"]
            assert file.startswith("/Workspace/") and (FOLDER / file.rsplit("/", 1)[1]).exists()
        if "notebook_task" in task:
            given = task["notebook_task"]
            notebook = FOLDER.parent / (given["notebook_path"].rsplit("/", 1)[1] + ".ipynb")
            cells = ["".join(cell["source"]) for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
            # environments are for other tasks than notebooks, and the job's parameters win over the task's
            assert given["notebook_path"].startswith("/Workspace/") and cells[0] == f"%pip install {project['name']}"
            assert "environment_key" not in task and not set(given["base_parameters"]) & parameters
            assert all(f'parameter("{name}"' in "".join(cells) for name in given["base_parameters"])
        else:
            assert task["environment_key"] in environments
    used = json.dumps(job["tasks"]).split("{{job.parameters.")[1:]
    assert {text.split("}}", 1)[0] for text in used} == parameters
