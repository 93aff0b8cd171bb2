"""What is known of a plug-in before and after it is loaded."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Optional


class PluginState(Enum):
    DISCOVERED = "discovered"
    LOADING = "loading"
    LOADED = "loaded"
    INITIALIZED = "initialized"
    FAILED = "failed"
    DISABLED = "disabled"


@dataclass
class PluginInfo:
    name: str
    entry_point: str
    state: PluginState = PluginState.DISCOVERED
    version: str = ""
    description: str = ""
    error: Optional[str] = None
    instance: Any = None


__all__ = ["PluginInfo", "PluginState"]
