"""DatabricksExtension: what the registry sees of the Databricks support. It needs nothing but the package itself."""

import os
import sys

from pyforge_cli import __version__
from pyforge_cli.extensions.base import BaseExtension
from pyforge_cli.extensions.databricks.commands import COMMANDS

# Of what else may be installed: the package, the least version, and what it is for.
_MORE = (
    ("databricks-sdk", (0, 36), "databricks", "Unity Catalog from outside Databricks"),
    ("pyspark", (3, 5), "spark", "the Spark engine"),
)


def _versions():
    """{package: version} of what is installed, by the names of folders: importlib.metadata takes longer to import than a conversion takes."""
    found = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if name.endswith(".dist-info"):
                package, _, version = name[: -len(".dist-info")].rpartition("-")
                found.setdefault(package.lower().replace("_", "-"), version)
    return found


def _numbers(version):
    numbers = []
    for part in version.split(".")[:2]:
        digits = part[: len(part) - len(part.lstrip("0123456789"))] if part[:1].isdigit() else ""
        numbers.append(int(digits or 0))
    return tuple(numbers)


class DatabricksExtension(BaseExtension):
    name = "databricks"
    version = __version__
    description = "Databricks Unity Catalog and Spark integration"
    licence = "MIT"
    # What surrounds a conversion is told by env-info and by forge; no conversion has to import this for it.
    hooks = ()
    # Where it runs, volumes and their commands.
    native = "_databricks.so"

    def __init__(self):
        super().__init__()
        self.config = {
            "auto_detect_environment": True,
            "enable_spark_optimization": True,
            "enable_streaming": True,
            "default_output_format": "parquet",
            "spark_memory_fraction": 0.8,
            "adaptive_execution": True,
        }

    def is_available(self):
        return True

    def initialize(self):
        """True outside Databricks too."""
        self.initialized = True
        return True

    def get_details(self):
        """What is not installed, and what it would be for."""
        told, versions = [], _versions()
        for package, least, extra, use in _MORE:
            found = versions.get(package)
            wanted = ".".join(map(str, least))
            if found is None:
                told.append(f"{use}: pip install 'pyforge-cli[{extra}]' brings {package}")
            elif _numbers(found) < least:
                told.append(f"{use}: {package} {found} is too old, {wanted} is needed")
        return "; ".join(told)

    def get_commands(self):
        return dict(COMMANDS)

    def get_engines(self):
        from pyforge_cli.extensions.databricks.engine import SparkEngine

        return [SparkEngine()]

    def get_options(self):
        from pyforge_cli.extensions.databricks.engine import OPTIONS

        return list(OPTIONS)

    def hook_environment_detection(self):
        from pyforge_cli.extensions.databricks.environment import get_environment_info

        return get_environment_info()

    def hook_performance_optimization(self, operation, options):
        """The library chooses by itself; options stay as they are."""
        return options

    def get_environment(self):
        from pyforge_cli.extensions.databricks.environment import facts

        return facts()

    def get_notebook_api(self):
        from pyforge_cli.extensions.databricks.api import forge

        return forge


__all__ = ["DatabricksExtension"]
