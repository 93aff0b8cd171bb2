"""What only a real workspace can show: run this there, and send the JSON file that it writes.

    python acceptance.py /Volumes/main/default/pyforge [--table main.default.pyforge_acceptance] [--big-mb 64] [--output FILE]

Each check says what PyForge expects, what was found, and whether that is the same. A difference is no defect of the workspace: it is what we want
to know. All work happens in a folder of its own, which is removed at the end. No secret is read: of variables, only names are told.
"""

import argparse
import errno
import json
import os
import platform
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import uuid

AS_EXPECTED, DIFFERS, NOT_HERE, BROKEN = "as expected", "DIFFERS", "not here", "BROKEN"
SOCKET = "/databricks/sparkconnect/grpc.sock"
SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "ACCESS_KEY")
CHECKS = []


class NotHere(Exception):
    """This check cannot be made here; the text says why."""


def check(expected):
    """Makes a function one of the checks. It gives what it found, and is as expected when that is the same."""

    def register(function):
        CHECKS.append((function.__name__, expected, function))
        return function

    return register


def refused(function):
    """The name of the error number with which something is refused; "works" = it is not."""
    try:
        function()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    return "works"


def write(path, content=b"old", flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC):
    handle = os.open(path, flags, 0o666)
    try:
        os.write(handle, content)
    finally:
        os.close(handle)
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Place:
    """Where and with what the checks work."""

    def __init__(self, volume, table, big_bytes, spark):
        self.volume, self.table, self.big_bytes, self.spark = volume, table, big_bytes, spark
        self.parts = 0  # how many of the runs that were killed had begun their output
        self.folder = os.path.join(volume, f"pyforge-acceptance-{uuid.uuid4().hex[:8]}")

    def path(self, name):
        return os.path.join(self.folder, name)

    def csv(self, name, rows=1000):
        text = "id,city,amount\n" + "".join(f"{at},Bern {at % 7},{at / 4}\n" for at in range(rows))
        return write(self.path(name), text.encode())

    def needs_spark(self):
        if self.spark is None:
            raise NotHere("no session of Spark at hand")
        return self.spark


# ---- the mount


@check("a mount of its own")
def volumes_are_mounted(place):
    try:
        with open("/proc/self/mounts", errors="replace") as file:
            mounts = [line.split() for line in file]
    except OSError as error:
        raise NotHere("no mount table") from error
    kinds = [kind for _, at, kind, *_ in mounts if at == "/Volumes"]
    return f"a mount of its own ({kinds[-1]})" if kinds else "no mount at /Volumes"


@check("works")
def writing_from_start_to_end(place):
    path = write(place.path("a"), b"0123456789")
    return "works" if read(path) == b"0123456789" else "other bytes than written"


@check("works")
def reading_at_any_place(place):
    with open(write(place.path("a"), b"0123456789"), "rb") as file:
        file.seek(5)
        return "works" if file.read(2) == b"56" else "other bytes than written"


@check("refused")
def appending(place):
    path = write(place.path("a"))
    found = refused(lambda: write(path, b"new", os.O_WRONLY | os.O_APPEND))
    return f"works, content {read(path)!r}" if found == "works" else f"refused ({found})"


@check("refused")
def seeking_while_writing(place):
    def back():
        with open(place.path("a"), "wb") as file:
            file.write(b"0123456789")
            file.flush()
            file.seek(2)
            file.write(b"xx")

    found = refused(back)
    return found if found == "works" else f"refused ({found})"


@check("refused")
def hard_links(place):
    found = refused(lambda: os.link(write(place.path("a")), place.path("b")))
    return found if found == "works" else f"refused ({found})"


@check("works")
def renaming(place):
    found = refused(lambda: os.rename(write(place.path("a"), b"new"), place.path("b")))
    return found if found != "works" or read(place.path("b")) == b"new" else "other content afterwards"


@check("works")
def renaming_over_a_file(place):
    write(place.path("b"), b"old")
    found = refused(lambda: os.rename(write(place.path("a"), b"new"), place.path("b")))
    return found if found != "works" or read(place.path("b")) == b"new" else f"content is {read(place.path('b'))!r}"


