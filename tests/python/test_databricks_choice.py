"""Which engine has a file, by compute, size, format and place: the engine is asked as the core asks it, with sessions that stand for Spark's."""

import re

import pytest

GIB, MIB = 1 << 30, 1 << 20
VOLUME = "/Volumes/main/default/raw/x"
LOCAL = "/tmp/x"
SMALL = "small enough for the native engine"


class Job:
    """A file as the core tells of it; refusal: what the core's plan for Spark says."""

    engines_only, table, output, output_format = False, None, "/Volumes/main/default/out/x.parquet", "parquet"

    def __init__(self, format, input, size, refusal=None, several_lines=False, data_bytes=None, **options):
        self.input_format, self.input, self.input_bytes, self.data_bytes, self.options = format, input, size, data_bytes, options
        self.plan = {"refusal": refusal, "read": {"cut": format == "xml", "options": {"multiLine": "true" if several_lines or format == "xml" else "false"}}}
        self.asked = 0

    def option(self, name):
        return self.options.get(name)

    def remote(self, whole=False):
        assert not whole, "the whole input was read to choose"
        self.asked += 1
        return self.plan


class Session:
    def __init__(self, cores):
        self._cores = cores

    @property
    def sparkContext(self):
        if self._cores is None:
            raise RuntimeError("[JVM_ATTRIBUTE_NOT_SUPPORTED]")
        return type("Context", (), {"defaultParallelism": self._cores})


# (what, compute, cores of Spark, environment, the job, whether Spark has it, what the reason says)
CASES = [
    ("a small file on classic", "classic", 8, {}, Job("csv", VOLUME, 10 * MIB), False, SMALL),
    ("a small file on serverless", "serverless", None, {}, Job("csv", VOLUME, 10 * MIB), False, SMALL),
    ("a small file, no session", None, None, {}, Job("csv", VOLUME, 10 * MIB), False, SMALL),
    ("a large file, no session", None, None, {}, Job("csv", VOLUME, 20 * GIB), False, "no session"),
    ("a large CSV on serverless", "serverless", None, {}, Job("csv", VOLUME, 2 * GIB), True, "2 GiB are read by Spark (serverless) from 1 GiB on"),
    ("a large XML on serverless", "serverless", None, {}, Job("xml", VOLUME, 2 * GIB), True, "2 GiB are read by Spark (serverless) from 1 GiB on"),
    ("a large Parquet on serverless", "serverless", None, {}, Job("parquet", VOLUME, 2 * GIB), True, "from 1 GiB on"),
    ("exactly the threshold", "serverless", None, {}, Job("csv", VOLUME, GIB), True, "1 GiB are read by Spark"),
    ("a byte less", "serverless", None, {}, Job("xml", VOLUME, GIB - 1), False, "are less than the 1 GiB"),
    ("beyond what is small, below the threshold", "serverless", None, {}, Job("xml", VOLUME, 900 * MIB), False, "900 MiB are less than the 1 GiB"),
    ("a lower threshold", "serverless", None, {"PYFORGE_SPARK_THRESHOLD": "100M"}, Job("csv", VOLUME, 200 * MIB), True, "from 100 MiB on"),
    ("a higher threshold", "serverless", None, {"PYFORGE_SPARK_THRESHOLD": "8G"}, Job("csv", VOLUME, 4 * GIB), False, "less than the 8 GiB"),
    ("a threshold that is no size", "serverless", None, {"PYFORGE_SPARK_THRESHOLD": "much"}, Job("csv", VOLUME, 2 * GIB), True, "from 1 GiB on"),
    ("a large file on the driver's disk, serverless", "serverless", None, {}, Job("csv", LOCAL, 2 * GIB), False, "Spark does not see it"),
    ("a large file on the driver's disk, classic", "classic", 64, {}, Job("csv", LOCAL, 200 * GIB), False, "Spark does not see it"),
    ("the same, asked for", "classic", 64, {}, Job("csv", LOCAL, 200 * GIB, engine="spark"), False, "Spark does not see it"),
    ("a large file in DBFS", "serverless", None, {}, Job("csv", "/dbfs/x.csv", 2 * GIB), True, "from 1 GiB on"),
    ("a large CSV, few cores", "classic", 2, {}, Job("csv", VOLUME, 20 * GIB), False, "Spark on 2 cores would take about"),
    ("a large CSV, 16 cores", "classic", 16, {}, Job("csv", VOLUME, 20 * GIB), False, "the native engine on 2 about"),
    ("a large XML, 2 cores", "classic", 2, {}, Job("xml", VOLUME, 20 * GIB), False, "Spark on 2 cores"),
    ("a large Parquet, 2 cores", "classic", 2, {}, Job("parquet", VOLUME, 20 * GIB), False, "Spark on 2 cores"),
    ("a large Parquet, 64 cores", "classic", 64, {}, Job("parquet", VOLUME, 20 * GIB), True, "Spark on 64 cores"),
    ("a smaller Parquet, 64 cores", "classic", 64, {}, Job("parquet", VOLUME, 610 * MIB), False, "Spark on 64 cores"),
    ("cores told by the user", "serverless", None, {"PYFORGE_SPARK_CORES": "64"}, Job("parquet", VOLUME, 20 * GIB), True, "Spark on 64 cores"),
    ("few cores told by the user", "serverless", None, {"PYFORGE_SPARK_CORES": "2"}, Job("parquet", VOLUME, 20 * GIB), False, "Spark on 2 cores"),
    ("classic that refuses its context", "classic", None, {}, Job("csv", VOLUME, 2 * GIB), True, "from 1 GiB on"),
    ("a session of Connect", "connect", None, {}, Job("csv", VOLUME, 2 * GIB), True, "read by Spark (connect)"),
    ("a plan that is refused", "serverless", None, {}, Job("csv", VOLUME, 2 * GIB, refusal="it has lines that are comments"), False,
     "Spark would not give the same table: it has lines that are comments"),
    ("refused although asked for", "serverless", None, {}, Job("csv", VOLUME, 10, refusal="no rows", engine="spark"), False, "no rows"),
    ("records over lines, which one task reads", "serverless", None, {}, Job("csv", VOLUME, 2 * GIB, several_lines=True), False, "one task"),
    ("the same with cores", "classic", 64, {}, Job("parquet", VOLUME, 20 * GIB, several_lines=True), False, "Spark on 64 cores"),
    ("a small file, asked for", "serverless", None, {}, Job("csv", VOLUME, 10, engine="spark"), True, "asked for"),
    ("a small file, --force-pyspark", "classic", 2, {}, Job("csv", VOLUME, 10, **{"force-pyspark": "yes"}), True, "asked for"),
    ("a size that nobody knows", "serverless", None, {}, Job("csv", VOLUME, None), False, "size of the input is not known"),
    ("what it is decompressed counts", "serverless", None, {}, Job("csv", VOLUME, 400 * MIB, data_bytes=2 * GIB), True, "2 GiB are read"),
]


