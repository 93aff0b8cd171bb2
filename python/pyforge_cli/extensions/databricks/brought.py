"""What executors have made of a file, on its way into the conversion of that file, whose engine puts it in its place."""

import contextlib
import dataclasses
import os
import tempfile
import threading

from pyforge_cli.errors import PyForgeError
from pyforge_cli.extensions.base import EngineError
from pyforge_cli.extensions.databricks.spark_errors import FALLS_BACK

# Options of the conversion as such, and those about what is written where: the driver's.
OF_THE_DRIVER = {"engine", "force-core", "force-pyspark", "force", "threads", "report-dir", "log-level", "output-dir", "table", "mode",
                 "merge-schema", "staging", "timezone", "column-names", "executor-file-size", "temp-dir", "sync", "format", "rejects", "rejects-full"}


class Brought:
    """The output of a file that executors have made. parts: [(Parquet file of Spark's, row group, row in it), ...]"""

    def __init__(self, report, parts, options, format):
        self.report, self.parts, self.options, self.format = report, parts, options, format

    def differs(self, job):
        """Why this is not what the job asks for; None = it is. A hook may have set options since."""
        given = {name: text for name, text in job.options.items() if name not in OF_THE_DRIVER}
        format = "parquet" if job.engines_only else job.output_format
        if format != self.format:
            return f"the executors wrote {self.format}"
        other = sorted(name for name in {*given, *self.options} if given.get(name) != self.options.get(name))
        return f"--{other[0]} was changed since the executors read it" if other else None

    def other_types(self, wanted):
        """Why its columns are not of these types, {name: type}; None = they are."""
        for column in self.report["columns"]:
            kind = wanted.get(column["name"], column["type"])
            if kind != column["type"]:
                return f"the table has {kind} for {column['name']!r}, which the executors found to be {column['type']}"
        return None

    def copy_to(self, path):
        """The output as a file of this machine."""
        import pyarrow.parquet

        written = 0
        with open(path, "wb") as file:
            for place, group, row in self.parts:
                with pyarrow.parquet.ParquetFile(place) as staged:
                    written += file.write(staged.read_row_group(group, columns=["content"]).column(0)[row].as_buffer())
        if written != self.report["output_size_bytes"]:
            raise OSError(f"{written} bytes of {self.report['output_size_bytes']} came back from the executors")

    def place(self, job, context):
        """Puts the output in its place; what the engine's run() gives."""
        with tempfile.TemporaryDirectory(prefix="pyforge-", dir=job.option("temp-dir") or os.environ.get("PYFORGE_TEMP_DIR") or None) as folder:
            path = os.path.join(folder, "output")
            try:
                self.copy_to(path)
            except Exception as error:
                raise EngineError(f"what the executors made could not be read back: {error}", "falls back") from error
            context.place(path)
        report = self.report
        for text in report["warnings"]:
            context.warn(text)
        return {
            "rows_written": report["row_count"], "rows_read": report["rows_read"], "rows_rejected": report["rows_rejected"],
            "rows_left_out": report["rows_left_out"], "bytes_written": report["output_size_bytes"], "columns": report["columns"],
            "display": "spark (executors)",
        }


class Left:
    """A file that is for the driver, and why. sparks_own: Spark may read it by itself, if it would give the same table."""

    def __init__(self, reason, sparks_own=False):
        self.reason, self.sparks_own = reason, sparks_own


_here = threading.local()


@contextlib.contextmanager
def of_file(answer):
    """What became of the file whose conversion this thread begins meanwhile: Brought, Left, or None."""
    _here.answer = answer
    try:
        yield
    finally:
        _here.answer = None


def is_here():
    """Whether this thread converts a file that executors have seen."""
    answer = getattr(_here, "answer", None)
    return answer is not None and not (isinstance(answer, Left) and answer.sparks_own)


def takes(job):
    """(whether, why) for the engine; None = it has to look for itself."""
    answer = getattr(_here, "answer", None)
    if answer is None or job.engines_only:
        return None
    if isinstance(answer, Left):
        return False, answer.reason
    why = answer.differs(job)
    return (False, why) if why else (True, "the executors of Spark have read it")


def run(job, context):
    """Puts the output in its place, for the engine; None = as takes()."""
    answer = getattr(_here, "answer", None)
    if not isinstance(answer, Brought) or job.engines_only:
        return None
    return answer.place(job, context)


def load(job, context, load, convert):
    """(result, TableWrite) of a file whose table is written, for the engine. load(convert) writes what convert(path, **options) makes of the file."""
    answer = getattr(_here, "answer", None)
    if isinstance(answer, Member):
        done = answer.group.load(answer, job, context, load)
        if done is not None:
            return done
        answer = Left(answer.group.why)
    if isinstance(answer, Brought):
        return load(lambda path, **more: _from_executors(answer, job, context, convert, path, more))
    if isinstance(answer, Left):
        context.warn(f"read on the driver: {answer.reason}")
    return load(convert)


def _from_executors(answer, job, context, convert, path, more):
    why = answer.differs(job) or answer.other_types(more.get("schema") or {})
    if why is None:
        try:
            answer.copy_to(path)
            return answer.report
        except Exception as error:
            why = f"what the executors made could not be read back: {error}"
    context.warn(f"read on the driver: {why}")
    return convert(path, **{**more, "force": True})


class Member:
    """A file of a group."""

    def __init__(self, group, brought):
        self.group, self.brought = group, brought


class Group:
    """Files with the same columns, which become part of one table by one commit: that of the first of them that is asked for."""

    def __init__(self):
        self.members, self.written, self.error, self.why = [], None, None, None

    def add(self, brought):
        self.members.append(brought)
        return Member(self, brought)

    def _copy(self, path, job, wanted):
        """The files, beside one another in the folder of path; the sum of what is told of them."""
        for number, brought in enumerate(self.members):
            why = brought.differs(job) or brought.other_types(wanted)
            if why is not None:
                raise _NotTogether(why)
            try:
                brought.copy_to(path if number == 0 else os.path.join(os.path.dirname(path), f"part-{number:05d}.parquet"))
            except Exception as error:
                raise _NotTogether(f"what the executors made could not be read back: {error}") from error
        reports = [brought.report for brought in self.members]
        columns = [{**column, "null_count": sum(report["columns"][at]["null_count"] or 0 for report in reports)}
                   for at, column in enumerate(reports[0]["columns"])]
        sums = ("row_count", "rows_read", "rows_rejected", "rows_left_out", "output_size_bytes")
        return {**{name: sum(report[name] for report in reports) for name in sums}, "columns": columns}

    def load(self, member, job, context, load):
        """(result, TableWrite) of one of the files; None = they cannot be written together, for the reason in why."""
        if self.written is None and self.error is None and self.why is None:
            try:
                _, self.written = load(lambda path, **more: self._copy(path, job, more.get("schema") or {}))
                if len(self.members) > 1:
                    context.warn(f"{len(self.members):,} files were written to the table by one commit")
            except _NotTogether as error:
                self.why = str(error)
            except PyForgeError as error:
                if getattr(error, "failure", None) == FALLS_BACK:
                    self.why = error.message
                self.error = error
        if self.why is not None:
            return None
        if self.error is not None:
            raise self.error
        for text in member.brought.report["warnings"]:
            context.warn(text)
        return member.brought.report, dataclasses.replace(self.written, rows=member.brought.report["row_count"])


class _NotTogether(Exception):
    """The files of a group have to be written one by one."""


__all__ = ["OF_THE_DRIVER", "Brought", "Group", "Left", "Member", "is_here", "load", "of_file", "run", "takes"]
