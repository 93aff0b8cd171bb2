"""Names of the second extension framework of the original."""

from pyforge_cli.plugin_system.discovery import PluginInfo, PluginState
from pyforge_cli.plugin_system.loader import HookResult, HookType, PluginError, PluginInitializationError, PluginLoadError

__all__ = ["HookResult", "HookType", "PluginError", "PluginInfo", "PluginInitializationError", "PluginLoadError", "PluginState"]
