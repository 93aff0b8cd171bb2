"""The package as a guest in somebody's process: threads, fork, interrupt, descriptors, memory, symbols, import."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pyarrow.parquet
import pytest

from conftest import ROOT, clean_environment

FULL = os.environ.get("PYFORGE_TEST_FULL") == "1"


def good(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# ---- import


def test_import_is_quick_and_loads_nothing(run_python):
    script = """
import sys, time
before = set(sys.modules)
start = time.process_time()  # of this process alone: the machine may be busy
import pyforge_cli
print(time.process_time() - start)
heavy = {"json", "logging", "pyforge_cli._pyforge", "pyarrow", "pandas", "numpy", "pyspark"} & (set(sys.modules) - before)
assert not heavy, heavy
start = time.process_time()
pyforge_cli.convert
print(time.process_time() - start)
"""
    seconds = min(tuple(map(float, good(run_python(script)).split())) for _ in range(5))
    assert seconds[0] < 0.05
    assert sum(seconds) < 0.15


def test_notebook_api_needs_nothing(run_python):
    good(run_python("""
import sys
for name in ("pyspark", "databricks", "databricks.sdk", "IPython", "pandas", "pyarrow"):
    sys.modules[name] = None
from pyforge_cli.extensions.databricks import forge, PyForgeDatabricks, DatabricksExtension
open("a.csv", "w").write("a\\n1\\n")
assert forge.convert("a.csv")["row_count"] == 1
"""))


def test_a_second_interpreter_is_refused(run_python):
    done = run_python("""
import sys
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters
import pyforge_cli._pyforge
try:
    number = interpreters.create(isolated=False)
except TypeError:
    number = interpreters.create("legacy")
answer = interpreters.run_string(number, "import pyforge_cli._pyforge") if hasattr(interpreters, "run_string") else interpreters.exec(number, "import pyforge_cli._pyforge")
print(answer)
""")
    assert "sub-interpreter" in done.stdout + done.stderr


# ---- threads, fork


def test_many_threads(package, tmp_path):
    errors = []

    def work(number):
        try:
            for turn in range(10):
                source = tmp_path / f"{number}-{turn}.csv"
                source.write_text("a,b\n" + "".join(f"{number},{i}\n" for i in range(500 + number)))
                result = package.convert(source)
                table = pyarrow.parquet.read_table(result.output_path)
                assert table["a"].to_pylist() == [number] * (500 + number)
                assert package.info(source).rows == 500 + number
                assert pyarrow.table(package.read(source)).num_rows == 500 + number
                os.unlink(result.output_path)
        except BaseException as error:  # noqa: BLE001 - told to the main thread
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def test_other_threads_run_meanwhile(package, tmp_path, write):
    source = write("big.csv", "a,b,c\n" + "".join(f"{i},{i}.25,some text\n" for i in range(600_000)))
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.wait(0.001):
            ticks.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    begin = time.perf_counter()
    package.convert(source, tmp_path / "o.parquet")
    end = time.perf_counter()
    stop.set()
    thread.join()
    inside = [moment for moment in ticks if begin < moment < end]
    assert len(inside) > (end - begin) * 100, "the other thread stood still"


def test_fork_after_a_conversion(run_python):
    good(run_python("""
import os, pyforge_cli, threading
open("a.csv", "w").write("a\\n" + "1\\n" * 100000)
pyforge_cli.convert("a.csv", threads=2)
assert threading.active_count() == 1 and len(os.listdir("/proc/self/task")) == 1
child = os.fork()
if child == 0:
    code = 1
    try:
        code = 0 if pyforge_cli.convert("a.csv", "b.parquet", threads=2).row_count == 100000 else 2
    finally:
        os._exit(code)
assert os.waitpid(child, 0)[1] == 0
assert pyforge_cli.convert("a.csv", "c.parquet").row_count == 100000
"""))


def test_multiprocessing(run_python):
    good(run_python("""