@check("works, and EEXIST for a file that is there")
def exclusive_creation(place):
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    path = place.path("exclusive")
    first, second = (refused(lambda: write(path, b"x", flags)) for _ in range(2))
    return f"{first}, and {second} for a file that is there"


@check("works")
def waiting_for_the_disk(place):
    with open(place.path("a"), "wb") as file:
        file.write(b"x")
        file.flush()
        return refused(lambda: os.fsync(file.fileno()))


@check("the bytes written, at once after close")
def size_after_closing(place):
    block = os.urandom(1 << 20)
    path, started = place.path("big"), time.monotonic()
    with open(path, "wb") as file:
        for _ in range(place.big_bytes >> 20):
            file.write(block)
    seconds, size = time.monotonic() - started, os.stat(path).st_size
    place.rate = f"{place.big_bytes / 1e6 / max(seconds, 0.001):.0f} MB/s"
    return "the bytes written, at once after close" if size == place.big_bytes else f"{size} of {place.big_bytes} bytes"


@check("works")
def folders_and_removing(place):
    def all_of_it():
        os.makedirs(place.path("x/y"))
        os.remove(write(place.path("x/y/a")))
        os.rmdir(place.path("x/y"))
        os.rmdir(place.path("x"))

    return refused(all_of_it)


@check("refused")
def making_a_volume_as_a_folder(place):
    if not place.volume.startswith("/Volumes/"):
        raise NotHere("the folder given is no volume")
    schema = "/".join(place.volume.split("/")[:4])
    path = f"{schema}/pyforge_none_{uuid.uuid4().hex[:8]}"
    found = refused(lambda: os.mkdir(path))
    if found == "works":
        os.rmdir(path)
    return found if found == "works" else f"refused ({found})"


# ---- PyForge on the volume


def forge():
    from pyforge_cli.extensions.databricks import forge as api

    return api


def pyforge(*words, is_time=None):
    """The command in a process of its own, which is killed as soon as is_time() says so. True = it was killed, False = it came to its end."""
    command = [sys.executable, "-m", "pyforge_cli", *words]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        if is_time is not None and is_time():
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.001)
    return process.wait() == -signal.SIGKILL


@check("told without a failure")
def environment(place):
    place.environment = {key: str(value) for key, value in forge().get_environment_info().items()}
    return "told without a failure"


@check("1000 rows by native")
def a_good_file(place):
    result = forge().convert(place.csv("good.csv"), progress=False)
    return f"{result['row_count']} rows by {result['processing_engine']}" if result else result["error"]


@check("the reason, and no output")
def a_broken_file(place):
    path = write(place.path("broken.csv"), b"PK\x03\x04 no table")
    result = forge().convert(path, progress=False)
    left = os.path.exists(place.path("broken.parquet"))
    return "the reason, and no output" if not result and result["error"] and not left else f"{result!r}, output {left}"


@check("replaced")
def an_output_that_is_there(place):
    write(place.path("out.parquet"))
    result = forge().convert(place.csv("good.csv"), place.path("out.parquet"), progress=False)
    return "replaced" if result and read(place.path("out.parquet"))[:4] == b"PAR1" else str(result.get("error"))


@check("all of them")
def every_output_format(place):
    import pyforge_cli

    source, failed = place.csv("good.csv"), []
    for kind in pyforge_cli.formats():
        if kind.writes:
            result = forge().convert(source, place.path("every" + kind.suffixes[0]), kind.name, progress=False)
            if not result:
                failed.append(f"{kind.name}: {result['error']}")
    return "; ".join(failed) or "all of them"


