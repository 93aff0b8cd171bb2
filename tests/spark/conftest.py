"""Fixtures of the tests through real Spark with Delta. scripts/spark.sh makes the environment they run in.

spark             the sessions of one Java process for the whole run: spark.classic, spark.connect() and spark.warehouse.
session           the session under test: classic, connect or serverless-like, one after another.
folder            a folder of the test's own.
package           the module pyforge_cli as built, from the folder $PYFORGE_PACKAGE.
Without Spark, Java or the package every test is skipped, and the reason says what is missing.
"""

import os
import shutil
import socket
import sys
import tempfile
import time
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = os.environ.get("PYFORGE_PACKAGE") or str(ROOT / "build" / "release" / "python")
MEMORY = "900m"
# The serverless-like session is one of Connect, so two of the three see both transports; all with PYFORGE_TEST_FULL.
KINDS = ("classic", "connect", "serverless") if os.environ.get("PYFORGE_TEST_FULL") else ("classic", "serverless")


def skip_aloud(message):
    warnings.warn(message, stacklevel=2)
    pytest.skip(message)


@pytest.fixture(scope="session")
def package():
    if not list(Path(PACKAGE, "pyforge_cli").glob("_pyforge*.so")):
        skip_aloud(f"NO PACKAGE in {PACKAGE}: every test through Spark is skipped")
    os.environ["XDG_CONFIG_HOME"] = str(ROOT / "tests" / "no-settings")
    sys.path.insert(0, PACKAGE)
    import pyforge_cli

    return pyforge_cli


class ServerlessLike:
    """A session that refuses what serverless compute refuses, and counts as what it wraps."""

    _REFUSED = ("_jvm", "_jsc", "_jsparkSession", "_jwrapped", "sparkContext", "_sc", "addArtifact", "newSession", "stop")

    def __init__(self, session):
        self.__dict__["wrapped"] = session

    @property
    def __class__(self):
        return self.wrapped.__class__

    @property
    def conf(self):
        return _FixedSettings(self.wrapped.conf)

    def __getattr__(self, name):
        if name in self._REFUSED:
            raise AssertionError(f"serverless compute has no {name}")
        return getattr(self.wrapped, name)


class _FixedSettings:
    def __init__(self, conf):
        self._conf = conf

    def get(self, *args):
        return self._conf.get(*args)

    def __getattr__(self, name):
        raise AssertionError(f"serverless compute refuses conf.{name}")


def serverless_like(session):
    return ServerlessLike(session)


_OF_SPARK = ("SPARK_HOME", "SPARK_REMOTE", "PYSPARK_SUBMIT_ARGS", "SPARK_CONF_DIR")


def clean_of_spark(environment):
    """Without what Java's process of this one has told its children, or the user."""
    return {name: value for name, value in environment.items() if name not in _OF_SPARK and not name.startswith("PYSPARK_GATEWAY")}


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Spark:
    """One Java process: a classic session and, from Spark 4 on, a Connect server (3.5 has no setting to keep it to 127.0.0.1)."""

    def __init__(self, place, jars):
        self.place, self.warehouse = place, place / "warehouse"
        self._clients = []
        self.port = None
        for name in _OF_SPARK:
            os.environ.pop(name, None)
        # the processes of executors look for the package there, too
        os.environ.update(SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_DIRS=str(place / "local"), PYTHONPATH=PACKAGE)
        from pyspark.sql import SparkSession

        self.settings = settings = self._settings(jars)
        builder = SparkSession.builder.master("local[2]").appName("pyforge tests")
        for name, value in settings.items():
            builder = builder.config(name, value)
        here = os.getcwd()
        os.chdir(place)
        try:
            self.classic = builder.getOrCreate()
        finally:
            os.chdir(here)
        self.classic.sparkContext.setLogLevel("OFF")
        self.process = self.classic.sparkContext._gateway.proc

    def _settings(self, jars):
        import pyspark

        java = f"-Xss4m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.io.tmpdir={self.place}/local"
        settings = {
            "spark.driver.memory": MEMORY,
            "spark.driver.extraJavaOptions": java,
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.jars": ",".join(sorted(map(str, Path(jars).resolve().glob("*.jar")))),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.warehouse.dir": str(self.warehouse),
            "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
            "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
            "spark.sql.shuffle.partitions": "1",
            "spark.databricks.delta.snapshotPartitions": "1",
            # compiling a plan costs more than running it over a few rows
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.sql.adaptive.enabled": "false",
            # so that a write that leans on the zone of the session is seen
            "spark.sql.session.timeZone": "America/New_York",
        }
        if pyspark.__version__.startswith("3."):
            settings.update({f"spark.sql.parquet.{name}RebaseModeInWrite": "CORRECTED" for name in ("datetime", "int96")})
        else:
            self.port = free_port()
            settings.update({
                "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
                "spark.connect.grpc.binding.address": "127.0.0.1",
                "spark.connect.grpc.binding.port": str(self.port),
            })
        (self.place / "local").mkdir(exist_ok=True)
        return settings

    def connect(self, port=None):
        """A new Connect session; port: of a proxy before the server."""
        if self.port is None:
            pytest.skip("this Spark's Connect server cannot be kept to 127.0.0.1")
        from pyspark.sql.connect.session import SparkSession

        session = SparkSession.builder.remote(f"sc://127.0.0.1:{port or self.port}").create()
        self._clients.append(session)
        return session

    def stop(self):
        gateway = self.classic.sparkContext._gateway
        for session in self._clients:
            try:
                session.stop()
            except Exception:  # its connection may have been cut
                pass
        self.classic.stop()
        gateway.shutdown()
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except Exception:
            self.process.kill()


@pytest.fixture(scope="session")
def spark():
    jars = os.environ.get("PYFORGE_SPARK_JARS") or str(ROOT / "build" / "spark" / "4.1.1" / "jars")
    try:
        import pyspark  # noqa: F401
    except ImportError:
        skip_aloud("NO SPARK: pyspark is not installed here; every test through Spark is skipped (scripts/spark.sh test)")
    if shutil.which("java") is None:
        skip_aloud("NO JAVA: every test through Spark is skipped (scripts/install.sh spark)")
    if not list(Path(jars).glob("*.jar")):
        skip_aloud(f"NO DELTA in {jars}: every test through Spark is skipped (scripts/spark.sh get)")
    place = Path(tempfile.mkdtemp(prefix="pyforge-spark-"))
    began = time.monotonic()
    try:
        spark = Spark(place, jars)
        print(f"Spark {spark.classic.version} is there after {time.monotonic() - began:.1f} s")
        yield spark
        spark.stop()
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_connect(spark):
    return spark.connect()


@pytest.fixture(params=KINDS)
def session(request, spark):
    if request.param == "classic":
        return spark.classic
    shared = request.getfixturevalue("shared_connect")
    return shared if request.param == "connect" else serverless_like(shared)


@pytest.fixture
def folder():
    place = Path(tempfile.mkdtemp(prefix="pyforge-spark-test-"))
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def table(spark):
    """Names of tables that are not there yet: table() gives one, unquoted."""
    made = []

    def name():
        import uuid

        made.append(f"t_{uuid.uuid4().hex[:10]}")
        return f"spark_catalog.default.{made[-1]}"

    yield name
    for one in made:
        spark.classic.sql(f"DROP TABLE IF EXISTS spark_catalog.default.{one}")
        shutil.rmtree(spark.warehouse / one, ignore_errors=True)