import multiprocessing, pyforge_cli
open("a.csv", "w").write("a\\n1\\n")
pyforge_cli.convert("a.csv")
def work(number):
    return pyforge_cli.convert("a.csv", f"{number}.parquet").row_count
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(work, range(6)) == [1] * 6
"""))


# ---- interrupt

WAITING = """
import sys, threading, pyforge_cli
print("ready", flush=True)
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(0)
sys.exit("not interrupted")
"""


@pytest.mark.parametrize("call", [
    "pyforge_cli.convert('pipe', 'out.parquet', from_='csv')",
    "pyforge_cli.convert('pipe', 'out.csv', from_='csv', format='csv')",
    "pyforge_cli.validate('pipe', from_='csv')",
])
def test_ctrl_c_during_a_call(package_folder, tmp_path, call):
    """The input is a pipe that never ends; what is read of it arrives in pieces."""
    os.mkfifo(tmp_path / "pipe")
    child = subprocess.Popen(
        [sys.executable, "-c", WAITING.format(call=call)], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=clean_environment({"PYTHONPATH": package_folder, "PYFORGE_TEMP_DIR": str(tmp_path)}))
    assert child.stdout.readline() == "ready\n"
    done = threading.Event()

    def feed():
        rows = b"".join(b"%d,some text,%d.5\n" % (i, i) for i in range(50_000))
        try:
            with open(tmp_path / "pipe", "wb") as pipe:
                pipe.write(b"a,b,c\n")
                while not done.wait(0.01):
                    pipe.write(rows)
        except BrokenPipeError:
            pass

    feeder = threading.Thread(target=feed)
    feeder.start()
    time.sleep(0.7)
    child.send_signal(signal.SIGINT)
    try:
        out, err = child.communicate(timeout=20)
    finally:
        child.kill()
        done.set()
        feeder.join()
    assert child.returncode == 0 and out == "interrupted\n", (child.returncode, out, err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipe"], "nothing is left behind"


@pytest.mark.parametrize("call", [
    "pyforge_cli.convert('pipe', 'out.parquet', from_='csv')",
    "pyforge_cli.read('pipe', from_='csv')",
    "main(['convert', 'pipe', 'out.parquet', '--from', 'csv'])",
])
def test_ctrl_c_while_nothing_comes(package_folder, tmp_path, call):
    """The input is a pipe that somebody has open and writes nothing into."""
    os.mkfifo(tmp_path / "pipe")
    script = WAITING.format(call=call).replace("import sys,", "from pyforge_cli.__main__ import main\nimport sys,")
    child = subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=clean_environment({"PYTHONPATH": package_folder, "PYFORGE_TEMP_DIR": str(tmp_path)}))
    assert child.stdout.readline() == "ready\n"
    with open(tmp_path / "pipe", "wb", buffering=0) as pipe:
        pipe.write(b"a,b\n")
        time.sleep(0.5)
        start = time.monotonic()
        child.send_signal(signal.SIGINT)
        try:
            out, err = child.communicate(timeout=20)
        finally:
            child.kill()
        took = time.monotonic() - start
    assert child.returncode == 0 and out == "interrupted\n", (child.returncode, out, err)
    assert took < 0.5 + 0.5, "half a second, and as much again for the end of the process"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipe"], "nothing is left behind"


CONSUMING = """
import os, signal, sys, threading, time
import pyarrow, polars, pandas, pyforge_cli
table = pyforge_cli.read("big.csv", threads=1)
def press():
    time.sleep(0.02)
    pressed.append(time.process_time())  # of this process alone: the machine may be busy
    os.kill(os.getpid(), signal.SIGINT)
pressed = []
pressing = threading.Thread(target=press)
pressing.start()
try:
    taken = {call}
except KeyboardInterrupt:
    assert time.process_time() - pressed[0] < 0.5
    sys.exit(0)
sys.exit("not interrupted")
"""


@pytest.mark.parametrize("call", ["table.to_arrow()", "table.to_pandas()", "table.to_polars()", "pull(table)"])
def test_ctrl_c_while_a_consumer_pulls(run_python, write, call):
    """The consumer itself gets an error of the stream, and Python raises when it runs again."""
    write("big.csv", "a,b,c\n" + "".join(f"{i},{i}.25,some text\n" for i in range(1_000_000)))
    script = CONSUMING.format(call=call)
    if call.startswith("pull"):
        script = script.replace("pressing.start()", """pressing.start()
def pull(table):
    try:
        return pyarrow.table(table)
    except OSError as error:
        assert "interrupted" in str(error)
        return len(pressed)""")
    good(run_python(script))


def test_ctrl_c_in_a_file_object(package_folder, tmp_path):
    script = """
import time
class Slow:
    def read(self, size):
        time.sleep(0.05)
        return (b"1,2\\n" * 1000)[:size]
