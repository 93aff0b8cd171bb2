"""What there is to tables without Spark: names, types, staging, errors and lost answers, with stand-ins for the session."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def modules(package):
    from pyforge_cli.extensions.databricks import engine, identifiers, session, spark_errors, staging, tables

    class All:
        pass

    All.engine, All.identifiers, All.errors, All.staging, All.tables, All.session = engine, identifiers, spark_errors, staging, tables, session
    return All


# ---- names


@pytest.mark.parametrize("text, parts, quoted", [
    ("t", ("t",), "`t`"),
    ("a.b.c", ("a", "b", "c"), "`a`.`b`.`c`"),
    ("main.default.sales-2024", ("main", "default", "sales-2024"), "`main`.`default`.`sales-2024`"),
    ("`a.b`.`c d`", ("a.b", "c d"), "`a.b`.`c d`"),
    ("`a``b`.t", ("a`b", "t"), "`a``b`.`t`"),
    ("`x; DROP TABLE y`", ("x; DROP TABLE y",), "`x; DROP TABLE y`"),
    ("`' OR 1=1 --`", ("' OR 1=1 --",), "`' OR 1=1 --`"),
    ("größe.τ.表", ("größe", "τ", "表"), "`größe`.`τ`.`表`"),
    ("_x.9", ("_x", "9"), "`_x`.`9`"),
    ("`" + "x" * 255 + "`", ("x" * 255,), "`" + "x" * 255 + "`"),
])
def test_names_of_tables(modules, text, parts, quoted):
    assert modules.identifiers.parse_table(text) == parts
    assert modules.identifiers.quote_all(parts) == quoted
    assert modules.identifiers.parse_table(quoted) == parts


@pytest.mark.parametrize("text, why", [
    ("", "part 1 is empty"),
    (".", "part 1 is empty"),
    ("a.", "part 2 is empty"),
    ("a..b", "part 2 is empty"),
    ("a.b.c.d", "4 parts"),
    ("a b", "needs backticks"),
    ("a; DROP TABLE b", "needs backticks"),
    ("`a`b", "a dot belongs"),
    ("`a", "needs backticks"),
    ("``", "needs backticks"),
    ("a`b", "needs backticks"),
    ("a.'b'", "needs backticks"),
    ('"a"."b"', "needs backticks"),
    ("a--b;", "needs backticks"),
    ("`a\nb`", "control character"),
    ("`a\0b`", "control character"),
    ("`${env:HOME}`", "setting"),
    ("x" * 256, "256 characters"),
    ("a/b", "needs backticks"),
])
def test_what_is_no_name_of_a_table(modules, text, why):
    with pytest.raises(ValueError) as refused:
        modules.identifiers.parse_table(text)
    assert why in str(refused.value) and "catalog.schema.table" in refused.value.remedy
    assert refused.value.failure == "ends" and refused.value.status == "PF_BAD_OPTION"


@pytest.mark.parametrize("names, how, there, result", [
    (["a", "B"], "repair", [], ["a", "B"]),
    (["a b", "a_b", "a,b"], "repair", [], ["a_b_2", "a_b", "a_b_3"]),
    (["a,b", "a_b", "a b"], "repair", [], ["a_b_3", "a_b", "a_b_2"]),
    (["a b", "a_b"], "repair", ["a_b"], ["a_b_2", "a_b"]),
    (["a b", "A_B"], "repair", ["a_b", "a_b_2"], ["a_b_2", "A_B"]),
    (["a b"], "repair", ["a_b"], ["a_b"]),
    (["a b", "a_b_2", "a_b"], "repair", ["a_b", "a_b_2", "a_b_3"], ["a_b_3", "a_b_2", "a_b"]),
    (["a,b", "a b"], "repair", ["a_b", "a_b_2"], ["a_b_2", "a_b"]),
    (["a_b"], "repair", ["a_b", "a_b_2"], ["a_b"]),
    (["a b", "a_b"], "snake", ["a_b"], ["a_b_2", "a_b"]),
    (["x y"], "repair", ["X Y"], ["x y"]),
    (["a b"], "map", [], ["a b"]),
    (["Order ID", "orderID", "%"], "snake", [], ["order_id", "order_id_2", "column"]),
    (["a.b", "`", "'"], "keep", [], ["a.b", "`", "'"]),
])
def test_names_of_columns(modules, names, how, there, result):
    changed, notes = modules.identifiers.table_columns(names, how, there)
    assert changed == result
    assert bool(notes) == (changed != names)


@pytest.mark.parametrize("names, there", [
    (["a b"], ["a_b", "a_b_2"]), (["a b", "a,b", "a_b"], ["a_b", "a_b_2"]), (["a,b", "c"], ["A_b", "a_B_7", "c"]),
])
def test_columns_that_cannot_be_told_apart(modules, names, there):
    """Which of the file's columns made a_b, and which a_b_2, is not known when not all of them come again."""
    with pytest.raises(ValueError, match="cannot be told which") as refused:
        modules.identifiers.table_columns(names, "repair", there)
    assert "rename it" in refused.value.remedy


