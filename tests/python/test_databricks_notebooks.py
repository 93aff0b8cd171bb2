"""The notebooks of examples/databricks, and what cells show, in kernels of Jupyter."""

import json
import os
import queue
import time

import pytest

from conftest import ROOT, clean_environment

nbformat = pytest.importorskip("nbformat", reason="NO JUPYTER: the notebooks go untested")
nbclient = pytest.importorskip("nbclient", reason="NO JUPYTER: the notebooks go untested")
manager = pytest.importorskip("jupyter_client.manager", reason="NO JUPYTER: the notebooks go untested")
pytest.importorskip("ipykernel", reason="NO JUPYTER: the notebooks go untested")

EXAMPLES = ROOT / "examples" / "databricks"
SERVERLESS = {"DATABRICKS_RUNTIME_VERSION": "client.4.1", "DATABRICKS_ENV_VERSION": "4"}


@pytest.fixture
def environment(package_folder, tmp_path):
    def make(extra=None):
        return clean_environment({
            "PYTHONPATH": package_folder, "IPYTHONDIR": str(tmp_path / "ipython"), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
            "PYTHONWARNINGS": "ignore", **(extra or {}),
        })

    return make


@pytest.fixture
def run_notebook(environment, tmp_path):
    """Runs a notebook with parameters, which are a cell after the one of that tag; gives the cells as they are afterwards."""

    def run(path, parameters=None, env=None, cwd=tmp_path, fails=False):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        # The package under test is there already.
        notebook.cells = [cell for cell in notebook.cells if "install" not in cell.metadata.get("tags", [])]
        at = next((at for at, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])), -1)
        text = "\n".join(f"{name} = {value!r}" for name, value in (parameters or {}).items())
        notebook.cells.insert(at + 1, nbformat.v4.new_code_cell(text))
        client = nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(cwd)}})
        if fails:
            with pytest.raises(nbclient.exceptions.CellExecutionError) as failed:
                client.execute(env=environment(env))
            return str(failed.value)
        client.execute(env=environment(env))
        return notebook.cells

    return run


def shown(cells, kind="text/html"):
    """All that the cells show."""
    texts = []
    for cell in cells:
        for output in cell.get("outputs", []):
            texts.append(output.get("text", "") if output.output_type == "stream" else output.get("data", {}).get(kind, ""))
    return "\n".join(texts)


def test_notebooks_are_kept_without_outputs():
    notebooks = sorted(EXAMPLES.rglob("*.ipynb"))
    assert len(notebooks) == 4
    for path in notebooks:
        text = path.read_text()
        notebook = json.loads(text)
        assert path.stat().st_size < 10_000 and text == json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        assert all(cell.get("outputs", []) == [] and cell.get("execution_count") is None for cell in notebook["cells"])


@pytest.mark.parametrize("env", [{}, SERVERLESS], ids=["laptop", "serverless"])
def test_first_steps(run_notebook, tmp_path, env):
    text = shown(run_notebook(EXAMPLES / "first_steps.ipynb", {"folder": str(tmp_path / "v")}, env))
    assert "Converted 3 rows using native" in text and "the first 3 rows" not in text and "3 rows" in text
    assert "Conversion failed" in text and "#b00020" in text and "the zip archive is damaged" in text
    assert ("Detected Databricks Serverless - native engine" in text) is bool(env)
    assert (tmp_path / "v" / "sales_data.parquet").exists() and (tmp_path / "v" / "small.parquet").exists()


def test_batch_and_tables(run_notebook, tmp_path):
    text = shown(run_notebook(EXAMPLES / "batch_and_tables.ipynb", {"folder": str(tmp_path), "schema": ""}))
    assert "3 of 4 files converted, 1 failed" in text and "3 of 4" in text
    assert sorted(path.name for path in (tmp_path / "bronze").rglob("*.parquet")) == ["sales.parquet"] * 3


