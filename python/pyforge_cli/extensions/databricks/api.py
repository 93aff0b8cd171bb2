"""forge: what notebooks use. A failed conversion is a result, not an exception."""

import glob
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import pyforge_cli
from pyforge_cli import _api
from pyforge_cli._result import ConversionResult, Record, ValidationResult
from pyforge_cli.extensions.databricks.environment import get_environment_info

logger = logging.getLogger("pyforge_cli.databricks")

# Keywords that hold further keywords, as the notebook reference has them.
_NESTED = ("csv_options", "excel_options", "xml_options")
_YES = {"1", "true", "yes"}
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
    "warnings": [],
    "rejects_path": None,
    "attempts": [],
    "error": None,
}


def _failed(source, output, error):
    """The result of a conversion that never began."""
    record = {**_EMPTY, "input_path": str(source), "output_path": None if output is None else str(output)}
    record["error"] = {"code": error.status, "message": error.message, "hint": error.remedy or None}
    result = ConversionResult(record, 2 if isinstance(error, pyforge_cli.OptionError) else 1, "nothing was written", error)
    error.result = result
    return result


def _flattened(options):
    flat = {}
    for name, value in options.items():
        if name in _NESTED and isinstance(value, dict):
            flat.update(value)
        else:
            flat[name] = value
    if flat.pop("force_core", False):
        flat["engine"] = "native"
    return flat


def _raises(raise_on_error):
    if raise_on_error is None:
        return os.environ.get("PYFORGE_RAISE_ON_ERROR", "").lower() in _YES
    return raise_on_error


class PyForgeDatabricks:
    """Conversions in a notebook, with a count of what was done. spark_session is kept for the engine that uses it."""

    def __init__(self, spark_session=None, auto_init=True):
        self.spark = spark_session
        self.logger = logger
        self.environment = get_environment_info()
        # Names of the original's parts; the library chooses, falls back and reads volumes by itself.
        self.converter_selector = self.fallback_manager = self.volume_ops = None
        self.stats = {"total": 0, "good": 0, "bytes": 0}
        self._started = time.monotonic()
        self._counting = threading.Lock()

    def initialize(self):
        return True

    def convert(self, input_path, output_path=None, format=None, *, raise_on_error=None, progress=None, **options):
        """Convert a file; without output_path the output lies beside it. An existing output is replaced, safely.

        A conversion that fails gives a result that says so, in red, and is logged; raise_on_error=True (or the variable
        PYFORGE_RAISE_ON_ERROR) raises instead.
        """
        options = {"force": True, "format": format, **_flattened(options)}
        try:
            result = _api.attempt(input_path, output_path, progress=progress, **options)
        except pyforge_cli.UnknownOptionError:
            raise
        except pyforge_cli.PyForgeError as error:
            result = _failed(input_path, output_path, error)
        result["environment"] = {key: self.environment[key] for key in ("compute_type", "runtime_version")}
        result["fallback_history"] = []
        with self._counting:
            self.stats["total"] += 1
            self.stats["good"] += bool(result)
            self.stats["bytes"] += result.get("file_size_bytes") or 0
        if not result:
            logger.error("%s: %s", input_path, result.get("error"))
            if _raises(raise_on_error):
                result.raise_for_error()
        return result

    def get_info(self, file_path, **options):
        """What is known of a file, with the keys of the original besides; error says why nothing is."""
        path = Path(file_path)
        record = {"path": str(file_path), "exists": path.exists(), "format": path.suffix.lstrip(".").lower() or "unknown"}
        record["is_volume"] = str(file_path).startswith("/Volumes/")
        if record["is_volume"]:
            record.update(zip(("catalog", "schema", "volume"), path.parts[2:5]))
        if record["exists"]:
            record["modified"] = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc).isoformat()
        try:
            record.update(pyforge_cli.info(file_path, **options))
        except pyforge_cli.PyForgeError as error:
            record["error"] = str(error)
        return Record(record)

    def validate(self, file_path, **options):
        try:
            return pyforge_cli.validate(file_path, **options)
        except pyforge_cli.PyForgeError as error:
            return ValidationResult({"valid": False, "input_path": str(file_path)}, error)

    def get_environment_info(self):
        self.environment = get_environment_info()
        return Record(self.environment)

    def batch_convert(self, file_pattern=None, output_dir=None, format="parquet", parallel=True, *, file_patterns=None, **options):
        """Convert every file of a pattern, or of a list of patterns; gives a list of results in the order of the files."""
        file_pattern = file_patterns if file_pattern is None else file_pattern
        if file_pattern is None:
            raise TypeError("batch_convert() needs a pattern, as '/Volumes/main/default/bronze/*.csv'")
        patterns = [file_pattern] if isinstance(file_pattern, (str, os.PathLike)) else file_pattern
        found = dict.fromkeys(path for pattern in patterns for path in sorted(glob.glob(os.fspath(pattern), recursive=True)))
        files = [Path(path) for path in found if os.path.isfile(path)]
        stems = [file.stem for file in files]
        workers = int(os.environ.get("PYFORGE_PARALLEL_WORKERS") or os.cpu_count() or 1) if parallel else 1

        def one(file):
            # Two files of one stem would be written to one place.
            name = file.stem if stems.count(file.stem) == 1 else file.name.replace(".", "_")
            folder = Path(output_dir) if output_dir is not None else file.parent
            return self.convert(file, folder / f"{name}.{format}", format, **options)

        if output_dir is not None:
            Path(output_dir).mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(max(1, workers)) as pool:
            return list(pool.map(one, files))

    def install_sample_datasets(self, destination=None, formats=None, sizes=None, *, volume_path=None, datasets=None):
        """Comes with a later version: formats, sizes and datasets are not looked at yet."""
        destination = volume_path if destination is None else destination
        return Record(success=False, error="sample datasets come with a later version", destination=destination, total_files=0)

    def get_statistics(self):
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


forge = PyForgeDatabricks()

__all__ = ["PyForgeDatabricks", "forge"]