@check("the old file or a whole new one, every time")
def killed_in_the_middle(place):
    """At fractions of the time that it takes, and as soon as there is something of the new file in the folder."""
    source, target, torn, killed = place.csv("big.csv", max(200_000, place.big_bytes // 25)), place.path("target.parquet"), 0, 0
    started = time.monotonic()
    pyforge("convert", source, target, "--force")
    seconds, kills = time.monotonic() - started, 12
    write(target, b"PAR1 the old one PAR1")
    known = set(os.listdir(place.folder))
    for at in range(kills):
        end = time.monotonic() + seconds * (at + 1) / kills if at % 2 else None
        killed += pyforge("convert", source, target, "--force",
                          is_time=lambda: time.monotonic() >= end if end else bool(set(os.listdir(place.folder)) - known))
        place.parts += bool(set(os.listdir(place.folder)) - known)
        content = read(target) if os.path.exists(target) else b""
        torn += not (content[:4] == content[-4:] == b"PAR1")
    told = f"{killed} of {kills} runs were killed, {place.parts} with a part of the new file in the folder"
    if torn:
        return f"torn or missing {torn} times ({told})"
    if not place.parts:
        raise NotHere(told)
    return f"the old file or a whole new one, every time ({told})"


@check("nothing but what was asked for")
def what_is_left_behind(place):
    """After the kills, the next conversion takes away what they left."""
    if not place.parts:
        raise NotHere("no run was killed with a part of the new file in the folder")
    forge().convert(place.csv("big.csv", 1000), place.path("target.parquet"), progress=False)
    left = [name for name in os.listdir(place.folder) if "part" in name or name.startswith(".")]
    return ", ".join(sorted(left)) or "nothing but what was asked for"


# ---- other processes


@check("converts on the volume")
def in_a_shell(place):
    """What %sh does: a child of a child."""
    command = f'"{sys.executable}" -m pyforge_cli convert "{place.csv("shell.csv")}" "{place.path("shell.parquet")}" --quiet'
    done = subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    return "converts on the volume" if done.returncode == 0 and os.path.exists(place.path("shell.parquet")) else done.stderr.strip()[-300:]


@check("SystemExit on failure, None on success")
def a_task_turns_red(place):
    """What a wheel task calls: the entry point, with the words in sys.argv."""
    from pyforge_cli.__main__ import main

    try:
        good = main(["convert", place.csv("good.csv"), place.path("red.parquet"), "--force", "--quiet"])
        main(["convert", write(place.path("broken.csv"), b"PK\x03\x04 no table"), "--quiet"])
    except SystemExit as stop:
        return f"SystemExit on failure, {good} on success (code {stop.code})"
    return "a failure raises nothing"


@check("none")
def secrets_among_the_variables(place):
    """Which names a child of this process inherits. Their values are not looked at."""
    script = f"import os; print([name for name in os.environ if any(word in name.upper() for word in {SECRET_WORDS!r})])"
    done = subprocess.run([sys.executable, "-c", script], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    names = done.stdout.strip().strip("[]")
    return names or "none"


# ---- Spark


@check("a session")
def session(place):
    spark = place.needs_spark()
    return f"a session ({type(spark).__module__}, version {spark.version})"


@check("can be connected to, from a child, too")
def socket_of_spark_connect(place):
    if not os.path.exists(SOCKET):
        raise NotHere(f"no {SOCKET}")
    if not stat.S_ISSOCK(os.stat(SOCKET).st_mode):
        return "no socket"

    def connect():
        with socket.socket(socket.AF_UNIX) as plug:
            plug.connect(SOCKET)

    script = f"import socket; socket.socket(socket.AF_UNIX).connect({SOCKET!r})"
    child = subprocess.run([sys.executable, "-c", script], stdin=subprocess.DEVNULL, capture_output=True)
    here = refused(connect)
    if here == "works" and child.returncode == 0:
        return "can be connected to, from a child, too"
    return f"here {here}, from a child {'works' if child.returncode == 0 else 'refused'}"


def on_executors(place, function):
    """What a function gives on the executors, as text."""
    spark = place.needs_spark()

    def each(batches):
        import pyarrow

        for _ in batches:
            yield pyarrow.RecordBatch.from_pydict({"found": [str(function())]})

    try:
        return str(spark.range(1).mapInArrow(each, "found string").collect()[0][0])
    except Exception as error:
        if "No module named 'pyarrow'" in str(error):
            raise NotHere("mapInArrow needs pyarrow") from error
        raise


@check("the same version as here")
def the_wheel_on_executors(place):
    import pyforge_cli

    here = pyforge_cli.__version__

    def version():
        try:
            import pyforge_cli

            return pyforge_cli.__version__
        except ImportError as error:
            return f"not there: {error}"

    found = on_executors(place, version)
    return "the same version as here" if found == here else found


@check("seen")
def volumes_on_executors(place):
    folder = place.folder
    return "seen" if on_executors(place, lambda: __import__("os").path.isdir(folder)) == "True" else "not seen"


@check("GRANT statements ready to run")
def a_volume_that_is_refused(place):
    """A volume that is not there answers as one that may not be seen."""
    if not place.volume.startswith("/Volumes/"):
        raise NotHere("the folder given is no volume")
    error = forge().convert(f"/Volumes/pyforge_none_{uuid.uuid4().hex[:8]}/x/y/a.csv", progress=False)["error"]
    return "GRANT statements ready to run" if "GRANT" in error else error


@check("1000, then 2000, then 1000 rows")
def a_table(place):
    if place.table is None:
        raise NotHere("no --table given")
    spark = place.needs_spark()
    source, counts = place.csv("table.csv"), []
    for mode in ("overwrite", "append", "overwrite"):
        forge().convert(source, table=place.table, mode=mode, staging=place.folder, raise_on_error=True, progress=False)
        counts.append(spark.table(place.table).count())
    return "{}, then {}, then {} rows".format(*counts)


# ---- the whole


def matches(expected, found):
    """Notes in brackets are for people."""
    return found == expected or found.startswith(f"{expected} (")


def one(name, expected, function, place):
    started = time.monotonic()
    try:
        found = function(place)
        outcome = AS_EXPECTED if matches(expected, found) else DIFFERS
    except NotHere as reason:
        found, outcome = str(reason), NOT_HERE
    except Exception as error:
        # What matters in an error of Spark's workers comes last.
        found, outcome = f"{type(error).__name__}: {str(error).strip()[-400:]}", BROKEN
    return {"check": name, "outcome": outcome, "expected": expected, "found": found, "seconds": round(time.monotonic() - started, 3)}


def session_at_hand():
    """The variable spark of the notebook, else the active session; none is started."""
    if "IPython" in sys.modules:
        from IPython import get_ipython

        shell = get_ipython()
        if shell is not None and "spark" in shell.user_ns:
            return shell.user_ns["spark"]
    try:
        from pyspark.sql import SparkSession

        return SparkSession.getActiveSession()
    except Exception:  # no pyspark, or one that cannot tell
        return None


def run(volume, table=None, big_mb=64, output=None, spark=None):
    """Makes all checks, prints them as a table, writes them as JSON, and gives them."""
    place = Place(volume, table, big_mb << 20, spark if spark is not None else session_at_hand())
    os.makedirs(place.folder)
    try:
        checks = [one(name, expected, function, place) for name, expected, function in CHECKS]
    finally:
        shutil.rmtree(place.folder, ignore_errors=True)
    report = {
        "kind": "pyforge acceptance",
        "version": 1,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "runtime": os.environ.get("DATABRICKS_RUNTIME_VERSION"),
        "serverless": os.environ.get("DATABRICKS_ENV_VERSION"),
        "environment": getattr(place, "environment", None),
        "write_rate": getattr(place, "rate", None),
        "checks": checks,
    }
    for row in checks:
        print(f"{row['outcome']:12} {row['check']:28} {row['found']}")
    output = output or os.path.join(volume, "pyforge-acceptance.json")
    with open(output, "w") as file:
        json.dump(report, file, indent=1)
    print(f"\n{output}: please send this file")
    return report


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("volume", help="a volume, or a folder in one, that may be written to")
    parser.add_argument("--table", help="a table that may be replaced: catalog.schema.name")
    parser.add_argument("--big-mb", type=int, default=64, help="size of the largest file written")
    parser.add_argument("--output", help="where the JSON goes; without it, into the volume")
    given = parser.parse_args(words)
    report = run(given.volume, given.table or None, given.big_mb, given.output)
    broken = [row["check"] for row in report["checks"] if row["outcome"] == BROKEN]
    if broken:
        raise SystemExit(f"broken: {', '.join(broken)}")


if __name__ == "__main__":
    main()
