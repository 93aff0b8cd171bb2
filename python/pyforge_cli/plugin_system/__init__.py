"""Names of the second extension framework of pyforge-cli 1.x."""

from pyforge_cli.plugin_system.discovery import PluginDiscovery, PluginInfo, PluginState
from pyforge_cli.plugin_system.loader import (
    ExtensionHooksManager,
    ExtensionLifecycleManager,
    ExtensionRegistry,
    HookResult,
    HookType,
    PluginError,
    PluginInitializationError,
    PluginLoadError,
)

__all__ = [
    "ExtensionHooksManager",
    "ExtensionLifecycleManager",
    "ExtensionRegistry",
    "HookResult",
    "HookType",
    "PluginDiscovery",
    "PluginError",
    "PluginInfo",
    "PluginInitializationError",
    "PluginLoadError",
    "PluginState",
]
