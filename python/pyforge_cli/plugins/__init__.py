"""The registry and loader of converters of 1.0.9."""

from pyforge_cli.plugins.loader import PluginLoader, plugin_loader
from pyforge_cli.plugins.registry import ConverterRegistry, registry

__all__ = ["ConverterRegistry", "PluginLoader", "plugin_loader", "registry"]