@pytest.mark.parametrize("what, compute, cores, environment, job, spark, why", CASES, ids=[case[0] for case in CASES])
def test_the_choice(package, monkeypatch, what, compute, cores, environment, job, spark, why):
    from pyforge_cli.extensions.databricks import choice, engine
    from pyforge_cli.extensions.databricks.session import SparkAtHand

    at_hand = SparkAtHand(Session(cores), compute, "notebook") if compute else None
    monkeypatch.setattr(engine, "_at_hand", lambda given, why=None, asked=True: (at_hand, True))
    monkeypatch.setattr(choice, "cores_here", lambda: 2)
    for name in ("PYFORGE_SPARK_THRESHOLD", "PYFORGE_SPARK_CORES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    takes, reason = engine.SparkEngine().takes(job)
    assert (takes, why in reason) == (spark, True), reason


def test_there_are_enough_cases():
    assert len(CASES) >= 30 and len({case[0] for case in CASES}) == len(CASES)


def test_the_input_is_not_looked_at_for_nothing(package, monkeypatch):
    from pyforge_cli.extensions.databricks import engine
    from pyforge_cli.extensions.databricks.session import SparkAtHand

    monkeypatch.setattr(engine, "_at_hand", lambda given, why=None, asked=True: (SparkAtHand(Session(None), "serverless", "notebook"), True))
    job = Job("csv", LOCAL, 2 * GIB)
    engine.SparkEngine().takes(job)
    assert job.asked == 0


def test_runs_correct_the_estimate(package):
    from pyforge_cli.extensions.databricks.choice import Facts, Rates, decide

    facts, rates = Facts("parquet", 20 * GIB, "classic", 64, 2), Rates()
    assert decide(facts, rates).spark
    rates.learn("parquet", 20 * GIB, 64, 1.0)  # within the start: it tells nothing
    assert decide(facts, rates).spark
    rates.learn("parquet", 20 * GIB, 64, 2000.0)
    slow = decide(facts, rates)
    assert not slow.spark and slow.spark_seconds > 1000
    assert re.search(r"about 2000\.\d s, the native engine on 2 about 68\.3 s", slow.reason), slow.reason
    for _ in range(20):
        rates.learn("parquet", 20 * GIB, 64, 12.0)
    assert decide(facts, rates).spark