@pytest.mark.parametrize("names, how, says", [
    (["a b"], "keep", "'a b'"),
    (["a", "A"], "repair", "differ in case"),
    (["${x}"], "map", "${"),
    (["a"], "shout", "shout"),
])
def test_columns_that_are_refused(modules, names, how, says):
    with pytest.raises(ValueError) as refused:
        modules.identifiers.table_columns(names, how)
    assert says in str(refused.value) and refused.value.remedy


def test_a_note_names_only_so_many(modules):
    _, notes = modules.identifiers.table_columns([f"a {number}" for number in range(20)])
    assert notes[0].endswith("'a 7' is 'a_7' and 12 more")


# ---- types


@pytest.mark.parametrize("ours, theirs, fits", [
    ("bigint", "bigint", True), ("int", "bigint", True), ("bigint", "int", True), ("float", "double", True), ("double", "float", False),
    ("decimal(10,2)", "decimal(12,2)", True), ("decimal(12,2)", "decimal(10,2)", False), ("decimal(10,2)", "decimal(12,4)", True),
    ("decimal(10,2)", "decimal(11,4)", False), ("bigint", "decimal(20,0)", True), ("bigint", "decimal(10,0)", False),
    ("bigint", "string", False), ("string", "bigint", False), ("double", "int", False), ("timestamp", "date", False), ("void", "string", True),
])
def test_types_that_fit(modules, ours, theirs, fits):
    expression = modules.tables.conversion(ours, theirs, "c0")
    assert (expression is not None) == fits
    # where the types differ, Spark is told to change the values
    assert expression is None or (expression == "c0") == (ours == theirs)


# ---- staging


@pytest.mark.parametrize("location, seen_here, seen_on_databricks", [
    ("/Volumes/a/b/c/x.csv", "/Volumes/a/b/c/x.csv", "/Volumes/a/b/c/x.csv"),
    ("dbfs:/Volumes/a/b/c/x.csv", "/Volumes/a/b/c/x.csv", "/Volumes/a/b/c/x.csv"),
    ("/dbfs/Volumes/a/b/c", "/Volumes/a/b/c", "/Volumes/a/b/c"),
    ("/dbfs/x", "dbfs:/x", "dbfs:/x"),
    ("dbfs:/x", "dbfs:/x", "dbfs:/x"),
    ("/data/x", "file:/data/x", None),
    ("file:/data/x", "file:/data/x", None),
    ("file:///data/x", "file:/data/x", None),
    ("dbfs:///Volumes/a/b/c/x.csv", "/Volumes/a/b/c/x.csv", "/Volumes/a/b/c/x.csv"),
    ("DBFS:/x", "dbfs:/x", "dbfs:/x"),
    ("//Volumes/a/b/c/d/../e", "/Volumes/a/b/c/e", "/Volumes/a/b/c/e"),
    ("/dbfs/x/../Volumes/a/b/c", "/Volumes/a/b/c", "/Volumes/a/b/c"),
    ("/data/../../x", "file:/x", None),
    ("//data//x", "file:/data/x", None),
    ("/.//Volumes/a/b/c/x", "/Volumes/a/b/c/x", "/Volumes/a/b/c/x"),
    ("/Workspace/x", "file:/Workspace/x", None),
])
def test_what_spark_sees(modules, location, seen_here, seen_on_databricks):
    assert modules.staging.spark_path(location, False) == seen_here
    assert modules.staging.spark_path(location, True) == seen_on_databricks


