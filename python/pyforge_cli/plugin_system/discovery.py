"""PluginDiscovery of the second framework of pyforge-cli 1.x, over the library's registry."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Dict, Optional

from pyforge_cli import _pyforge
from pyforge_cli.extensions import _view


class PluginState(Enum):
    DISCOVERED = "discovered"
    LOADING = "loading"
    LOADED = "loaded"
    INITIALIZED = "initialized"
    FAILED = "failed"
    DISABLED = "disabled"


# What this framework calls the library's states.
_STATES = {"loaded": PluginState.INITIALIZED, "unloaded": PluginState.DISABLED}


@dataclass
class PluginInfo:
    name: str
    state: PluginState = PluginState.DISCOVERED
    extension: Any = None
    error_message: Optional[str] = None
    loaded_at: Any = None
    metadata: Dict[str, Any] = field(default_factory=dict)
    enabled: bool = True


def info_of(row):
    extension = _pyforge.extension_object(row["name"])
    return PluginInfo(
        name=row["name"],
        state=_STATES.get(row["state"]) or PluginState(row["state"]),
        extension=extension,
        error_message=row["reason"] or None,
        metadata={"version": row["version"], "description": row["description"], "class": type(extension).__name__},
        enabled=row["state"] != "disabled",
    )


class PluginDiscovery:
    EXTENSIONS_GROUP = "pyforge.extensions"
    CONVERTERS_GROUP = "pyforge.converters"
    INIT_TIMEOUT = 5.0

    def _load(self):
        for name, row in _view.rows().items():
            if row["state"] == "discovered":
                _view.do("load", name)
        return _view.loaded()

    def discover_extensions(self):
        """{name: extension}, loaded."""
        return {name: extension for name, extension in self._load().items() if not hasattr(extension, "converters")}

    def discover_converters(self):
        """{name: converter}, loaded."""
        found = {}
        for extension in self._load().values():
            found.update(getattr(extension, "converters", {}))
        return found

    def initialize_extensions(self, extensions=None):
        """{name: whether it went well}"""
        loaded = self._load()
        return {name: name in loaded for name in _view.rows()}

    def get_failed_plugins(self):
        return _view.failed()


__all__ = ["PluginDiscovery", "PluginInfo", "PluginState"]
