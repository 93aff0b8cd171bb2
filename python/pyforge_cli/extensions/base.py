"""The base class of extensions written in Python, and what they describe themselves with. The guide is docs/extensions.md."""

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


class EngineError(PyForgeError):
    """A failure of an engine, and what follows from it.

    outcome: "falls back" - nothing is at the output, and nothing that was started can still write there: the next engine is tried;
    "ends" - every engine would fail like this; "unknown" - it cannot be told whether the output was written, so nothing else is tried.
    """

    def __init__(self, message="", outcome="falls back", *, remedy="", status="PF_IO"):
        if outcome not in ("falls back", "ends", "unknown"):
            raise ValueError(f"the outcome of an engine cannot be {outcome!r}")
        super().__init__(message)
        self.message = str(message)
        self.status = status
        self.outcome = outcome
        self.remedy = remedy


class Option:
    """An option that an extension adds: to the conversion (get_options), or to its format (read_options, write_options).

    name: "sheet-name". kind: text, integer, size (takes K, M, G), number, flag, or choice. choices: for a choice, a list of words.
    default: as a user would write it. aliases: other names. unit: the placeholder in help, "N".
    """

    def __init__(self, name, kind="text", *, help="", choices=(), default=None, aliases=(), unit=None):
        self.name = name.replace("_", "-")
        self.kind = kind
        self.help = help
        self.choices = tuple(choices)
        self.default = default
        self.aliases = tuple(aliases)
        self.unit = unit
        if kind == "choice" and not self.choices:
            raise ValueError(f"the option {name} is a choice of nothing")

    def row(self, group):
        """(name, aliases, kind, choices, initial, unit, help, group) for the binding."""
        initial = self.default
        if initial is None and self.kind == "choice":
            initial = self.choices[0]
        elif isinstance(initial, bool):
            initial = "true" if initial else None
        return (
            self.name,
            "|".join(self.aliases) or None,
            self.kind,
            "|".join(self.choices) or None,
            None if initial is None else str(initial),
            self.unit,
            self.help,
            group,
        )

    def __repr__(self):
        return f"Option({self.name!r}, {self.kind!r})"


class BaseExtension(ABC):
    """An extension. is_available and initialize are its own; the rest is done as needed.

    Hooks are called when an extension has a method of its own for them; an attribute hooks, a list of environment, parameters,
    performance, pre, post and error, says otherwise. Those with a lower hook_order come first.
    """

    name = ""
    version = "1.0.0"
    description = ""
    licence = ""
    hook_order = 0
    native = None  # the file of a shared library beside the module: the native half of the same extension
    settings = {}  # the table [extensions.NAME] of the settings files, before initialize() is called

    def __init__(self):
        self.enabled = True
        self.initialized = False

    @abstractmethod
    def is_available(self):
        """Whether what it needs is there; an attribute unavailable_reason may say why not."""

    @abstractmethod
    def initialize(self):
        """Makes it ready; False = it failed."""

    def cleanup(self):
        """The opposite of initialize."""
        self.initialized = False

    def shutdown(self):
        """The same by the name of the second framework."""
        self.cleanup()

    # ---- what it adds

    def get_formats(self):
        """[object with name, suffixes, and read(source, **options), write(table, sink, **options) or both]"""
        return []

    def get_schemes(self):
        """[object with name, stat(location), open(location); paths: those it claims, "/store/"; identity(location): one text for one place]"""
        return []

    def get_engines(self):
        """[object with name, takes(job) -> (whether, reason), and run(job, context); formats: those only it writes; tables: it writes them]"""
        return []

    def get_options(self):
        """[Option(...)] of the command convert, for its hooks."""
        return []

    def get_commands(self):
        """{name: callable(words)}, or a list of commands of click."""
        return {}

    def get_probes(self):
        """{name: callable()}: each gives what it knows of the machine, as a dictionary."""
        return {}

    def get_converters(self):
        """{name: BaseConverter class}: converters of pyforge-cli 1.0."""
        return {}

    # ---- hooks

    def enhance_convert_command(self, options):
        """The options of a conversion, changed as it likes."""
        return options

    def hook_pre_conversion(self, input_file, output_file, options):
        """Options to use instead, or None."""
        return None

    def hook_post_conversion(self, input_file, output_file, options, success):
        """Called after a conversion."""

    def post_conversion_hook(self, result):
        """Called after a conversion that succeeded, with its result."""
        return result

    def hook_error_handling(self, error, context):
        """True = try once more, with context["options"] as they are now."""
        return False

    def hook_environment_detection(self):
        """What it knows of the surroundings."""
        return {}

    def hook_performance_optimization(self, operation, options):
        """Options to use instead."""
        return options

    # ---- what is known of it

    def get_metadata(self):
        return {
            "name": self.name,
            "version": self.version,
            "description": self.description,
            "enabled": self.enabled,
            "initialized": self.initialized,
            "available": self.is_available(),
        }

    def get_info(self):
        """The same by the name of the second framework."""
        return self.get_metadata()

    def __str__(self):
        return f"{self.name} v{self.version}"


__all__ = ["BaseExtension", "ExtensionLoadError", "ExtensionMetadata", "ExtensionState", "Option"]


def is_converter(found):
    """Whether an object or class is a converter of pyforge-cli 1.0, and no extension."""
    return hasattr(found, "supported_inputs") and callable(getattr(found, "convert", None)) and not hasattr(found, "initialize")
