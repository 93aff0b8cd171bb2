"""ExtensionLoader: loads through the library, which also counts the time and keeps the reason of a failure."""

from pyforge_cli.extensions import _view
from pyforge_cli.extensions.base import ExtensionLoadError
from pyforge_cli.extensions.discovery import ExtensionDiscovery


class ExtensionLoader:
    """timeout is accepted everywhere and changes nothing: running code cannot be stopped."""

    DEFAULT_TIMEOUT = 30

    def __init__(self, discovery=None):
        self.discovery = discovery or ExtensionDiscovery()

    def load_all_extensions(self, timeout=DEFAULT_TIMEOUT):
        """{name: extension}"""
        for name, row in _view.rows().items():
            if row["state"] == "discovered":
                _view.do("load", name)
        return self.get_loaded_extensions()

    def get_loaded_extensions(self):
        return _view.loaded()

    def get_failed_extensions(self):
        return _view.failed()

    def get_extension(self, name):
        return self.get_loaded_extensions().get(name)

    def is_extension_loaded(self, name):
        row = _view.rows().get(name)
        return row is not None and row["state"] == "loaded"

    def get_loading_stats(self):
        rows = list(_view.rows().values())
        loaded = [row for row in rows if row["state"] == "loaded"]
        return {
            "total": len(rows),
            "loaded": len(loaded),
            "failed": len(self.get_failed_extensions()),
            "total_load_time": sum(row["load_seconds"] for row in loaded),
            "load_times": {row["name"]: row["load_seconds"] for row in loaded},
        }

    def reload_extension(self, name, timeout=DEFAULT_TIMEOUT):
        """The extension, made anew; None when that fails."""
        return self.get_extension(name) if _view.do("reload", name) else None


__all__ = ["ExtensionLoadError", "ExtensionLoader"]
