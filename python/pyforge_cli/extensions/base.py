"""The base class of extensions written in Python."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, List, Optional

from pyforge_cli.errors import PyForgeError


class ExtensionState(Enum):
    DISCOVERED = "discovered"
    LOADING = "loading"
    LOADED = "loaded"
    FAILED = "failed"
    DISABLED = "disabled"
    UNLOADED = "unloaded"


@dataclass
class ExtensionMetadata:
    name: str
    entry_point: str
    state: ExtensionState = ExtensionState.DISCOVERED
    version: str = ""
    description: str = ""
    dependencies: List[str] = field(default_factory=list)
    load_time: Optional[float] = None
    error: Optional[str] = None
    loaded_at: Optional[float] = None
    instance: Any = None


class ExtensionLoadError(PyForgeError):
    """An extension that cannot be loaded; the conversion goes on without it."""


class BaseExtension(ABC):
    """An extension. is_available and initialize are its own; the rest is done as needed."""

    name = ""
    version = "1.0.0"
    description = ""

    def __init__(self):
        self.enabled = True
        self.initialized = False

    @abstractmethod
    def is_available(self):
        """Whether what it needs is there."""

    @abstractmethod
    def initialize(self):
        """Makes it ready; False = it failed."""

    def cleanup(self):
        self.initialized = False

    def get_commands(self):
        """{name: callable}"""
        return {}

    def enhance_convert_command(self, options):
        """The options of a conversion, changed as it likes."""
        return options

    def hook_pre_conversion(self, input_file, output_file, options):
        """Options to use instead, or None."""
        return None

    def hook_post_conversion(self, input_file, output_file, options, success):
        """Called after a conversion."""

    def hook_error_handling(self, error, context):
        """True = the error was dealt with."""
        return False

    def hook_environment_detection(self):
        """What it knows of the surroundings."""
        return {}

    def hook_performance_optimization(self, operation, options):
        """Options to use instead."""
        return options

    def get_metadata(self):
        return {
            "name": self.name,
            "version": self.version,
            "description": self.description,
            "enabled": self.enabled,
            "initialized": self.initialized,
            "available": self.is_available(),
        }

    def __str__(self):
        return f"{self.name} v{self.version}"


__all__ = ["BaseExtension", "ExtensionLoadError", "ExtensionMetadata", "ExtensionState"]
