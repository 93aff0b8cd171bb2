"""PyForge: data files in, analysis-ready tables out.

    import pyforge_cli

    pyforge_cli.convert("sales.csv")                    # sales.parquet beside it
    pyforge_cli.info("sales.csv")["columns"]
    table = pyarrow.table(pyforge_cli.read("sales.csv"))
    pyforge_cli.write(table, "sales.csv.parquet", compression="zstd")

Nothing is loaded before it is first used.
"""

from importlib import import_module as _import_module

_PLACES = {
    "convert": "_api",
    "explain": "_api",
    "files": "_api",
    "config": "_api",
    "environment": "_api",
    "info": "_api",
    "validate": "_api",
    "read": "_api",
    "write": "_api",
    "formats": "_api",
    "Format": "_api",
    "Progress": "_api",
    "ConversionResult": "_result",
    "FileInfo": "_result",
    "ValidationResult": "_result",
    "Table": "_table",
    "Schema": "_table",
    "Field": "_table",
    "PyForgeError": "errors",
    "OutOfMemoryError": "errors",
    "StorageError": "errors",
    "BadDataError": "errors",
    "UnsupportedError": "errors",
    "LimitError": "errors",
    "OptionError": "errors",
    "NotFoundError": "errors",
    "OutputExistsError": "errors",
    "RejectedError": "errors",
    "InternalError": "errors",
    "UnknownOptionError": "errors",
}

__all__ = ["__version__", *_PLACES]


def __getattr__(name):
    place = _PLACES.get(name)
    if name == "__version__":
        value = _import_module("pyforge_cli._pyforge").version.replace("-dev", ".dev0")
    elif place is not None:
        value = getattr(_import_module(f"pyforge_cli.{place}"), name)
    else:
        raise AttributeError(f"module 'pyforge_cli' has no attribute '{name}'")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
