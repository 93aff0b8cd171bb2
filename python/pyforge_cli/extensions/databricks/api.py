"""forge: what notebooks use. A failed conversion is a result, not an exception.

Importing this loads next to nothing, neither the library nor the extension's native half: a notebook that names forge at its top has
not used it yet. What a method needs is imported by it.
"""

import os
import sys
import threading
import time

import pyforge_cli

# Keywords that hold further keywords, as the notebook reference has them.
_NESTED = ("csv_options", "excel_options", "xml_options")
_YES = {"1", "true", "yes"}
_COMPUTE = {"serverless": "Databricks Serverless", "classic": "Databricks Classic"}
_EMPTY = {
    "success": False,
    "input_path": None,
    "output_path": None,
    "output_format": None,
    "row_count": 0,
    "rows_processed": 0,
    "rows_read": 0,
    "rows_rejected": 0,
    "rows_left_out": 0,
    "processing_engine": "none",
    "converter_used": "none",
    "duration": 0.0,
    "duration_seconds": 0.0,
    "file_size_bytes": 0,
    "output_size_bytes": 0,
    "columns": [],
    "tables": [],
    "tables_left_out": [],
    "warnings": [],
    "rejects_path": None,
    "attempts": [],
    "error": None,
}


def _shown(place):
    if ":/" not in (text := str(place)):
        return text
    from pyforge_cli._api import shown

    return shown(text)


def _failed(source, output, error):
    """The result of a conversion that raised."""
    from pyforge_cli._result import ConversionResult

    record = {**_EMPTY, "input_path": _shown(source), "output_path": None if output is None else _shown(output)}
    record["outcome_unknown"] = getattr(error, "failure", None) == "unknown"
    record["error"] = {"code": error.status, "message": error.message or str(error), "hint": error.remedy or None}
    return ConversionResult(record, 2 if isinstance(error, pyforge_cli.OptionError) else 1, str(error), error)


def _logger():
    import logging

    return logging.getLogger("pyforge_cli.databricks")


def _add_nested(flat, name, nested, options):
    """Options from csv_options and the like. What is given there and as a keyword, or in two of them, is one option with two values."""
    for option, value in nested.items():
        if option in flat or option in options:
            from pyforge_cli.extensions.databricks.spark_errors import failure

            raise failure("option", f"{option}= is given twice, one of them in {name}", "give it once")
        flat[option] = value


def _is_pattern(source):
    """Whether it has the marks of a pattern, and is neither a file nor the address of one."""
    from pyforge_cli.extensions.databricks.batch import process_path

    path = process_path(source)
    return any(mark in path for mark in "*?[") and ":/" not in path and not os.path.exists(path)


def _check_one(source, call, of_folder, of_pattern):
    """One file is meant, not a list, a folder or a pattern, whose advice is given."""
    from pyforge_cli.extensions.databricks.batch import process_path
    from pyforge_cli.extensions.databricks.spark_errors import failure

    if isinstance(source, (list, tuple, set)):
        other = "forge.batch_convert() takes several" if call == "convert" else "call it for each"
        raise TypeError(f"{call}() takes one file, not {type(source).__name__}: {other}")
    if not isinstance(source, (str, os.PathLike)):
        return
    if os.path.isdir(process_path(source)):
        raise failure("option", f"{_shown(source)} is a folder, where one file was expected", of_folder)
    if _is_pattern(source):
        raise failure("option", f"{_shown(source)} is a pattern, where one file was expected", of_pattern)


def _check_file(source, call):
    from pyforge_cli.extensions.databricks.batch import process_path

    # as Python's own functions find it: of "dbfs:/Volumes/..." they know nothing
    place = _shown(process_path(source)) if isinstance(source, (str, os.PathLike)) else ""
    below = ", recursive=True" if "**" in place else ""
    _check_one(source, call, f"name a file of it; for each of them: [forge.{call}(path) for path in glob.glob({os.path.join(place, '*')!r})]",
               f"name a file; for each of them: [forge.{call}(path) for path in glob.glob({place!r}{below})]")


def _check_call(source, options):
    """What cannot be meant, before anything is opened."""
    from pyforge_cli.extensions.databricks.from_delta import is_delta
    from pyforge_cli.extensions.databricks.spark_errors import failure

    if not is_delta(source, options):
        _check_one(source, "convert", "forge.batch_convert() converts every file of a folder, and takes table='catalog.schema.{stem}', too",
                   "forge.batch_convert() converts the files of a pattern")
    if options.get("table") is not None and options.get("format") not in (None, "delta"):
        raise failure("option", f"table= writes a Delta table, and format= is {options['format']!r}", "leave out one of them")