import sys, pyforge_cli
print("ready", flush=True)
try:
    pyforge_cli.convert(Slow(), "out.parquet", from_="csv")
except KeyboardInterrupt:
    sys.exit(0)
sys.exit("not interrupted")
"""
    child = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env=clean_environment({"PYTHONPATH": package_folder}))
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)
    assert child.returncode == 0, out + err


def test_signal_handlers_stay(run_python):
    good(run_python("""
import signal, pyforge_cli
from pyforge_cli.__main__ import main
open("a.csv", "w").write("a\\n1\\n")
handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)]
pyforge_cli.convert("a.csv")
main(["info", "a.csv"])
assert handlers == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)]
import ctypes
"""))


# ---- descriptors


def test_nothing_is_written_to_descriptors(run_python):
    """Successes, failures, warnings and messages; the logger is listened to, so that Python itself prints nothing either."""
    done = run_python("""
import logging, pyforge_cli
seen = []
class Keep(logging.Handler):
    def emit(self, record):
        seen.append(record.getMessage())
logger = logging.getLogger("pyforge_cli")
logger.addHandler(Keep())
logger.setLevel(logging.DEBUG)
open("a.csv", "w").write("a,b\\n1,2\\n1,2,3\\n" + "4,5\\n" * 100)
result = pyforge_cli.convert("a.csv")
assert result.rows_rejected == 1 and result.exit_code == 3
for call, options in ((pyforge_cli.convert, {}), (pyforge_cli.convert, {"ragged": "fail", "force": True}), (pyforge_cli.read, {"delimiter": "xx"})):
    try:
        call("a.csv", **options)
    except pyforge_cli.PyForgeError:
        pass
pyforge_cli.info("a.csv"), pyforge_cli.validate("a.csv"), pyforge_cli.explain("a.csv", force=True)
assert seen
""")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_descriptors_are_given_back(package, tmp_path, write):
    source = write("a.csv", "a\n1\n")
    before = len(os.listdir("/proc/self/fd"))
    for number in range(20):
        package.convert(source, tmp_path / f"{number}.parquet")
        package.read(source)
        with pytest.raises(package.PyForgeError):
            package.convert(source, tmp_path / f"{number}.parquet")
    assert len(os.listdir("/proc/self/fd")) == before


# ---- memory

LEAK = """
import io, os, resource, sys, pyforge_cli
turns = int(sys.argv[1])
open("a.csv", "w").write("a,b,c\\n" + "".join(f"{i},{i}.5,text {i}\\n" for i in range(200)))
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
def turn():
    pyforge_cli.convert("a.csv", "b.parquet", force=True, progress=lambda p: None)
    try:
        pyforge_cli.convert("a.csv", "b.parquet")
    except pyforge_cli.PyForgeError:
        pass
    try:
        pyforge_cli.convert("a.csv", compresion="x")
    except TypeError:
        pass
    pyforge_cli.info("a.csv")
    pyforge_cli.read("a.csv").__arrow_c_stream__()
    pyforge_cli.convert(io.BytesIO(open("a.csv", "rb").read()), io.BytesIO(), from_="csv", format="csv")