@pytest.mark.parametrize("location, says", [
    ("/Volumes/a/b/c/../d/x", "leaves /Volumes/a/b/c"), ("dbfs:/Volumes/a/../../x", "the schema is"), ("/Volumes/a/b/c/x/../../y", "leaves"),
    ("dbfs:/../x", "leaves /dbfs"), ("dbfs://Volumes/a/b/c", "names a host"),
])
def test_what_the_native_half_refuses_is_no_path_of_spark(modules, location, says):
    with pytest.raises(ValueError, match=says):
        modules.staging.spark_path(location, True)


def test_where_the_data_are_staged(modules):
    base = modules.staging.staging_base
    assert base(None, ["/Workspace/x.csv", "/Volumes/a/b/c/out"], True) == "/Volumes/a/b/c"
    assert base("/Volumes/a/b/c/s", ["/Workspace/x.csv"], True) == "/Volumes/a/b/c/s"
    assert base(None, ["/data/x.csv", None], False) == "/data"
    for staging in (None, "/Workspace/s"):
        with pytest.raises(ValueError) as refused:
            base(staging, ["/Workspace/x.csv", None], True)
        assert "--staging /Volumes/" in refused.value.remedy


def test_staging_is_gone_at_every_end(modules, tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = modules.staging._pyforge.owner_name().split("-")[0]
    left, others, running = (tmp_path / f"{modules.staging.PREFIX}{name}-0-0000000a" for name in
                             (f"{host}-{ended.pid}", "0badc0de-1", f"{host}-{os.getppid()}"))
    old = tmp_path / f"{modules.staging.PREFIX}0badc0de-2-0-0000000b"
    for place in (left, others, running, old):
        (place / "data").mkdir(parents=True)
    long_ago = time.time() - 8 * 86400
    os.utime(old, (long_ago, long_ago))
    with pytest.raises(ZeroDivisionError), modules.staging.Staging(str(tmp_path)) as staging:
        staging.file.write_text("x")
        assert staging.spark_path == f"file:{staging.folder}/data"
        1 / 0
    assert sorted(tmp_path.iterdir()) == sorted([others, running])


def test_what_is_staged_is_for_nobody_else(modules, tmp_path):
    before = os.umask(0o022)
    try:
        with modules.staging.Staging(str(tmp_path / "new")) as staging:
            assert os.stat(staging.folder).st_mode & 0o777 == 0o700
            assert os.stat(staging.base).st_mode & 0o777 == 0o755
    finally:
        os.umask(before)


@pytest.mark.parametrize("base, kind, says", [
    ("/Volumes/none/no-such/volume/folder", FileNotFoundError, r"the volume /Volumes/none/no-such/volume is not there.*\n.*CREATE VOLUME `none`.`no-such`.`volume`;"),
    ("/Volumes/none", ValueError, "is no folder of a volume"),
    ("/Volumes/none//x", ValueError, "is no folder of a volume"),
])
def test_staging_in_a_volume_that_is_not_there(modules, base, kind, says):
    there = os.path.exists("/Volumes")
    with pytest.raises(kind, match=says), modules.staging.Staging(base, True):
        pass
    assert os.path.exists("/Volumes") == there


def test_staging_that_cannot_be(modules, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError) as refused, modules.staging.Staging(str(tmp_path / "file")):
        pass
    assert "--staging" in refused.value.remedy


def test_paths_are_no_patterns(modules):
    assert modules.staging.as_read("file:/a{b}[c]*?\\d") == "file:/a\\{b\\}\\[c\\]\\*\\?\\\\d"


# ---- errors


class AnalysisException(Exception):
    pass


class SparkConnectGrpcException(Exception):
    pass


class Py4JJavaError(Exception):
    pass


class Py4JNetworkError(Exception):
    pass


class Conditioned(Exception):
    def __init__(self, condition, state, text="it says"):
        super().__init__(text)
        self.condition, self.state = condition, state

    def getCondition(self):
        return self.condition

    def getSqlState(self):
        return self.state


@pytest.mark.parametrize("error, answer, before", [
    (AnalysisException("[TABLE_OR_VIEW_NOT_FOUND] no. SQLSTATE: 42P01"), True, True),
    (Conditioned("TASK_WRITE_FAILED", "58030"), True, False),
    (Conditioned("INVALID_HANDLE.SESSION_CLOSED", "HY000"), False, False),
    (Py4JJavaError("An error occurred while calling o1.save.\n: java.lang.RuntimeException: x"), True, False),
    (Py4JNetworkError("Answer from Java side is empty"), False, False),
    (SparkConnectGrpcException("(java.lang.RuntimeException) x"), True, False),
    (SparkConnectGrpcException("<_MultiThreadedRendezvous of RPC that terminated with: UNAVAILABLE"), False, False),
    (ConnectionResetError("cut"), False, False),
    (TimeoutError(), False, False),
])
def test_what_is_an_answer(modules, error, answer, before):
    assert modules.errors.is_answer(error) == answer
    assert modules.errors.is_before_the_write(error) == before


@pytest.mark.parametrize("error, kind, says, remedy", [
    (Conditioned("TABLE_OR_VIEW_ALREADY_EXISTS", "42P07"), FileExistsError, "exists", "--mode append"),
    (Conditioned("INSUFFICIENT_PERMISSIONS", "42501"), OSError, "no permission", "GRANT USE CATALOG ON CATALOG `m`"),
    (Conditioned(None, "42501"), OSError, "no permission", "CREATE TABLE ON SCHEMA `m`.`d`"),
    (Py4JJavaError(": java.lang.SecurityException: PERMISSION_DENIED: User does not have MODIFY"), OSError, "no permission",
     "MODIFY ON TABLE `m`.`d`.`t`"),
    (Conditioned("DELTA_METADATA_MISMATCH", "42KDG"), ValueError, "do not fit", "--merge-schema"),
    (Conditioned("DELTA_FAILED_TO_MERGE_FIELDS", "22005"), ValueError, "types", "--schema"),
    (Conditioned("SCHEMA_NOT_FOUND", "42704"), FileNotFoundError, "schema", "CREATE SCHEMA `m`.`d`"),
    (Conditioned("DATA_SOURCE_NOT_FOUND", "42K02"), ValueError, "no Delta", "jars"),
    (Conditioned("SOMETHING_NEW", "XX000", "a\nlong {story}"), OSError, "a [SOMETHING_NEW SQLSTATE XX000]", "log"),
    (Py4JJavaError("An error occurred\n: org.apache.spark.SparkException: [TASK_WRITE_FAILED] Task failed\nCaused by: a.b.C: x\n"
                   "Caused by: org.x.DiskException: no space left\n"), OSError, "no space left", "log"),
])
def test_errors_in_the_users_words(modules, error, kind, says, remedy):
    explained = modules.errors.explain(error, modules.tables.table_target("m.d.t"))
    assert isinstance(explained, kind)
    assert says in explained.message and remedy in explained.remedy, (explained.message, explained.remedy)
    assert "`m`.`d`.`t`" in explained.message


def test_grants_of_a_path(modules):
    assert "WRITE VOLUME ON VOLUME `a`.`b`.`c`" in modules.tables.path_target("/Volumes/a/b/c/t", True).grants()
    assert "folder" in modules.tables.path_target("/data/t").grants()
    with pytest.raises(ValueError):
        modules.tables.path_target("/Workspace/t", True)


# ---- what is refused before Spark is asked


@pytest.mark.parametrize("how, kind, says", [
    ({"mode": "replace"}, ValueError, "replace"),
    ({"timezone": "UTC', 1) --"}, ValueError, "time zone"),
    ({"columns": [{"name": "at", "type": "time"}]}, ValueError, "time of day"),
])
def test_refused_at_once(modules, how, kind, says):
    with pytest.raises(kind) as refused:
        modules.tables.write_table(None, "file:/x", modules.tables.table_target("t"), **how)
    assert says in str(refused.value) and refused.value.remedy


# ---- the engine


class Job:
    input_format, output, output_format, data_bytes, replace = "csv", "/x.parquet", "parquet", None, False
    mode, merge_schema, staging, timezone = "error", False, None, "UTC"

    def __init__(self, size=12 << 20, table=None, **options):
        self.input_bytes, self.table, self.engines_only, self.options = size, table, table is not None, options

    def option(self, name):
        return self.options.get(name)


@pytest.mark.parametrize("size, why_not", [
    (12, "small enough for the native engine"),
    (12 << 20, "small enough for the native engine"),
    (20 << 30, "no session of Spark is at hand"),
    (None, "no session of Spark is at hand"),
])
def test_what_the_engine_takes(modules, size, why_not):
    engine = modules.engine.SparkEngine()
    assert engine.takes(Job(size)) == (False, why_not)
    takes, why = engine.takes(Job(size, table="a.b.c"))
    assert not takes and why.startswith("tables and Delta need a session of Spark, and none is at hand; run this in a notebook or a job")


@pytest.mark.parametrize("says", [[True, True, False], [None, False]])
def test_what_goes_on_after_its_answer_was_lost_leaves_nothing(modules, tmp_path, says):
    """It writes once more when the folder is gone."""
    asked = []

    class Operation:
        def interrupt(self):
            asked.append(says[len(asked)])
            return asked[-1]

    with modules.staging.Staging(str(tmp_path)) as staging:
        staging.lost(Operation())
    place = Path(staging.folder, "data", "part-1")
    place.mkdir(parents=True)
    end = time.monotonic() + 30
    while os.path.exists(staging.folder) and time.monotonic() < end:
        time.sleep(0.05)
    assert not os.listdir(tmp_path) and asked == says


@pytest.mark.parametrize("says, line", [
    ('<_InactiveRpcError of RPC that terminated with:\n\tstatus = StatusCode.INTERNAL\n\tdetails = "a gateway failed"\n\tdebug_error_string = "x"\n>',
     "a gateway failed (INTERNAL)"),
    ('<_MultiThreadedRendezvous of RPC that terminated with:\n\tstatus = StatusCode.UNKNOWN\n\tdetails = ""\n>', "the call failed (UNKNOWN)"),
])
def test_what_a_call_of_grpc_says(modules, says, line):
    assert modules.errors.first_line(RuntimeError(says)) == line


def test_without_a_session(modules):
    from pyforge_cli.extensions import EngineError

    with pytest.raises(EngineError) as refused:
        modules.engine.SparkEngine().run(Job(table="t"), None)
    assert refused.value.outcome == "falls back"
    assert "session" in str(refused.value) and "spark_session=" in refused.value.remedy


@pytest.mark.parametrize("error, tries", [
    (("server", "the connection was lost"), 2),
    (("server", "another writer", "", "DELTA_CONCURRENT_APPEND"), 2),
    (("server", "Spark says no", "", "SOME_ANSWER"), 1),  # which it would say again
    (("unknown", "nobody knows"), 1),
    (("unsupported", "not with this version"), 1),
    (("exists", "it exists"), 1),
])
@pytest.mark.parametrize("mends", [True, False])
def test_a_table_that_is_certainly_not_written_is_tried_once_more(modules, monkeypatch, error, tries, mends):
    from pyforge_cli.extensions import EngineError

    made, notes = [], []
    written = modules.tables.TableWrite("t", 1, 0, True, "token", ["a"])
    result = {"row_count": 1, "rows_read": 1, "rows_rejected": 0, "rows_left_out": 0, "output_size_bytes": 9, "columns": [{"name": "a", "type": "int64"}]}

    def load_table(at_hand, job, convert, **how):
        made.append(at_hand)
        if len(made) == 1 or not mends:
            raise modules.errors.failure(*error)
        return result, written

    class Context:
        warn = staticmethod(notes.append)

    hand = modules.session.SparkAtHand(None, "connect", "given")
    monkeypatch.setattr(modules.engine, "load_table", load_table)
    monkeypatch.setattr(modules.engine, "_at_hand", lambda *given: (hand, False))
    monkeypatch.setattr(modules.engine.SparkEngine, "_decide", lambda *given: type("Decision", (), {"spark": False}))
    engine = modules.engine.SparkEngine()
    if tries == 2 and mends:
        assert engine.run(Job(table="t"), Context())["rows_written"] == 1
    else:
        with pytest.raises(EngineError):
            engine.run(Job(table="t"), Context())
    assert len(made) == tries and len(notes) == tries - 1 and all("tried once more" in note for note in notes)


# ---- a session that stands for Spark's: what it was told is in server


class NotThere(AnalysisException):
    def getCondition(self):
        return "TABLE_OR_VIEW_NOT_FOUND"


class Type:
    def __init__(self, name):
        self.name = name

    def simpleString(self):
        return self.name


class Field:
    def __init__(self, name, type="bigint"):
        self.name, self.dataType = name, Type(type)


class Server:
    """What runs, as (session, token), and whether a create() loses its answer, hangs, or is done."""

    def __init__(self, does="lost"):
        self.does, self.running, self.began, self.reads = does, set(), threading.Event(), 0.0
        self.stops = threading.Event()


class Frame:
    def __init__(self, session):
        self.session, self.schema = session, type("Schema", (), {"fields": [Field("a")]})

    def __getattr__(self, name):
        return lambda *given: self

    def format(self, name):
        raise NotThere("[DELTA_TABLE_NOT_FOUND] no")

    def create(self):
        server = self.session.server
        server.running.add((self.session, self.session.tag))
        server.began.set()
        if server.does == "lost":
            self.session.is_dead = True
            raise ConnectionError("gone")
        if server.does in ("hangs", "stops"):
            server.stops.wait(60)
        raise Conditioned("OPERATION_CANCELED", "HY008")


class Session:
    def __init__(self, server):
        self.server, self.is_dead, self.tag = server, False, None

    def alive(self):
        if self.is_dead:
            raise ConnectionError("gone")

    def table(self, name):
        self.alive()
        raise NotThere("[TABLE_OR_VIEW_NOT_FOUND] no")

    sql = table

    @property
    def read(self):
        self.alive()
        self.server.began.set()
        time.sleep(self.server.reads)
        return Frame(self)

    def addTag(self, tag):
        self.tag = tag

    def removeTag(self, tag):
        pass

    def interruptTag(self, tag):
        self.alive()
        if self.server.does == "stops":
            self.server.stops.set()
        return [running for running in self.server.running if running == (self, tag)]


WRITE = {"staged": "file:/x", "mode": "error", "rows": 1, "columns": [{"name": "a", "type": "int64"}]}


def test_a_new_session_knows_nothing_of_what_the_lost_one_runs(modules):
    server = Server("lost")
    with pytest.raises(OSError) as lost:
        modules.tables.write_table(Session(server), target=modules.tables.table_target("m.d.t"), kind="connect", patience=1,
                                   renew=lambda: Session(server), **WRITE)
    assert len(server.running) == 1, "the write goes on"
    assert lost.value.failure == "unknown" and "run it again" not in lost.value.remedy.replace("Do not run it again before", "")


class Cancelled(Exception):
    pass


def cancelled(modules, monkeypatch, server, wait=1.0):
    """A write that is cancelled as soon as the server has begun something."""
    monkeypatch.setattr(modules.engine, "_LAST_WAIT", wait)

    def watch():
        if server.began.is_set():
            raise Cancelled

    hand = type("Hand", (), {"session": Session(server), "kind": "connect"})
    return modules.engine._write(hand, watch, target=modules.tables.table_target("m.d.t"), patience=30, **WRITE)


def test_what_is_cancelled_before_the_write_never_begins(modules, monkeypatch):
    server = Server()
    server.reads = 1.0
    with pytest.raises(Cancelled):
        cancelled(modules, monkeypatch, server)
    time.sleep(1.5)
    assert not server.running


def test_a_write_that_may_go_on_after_a_cancel_is_not_told_as_ended(modules, monkeypatch):
    server = Server("hangs")
    with pytest.raises(OSError) as unknown:
        cancelled(modules, monkeypatch, server)
    server.stops.set()
    assert unknown.value.failure == "unknown" and "it was cancelled" in unknown.value.message
    assert "DESCRIBE HISTORY `m`.`d`.`t`" in unknown.value.remedy


def test_a_cancel_does_not_hide_that_the_outcome_is_unknown(modules, monkeypatch):
    server = Server("hangs")
    lost = modules.errors.failure("unknown", "outcome unknown: lost", "look")

    def resolve(*given):
        raise lost

    monkeypatch.setattr(modules.tables, "_carry_out", lambda write, patience, renew: (write.begin() if hasattr(write, "begin") else None,
                                                                                      time.sleep(0.5), resolve()))
    with pytest.raises(OSError) as unknown:
        cancelled(modules, monkeypatch, server, wait=5.0)
    assert unknown.value is lost


def test_a_write_that_stops_is_cancelled(modules, monkeypatch):
    server = Server("stops")
    with pytest.raises(Cancelled):
        cancelled(modules, monkeypatch, server, wait=10.0)


# ---- exceptions of Python's own


class Odd(Frame):
    """Of a frame of which one step raises, or whose count is given."""

    def step(self, name):
        server = self.session.server
        if server.does == name:
            raise server.error
        return self

    def toDF(self, *names):
        return self.step("toDF")

    def selectExpr(self, *expressions):
        return self.step("selectExpr")

    def writeTo(self, name):
        return self.step("writeTo")

    def create(self):
        self.session.server.began.set()
        return self.step("create")

    def count(self):
        self.step("count")
        return self.session.server.counts


class OddSession(Session):
    """A table is there once create() was called and has done nothing wrong."""

    @property
    def read(self):
        return Odd(self)

    def table(self, name):
        if not self.server.began.is_set() or self.server.does == "create":
            raise NotThere("[TABLE_OR_VIEW_NOT_FOUND] no")
        return Odd(self)

    def sql(self, text):
        if self.server.does == "sql" and self.server.began.is_set():
            raise self.server.error
        raise NotThere("[TABLE_OR_VIEW_NOT_FOUND] no")


def odd_write(modules, does, error=None, counts=1):
    server = Server(does)
    server.error, server.counts = error, counts
    return modules.tables.write_table(OddSession(server), target=modules.tables.table_target("m.d.t"), kind="connect", patience=1, **WRITE)


@pytest.mark.parametrize("step", ["toDF", "selectExpr", "writeTo"])
@pytest.mark.parametrize("error", [RuntimeError("boom"), ValueError("boom"), MemoryError("boom")])
def test_before_the_call_nothing_is_written_nor_looked_for(modules, step, error):
    started = time.monotonic()
    with pytest.raises(OSError, match="Spark did not write `m`.`d`.`t`: boom") as told:
        odd_write(modules, step, error)
    assert told.value.failure == "falls back" and time.monotonic() - started < 0.9


@pytest.mark.parametrize("error", [RuntimeError("boom"), SystemExit(3), KeyboardInterrupt()])
def test_what_ends_the_call_leaves_its_outcome_unknown(modules, error, monkeypatch):
    # the server says neither that it runs nor that it does not
    monkeypatch.setattr(modules.tables._Write, "interrupt", lambda write: False)
    with pytest.raises(OSError) as told:
        odd_write(modules, "create", error)
    assert told.value.failure == "unknown" and f"the call ended with {type(error).__name__}" in told.value.message
    assert "connection" not in told.value.message


@pytest.mark.parametrize("step", ["sql", "count"])
@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), RuntimeError("boom")])
def test_what_fails_after_the_write_is_a_note(modules, step, error):
    written = odd_write(modules, step, error)
    assert written.created and any("could not be counted" in note for note in written.notes)