def _flattened(options):
    flat = {}
    for name, value in options.items():
        if name not in _NESTED:
            flat[name] = value
        elif isinstance(value, dict):
            _add_nested(flat, name, value, options)
        elif value is not None:
            raise TypeError(f"{name} must be a dictionary of options, not {type(value).__name__}")
    if flat.pop("force_core", False):
        flat["engine"] = "native"
    return flat


def _raises(raise_on_error):
    if raise_on_error is None:
        return os.environ.get("PYFORGE_RAISE_ON_ERROR", "").lower() in _YES
    return raise_on_error


def _name_of(place):
    return os.path.basename(_shown(os.fspath(place))) if isinstance(place, (str, os.PathLike)) else "conversion"


def _size_of(path):
    try:
        return os.path.getsize(path)
    except OSError:
        return -1


def _tell(line):
    """One line for whoever looks on: in the cell, or in the log of a job."""
    from pyforge_cli.extensions.databricks.progress import has_front_end

    if has_front_end():
        print(line)
    elif sys.stderr is not None:
        print(line, file=sys.stderr)


def _why_not_spark(reasons):
    """Of "duck: asleep; spark: from 1 GB" what spark says."""
    told = [reason.partition(": ")[2] for reason in reasons.split("; ") if reason.startswith("spark: ")]
    return told[0] if told else ""


