"""Answers of Spark that are lost: what was written is found, what was not never will be, and nothing is written twice."""

import os
import threading
import time

import pyarrow
import pyarrow.parquet
import pytest

from loading import overwrites_tables

class Lost(ConnectionError):
    pass


@pytest.fixture
def tables(package):
    from pyforge_cli.extensions.databricks import tables

    return tables


@pytest.fixture
def staged(folder):
    place = folder / "staged" / "part.parquet"
    place.parent.mkdir()
    pyarrow.parquet.write_table(pyarrow.table({"a": pyarrow.array([1, 2, 3])}), place)
    return f"file:{place}"


def cutting(tables, monkeypatch, where):
    """Every write loses its answer: "after" the server's commit, or "before" the call reaches it."""
    whole = tables._Write.call

    def call(self):
        if where == "after":
            whole(self)
        raise Lost("the connection was cut")

    monkeypatch.setattr(tables._Write, "call", call)


# Fifty in all with PYFORGE_TEST_FULL.
ROUNDS = {"classic": 20, "connect": 25, "serverless": 5} if os.environ.get("PYFORGE_TEST_FULL") else {"classic": 7, "connect": 7}


@pytest.mark.parametrize("session, rounds", ROUNDS.items(), indirect=["session"])
def test_answers_cut_after_the_commit(session, rounds, tables, table, staged, monkeypatch):
    cutting(tables, monkeypatch, "after")
    target, path = tables.table_target(table()), tables.path_target(staged[len("file:"):] + ".delta")
    rows = {target: 0, path: 0}
    for number in range(rounds):
        where = path if number % 5 == 4 else target
        overwrites = number % 7 == 6 and (where is path or overwrites_tables(session))
        mode = "error" if rows[where] == 0 else "overwrite" if overwrites else "append"
        written = tables.write_table(session, staged, where, mode, rows=3, patience=20)
        assert written.rows == 3 and "answer was lost" in written.notes[-1]
        rows[where] = 3 if mode == "overwrite" else rows[where] + 3
    for where, count in rows.items():
        assert count == 0 or where.frame(session).count() == count


@pytest.mark.parametrize("session", ["classic", "connect"], indirect=True)
@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_an_answer_cut_before_the_write_is_a_failure(session, mode, tables, table, staged, monkeypatch):
    target = tables.table_target(table())
    tables.write_table(session, staged, target)
    with monkeypatch.context() as patch:
        cutting(tables, patch, "before")
        with pytest.raises(OSError) as lost:
            tables.write_table(session, staged, target, mode, rows=3, patience=20)
        assert lost.value.failure == "falls back" and "nothing was written" in lost.value.remedy
    assert target.frame(session).count() == 3
    assert tables.write_table(session, staged, target, "append", rows=3).rows == 3


def test_a_lost_making_is_not_told_as_ended_by_a_new_session(spark, shared_connect, tables, table, staged, monkeypatch):
    """The session it was begun in may still run it; another one only says that it itself runs nothing."""
    cutting(tables, monkeypatch, "before")
    whole, lost = tables._Write.history, []

    def history(self, limit=None):
        if not lost:
            lost.append(True)
            raise Lost("the session is gone")
        return whole(self, limit)

    monkeypatch.setattr(tables._Write, "history", history)
    with pytest.raises(OSError) as unknown:
        tables.write_table(shared_connect, staged, tables.table_target(table()), patience=2, renew=spark.connect)
    assert unknown.value.failure == "unknown"


def test_a_table_whose_making_is_lost(spark, shared_connect, tables, table, staged, monkeypatch):
    cutting(tables, monkeypatch, "before")
    # a Connect server says that nothing runs any more ...
    with pytest.raises(OSError) as lost:
        tables.write_table(shared_connect, staged, tables.table_target(table()), patience=20)
    assert lost.value.failure == "falls back"
    # ... which a classic session cannot
    name = tables.table_target(table())
    with pytest.raises(OSError) as lost:
        tables.write_table(spark.classic, staged, name, patience=1, token="pyforge-x1")
    assert lost.value.failure == "unknown" and "it could not be told whether the rows are in the table" in lost.value.message
    assert "pyforge-x1" in lost.value.remedy and name.sql in lost.value.remedy