@pytest.mark.parametrize("counts", ["2", None, 2.0])
def test_a_count_that_is_no_number(modules, counts):
    written = odd_write(modules, "", counts=counts)
    assert written.rows is None and any("could not be counted" in note for note in written.notes)


# ---- what a folder holds


def test_no_delta_table_is_made_among_other_files(modules, tmp_path):
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "2024.xlsx").write_text("x")
    (tmp_path / "file").write_text("x")
    for name, says in (("reports", "2024.xlsx"), ("file", "is a file")):
        server = Server()
        with pytest.raises(FileExistsError, match=says) as refused:
            modules.tables.write_table(Session(server), target=modules.tables.path_target(tmp_path / name), kind="connect",
                                       **{**WRITE, "mode": "overwrite"})
        assert refused.value.failure == "ends" and not server.running
    for name in ("empty", "none", "table", "staged"):
        if name != "none":
            (tmp_path / name).mkdir()
        if name == "table":
            (tmp_path / name / "_delta_log").mkdir()
            (tmp_path / name / "x").write_text("")
        if name == "staged":
            (tmp_path / name / f"{modules.staging.PREFIX}h-1-0a").mkdir()
        modules.tables._Write(None, "connect", modules.tables.path_target(tmp_path / name), "error", False, None).check_folder()


@pytest.mark.parametrize("name, theirs, says", [
    ("amount", "double", "--schema 'amount:float64'"),
    ("a, b", "decimal(12,2)", "--schema '\"a, b\":decimal(12,2)'"),
    ("it's", "bigint", "declare the column as int64 with --schema"),
    ("a", "array<int>", "no column of a file can be declared as array<int>"),
])
def test_the_hint_of_clashing_types_can_be_typed(modules, name, theirs, says):
    assert says in modules.tables._declaration(name, theirs)