class PyForgeDatabricks:
    """Conversions in a notebook, with a count of what was done. spark_session: the session for tables, instead of the notebook's."""

    def __init__(self, spark_session=None, auto_init=True):
        self.spark = spark_session
        # Names of the original's parts; the library chooses, falls back and reads volumes by itself.
        self.converter_selector = self.fallback_manager = self.volume_ops = None
        self.stats = {"total": 0, "good": 0, "bytes": 0}
        self._environment = None
        self._started = time.monotonic()
        self._counting = threading.Lock()

    @property
    def logger(self):
        return _logger()

    @property
    def environment(self):
        """Where this runs, found out when it is first asked for."""
        if self._environment is None:
            from pyforge_cli.extensions.databricks.environment import get_environment_info

            self._environment = get_environment_info()
        return self._environment

    def initialize(self):
        return True

    def _attempt(self, source, output, options, progress):
        """One conversion, counted and logged."""
        from pyforge_cli import _api
        from pyforge_cli.extensions.databricks import from_delta
        from pyforge_cli.extensions.databricks.session import session_given

        _ = self.environment  # which loads the extension: its engine is asked from the first conversion on
        try:
            if options.get("table") is not None and options.get("mode") is None:
                # A file is replaced; a table of the catalog only when that is asked for.
                options = {**options, "mode": "error"}
            with session_given(self.spark):
                if from_delta.is_delta(source, options):
                    return self._counted(source, self._of_delta(source, output, options, progress))
                return self._counted(source, _api.attempt(source, output, progress=progress, **options))
        except pyforge_cli.UnknownOptionError:
            raise
        except pyforge_cli.PyForgeError as error:
            return self._failed_before(source, output, error)

    def _of_delta(self, source, output, options, progress):
        from pyforge_cli.extensions.databricks import engine, from_delta

        why = []
        at_hand, on_databricks = engine._at_hand(self.spark, why)
        return from_delta.convert(at_hand, source, output, options, progress, on_databricks=on_databricks, why=why)

    def _failed_before(self, source, output, error):
        """A conversion that never began."""
        return self._counted(source, _failed(source, output, error))

    def _counted(self, source, result):
        from pyforge_cli.extensions.databricks._html import Conversion

        result = Conversion.of(result)
        result["environment"] = {key: self.environment[key] for key in ("compute_type", "runtime_version")}
        result["fallback_history"] = [
            {"converter": attempt["engine"], "reason": attempt["reason"], "error": attempt["reason"]}
            for attempt in result["attempts"] or []
            if not attempt["ok"]
        ]
        with self._counting:
            self.stats["total"] += 1
            self.stats["good"] += bool(result)
            self.stats["bytes"] += result.get("file_size_bytes") or 0
        if not result:
            _log_failure(source, result)
        return result

    def _announce(self, results):
        """On Databricks: where this runs, and what did the work."""
        name = _COMPUTE.get(self.environment["compute_type"])
        good = [result for result in results if result]
        if name is None or not good:
            return
        from pyforge_cli.extensions.databricks.progress import size_text

        size = size_text(sum(result.get("file_size_bytes") or 0 for result in good))
        engines = {str(result["processing_engine"]) for result in good}
        if all(engine.startswith("spark") for engine in engines):
            _tell(f"Detected {name} - using Spark optimization ({size})")
        else:
            # Why not Spark, where there is one to choose.
            reason = _why_not_spark(str(good[0].get("engine_reason"))) if len(good) == 1 else ""
            told = f"{size}; {reason}" if reason else size
            _tell(f"Detected {name} - {' and '.join(sorted(engines))} engine ({told})")

    def convert(self, input_path, output_path=None, format=None, *, raise_on_error=None, progress=None, **options):
        """Convert a file; without output_path the output lies beside it. An existing output is replaced, safely.

        A conversion that fails gives a result that says so, in red, and is logged; raise_on_error=True (or the variable
        PYFORGE_RAISE_ON_ERROR) raises instead. Options are those of the command convert, with _ for -; csv_options, excel_options and
        xml_options may hold some of them, and force_core=True is engine="native".

        progress: a function that is called with a Progress; True shows it as lines where there is no notebook, too; False never.
        """
        from pyforge_cli.extensions.databricks.progress import Bar

        options = {"force": True, "format": format, **_flattened(options)}
        bar = Bar(_name_of(input_path), False if callable(progress) else progress)
        watcher = progress if callable(progress) else bar if bar.is_seen else None
        try:
            _check_call(input_path, options)
        except pyforge_cli.PyForgeError as error:
            result = self._failed_before(input_path, output_path, error)
        else:
            result = self._attempt(input_path, output_path, options, watcher)
        bar.end(result.told() if result else str(result.get("error")), failed=not result)
        if progress is not False:
            self._announce([result])
        return result.raise_for_error() if _raises(raise_on_error) else result

    def get_info(self, file_path, **options):
        """What is known of a file, with the keys of the original besides; error says why nothing is."""
        from datetime import datetime, timezone

        from pyforge_cli._result import Record
        from pyforge_cli.extensions.databricks.batch import process_path

        if isinstance(file_path, (bytes, bytearray, memoryview)):
            raise TypeError(f"get_info() takes a path, not {type(file_path).__name__}")
        if isinstance(file_path, (list, tuple, set)):
            _check_file(file_path, "get_info")
        path = process_path(file_path)
        suffix = os.path.splitext(_shown(path))[1].lstrip(".").lower()
        record = {"path": _shown(file_path), "exists": os.path.exists(path), "format": suffix or "unknown"}
        # ".." that leaves a volume was refused, and is of none
        record["is_volume"] = path.startswith("/Volumes/") and ".." not in path.split("/")
        if record["is_volume"]:
            record.update(zip(("catalog", "schema", "volume"), [part for part in path.split("/") if part][1:4]))
        if record["exists"]:
            record["modified"] = datetime.fromtimestamp(os.path.getmtime(path), timezone.utc).isoformat()
        try:
            _check_file(file_path, "get_info")
            record.update(pyforge_cli.info(file_path, **options))
        except pyforge_cli.UnknownOptionError:
            raise
        except pyforge_cli.PyForgeError as error:
            record["error"] = str(error)
        return Record(record)

    def validate(self, file_path, **options):
        """Whether a file is what its format asks for; what is wrong with it, or with reaching it, is in issues."""
        try:
            _check_file(file_path, "validate")
            return pyforge_cli.validate(file_path, **options)
        except pyforge_cli.UnknownOptionError:
            raise
        except pyforge_cli.PyForgeError as error:
            from pyforge_cli._result import ValidationResult

            return ValidationResult({"valid": False, "input_path": _shown(file_path)}, error)

    def preview(self, path, rows=20, **options):
        """The first rows of a table, which a notebook shows; no more of the file is read than that takes. Options are those of the
        format. A file that cannot be read raises the reason."""
        from pyforge_cli.extensions.databricks._preview import preview

        _check_file(path, "preview")
        return preview(path, rows, _flattened(options))

    def get_environment_info(self):
        from pyforge_cli._result import Record
        from pyforge_cli.extensions.databricks.environment import get_environment_info

        self._environment = get_environment_info()
        return Record(self._environment)

    def batch_convert(
        self,
        file_pattern=None,
        output_dir=None,
        format="parquet",
        parallel=True,
        *,
        file_patterns=None,
        recursive=False,
        raise_on_error=None,
        progress=None,
        **options,
    ):
        """Convert every file of a pattern, of a folder, or of a list of these; ** and recursive=True take the folders below, and keep them
        below output_dir. Files go on when one fails.

        Gives a list of results in the order of the files, whose summary has total, converted, failed, exit_code and failures. threads is
        for all files together; memory is for each. Interrupting the cell ends all of it, and leaves no half files.

        table="main.bronze.{stem}" writes a table for each file, of which no two may have one name; without {stem} one table is begun by
        the first file and the others are appended to it, in their order.
        """
        from pyforge_cli.extensions.databricks import batch
        from pyforge_cli.extensions.databricks._html import Batch
        from pyforge_cli.extensions.databricks.progress import Bar
        from pyforge_cli.extensions.databricks.spark_errors import failure

        patterns = file_pattern if file_patterns is None else file_patterns
        if patterns is None:
            raise TypeError("batch_convert() needs a pattern, as '/Volumes/main/default/bronze/*.csv'")
        if isinstance(patterns, (str, bytes, os.PathLike)):
            patterns = [patterns]
        patterns = list(patterns)
        if not patterns:
            raise failure("option", "the list of files is empty", "look at what makes the list; a job with nothing to do leaves out the call")
        options = {"force": True, **_flattened(options)}
        format = options.pop("output_format", None) or format or "parquet"
        if not isinstance(options.get("table"), (str, type(None))):
            raise TypeError(f"table must be the name of a table, as 'main.bronze.{{stem}}', not {type(options['table']).__name__}")
        folder = None if output_dir is None else os.fsdecode(output_dir)
        _ = self.environment  # which loads the extension: its options are known from then on
        batch.check_options(format, options)
        threads = batch.threads_of(options)
        files, errors = batch.find(patterns, folder, recursive, options.get("format", format))
        work = _Work(self, files, format, options)
        bar = Bar("batch", progress)
        started = time.monotonic()
        sizes = [_size_of(batch.process_path(path)) for path, _ in files]
        with work.on_executors(sizes, bar):
            results = batch.Run(work, sizes, threads, parallel and not work.is_one_table, bar).go() if files else []
        results += [self._failed_before(error.source, None, error) for error in errors]
        done = Batch(results, time.monotonic() - started)
        bar.end(done.told(), failed=bool(done.summary.failed))
        if progress is not False:
            self._announce(done)
        return done.raise_for_error() if _raises(raise_on_error) else done

    def install_sample_datasets(self, destination=None, formats=None, sizes=None, *, volume_path=None, datasets=None):
        """Comes with a later version: formats, sizes and datasets are not looked at yet."""
        from pyforge_cli._result import Record

        destination = volume_path if destination is None else destination
        return Record(success=False, error="sample datasets come with a later version", destination=destination, total_files=0)

    def get_statistics(self):
        from pyforge_cli._result import Record

        total, good = self.stats["total"], self.stats["good"]
        return Record(
            session_duration_seconds=time.monotonic() - self._started,
            total_conversions=total,
            successful_conversions=good,
            failed_conversions=total - good,
            success_rate=good / total if total else 0.0,
            total_bytes_processed=self.stats["bytes"],
            total_gb_processed=self.stats["bytes"] / 1e9,
            environment=self.environment,
        )


