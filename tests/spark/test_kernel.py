"""Real sessions in a kernel of Jupyter: files to Parquet, Delta and tables by the notebook's objects, by pyforge in a cell and by pyforge as a process."""

import json
import os
import queue
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet
import pytest
from conftest import PACKAGE, clean_of_spark, skip_aloud

FULL = bool(os.environ.get("PYFORGE_TEST_FULL"))
BOOKS = 50
# Books that become a table each, by a commit each.
APART = 50 if FULL else 3
ROWS = "id,code,amount,day,at,note\n" + "".join(
    f"{row},{row:05d},{row * 1.25},2024-01-{row % 28 + 1:02d},2024-01-01 10:{row % 60:02d}:00,\"text, {row} é\"\n" for row in range(300))
XML = "<rows>" + "".join(f"<row><id>{row}</id><name>n{row}</name><price>{row}.5</price></row>" for row in range(40)) + "</rows>"

# What the first cell of each kind of notebook is. A classic session is a process of Java of the kernel's own.
SESSIONS = {
    "connect": """
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote("sc://127.0.0.1:{port}").getOrCreate()
""",
    "serverless": """
from pyspark.sql import SparkSession
import sys
sys.path.insert(0, {tests!r})
from conftest import serverless_like
spark = serverless_like(SparkSession.builder.remote("sc://127.0.0.1:{port}").getOrCreate())
""",
    "classic": """
from pyspark.sql import SparkSession
builder = SparkSession.builder.master("local[2]")
for name, value in {settings!r}.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("OFF")
""",
}

READ_BACK = """
import json
def rows_of(frame):
    print("ROWS " + json.dumps(sorted([str(value) for value in row] for row in frame.collect())))
"""


