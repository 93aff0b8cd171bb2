"""The folder where the native engine puts Parquet for Spark to load: at a place both can see, gone at every end."""

import os
import re
import shutil
import threading
import time
from pathlib import Path

from pyforge_cli import _api, _pyforge
from pyforge_cli.extensions.databricks.identifiers import quote_all
from pyforge_cli.extensions.databricks.spark_errors import failure

PREFIX = ".pyforge-staging-"
# A folder of another machine, of which it cannot be told whether its owner still works, counts as left over after this.
LEFT_OVER_SECONDS = 7 * 86400
# How long an operation whose answer was lost is interrupted.
_SWEEP_SECONDS = 20.0
# What Hadoop takes for a pattern in a path that is read.
_PATTERN = re.compile(r"([\\{}\[\]*?])")
_VOLUMES = "/Volumes/"
_IN_A_VOLUME = "name a folder in a volume: --staging /Volumes/catalog/schema/volume/folder"


def process_path(location):
    """A location as this process opens it, from the root: what it means is said by the native half (path.c)."""
    return "/" + os.path.abspath(_api.process_path(location)).lstrip("/")


def spark_path(location, on_databricks):
    """The same for Spark; None = Spark does not see it."""
    path = process_path(location)
    if path.startswith(_VOLUMES):
        return path
    if path.startswith("/dbfs/"):
        return "dbfs:/" + path[len("/dbfs/"):]
    return None if on_databricks else "file:" + path


def as_read(path):
    """A path that Spark reads, so that nothing in it counts as a pattern."""
    return _PATTERN.sub(r"\\\1", path)


def staging_base(staging, places, on_databricks):
    """The folder to stage in: the one given, else the first of places (input, output) beside which Spark can see."""
    if staging is not None:
        if spark_path(staging, on_databricks) is None:
            raise failure("option", f"Spark does not see {os.fspath(staging)}", _IN_A_VOLUME)
        return process_path(staging)
    for place in places:
        if place is not None and spark_path(place, on_databricks) is not None:
            return os.path.dirname(process_path(place))
    raise failure("option", "there is no folder here that Spark can see, for the data on its way to the table", _IN_A_VOLUME)


def check_volume(base):
    """A volume is made by SQL: where it is not there, no folder is made in its place."""
    if not base.startswith(_VOLUMES):
        return
    parts = [part for part in base.split("/")[2:5] if part]
    if len(parts) < 3:
        raise failure("option", f"{base} is no folder of a volume, so that nothing can be staged there", _IN_A_VOLUME)
    volume = _VOLUMES + "/".join(parts)
    if not os.path.isdir(volume):
        raise failure("missing", f"the volume {volume} is not there, or not granted to you, so that nothing can be staged in it",
                      f"check the name (pyforge list-volumes shows those there are), or have it made: CREATE VOLUME {quote_all(parts)};")


def _is_left_over(name, folder):
    owner = _pyforge.owner_of(os.fsencode(name[len(PREFIX):]))
    if owner != "elsewhere":
        return owner == "gone"
    try:
        return time.time() - os.stat(folder).st_mtime > LEFT_OVER_SECONDS
    except OSError:
        return False


class Staging:
    """with Staging(base, on_databricks) as staging: staging.file is where to write, staging.spark_path what Spark reads."""

    def __init__(self, base, on_databricks=False, note=None):
        self.base, self.on_databricks, self.note = base, on_databricks, note
        self.folder = self.file = self.spark_path = None
        self._is_left = threading.Event()

    def __enter__(self):
        check_volume(self.base)
        try:
            os.makedirs(self.base, exist_ok=True)
            for entry in os.scandir(self.base):
                if entry.name.startswith(PREFIX) and _is_left_over(entry.name, entry.path):
                    shutil.rmtree(entry.path, ignore_errors=True)
            self.folder = os.path.join(self.base, PREFIX + _pyforge.owner_name())
            # its copy of the data is for nobody else, whoever may look into the folder around it
            os.mkdir(self.folder, 0o700)
            # within, as Spark warns of paths that begin with a dot
            os.mkdir(os.path.join(self.folder, "data"))
        except OSError as error:
            raise failure("refused", f"{self.base}: cannot stage there: {error.strerror or error}",
                          "name a folder that may be written to: --staging FOLDER") from error
        self.file = Path(self.folder, "data", "part-00000.parquet")
        self.spark_path = spark_path(os.path.join(self.folder, "data"), self.on_databricks)
        return self

    def lost(self, operation):
        """The answer of an operation that writes here did not come. It is interrupted on a thread of its own, as a connection that is gone keeps whoever
        asks, and what it writes when this folder is gone already goes, too."""
        threading.Thread(target=self._sweep, args=(operation,), name="pyforge-spark-sweep", daemon=True).start()

    def _sweep(self, operation):
        end = time.monotonic() + _SWEEP_SECONDS
        while operation.interrupt() is not False and time.monotonic() < end:
            time.sleep(0.3)
        self._is_left.wait()
        for _ in range(4):  # tasks that are being ended write a last time
            shutil.rmtree(self.folder, ignore_errors=True)
            time.sleep(0.3)

    def __exit__(self, *ended):
        try:
            self._remove()
        finally:
            self._is_left.set()

    def _remove(self):
        for _ in range(3):
            shutil.rmtree(self.folder, ignore_errors=True)
            if not os.path.lexists(self.folder):
                return
            time.sleep(0.2)
        if self.note is not None:
            self.note(f"{self.folder} could not be removed; it holds a copy of the data")


__all__ = ["Staging", "as_read", "process_path", "spark_path", "staging_base"]
