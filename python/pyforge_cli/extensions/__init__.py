"""Extensions in Python. docs/extensions.md is the guide; BaseExtension is where to begin."""

from importlib import import_module

_PLACES = {
    "BaseExtension": "base",
    "EngineError": "base",
    "ExtensionLoadError": "base",
    "ExtensionMetadata": "base",
    "ExtensionState": "base",
    "Option": "base",
    "ExtensionDiscovery": "discovery",
    "ExtensionLoader": "loader",
    "ExtensionManager": "manager",
    "get_extension_manager": "manager",
    "ExtensionRegistry": "registry",
    "ExtensionLoggerAdapter": "logging",
    "configure_verbose_logging": "logging",
    "get_extension_logger": "logging",
    "setup_extension_logging": "logging",
}

__all__ = [*_PLACES]


def __getattr__(name):
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(import_module(f"{__name__}.{place}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