class Kernel:
    def __init__(self, folder):
        manager = pytest.importorskip("jupyter_client.manager", reason="NO JUPYTER: no notebook with a session is tested")
        if __import__("importlib.util").util.find_spec("ipykernel") is None:
            skip_aloud("NO JUPYTER: no notebook with a session is tested")
        self.manager = manager.KernelManager(kernel_name="python3")
        places = {"IPYTHONDIR": str(folder / ".ipython"), "JUPYTER_RUNTIME_DIR": str(folder / ".runtime")}
        self.manager.start_kernel(env={**clean_of_spark(os.environ), **places, "PYTHONPATH": PACKAGE, "PYTHONWARNINGS": "ignore"}, cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def cell(self, code, seconds=300):
        """What it prints and shows; fails where the cell does."""
        number, told, end = self.client.execute(code), [], time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != number:
                continue
            content = message["content"]
            if message["msg_type"] == "error":
                raise AssertionError("\n".join([code, *told, content["ename"], content["evalue"]]))
            if message["msg_type"] in ("stream", "execute_result", "display_data"):
                told.append(content.get("text") or content["data"].get("text/plain", ""))
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return "\n".join(told)
        raise AssertionError(f"no end after {seconds} s: {code}")

    def rows(self, frame):
        """Of a frame, an expression: rows of texts, sorted."""
        [line] = [line for line in self.cell(f"rows_of({frame})").splitlines() if line.startswith("ROWS ")]
        return json.loads(line[len("ROWS "):])

    def engine_of(self, call):
        """Carries out a conversion of one file in a cell; which engine did it."""
        told = self.cell(f"result = {call}\nassert result, result['error']\nprint('BY', result['processing_engine'])")
        return [line for line in told.splitlines() if line.startswith("BY ")][-1][len("BY "):]

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def texts(table):
    return sorted([str(value) for value in row.values()] for row in table.to_pylist())


def natively(package, *sources, **options):
    """The rows that the native engine gives of files, as texts."""
    found = []
    for source in sources:
        place = Path(source).parent.parent / "expected.parquet"
        package.convert(source, place, engine="native", force=True, log_level="error", **options)
        found += texts(pyarrow.parquet.read_table(place))
    return sorted(found)


@pytest.fixture(scope="module")
def inputs(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pyforge kernel") / "in"
    (folder / "books").mkdir(parents=True)
    (folder / "sales.csv").write_text(ROWS)
    (folder / "rows.xml").write_text(XML)
    for number in range(BOOKS):
        text = "id,name,price\n" + "".join(f"{row},n{row},{row * 0.5}\n" for row in range(number, number + 20))
        package.convert(text.encode(), folder / "books" / f"book{number:02d}.xlsx", log_level="error", **{"from": "csv"})
    return folder


def kinds():
    return ["connect", "serverless", "classic"] if FULL else ["serverless"]


@pytest.fixture(params=kinds())
def notebook(request, spark, package, folder):
    """(kind, kernel with spark, a function that names tables)"""
    kind = request.param
    if spark.port is None:
        if not FULL and kind != "serverless":
            pytest.skip("this Spark's Connect server cannot be kept to 127.0.0.1")
        kind = "classic"
    kernel = Kernel(folder)
    try:
        settings = {**spark.settings, "spark.sql.warehouse.dir": str(folder / "warehouse"), "spark.driver.memory": "600m"}
        settings = {name: value for name, value in settings.items() if not name.startswith(("spark.connect", "spark.plugins"))}
        kernel.cell(SESSIONS[kind].format(port=spark.port, tests=str(Path(__file__).parent), settings=settings) + READ_BACK)
        yield kind, kernel
    finally:
        kernel.close()


HEAD = """
from pyforge_cli.extensions.databricks import forge
source, out = {source!r}, {out!r}
"""


def delta(place):
    return f"spark.read.format('delta').load('file:{place}')"


def test_a_notebook(notebook, package, inputs, folder, table):
    kind, kernel = notebook
    display = "spark" if kind == "classic" else "spark (connect)"
    out = folder / "out"
    kernel.cell(HEAD.format(source=str(inputs), out=str(out)))

    # one file: CSV is read by Spark, XML natively where Spark cannot
    for name, options in (("sales.csv", "engine='spark'"), ("rows.xml", "force_pyspark=True")):
        expected, stem = natively(package, inputs / name), name.partition(".")[0]
        engine = kernel.engine_of(f"forge.convert(f'{{source}}/{name}', f'{{out}}/{stem}.parquet', {options}, progress=False)")
        assert engine == display or (stem == "rows" and engine == "native")
        assert texts(pyarrow.parquet.read_table(out / f"{stem}.parquet")) == expected
        assert kernel.engine_of(f"forge.convert(f'{{source}}/{name}', f'{{out}}/{stem}.delta', format='delta', {options}, progress=False)") == display
        assert kernel.rows(delta(out / f"{stem}.delta")) == expected
        called = table()
        assert kernel.engine_of(f"forge.convert(f'{{source}}/{name}', table={called!r}, {options}, progress=False)") == display
        assert kernel.engine_of(f"forge.convert(f'{{source}}/{name}', table={called!r}, mode='append', {options}, progress=False)") == display
        assert kernel.rows(f"spark.table({called!r})") == sorted(expected * 2)

    # one workbook, by an executor
    books = sorted((inputs / "books").iterdir())
    assert kernel.engine_of("forge.convert(f'{source}/books/book07.xlsx', f'{out}/one.parquet', engine='spark', progress=False)") == "spark (executors)"
    assert texts(pyarrow.parquet.read_table(out / "one.parquet")) == natively(package, books[7])

    # many workbooks
    batch = "done = forge.batch_convert({}, {}, engine='spark', progress=False)\nassert done and done.converted == {}, done.failures"
    kernel.cell(batch.format("f'{source}/books'", "f'{out}/books'", BOOKS) + "\nassert {one['processing_engine'] for one in done} == {'spark (executors)'}")
    made = sorted((out / "books").iterdir())
    assert sorted(row for path in made for row in texts(pyarrow.parquet.read_table(path))) == natively(package, *books) and len(made) == BOOKS
    called = table()
    kernel.cell(batch.format("f'{source}/books/*.xlsx'", f"table={called!r}, mode='append'", BOOKS))
    assert kernel.rows(f"spark.table({called!r})") == natively(package, *books)
    few = f"sorted(__import__('glob').glob(f'{{source}}/books/*.xlsx'))[:{APART}]"
    kernel.cell(batch.format(few, "f'{out}/deltas', format='delta'", APART))
    assert [kernel.rows(delta(out / "deltas" / f"{path.stem}.delta")) for path in books[:APART]] == [natively(package, path) for path in books[:APART]]
    assert not list(folder.rglob(".pyforge-*")) and not list(inputs.rglob(".pyforge-*"))


def test_the_command_in_a_cell(notebook, package, inputs, folder, table):
    """main([...]), as an entry point that a job calls in its kernel: the session is the notebook's."""
    kind, kernel = notebook
    out, called = folder / "out", table()
    kernel.cell(HEAD.format(source=str(inputs), out=str(out)) + "from pyforge_cli.__main__ import main")
    books = sorted((inputs / "books").iterdir())[:APART]
    for words in ("source + '/sales.csv', out + '/sales.parquet'", "source + '/sales.csv', out + '/sales.delta', '--to', 'delta'",
                  f"source + '/rows.xml', '--table', {called!r}", ", ".join(repr(str(path)) for path in books) + ", out + '/books/'"):
        kernel.cell(f"assert main(['convert', {words}, '--engine', 'spark']) is None")
    expected = natively(package, inputs / "sales.csv")
    assert texts(pyarrow.parquet.read_table(out / "sales.parquet")) == kernel.rows(delta(out / "sales.delta")) == expected
    assert kernel.rows(f"spark.table({called!r})") == natively(package, inputs / "rows.xml")
    made = sorted((out / "books").iterdir())
    assert [texts(pyarrow.parquet.read_table(path)) for path in made] == [natively(package, path) for path in books]


def test_the_command_as_a_process(spark, package, inputs, folder, table):
    """Its session is the one of the server that SPARK_REMOTE names."""
    if spark.port is None:
        pytest.skip("this Spark's Connect server cannot be kept to 127.0.0.1")
    env = {**clean_of_spark(os.environ), "PYTHONPATH": PACKAGE, "PYTHONWARNINGS": "ignore"}

    def pyforge(*words, remote=f"sc://127.0.0.1:{spark.port}"):
        return subprocess.run([sys.executable, "-m", "pyforge_cli", *map(str, words), "--engine", "spark"], capture_output=True, text=True, timeout=300,
                              env={**env, "SPARK_REMOTE": remote} if remote else env)

    called = table()
    for words in ((inputs / "sales.csv", folder / "sales.parquet"), (inputs / "books" / "book03.xlsx", folder / "book.parquet"),
                  (inputs / "rows.xml", "--table", called)):
        done = pyforge("convert", *words)
        assert done.returncode == 0, done.stderr
    assert texts(pyarrow.parquet.read_table(folder / "sales.parquet")) == natively(package, inputs / "sales.csv")
    assert texts(pyarrow.parquet.read_table(folder / "book.parquet")) == natively(package, inputs / "books" / "book03.xlsx")
    assert sorted([str(value) for value in row] for row in spark.classic.table(called).collect()) == natively(package, inputs / "rows.xml")
    # nothing starts a session
    for remote in ("", "local[1]"):
        done = pyforge("convert", inputs / "sales.csv", folder / "none.parquet", remote=remote)
        assert done.returncode != 0 and "no session of Spark is at hand" in done.stderr and not (folder / "none.parquet").exists()
