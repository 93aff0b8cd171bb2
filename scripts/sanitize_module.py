#!/usr/bin/env python3
"""The Python module under a sanitizer, whose library is preloaded into an ordinary Python.  scripts/sanitize_module.py asan|tsan [TURNS]

    asan    TURNS times (300) each kind of call: AddressSanitizer, and no memory of ours is lost (LeakSanitizer)
    tsan    the same calls by four threads at a time: ThreadSanitizer

A report counts when one of its stacks goes through the module; what Python itself leaks or races is Python's. Builds build/module-asan or
build/module-tsan, unless PYFORGE_SANITIZED names the folder of a package built so.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
MODULE = "_pyforge.abi3.so"

CALLS = '''
import ctypes, gc, io, os, sys, threading
import pyforge_cli

kind, turns = sys.argv[1], int(sys.argv[2])
ROWS = "a,b,c\\n" + "".join(f"{i},{i}.5,text {i}\\n" for i in range(200))


def fails(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except (pyforge_cli.PyForgeError, TypeError, ZeroDivisionError):
        return
    raise SystemExit(f"{call} did not fail")


class Half:
    """Takes a stream, and lets go of it after one batch: what a consumer does that fails."""

    def __init__(self, capsule):
        get = ctypes.pythonapi.PyCapsule_GetPointer
        get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        stream = (ctypes.c_void_p * 5).from_address(get(capsule, b"arrow_array_stream"))
        one = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        array = (ctypes.c_int64 * 10)()  # an ArrowArray; its release is the ninth member
        assert one(stream[1])(ctypes.addressof(stream), ctypes.addressof(array)) == 0 and array[8]
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(array[8])(ctypes.addressof(array))


def divide(progress):
    1 // 0


def calls(folder):
    """Kinds of calls, by name. Each works in the folder."""
    path = os.path.join(folder, "a.csv")
    out = os.path.join(folder, "o.parquet")
    with open(path, "w") as file:
        file.write(ROWS)
    with open(os.path.join(folder, "bad.csv"), "w") as file:
        file.write("a,b\\n1,2,3\\n1,2\\n")

    def convert():
        assert pyforge_cli.convert(path, out, force=True, progress=lambda progress: None, threads=2).row_count == 200

    def read_partly():
        pyforge_cli.read(path)
        pyforge_cli.read(path).close()
        pyforge_cli.read(path).__arrow_c_stream__()
        Half(pyforge_cli.read(path).__arrow_c_stream__())

    def write():
        assert pyforge_cli.write(pyforge_cli.read(path), out, force=True).row_count == 200

    def memory():
        target = io.BytesIO()
        pyforge_cli.convert(ROWS.encode(), target, from_="csv", format="csv")
        pyforge_cli.convert(io.BytesIO(target.getvalue()), io.BytesIO(), from_="csv", format="parquet")
        pyforge_cli.read(io.BytesIO(ROWS.encode()), from_="csv").__arrow_c_stream__()

    def failing():
        fails(pyforge_cli.convert, os.path.join(folder, "none.csv"))
        fails(pyforge_cli.convert, path, path)
        fails(pyforge_cli.convert, path, out, compresion="x", force=True)
        fails(pyforge_cli.convert, path, out, compression="x", force=True)
        fails(pyforge_cli.convert, path, out, force=True, progress=divide)
        fails(pyforge_cli.convert, os.path.join(folder, "bad.csv"), out, force=True, ragged="fail")
        fails(pyforge_cli.read, os.path.join(folder, "bad.csv"), max_rejects="0")

    def telling():
        pyforge_cli.info(path), pyforge_cli.validate(path), pyforge_cli.explain(path), pyforge_cli.formats(), pyforge_cli.config()

    def extension():
        with open(os.path.join(folder, "a.twin"), "w") as file:
            file.write("#twin\\n" + ROWS)
        assert pyforge_cli.convert(os.path.join(folder, "a.twin"), out, force=True).row_count == 200
        assert pyforge_cli.convert(path, os.path.join(folder, "b.twin"), force=True).row_count == 200
        with open(os.path.join(folder, "bad.twin"), "w") as file:
            file.write("#twin\\n")
        fails(pyforge_cli.read, os.path.join(folder, "bad.twin"))

    return {function.__name__: function for function in (convert, read_partly, write, memory, failing, telling, extension)}


def work(folder):
    os.makedirs(folder, exist_ok=True)
    for name, call in calls(folder).items():
        for _ in range(turns):
            call()



if kind == "tsan":
    problems = []

    def guarded(folder):
        try:
            work(folder)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=guarded, args=(f"thread{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
else:
    work("only")
    gc.collect()
    ctypes.CDLL(None).__lsan_do_recoverable_leak_check()
print("done", flush=True)
# What the interpreter does not free at its end would be reported as lost.
os._exit(0)
'''

EXTENSION = '''
import pyforge_cli
from pyforge_cli.extensions import BaseExtension

class Twin:
    name, description, suffixes = "twin", "CSV under another name", [".twin"]
    def probe(self, head):
        return head.startswith(b"#twin") and 95
    def read(self, source):
        text = source.read()[6:]
        if not text:
            raise ValueError("empty")
        return pyforge_cli.read(text, **{"from": "csv"})
    def write(self, table, sink):
        sink.write(b"#twin\\n")
        pyforge_cli.write(table, sink, format="csv")

class TwinExtension(BaseExtension):
    name, version, description, licence = "twin", "1.0", "for the sanitizers", "MIT"
    def is_available(self): return True
    def initialize(self): return True
    def get_formats(self): return [Twin()]
    def hook_pre_conversion(self, input_file, output_file, options): return {**options, "compression": "zstd"}
    def hook_post_conversion(self, *known): return None
'''


def library_of(kind):
    path = subprocess.run(["gcc", f"-print-file-name=lib{kind}.so"], capture_output=True, text=True, check=True).stdout.strip()
    if not os.path.isabs(path):
        raise SystemExit(f"sanitize_module.py: gcc has no lib{kind}.so")
    return path


def built(kind):
    """The folder of the package."""
    named = os.environ.get("PYFORGE_SANITIZED")
    if named:
        return named
    if subprocess.call(["scripts/build.sh", f"module-{kind}", "pyforge_module"], cwd=TOP):
        raise SystemExit("sanitize_module.py: the module was not built")
    return str(TOP / "build" / f"module-{kind}" / "python")


def install_extension(folder):
    (folder / "twin_module.py").write_text(EXTENSION)
    info = folder / "twin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: twin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[pyforge.extensions]\ntwin = twin_module:TwinExtension\n")


def reports(text):
    """The reports of a sanitizer, one text each."""
    return re.split(r"(?m)^(?=(?:Direct|Indirect) leak of |WARNING: ThreadSanitizer|==\d+==ERROR: AddressSanitizer|.*runtime error:)", text)[1:]


def run(kind, turns, folder):
    site = folder / "site"
    site.mkdir()
    install_extension(site)
    log = folder / "log"
    # With the module of every frame, which is what makes a report ours.
    common = f"log_path={log}:stack_trace_format='    #%n %F %L %M'"
    options = {
        # Python is built without frame pointers: only the slow unwinder comes through its frames.
        "asan": {"ASAN_OPTIONS": f"detect_leaks=1:fast_unwind_on_malloc=0:malloc_context_size=20:{common}",
                 "UBSAN_OPTIONS": f"print_stacktrace=1:{common}", "PYTHONMALLOC": "malloc"},
        "tsan": {"TSAN_OPTIONS": f"{common}:exitcode=0:report_signal_unsafe=0"},
    }[kind]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYFORGE_", "PYTHON"))}
    env.update(options, LD_PRELOAD=library_of(kind), PYTHONPATH=os.pathsep.join([built(kind), str(site)]), HOME=str(folder),
               XDG_CONFIG_HOME=str(folder), XDG_CACHE_HOME=str(folder / "cache"), XDG_STATE_HOME=str(folder / "state"))
    # Kernels with 32 random bits of address space put mappings where ThreadSanitizer does not expect them.
    prefix = [shutil.which("setarch"), os.uname().machine, "-R"] if kind == "tsan" and shutil.which("setarch") else []
    done = subprocess.run([*prefix, sys.executable, "-c", CALLS, kind, str(turns)], cwd=folder, env=env, capture_output=True, text=True)
    said = done.stderr + "".join(path.read_text(errors="replace") for path in sorted(folder.glob("log.*")))
    return done.returncode == 0 and done.stdout.strip() == "done", said


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in ("asan", "tsan"):
        raise SystemExit(__doc__)
    kind = sys.argv[1]
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else {"asan": 300, "tsan": 10}[kind]
    with tempfile.TemporaryDirectory() as folder:
        ended, said = run(kind, turns, pathlib.Path(folder))
    ours = [report for report in reports(said) if MODULE in report]
    for report in ours[:10]:
        print(report)
    if not ended:
        print(said[-4000:])
        print("sanitize_module.py: the calls did not come to their end")
    print(f"{kind}: {turns} turns of every kind of call, {len(ours)} reports of the module, {len(reports(said)) - len(ours)} of others")
    return 0 if ended and not ours else 1


if __name__ == "__main__":
    sys.exit(main())
