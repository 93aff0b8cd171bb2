"""Batches over the executors of Spark: the native reader works there, on bytes that Spark has read, and the driver puts each output in
its place.

Spark reads the files by its source binaryFile, so that its own rules decide who may see what; what a function on an executor gives back
goes into a staging folder, and from there each output is placed by the conversion of its file, as if it had been made here. So nothing
of an output is seen before it is whole, and what the executors could not do is done here.
"""

import contextlib
import json
import os
import re
import threading
import uuid

import pyforge_cli
from pyforge_cli.extensions.databricks.brought import OF_THE_DRIVER, Brought, Left
from pyforge_cli.extensions.databricks.one_table import one_table_of
from pyforge_cli.extensions.databricks.operation import Operation
from pyforge_cli.extensions.databricks.progress import size_text
from pyforge_cli.extensions.databricks.spark_errors import failure, first_line
from pyforge_cli.extensions.databricks.staging import Staging, as_read, process_path, spark_path, staging_base

# Seconds to wait for Spark to end what was interrupted.
_LAST_WAIT = 30.0
# Small row groups, so that the driver reads one output without its neighbours.
_WRITING = {"compression": "none", "parquet.block.size": str(1 << 20), "parquet.block.size.row.check.min": "1",
            "parquet.page.size.row.check.min": "1"}
_PARQUET = re.compile(r"\.(parquet|pq)\Z", re.IGNORECASE)
# What Spark may read by itself where an executor cannot.
_SPARKS_OWN = re.compile(r"\.(csv|tsv|txt|xml)(\.gz)?\Z", re.IGNORECASE)
_DBASE = re.compile(r"\.dbf\Z", re.IGNORECASE)
_SIZE = re.compile(r"([0-9]+)([kmgt]?)b?\Z", re.IGNORECASE)


# ---- which files

def bytes_of(text):
    """134217728, "128M" or Spark's "128MB" and "134217728b" as a number."""
    found = _SIZE.match(str(text).strip())
    if not found:
        raise failure("option", f"executor_file_size is {str(text)[:40]!r}", "it takes a number of bytes, or one with K, M or G")
    return int(found[1]) << 10 * " kmgt".index(found[2].lower() or " ")


def _siblings(path, listed):
    """Whether a table of dBase or FoxPro may have files beside it, which do not come with its bytes."""
    folder, name = os.path.split(path.lower())
    if folder not in listed:
        try:
            listed[folder] = [found.lower() for found in os.listdir(os.path.dirname(path))]
        except OSError:
            listed[folder] = []
    stem = os.path.splitext(name)[0]
    return any(found.endswith(".dbc") or (os.path.splitext(found)[0] == stem and found != name) for found in listed[folder])


def left(path, size, limit, on_databricks, listed):
    """Left where a file stays on the driver; None = executors can have it. path: as this process opens it."""
    name = os.path.basename(path)
    if not os.path.isfile(path):
        return Left("it is no file")
    if spark_path(path, on_databricks) is None:
        return Left("Spark does not see it")
    if size > limit:
        return Left(f"it has {size_text(size)}, and executors get files of {size_text(limit)} at most (executor_file_size)",
                    bool(_SPARKS_OWN.search(name)))
    if _PARQUET.search(name):
        return Left("Parquet is for Spark itself", True)
    if _DBASE.search(name) and _siblings(path, listed):
        return Left("it may need the files beside it")
    if name.startswith(("_", ".")) or not name.isprintable() or any(mark in path for mark in "{}[]*?\\"):
        return Left("Spark finds no file of this name")
    return None


def options_sent(options):
    """Options in force here, also those of the environment and of files of settings, {name with '-': text}, but what is the driver's own."""
    of_both = {name: value for name, value in options.items() if name.replace("_", "-") not in OF_THE_DRIVER}
    return {setting["name"]: setting["value"] for setting in pyforge_cli.config(**of_both)["settings"]
            if setting["source"] != "default" and setting["name"] not in OF_THE_DRIVER}


# ---- the work

def _probe():
    def probe(batches):
        import pyarrow

        try:
            import pyforge_cli
            from pyforge_cli import _pyforge  # noqa: F401
            from pyforge_cli.extensions.databricks import on_executor  # noqa: F401

            found = pyforge_cli.__version__
        except BaseException as error:
            found = f"!{type(error).__name__}: {error}"
        for batch in batches:
            yield pyarrow.RecordBatch.from_pydict({"found": [found] * batch.num_rows})

    return probe


def why_not(session):
    """Why executors cannot have the package's work; None = one of them has this version of it."""
    try:
        found = session.range(1).mapInArrow(_probe(), "found string").collect()[0]["found"]
    except Exception as error:
        return f"a first try on an executor failed: {said(error)}"
    if found.startswith("!"):
        return f"the package does not work on the executors: {found[1:]}"
    if found != pyforge_cli.__version__:
        return f"the executors have pyforge-cli {found}, and the driver {pyforge_cli.__version__}"
    return None


