"""Which engine a conversion of a file has, by where the file lies, how large it is and what there is to read it.

Where Spark's cores can be told both times are estimated, else the size decides. What a run took corrects the estimates of those that follow.
"""

import os
from dataclasses import dataclass
from typing import Optional

MIB = 1 << 20
# From this size on Spark reads where its cores cannot be told.
THRESHOLD = 1 << 30
# Bytes a second and core. Measured on the machine of docs/design/spark.md; a run of Spark's own corrects the second.
NATIVE_RATES = {"csv": 300 * MIB, "xml": 40 * MIB, "parquet": 150 * MIB}
SPARK_RATES = {"csv": 20 * MIB, "xml": 5 * MIB, "parquet": 60 * MIB}
# The native reading of the whole input that decides the types, before Spark begins.
SURVEY_RATES = {"csv": 400 * MIB, "xml": 50 * MIB}
# Of these Spark gives a file to one task.
ONE_TASK = ("xml",)
# Seconds until a job of a session that is there begins to read.
START = 2.0


@dataclass(frozen=True)
class Facts:
    """Of one conversion. bytes: of the input, decompressed; spark_cores: None = cannot be told."""

    format: str
    bytes: Optional[int]
    compute: str  # "classic", "connect", "serverless"
    spark_cores: Optional[int] = None
    cores: int = 1
    sees_input: bool = True
    forced: bool = False
    threshold: int = THRESHOLD
    refusal: Optional[str] = None  # why Spark would give another table
    splits: bool = True  # several tasks can read the file


@dataclass(frozen=True)
class Decision:
    spark: bool
    reason: str
    native_seconds: Optional[float] = None
    spark_seconds: Optional[float] = None


class Rates:
    """Of Spark, by format, as the runs of this process have shown them."""

    def __init__(self):
        self._found = {}

    def of(self, format):
        return self._found.get(format, SPARK_RATES.get(format, 10 * MIB))

    def learn(self, format, size, cores, seconds):
        """A finished run; one that was too short to tell of more than its start is passed over."""
        work = seconds - START
        if not size or not cores or work < 1.0:
            return
        found = size / cores / work
        before = self._found.get(format)
        self._found[format] = found if before is None else (before + found) / 2


def _shown(size):
    for unit, word in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.3g} {word}"
    return f"{size} bytes"


def estimate(facts, rates):
    """(native seconds, Spark's seconds)"""
    native = facts.bytes / (NATIVE_RATES.get(facts.format, 100 * MIB) * max(1, facts.cores))
    survey = facts.bytes / (SURVEY_RATES[facts.format] * max(1, facts.cores)) if facts.format in SURVEY_RATES else 0.0
    tasks = facts.spark_cores if facts.splits and facts.format not in ONE_TASK else 1
    return native, survey + START + facts.bytes / (rates.of(facts.format) * max(1, tasks))


def is_small(format, size, threshold):
    """Whether the native engine is done before Spark would begin, so that no session is looked for."""
    return size is not None and size < min(threshold, NATIVE_RATES.get(format, 100 * MIB) * START * cores_here())


def decide(facts, rates=None):
    """Whether Spark reads the file, and why."""
    if not facts.sees_input:
        return Decision(False, "the input lies where Spark does not see it")
    if facts.refusal:
        return Decision(False, f"Spark would not give the same table: {facts.refusal}")
    if facts.forced:
        return Decision(True, f"it is asked for; through the session of Spark ({facts.compute})")
    if facts.bytes is None:
        return Decision(False, "the size of the input is not known")
    if facts.spark_cores is not None:
        native, spark = estimate(facts, rates or Rates())
        times = f"Spark on {facts.spark_cores} cores would take about {spark:.1f} s, the native engine on {facts.cores} about {native:.1f} s"
        return Decision(spark < native, times, native, spark)
    if not facts.splits:
        return Decision(False, "one task would have to read all of the input")
    if facts.bytes >= facts.threshold:
        return Decision(True, f"{_shown(facts.bytes)} are read by Spark ({facts.compute}) from {_shown(facts.threshold)} on")
    return Decision(False, f"{_shown(facts.bytes)} are less than the {_shown(facts.threshold)} from which on Spark reads")


# Of a batch on executors: bytes a second and core of the native reader over workbooks and the like, and of the outputs on their way through the
# staging folder; seconds until executors begin, with their first try.
BATCH_RATE = 60 * MIB
STAGING_RATE = 200 * MIB
BATCH_START = 4.0


def decide_batch(size, count, spark_cores, cores, threshold):
    """Whether so many files, of size bytes together, are converted on executors without being asked to."""
    if count < 2:
        return False
    if spark_cores is None:
        return size >= threshold
    native = size / (BATCH_RATE * max(1, cores))
    return BATCH_START + size / (BATCH_RATE * max(1, min(spark_cores, count))) + size / STAGING_RATE < native


def is_small_batch(sizes, threshold):
    """Whether a batch is done here before executors would begin, so that no session is looked for."""
    size = sum(size for size in sizes if size > 0)
    return size < min(threshold, BATCH_RATE * BATCH_START * cores_here())


def _number(name, units=False):
    text = os.environ.get(name, "").strip().upper()
    factor = 1
    if units and text[-1:] in ("K", "M", "G"):
        factor, text = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}[text[-1]], text[:-1]
    return int(text) * factor if text.isdigit() and int(text) > 0 else None


def threshold():
    """PYFORGE_SPARK_THRESHOLD, or the usual size."""
    return _number("PYFORGE_SPARK_THRESHOLD", units=True) or THRESHOLD


def spark_cores(at_hand):
    """PYFORGE_SPARK_CORES, else what a session with a driver next door tells; None = nobody tells."""
    told = _number("PYFORGE_SPARK_CORES")
    if told is not None or at_hand.kind != "classic":
        return told
    try:
        return int(at_hand.session.sparkContext.defaultParallelism)
    except Exception:  # what cannot be asked is not known
        return None


def cores_here():
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


__all__ = ["Decision", "Facts", "Rates", "THRESHOLD", "cores_here", "decide", "decide_batch", "estimate", "is_small", "is_small_batch", "spark_cores", "threshold"]