def test_job(run_notebook, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("a,b\n1,2\n")
    env = {"FOLDER": str(tmp_path / "in"), "OUTPUT": str(tmp_path / "out")}
    assert "1 of 1 files converted" in shown(run_notebook(EXAMPLES / "job.ipynb", env=env))
    (tmp_path / "in" / "bad.csv").write_bytes(b"PK\x03\x04 no table")
    told = run_notebook(EXAMPLES / "job.ipynb", env=env, fails=True)
    assert "1 of 2 files failed" in told and "bad.csv" in told
    # As Databricks has it: widgets hold the parameters of the job.
    widgets = f"""
class dbutils:
    class widgets:
        text = staticmethod(lambda name, default: None)
        get = staticmethod({{"folder": {str(tmp_path / "in" / "a.csv")!r}, "output": {str(tmp_path / "widgets")!r}}}.get)
"""
    notebook = nbformat.read(EXAMPLES / "job.ipynb", as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(widgets))
    nbformat.write(notebook, tmp_path / "widgets.ipynb")
    run_notebook(tmp_path / "widgets.ipynb")
    assert (tmp_path / "widgets" / "a.parquet").exists()


# ---- cells


@pytest.fixture
def cell(environment, tmp_path):
    """Runs code in one kernel: cell(code) -> (status, [message, ...]); interrupt_at: the text after which the kernel is interrupted."""
    started = []

    def run(code, interrupt_at=None, env=None):
        if not started:
            kernel = manager.KernelManager(kernel_name="python3")
            kernel.start_kernel(env=environment(env), cwd=str(tmp_path))
            client = kernel.client()
            client.start_channels()
            client.wait_for_ready(timeout=60)
            started.extend([kernel, client])
        kernel, client = started
        number, messages = client.execute(code), []
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                message = client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != number:
                continue
            messages.append(message)
            if interrupt_at and interrupt_at in str(message["content"]):
                interrupt_at = None
                kernel.interrupt_kernel()
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        reply = client.get_shell_msg(timeout=30)
        while reply["parent_header"].get("msg_id") != number:
            reply = client.get_shell_msg(timeout=30)
        return reply["content"], messages

    yield run
    if started:
        started[1].stop_channels()
        started[0].shutdown_kernel(now=True)


BIG = """
with open("big.csv", "w") as file:
    file.write("id,city,amount\\n" + "".join(f"{at},Bern {at % 97},{at / 7}\\n" for at in range(600_000)))
from pyforge_cli.extensions.databricks import forge, progress
progress._SHOWN_AFTER = 0.0
progress._Cell.every = 0.05
"""


def test_progress_in_a_cell(cell):
    assert cell(BIG)[0]["status"] == "ok"
    reply, messages = cell("result = forge.convert('big.csv', threads=1); result['row_count']")
    assert reply["status"] == "ok", reply
    first = [message for message in messages if message["msg_type"] == "display_data"]
    later = [message for message in messages if message["msg_type"] == "update_display_data"]
    assert len(first) == 1 and len(later) >= 1, "one display, updated"
    assert {message["content"]["transient"]["display_id"] for message in first + later} == {first[0]["content"]["transient"]["display_id"]}
    assert "600,000 rows" in later[-1]["content"]["data"]["text/html"]
    assert not [message for message in messages if message["msg_type"] == "stream"]
    reply, messages = cell("forge.convert('none.csv')")
    html = [message["content"]["data"]["text/html"] for message in messages if message["msg_type"] == "execute_result"]
    assert reply["status"] == "ok" and "Conversion failed" in html[0]


@pytest.mark.parametrize("call", [
    "forge.convert('big.csv', 'out/a.parquet', threads=1, progress=slow)",
    "forge.batch_convert('many/*.csv', 'out', threads=2)",
])
def test_interrupting_a_cell_leaves_nothing(cell, tmp_path, call):
    assert cell(BIG + """
import os, shutil, time
def slow(told):
    print("going", flush=True)
    time.sleep(0.3)
os.makedirs("out"); os.makedirs("many")
for at in range(8):
    shutil.copy("big.csv", f"many/{at}.csv")
""")[0]["status"] == "ok"
    interrupt_at = "going" if "slow" in call else "files"
    reply, messages = cell(call, interrupt_at=interrupt_at)
    assert (reply["status"], reply.get("ename")) == ("error", "KeyboardInterrupt"), reply
    left = os.listdir(tmp_path / "out")
    assert all(name.endswith(".parquet") for name in left) and len(left) < 8, left
    assert cell("forge.convert('many/0.csv').get('row_count')")[0]["status"] == "ok"


def test_a_kernel_is_not_given_signals_of_a_process(cell):
    """A wheel task's entry point is called inside a kernel, which keeps its own."""
    code = """
import signal, sys
from pyforge_cli.__main__ import main
before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGPIPE)
sys.argv = ["python", "formats"]
assert main() is None
assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGPIPE)) == before
"""
    reply, messages = cell(code)
    assert reply["status"] == "ok", reply
    assert "parquet" in str(messages)