@pytest.mark.parametrize("session", ["classic", "connect"], indirect=True)
@pytest.mark.parametrize("mode, kind", [("append", "table"), ("overwrite", "table"), ("append", "path"), ("overwrite", "path")])
def test_a_server_that_goes_on_writing_is_stopped(session, mode, kind, tables, table, staged, monkeypatch):
    """The write is under way when its answer is lost, and would commit long after the history was looked at."""
    target = tables.table_target(table()) if kind == "table" else tables.path_target(staged[len("file:"):] + ".delta")
    tables.write_table(session, staged, target)
    whole, ended = tables._Write.call, []

    def call(self):
        self.frame = session.read.parquet(staged).selectExpr("a + CAST(length(coalesce(java_method('java.util.concurrent.locks.LockSupport', "
                                                             "'parkNanos', 3000000000L), '')) * 0 AS BIGINT) AS a")

        def late():
            try:
                whole(self)
                ended.append("written")
            except Exception as error:
                ended.append(error)

        threading.Thread(target=late).start()
        time.sleep(1.5)
        raise Lost("the connection was cut")

    monkeypatch.setattr(tables._Write, "call", call)
    try:
        tables.write_table(session, staged, target, mode, rows=3, patience=20)
        outcome = "done"
    except OSError as error:
        outcome = error.failure
    end = time.monotonic() + 60
    while not ended and time.monotonic() < end:
        time.sleep(0.1)
    count = target.frame(session).count()
    written = 3 if mode == "overwrite" else 6
    assert (outcome, count) == ("falls back", 3) and isinstance(ended[0], Exception) or (outcome, count) == ("done", written), (outcome, count, ended)


def test_a_session_that_never_comes_back(spark, tables, table, staged, monkeypatch):
    target = tables.table_target(table())
    tables.write_table(spark.classic, staged, target)
    cutting(tables, monkeypatch, "after")
    monkeypatch.setattr(tables._Write, "history", lambda self, limit=None: (_ for _ in ()).throw(Lost("still cut")))
    began = time.monotonic()
    with pytest.raises(OSError) as lost:
        tables.write_table(spark.classic, staged, target, "append", patience=1)
    assert lost.value.failure == "unknown" and time.monotonic() - began < 10
    assert target.frame(spark.classic).count() == 6


def test_a_call_that_was_sent_twice(spark, tables, table, staged, monkeypatch):
    """What a client does that knows nothing of the first: a table made twice is there, rows appended twice are there once."""
    whole = tables._Write.call

    def twice(self):
        whole(self)
        whole(self)

    monkeypatch.setattr(tables._Write, "call", twice)
    target = tables.table_target(table())
    assert tables.write_table(spark.classic, staged, target, rows=3).created
    assert tables.write_table(spark.classic, staged, target, "append", rows=3).rows == 3
    assert target.frame(spark.classic).count() == 6


# ---- the connection itself


@pytest.fixture
def proxied(spark):
    """(proxy, a session through it that gives up after some tries)"""
    from proxy import Proxy

    if spark.port is None:
        pytest.skip("this Spark's Connect server cannot be kept to 127.0.0.1")
    from pyspark.sql.connect.client.retries import DefaultPolicy  # Spark 3.5 has none

    proxy = Proxy(spark.port)
    session = spark.connect(proxy.port)
    session.client.set_retry_policies([DefaultPolicy(max_retries=3, initial_backoff=50, max_backoff=200)])
    yield proxy, session
    proxy.close()


def test_a_connection_cut_at_the_commit(spark, proxied, tables, folder, staged):
    """For a moment, which the client mends by itself, and for good, when another session finds the rows."""
    from proxy import CutAtCommit

    proxy, session = proxied
    target = tables.path_target(folder / "t.delta")
    cuts = 0
    for number, seconds in enumerate((0, 0, 0.1, 60)):
        with CutAtCommit(proxy, folder / "t.delta" / "_delta_log", seconds) as cut:
            mode = "error" if number == 0 else "append"
            written = tables.write_table(session, staged, target, mode, rows=3, renew=spark.connect, patience=30)
        assert written.rows == 3
        cuts += cut.was_cut
    assert cuts >= 3
    assert target.frame(spark.classic).count() == 12


def test_a_connection_that_stays_cut(spark, proxied, tables, folder, staged):
    from proxy import CutAtCommit

    proxy, session = proxied
    target = tables.path_target(folder / "t.delta")
    tables.write_table(session, staged, target)
    with CutAtCommit(proxy, folder / "t.delta" / "_delta_log", 120) as cut, pytest.raises(OSError) as lost:
        tables.write_table(session, staged, target, "append", rows=3, patience=2)
    assert cut.was_cut and lost.value.failure == "unknown"
    assert target.frame(spark.classic).count() == 6
