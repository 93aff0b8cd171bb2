"""PyForge in Databricks notebooks:

    from pyforge_cli.extensions.databricks import forge

    result = forge.convert("/Volumes/main/default/bronze/sales.csv")

Needs nothing but the package itself.
"""

from importlib import import_module

_PLACES = {
    "forge": "api",
    "PyForgeDatabricks": "api",
    "DatabricksExtension": "extension",
}

__all__ = ["DatabricksExtension", "PyForgeDatabricks", "__version__", "forge"]


def __getattr__(name):
    place = _PLACES.get(name)
    if name == "__version__":
        from pyforge_cli import __version__ as value
    elif place is not None:
        value = getattr(import_module(f"{__name__}.{place}"), name)
    else:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    globals()[name] = value
    return value
