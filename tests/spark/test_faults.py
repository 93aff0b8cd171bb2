"""Conversions through a connection that fails now and then: nothing is lost, nothing is there twice, and what can be done natively is."""

import os
import random
import statistics
import time
from collections import Counter

import pyarrow.parquet
import pytest

FULL = bool(os.environ.get("PYFORGE_TEST_FULL"))
# (conversions, those of them that append, one in how many has a fault)
MANY = (500, 200, 20) if FULL else (20, 8, 2)


@pytest.fixture
def proxied(spark):
    """(proxy, a session through it that gives up after some tries)"""
    if spark.port is None:
        pytest.skip("this Spark's Connect server cannot be kept to 127.0.0.1")
    from pyspark.sql.connect.client.retries import DefaultPolicy

    from faults import FaultProxy

    proxy = FaultProxy(spark.port)
    session = spark.connect(proxy.port)
    session.client.set_retry_policies([DefaultPolicy(max_retries=2, initial_backoff=20, max_backoff=100)])
    yield proxy, session
    proxy.close()


class Conversions:
    """Files of two rows with numbers that come once, and what has to be of them."""

    def __init__(self, forge, folder, tables):
        self.forge, self.folder, self.tables = forge, folder, tables
        self.next, self.has = 0, {name: Counter() for name in tables}
        self.outcomes, self.after = Counter(), []

    def file(self):
        self.next += 2
        path = self.folder / f"{self.next}.csv"
        path.write_text(f"id,name\n{self.next},a\n{self.next + 1},b\n")
        return path, [self.next, self.next + 1]

    def told(self, what, result, fault):
        """Counts what became of it. All succeed but where nobody answers for long, and none says that it is not known."""
        from faults import LONG

        fired = fault is not None and fault.fired
        assert not result.get("outcome_unknown"), (fault, result["error"])
        assert result or (fired and fault.lasts == LONG), (fault, result["error"])
        engine = result.get("processing_engine").split(" ")[0]
        self.outcomes[what, engine if result else "failed", "fault" if fired else "no fault"] += 1
        if fired and fault.at is not None and engine == "native":
            self.after.append(time.monotonic() - fault.at)
        return bool(result)

    def append(self, chance, fault):
        path, rows = self.file()
        name = chance.choice(self.tables)
        if self.told("append", self.forge.convert(path, table=name, mode="append", progress=False), fault):
            self.has[name].update(rows)

    def overwrite(self, chance, fault):
        path, rows = self.file()
        name = chance.choice(self.tables)
        if self.told("overwrite", self.forge.convert(path, table=name, mode="overwrite", progress=False), fault):
            self.has[name] = Counter(rows)

    def delta(self, chance, fault):
        """A table by its path that is made and appended to."""
        path, rows = self.file()
        place = self.folder / f"delta{chance.randrange(3)}"
        done = self.forge.convert(path, place, format="delta", mode="append", progress=False)
        if self.told("delta", done, fault):
            self.has.setdefault(str(place), Counter()).update(rows)

    def parquet(self, chance, fault):
        """What need not be done by Spark always succeeds."""
        path, rows = self.file()
        done = self.forge.convert(path, path.with_suffix(".parquet"), force_pyspark=True, progress=False)
        assert self.told("parquet", done, fault), done["error"]
        assert pyarrow.parquet.read_table(path.with_suffix(".parquet"))["id"].to_pylist() == rows

    def batch(self, chance, fault):
        files = [self.file() for _ in range(3)]
        done = self.forge.batch_convert([path for path, _ in files], self.folder / "out", engine="spark", progress=False)
        assert done, done.failures
        self.told("batch", done[0], fault)
        for path, rows in files:
            assert pyarrow.parquet.read_table(self.folder / "out" / path.with_suffix(".parquet").name)["id"].to_pylist() == rows
        # nothing is left behind on the way
        assert not [place for place in self.folder.rglob(".pyforge*")]


def test_a_connection_that_fails_now_and_then(spark, package, proxied, folder, table):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks
    from pyforge_cli.extensions.databricks.tables import path_target, table_target

    from faults import KINDS, Fault

    proxy, session = proxied
    seed = int(os.environ.get("PYFORGE_TEST_SEED", "8"))
    chance = random.Random(seed)
    work = Conversions(PyForgeDatabricks(spark_session=session), folder, [table() for _ in range(2)])
    for name in work.tables:
        assert work.forge.convert(work.file()[0], table=name, progress=False)
        work.has[name].update([work.next, work.next + 1])
    count, appends, one_in = MANY
    # each batch is three conversions
    kinds = [work.append] * appends + [work.overwrite] * (count // 10) + [work.delta] * (count // 10) + [work.batch] * (count // 10)
    kinds += [work.parquet] * (count - appends - 5 * (count // 10))
    chance.shuffle(kinds)
    faults = []
    for number, convert in enumerate(kinds):
        fault = Fault.any(chance) if number % one_in == 1 else None
        if fault is not None:
            fault.kind = KINDS[len(faults) % len(KINDS)]  # each of them
            faults.append(fault)
        with proxy.having(fault):
            convert(chance, fault)
    print(f"seed {seed}, {count} conversions, {appends} of them appends, {sum(fault.fired for fault in faults)} faults: "
          f"{Counter(fault.kind for fault in faults if fault.fired)}")
    for outcome, times in sorted(work.outcomes.items()):
        print(times, *outcome)
    if work.after:
        print(f"native success after the last failed call: median {statistics.median(work.after):.2f} s, at most {max(work.after):.2f} s")
    assert sum(fault.fired for fault in faults) >= len(faults) // 3
    for name, rows in work.has.items():
        target = path_target(name) if "/" in name else table_target(name)
        found = Counter(row["id"] for row in target.frame(spark.classic).select("id").collect()) if rows else rows
        assert found == rows, (name, found - rows, rows - found)
