"""Hooks and errors of plug-ins."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from pyforge_cli.errors import PyForgeError


class HookType(Enum):
    PRE_CONVERSION = "pre_conversion"
    POST_CONVERSION = "post_conversion"
    PARAMETER_ENHANCEMENT = "parameter_enhancement"
    ERROR_HANDLING = "error_handling"
    CONVERTER_SELECTION = "converter_selection"


@dataclass
class HookResult:
    success: bool = True
    data: Any = None
    message: str = ""
    stop_processing: bool = False


class PluginError(PyForgeError):
    pass


class PluginLoadError(PluginError):
    pass


class PluginInitializationError(PluginError):
    pass


__all__ = ["HookResult", "HookType", "PluginError", "PluginInitializationError", "PluginLoadError"]
