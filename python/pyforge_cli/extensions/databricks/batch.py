"""Many files at once: who converts which, and when."""

import contextlib
import os
import re
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import pyforge_cli
from pyforge_cli import _api
from pyforge_cli._api import shown
from pyforge_cli.extensions.databricks.identifiers import fill, parse_table
from pyforge_cli.extensions.databricks.progress import size_text, time_text
from pyforge_cli.extensions.databricks.spark_errors import failure

# Conversions at a time: each has a memory of its own to stay within.
_MOST_WORKERS = 8
_LOOKED_AFTER = 0.2


def process_path(path):
    """A path in one of the forms of Databricks as this process opens it; other paths as they are, relative ones too. What is wrong with one
    the library tells."""
    text = os.fsdecode(path)
    try:
        return _api.process_path(text)
    except (pyforge_cli.PyForgeError, ValueError):
        return text


def _is_of(error, pattern):
    """Whether it is the pattern's: an error names it without the secrets it may have in it."""
    return error.source in (pattern, shown(pattern))


def find(patterns, folder, recursive, format):
    """([(file, its output), ...], [the error of a pattern that stands for nothing, ...])"""
    left, errors = [os.fsdecode(pattern) for pattern in patterns], []
    while True:
        try:
            pairs = pyforge_cli.files(left, folder, recursive=recursive, format=format)
        except pyforge_cli.NotFoundError as error:
            if not any(_is_of(error, pattern) for pattern in left):
                raise
            left = [pattern for pattern in left if not _is_of(error, pattern)]
            errors.append(error)
        else:
            return pairs, errors


_A_VALUE = re.compile(r"option \w+= (is out of range|cannot be |has \{)")
_OF_TABLES = ("table", "mode", "merge_schema", "staging", "timezone", "column_names")
_STANDS_FOR_ALL = b"a\n1\n"
_MOST_THREADS = 1024


def check_options(format, options):
    """A value that an option does not take fails before the first file, not with each."""
    options = {name: value for name, value in options.items() if name != "force" and value is not None}
    if "table" in options:
        table = {**options, "table": options["table"].replace("{stem}", "stem"), "log_level": "error"}
        _judge(os.devnull, None, table, lambda error: _A_VALUE.match(error.message or str(error)))
        options = {name: value for name, value in options.items() if name not in _OF_TABLES}
        format = "parquet"
    # PYFORGE_PARALLEL_WORKERS is looked at by threads_of
    options = {"format": format, "threads": 1, **options, "force": True, "log_level": "error"}
    _judge(_STANDS_FOR_ALL, os.devnull, options, lambda error: not isinstance(error, pyforge_cli.UnknownOptionError))


def _judge(source, output, options, is_of_the_call):
    """Raises what is wrong with the options, and not with the input that stands for all files."""
    try:
        pyforge_cli.explain(source, output, **options)
    except pyforge_cli.OptionError as error:
        if is_of_the_call(error):
            raise (failure("option", error.message, error.remedy) if error.source else error) from None
    except pyforge_cli.PyForgeError:
        pass


def threads_of(options):
    """Threads for all files together. Takes them out of options, which check_options has seen."""
    given = options.pop("threads", None)
    if given:
        return int(given) or cores()
    told = os.environ.get("PYFORGE_PARALLEL_WORKERS")
    if not told:
        return cores()
    if not re.fullmatch(r"[0-9]{1,4}", told) or int(told) > _MOST_THREADS:
        raise failure("option", f"PYFORGE_PARALLEL_WORKERS is {told[:40]!r}", f"it takes 0 (all cores) to {_MOST_THREADS}")
    return int(told) or cores()


def asks_for_spark(options):
    """Whether Spark is asked for; None = it is left open."""
    if options.get("engine") == "spark" or options.get("force_pyspark"):
        return True
    return None if options.get("engine") in (None, "auto") and not options.get("force_core") else False


@contextlib.contextmanager
def on_executors(work, session, files, sizes, format, options, bar, note):
    """Meanwhile work has what the executors of Spark have made of its files, where there are any."""
    from pyforge_cli.extensions.databricks import choice

    asked = asks_for_spark(options)
    if not files or asked is False or (asked is None and choice.is_small_batch(sizes, choice.threshold())):
        yield
        return
    from pyforge_cli.extensions.databricks import executors
    from pyforge_cli.extensions.databricks.session import session_given

    with session_given(session), executors.spread(files, sizes, format, options, bar, note, asked) as answers:
        if answers is not None:
            work.take(answers, asked)
        yield