for _ in range(max(50, turns // 10)):
    turn()
before = resident()
for _ in range(turns):
    turn()
print(resident() - before)
"""


def test_a_thousand_conversions_leak_nothing(run_python):
    grown = int(good(run_python(LEAK, 1000)))
    assert grown < 2 << 20, f"{grown} bytes more after 1,000 turns"


@pytest.mark.skipif(not FULL, reason="minutes; PYFORGE_TEST_FULL=1")
def test_ten_thousand_conversions_leak_nothing(run_python):
    grown = int(good(run_python(LEAK, 10_000, timeout=3000)))
    assert grown < 2 << 20, f"{grown} bytes more after 10,000 turns"


# ---- symbols


def module_path(folder):
    return next(path for path in (os.path.join(folder, "pyforge_cli", name) for name in os.listdir(os.path.join(folder, "pyforge_cli")))
                if os.path.basename(path).startswith("_pyforge") and path.endswith(".so"))


def test_only_the_init_function_is_visible(package_folder):
    if shutil.which("nm") is None:
        pytest.skip("no nm")
    lines = subprocess.run(["nm", "-D", "--defined-only", module_path(package_folder)], capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in lines.splitlines() if line.split()[-2] != "A"] == ["PyInit__pyforge"]


def test_only_functions_of_the_limited_api_are_used(package_folder):
    """Private functions of the interpreter, and those that joined after 3.8, would fail on some version."""
    if shutil.which("nm") is None:
        pytest.skip("no nm")
    lines = subprocess.run(["nm", "-D", "--undefined-only", module_path(package_folder)], capture_output=True, text=True, check=True).stdout
    used = {line.split()[-1].partition("@")[0] for line in lines.splitlines()}
    allowed = {"_Py_NoneStruct", "_Py_TrueStruct", "_Py_FalseStruct", "_Py_Dealloc"}
    assert not sorted(name for name in used - allowed if name.startswith("_Py") and not name.endswith("_SizeT"))
    assert "PyGILState_Ensure" in used


NEIGHBOURS = """
import sys
def use(name):
    if name == "ssl":
        import ssl, zlib, hashlib
        ssl.create_default_context(); zlib.decompress(zlib.compress(b"x" * 1000)); hashlib.sha256(b"x").hexdigest()
    elif name == "pyarrow":
        import pyarrow, pyarrow.parquet, io
        for codec in ("zstd", "snappy", "gzip", "lz4"):
            out = io.BytesIO(); pyarrow.parquet.write_table(pyarrow.table({"a": [1, 2]}), out, compression=codec)
            assert pyarrow.parquet.read_table(io.BytesIO(out.getvalue())).num_rows == 2
    elif name == "grpc":
        try:
            import grpc
        except ImportError:
            return
        grpc.insecure_channel("localhost:1").close()
    else:
        import pyforge_cli
        open("a.csv", "w").write("a\\n1\\n")
        for codec in ("zstd", "snappy", "gzip", "lz4"):
            assert pyforge_cli.convert("a.csv", f"{codec}.parquet", compression=codec, force=True).row_count == 1
for name in sys.argv[1:]:
    use(name)
"""


@pytest.mark.parametrize("order", [
    ["ssl", "pyarrow", "grpc", "ours", "ssl", "pyarrow", "grpc", "ours"],
    ["ours", "ssl", "pyarrow", "grpc", "ours"],
])
def test_neighbours_with_the_same_libraries(run_python, order):
    good(run_python(NEIGHBOURS, *order))


# ---- the command


def test_the_command_writes_to_the_streams_of_python(run_python):
    out = good(run_python("""
import contextlib, io, sys
from pyforge_cli.__main__ import main
open("a.csv", "w").write("a,é\\n1,2\\n")
out, err = io.StringIO(), io.StringIO()
with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
    assert main(["info", "a.csv"]) is None
    try:
        main(["convert", "none.csv"])
    except SystemExit as stop:
        code = stop.code
assert "é" in out.getvalue() and code == 2 and "none.csv" in err.getvalue(), (out.getvalue(), err.getvalue(), code)
raw = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
with contextlib.redirect_stdout(raw):
    main(["info", "--json", "a.csv"])
assert "é".encode() in raw.buffer.getvalue()
"""))
    assert out == ""


def test_python_m(run_python, package_folder, tmp_path, pyforge):
    (tmp_path / "a.csv").write_text("a\n1\n")
    env = clean_environment({"PYTHONPATH": package_folder})

    def run(*words, **more):
        return subprocess.run([sys.executable, "-m", "pyforge_cli", *words], capture_output=True, cwd=tmp_path, env=env, **more)

    assert run("convert", "a.csv").returncode == 0
    assert run("convert", "a.csv").returncode == 4
    assert run("nothing").returncode == 2
    ours, native = run("--no-extensions", "--help"), pyforge("--no-extensions", "--help")
    assert ours.stdout == native.stdout and ours.stderr == native.stderr
    assert run("formats").stdout == pyforge("formats").stdout
    assert run("convert", "-", "-", "--to", "csv", "--from", "csv", input=b"a\n1\n").stdout == b"a\n1\n"


def test_a_closed_pipe_is_no_error(package_folder, tmp_path):
    env = clean_environment({"PYTHONPATH": package_folder})
    done = subprocess.run(f"'{sys.executable}' -m pyforge_cli options | head -n 1", shell=True, capture_output=True, text=True, env=env)
    assert done.returncode == 0 and done.stderr == "" and done.stdout


def test_ctrl_c_ends_the_command(package_folder, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    child = subprocess.Popen([sys.executable, "-m", "pyforge_cli", "convert", "pipe", "o.parquet", "--from", "csv"], cwd=tmp_path,
                             stderr=subprocess.PIPE, text=True, env=clean_environment({"PYTHONPATH": package_folder}))
    with open(tmp_path / "pipe", "wb", buffering=0) as pipe:
        pipe.write(b"a\n1\n")
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        time.sleep(0.3)
    out, err = child.communicate(timeout=20)
    assert child.returncode == 130 and "Traceback" not in err and "interrupted" in err, (child.returncode, err)
    assert not (tmp_path / "o.parquet").exists()


# ---- other versions of Python


SMOKE = """
import io, os, pickle, sys
import pyforge_cli
open("a.csv", "w").write("id,name\\n1,a\\n2,b\\n")
result = pyforge_cli.convert("a.csv", force=True)
assert result.row_count == 2 and pickle.loads(pickle.dumps(result)) == result
try:
    pyforge_cli.convert("a.csv")
except FileExistsError as error:
    assert error.status == "PF_EXISTS"
try:
    pyforge_cli.convert("a.csv", compresion=1)
except TypeError as error:
    assert "compression" in str(error)
assert pyforge_cli.info("a.csv").rows == 2 and pyforge_cli.validate("a.csv")
table = pyforge_cli.read("a.csv")
assert table.schema.names == ["id", "name"]
table.__arrow_c_schema__(), table.__arrow_c_stream__()
class Own:
    def __arrow_c_stream__(self, requested_schema=None):
        return pyforge_cli.read("a.csv").__arrow_c_stream__()
assert pyforge_cli.write(Own(), "w.parquet", force=True).row_count == 2
target = io.BytesIO()
pyforge_cli.convert(io.BytesIO(b"a\\n1\\n"), target, from_="csv", format="csv")
assert target.getvalue() == b"a\\n1\\n"
for _ in range(200):
    del [pyforge_cli.OutOfMemoryError("x") for _ in range(50)][:]
    assert all(type(MemoryError()) is MemoryError for _ in range(50))
from pyforge_cli.extensions.databricks import forge
assert not forge.convert("none.csv")
import pkgutil, importlib
for module in pkgutil.walk_packages(pyforge_cli.__path__, "pyforge_cli."):
    if not module.name.endswith(("__main__", "._databricks")):  # a library of the extension, no module of Python
        importlib.import_module(module.name)
print("good")
"""


def interpreters():
    """Those of PYFORGE_PYTHONS (separated by ':'), else what stands in PATH."""
    named = [path for path in os.environ.get("PYFORGE_PYTHONS", "").split(":") if path]
    found = [path for minor in range(8, 15) if (path := shutil.which(f"python3.{minor}"))]
    # What a version manager puts into PATH may stand for a version that is not there.
    return named or [path for path in found if subprocess.run([path, "-c", ""], capture_output=True).returncode == 0]


def test_other_versions(run_python):
    found = interpreters()
    if not found:
        pytest.skip("NO OTHER PYTHON in PATH or PYFORGE_PYTHONS")
    for python in found:
        done = run_python(SMOKE, python=python)
        assert done.returncode == 0 and done.stdout == "good\n", (python, done.stdout, done.stderr)


def test_compiles_with_the_oldest_headers(tmp_path):
    """Those of Python 3.8: what its limited API lacks is refused there, and in later headers it is not."""
    listed = subprocess.run([ROOT / "scripts" / "pythons.sh"], capture_output=True, text=True, check=True).stdout
    python = dict(line.split(maxsplit=1) for line in listed.splitlines())["3.8"]
    if python == "-" or shutil.which("cc") is None:
        pytest.skip("NO PYTHON 3.8, or no compiler")
    include = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_path('include'))"], capture_output=True, text=True).stdout
    if not os.path.exists(os.path.join(include.strip(), "Python.h")):
        pytest.skip("NO HEADERS of Python 3.8")
    flags = ["-fsyntax-only", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-DPy_LIMITED_API=0x03080000",
             "-isystem", include.strip(), f"-I{ROOT / 'include'}", f"-I{ROOT / 'src'}"]
    done = subprocess.run(["cc", *flags, *sorted((ROOT / "python").glob("*.c"))], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_design_names_every_source():
    listed = (ROOT / "python" / "sources.cmake").read_text().split()
    assert {path.name for path in (ROOT / "python").glob("*.c")} == {word.rstrip(")") for word in listed if word.rstrip(")").endswith(".c")}