def said(error):
    """What an error of Spark says. Of an exception of Python on an executor, whose stack stands in front, the last line."""
    lines = [line.strip() for line in str(error).split("\n\nJVM stacktrace", 1)[0].splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit)\b", line)]
    return raised[-1][:400] if raised and "Traceback (most recent call last):" in lines else first_line(error)


def size_of_tasks(session):
    """How much of files Spark gives one task at most; None = it does not say."""
    try:
        return bytes_of(session.conf.get("spark.sql.files.maxPartitionBytes"))
    except Exception:
        return None


def grouped(sizes, limit):
    """Numbers of files, in lists of at most limit bytes, the large files first."""
    groups = []
    for number in sorted(sizes, key=lambda number: -sizes[number]):
        for group in groups:
            if group[0] + sizes[number] <= limit:
                break
        else:
            groups.append(group := [0, []])
        group[0] += sizes[number]
        group[1].append(number)
    return [numbers for _, numbers in groups]


def _function(options, declared):
    def convert(batches):
        from pyforge_cli.extensions.databricks.on_executor import converted

        return converted(batches, options, declared)

    return convert


def _frame(session, paths, sizes, limit):
    """{number: path} as a frame of their bytes. Spark puts files together into tasks of spark.sql.files.maxPartitionBytes at most; where that
    is more than a process on an executor is to get, they are put together here."""
    most = size_of_tasks(session)
    groups = [list(paths)] if most is not None and most <= limit else grouped({number: sizes[number] for number in paths}, limit)
    whole = None
    for numbers in groups:
        frame = session.read.format("binaryFile").load([paths[number] for number in numbers]).select("path", "content")
        whole = frame if whole is None else whole.union(frame)
    return whole


def _outputs(folder, numbers, options, format):
    """What Spark has written: {number: Brought, or why it is none}. numbers: {path in this process: number}"""
    import pyarrow.parquet

    found = {}
    for name in sorted(os.listdir(folder)):
        if name.startswith(("_", ".")):
            continue
        place = os.path.join(folder, name)
        with pyarrow.parquet.ParquetFile(place) as staged:
            for group in range(staged.num_row_groups):
                rows = staged.read_row_group(group, columns=["path", "part", "report"]).to_pylist()
                for at, row in enumerate(rows):
                    found.setdefault(row["path"], []).append((row["part"], row["report"], (place, group, at)))
    answers = {}
    for path, parts in found.items():
        parts.sort()
        report = json.loads(parts[0][1])
        number = numbers.get(process_path(path))
        if number is None or [part for part, _, _ in parts] != list(range(len(parts))):
            continue
        answers[number] = _judged(report, [place for _, _, place in parts], options, format)
    return answers


def _judged(report, parts, options, format):
    if "error" in report:
        return Left(f"the executors could not convert it: {report['error']}")
    if report["rows_rejected"]:
        return Left("it has rejected rows, which are kept by the driver")
    return Brought(report, parts, options, format)


class Batch:
    """The files of one batch that executors get. {number: path} here and for Spark, {number: bytes}."""

    def __init__(self, at_hand, on_databricks, limit, sent, format):
        self.at_hand, self.on_databricks, self.limit, self.sent, self.format = at_hand, on_databricks, limit, sent, format
        self.here, self.there, self.sizes, self.answers = {}, {}, {}, {}
        self.operation = Operation(at_hand.session, at_hand.kind, f"pyforge-{uuid.uuid4().hex}")

    def add(self, number, path, size, listed):
        path = process_path(path)
        answer = left(path, size, self.limit, self.on_databricks, listed)
        if answer is not None:
            self.answers[number] = answer
            return
        self.here[number], self.there[number], self.sizes[number] = path, spark_path(path, self.on_databricks), size

    def leave(self, why):
        """What executors were to get and have not brought is for the driver."""
        self.answers.update((number, Left(why)) for number in self.here if number not in self.answers)

    def _round(self, staging, numbers, declared, watch):
        """Has the executors convert these files, with types for the columns that are declared, and fills answers."""
        from pyforge_cli.extensions.databricks.on_executor import SCHEMA

        options = {**{name.replace("-", "_"): value for name, value in self.sent.items()}, "format": self.format, "engine": "native", "threads": 1,
                   "report_dir": "", "log_level": "error"}
        folder = os.path.join(staging.folder, "data", uuid.uuid4().hex[:8])

        def write():
            frame = _frame(self.at_hand.session, {number: self.there[number] for number in numbers}, self.sizes, self.limit)
            frame.mapInArrow(_function(options, declared), SCHEMA).write.options(**_WRITING).parquet(spark_path(folder, self.on_databricks))

        self.operation.run(write, watch, _LAST_WAIT)
        self.answers.update(_outputs(folder, {self.here[number]: number for number in numbers}, self.sent, self.format))

    def run(self, staging, watch, table=None, tried=()):
        """Fills answers. staging: the folder for what comes back. table: the OneTable that all files go into, or None. tried: sessions whose executors
        have the package."""
        try:
            is_tried = any(session is self.at_hand.session for session in tried)
            why = None if is_tried else self.operation.run(lambda: why_not(self.at_hand.session), watch, _LAST_WAIT)
            if why is None:
                declared = table.declared(self.at_hand, watch) if table else {}
                self._round(staging, list(self.here), declared, watch)
                for declared, numbers in (table.differing(self.answers) if table else ()):
                    self._round(staging, numbers, declared, watch)
                if table:
                    table.group(self.answers)
                why = "nothing came back from the executors for it"
        except Exception as error:
            if self.operation.is_ended:
                raise
            self.answers = {number: answer for number, answer in self.answers.items() if isinstance(answer, Left)}
            why = f"the executors failed: {said(error)}"
            # what was lost without an answer may run on; it writes to the staging folder only
            threading.Thread(target=self.operation.interrupt, name="pyforge-spark-interrupt", daemon=True).start()
        self.leave(why)