class _Work:
    """What batch.Run calls for each file."""

    def __init__(self, forge, files, format, options):
        self._forge, self._files, self._format, self._options = forge, files, format, options
        self._table = options.get("table")
        self.is_one_table = self._table is not None and "{stem}" not in self._table
        self._tables = None
        if self._table is not None and not self.is_one_table:
            from pyforge_cli.extensions.databricks import batch

            self._tables = batch.tables(self._table, [source for source, _ in files])
        self._begun = False
        self._answers = None

    def on_executors(self, sizes, bar):
        """A context in which the files that the executors of Spark can have are converted there, where that is asked for."""
        from pyforge_cli.extensions.databricks import batch

        return batch.on_executors(self, self._forge.spark, self._files, sizes, self._format, self._options, bar, _logger().warning)

    def take(self, answers, asked):
        """answers: what executors did, by the numbers of the files; asked: whether they were asked for, so that what they did not do is told."""
        self._answers = answers
        self._options = {name: value for name, value in self._options.items() if name not in ("engine", "executor_file_size")}
        if asked:
            self._options["force_pyspark"] = True

    def __call__(self, index, threads, progress):
        if not self._answers:
            return self._convert(index, threads, progress)
        from pyforge_cli.extensions.databricks import brought

        with brought.of_file(self._answers.get(index)):
            return self._convert(index, threads, progress)

    def _convert(self, index, threads, progress):
        (source, output), options = self._files[index], {**self._options, "threads": threads}
        if self._table is None:
            options["format"] = self._format
        else:
            output = None
            options["table"] = self._table if self.is_one_table else self._tables[index]
            if self.is_one_table and self._begun:
                options["mode"] = "append"
        result = self._forge._attempt(source, output, options, progress)
        self._begun = self._begun or bool(result)
        return result


def _log_failure(source, result):
    text = str(result.get("error"))
    _logger().error("%s", text if _shown(source) in text else f"{_shown(source)}: {text}")


forge = PyForgeDatabricks()

__all__ = ["PyForgeDatabricks", "forge"]