_COMPRESSION = re.compile(r"\.(gz|zst)\Z", re.IGNORECASE)


def tables(pattern, sources):
    """The table of each file, for a pattern with {stem} in it. Two files of one table would replace each other."""
    names, whose = [], {}
    for source in sources:
        stem = os.path.splitext(_COMPRESSION.sub("", os.path.basename(source)))[0]
        names.append(fill(pattern, stem))
        # a catalog tells no upper from lower case
        key = tuple(part.lower() for part in parse_table(names[-1]))
        if key in whose:
            raise failure("option", f"{whose[key]} and {source} would both be the table {names[-1]}",
                          "rename one of them, or write each by a call of its own")
        whose[key] = source
    return names


def cores():
    try:
        return len(os.sched_getaffinity(0)) or 1
    except (AttributeError, OSError):  # not on macOS
        return os.cpu_count() or 1


class _Stopped(BaseException):
    """Raised in the progress of a conversion that is to end, because the cell was interrupted."""


class Run:
    """One batch. convert(index, threads, progress) does one file and gives its result; sizes: bytes of each, -1 = not known.

    The thread that calls go() draws the bar and takes interrupts; the workers convert. An interrupt ends every conversion, and each takes
    away what it had begun.
    """

    def __init__(self, convert, sizes, threads, parallel, bar):
        self._convert, self._sizes, self._bar = convert, [max(size, 1) for size in sizes], bar
        self._cores = threads
        # More workers than files, or than cores, have nothing to do.
        self._workers = max(1, min(threads, len(sizes), _MOST_WORKERS)) if parallel else 1
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._free, self._ahead = self._cores, sum(self._sizes)
        self._read = [0] * len(sizes)
        self._done = self._failed = 0
        self._started = time.monotonic()

    def _take(self, index):
        """Threads for a file: its share of what is still to do, as far as cores are free."""
        with self._lock:
            share = self._cores if self._workers == 1 else round(self._cores * self._sizes[index] / max(self._ahead, 1))
            count = max(1, min(share, self._free))
            self._free -= count
            self._ahead -= self._sizes[index]
            return count

    def _one(self, index):
        if self._stop.is_set():
            raise _Stopped
        count = self._take(index)

        def progress(told):
            self._read[index] = told.bytes_read
            if self._stop.is_set():
                raise _Stopped

        try:
            result = self._convert(index, count, progress)
        finally:
            with self._lock:
                self._free += count
        with self._lock:
            self._done += 1
            self._failed += not result
            self._read[index] = self._sizes[index]
        return result

    def _words(self):
        seconds = time.monotonic() - self._started
        read, total = sum(self._read), sum(self._sizes)
        words = [f"{self._done:,} of {len(self._sizes):,} files", f"{size_text(read)} of {size_text(total)}"]
        if self._failed:
            words.append(f"{self._failed:,} failed")
        if 0 < read < total and seconds > 0:
            words.append(f"{size_text(read / seconds)}/s, {time_text((total - read) * seconds / read)} left")
        return ", ".join(words)

    def go(self):
        """The results, in the order of the files. Where several are converted at a time the largest come first, so that none of them is
        left alone at the end; else they are taken in their order, which decides what a table of all of them is like."""
        order = range(len(self._sizes))
        if self._workers > 1:
            order = sorted(order, key=lambda index: -self._sizes[index])
        with ThreadPoolExecutor(self._workers) as pool:
            jobs = {index: pool.submit(self._one, index) for index in order}
            try:
                waiting = set(jobs.values())
                while waiting:
                    done, waiting = wait(waiting, timeout=_LOOKED_AFTER, return_when=FIRST_COMPLETED)
                    for job in done:
                        job.result()  # what a worker raised is no failed conversion
                    self._bar.update(min(1.0, sum(self._read) / sum(self._sizes)), self._words)
            except BaseException:
                self._stop.set()
                for job in jobs.values():
                    job.cancel()
                raise
        return [jobs[index].result() for index in range(len(self._sizes))]


__all__ = ["Run", "asks_for_spark", "check_options", "cores", "find", "on_executors", "process_path", "tables", "threads_of"]