class OneFile:
    """The conversion of one file, a job of the engine, by an executor. tried: sessions whose executors have the package, the last one only."""

    def __init__(self, at_hand, on_databricks, job, tried):
        from pyforge_cli.extensions.databricks.engine import EXECUTOR_FILE_SIZE

        self.job, self.tried = job, tried
        sent = {name: text for name, text in job.options.items() if name not in OF_THE_DRIVER}
        self.batch = Batch(at_hand, on_databricks, bytes_of(job.option("executor-file-size") or EXECUTOR_FILE_SIZE), sent, job.output_format)
        self.batch.add(0, job.input, job.input_bytes or 0, {})

    def left(self):
        """Left where it stays on the driver, else None."""
        return self.batch.answers.get(0)

    def run(self, context):
        """What the engine's run() gives; raises what falls back."""
        job, batch = self.job, self.batch
        if batch.here:
            base = staging_base(job.staging, [job.output, job.input], batch.on_databricks)
            with contextlib.ExitStack() as stack:
                if not os.path.lexists(base):
                    stack.callback(_remove_empty, base)
                batch.run(stack.enter_context(Staging(base, batch.on_databricks, context.warn)), context.check_cancel, tried=self.tried)
                if isinstance(batch.answers[0], Brought):
                    self.tried[:] = [batch.at_hand.session]
                    return batch.answers[0].place(job, context)
        raise failure("unsupported", batch.answers[0].reason, "leave out --engine, or write --engine native")


def _is_quicker(at_hand, sizes):
    from pyforge_cli.extensions.databricks import choice

    if any(setting["name"] == "force-core" and setting["value"] == "yes" for setting in pyforge_cli.config()["settings"]):
        return False
    known = [size for size in sizes if size > 0]
    return choice.decide_batch(sum(known), len(known), choice.spark_cores(at_hand), choice.cores_here(), choice.threshold())


@contextlib.contextmanager
def spread(files, sizes, format, options, bar, note, asked):
    """{number of a file: Brought, Member of a group, or Left} of a batch's files, as long as the context lasts. files: [(input, output), ...]; asked:
    whether Spark is asked for, and not only to be had where it is quicker.

    None when there is no session that could have them, or that is worth it.
    """
    from pyforge_cli.extensions.databricks.engine import EXECUTOR_FILE_SIZE, _at_hand

    found, on_databricks = _at_hand(None, asked=bool(asked))
    if found is None or not (asked or _is_quicker(found, sizes)):
        yield None
        return
    limit = bytes_of(options.get("executor_file_size") or EXECUTOR_FILE_SIZE)
    batch = Batch(found, on_databricks, limit, options_sent(options), "parquet" if options.get("table") is not None or format == "delta" else format)
    listed = {}
    for number, (path, _) in enumerate(files):
        batch.add(number, path, sizes[number], listed)
    if not batch.here:
        yield batch.answers
        return
    with contextlib.ExitStack() as stack:
        try:
            first = min(batch.here)
            base = staging_base(options.get("staging"), [files[first][1], files[first][0]], on_databricks)
            if not os.path.lexists(base):
                stack.callback(_remove_empty, base)
            staging = stack.enter_context(Staging(base, on_databricks, note))
        except pyforge_cli.PyForgeError as error:
            batch.leave(error.message)
        else:
            words = f"{len(batch.here):,} of {len(files):,} files on the executors, {size_text(sum(batch.sizes.values()))}"
            batch.run(staging, lambda: bar.update(0.0, words), one_table_of(options))
        yield batch.answers


def _remove_empty(folder):
    with contextlib.suppress(OSError):
        os.rmdir(folder)


__all__ = ["OneFile", "bytes_of", "left", "spread", "why_not"]
