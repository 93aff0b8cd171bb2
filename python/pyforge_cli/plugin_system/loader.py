"""The second framework of pyforge-cli 1.x, over the library's registry: registry, lifecycle, hooks."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from pyforge_cli import _pyforge
from pyforge_cli.errors import PyForgeError
from pyforge_cli.extensions import _view
from pyforge_cli.extensions._hooks import is_own
from pyforge_cli.plugin_system.discovery import PluginState, info_of


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


class ExtensionRegistry:
    def register_discovered(self, name):
        """The library finds by itself."""

    def update_state(self, name, state, error_message=None):
        """The library keeps the states."""

    def register_extension(self, name, extension):
        """An extension is found by its entry point."""

    def clear(self):
        """The library's registry is not emptied."""

    def get_plugin_info(self, name):
        row = _view.rows().get(name)
        return None if row is None else info_of(row)

    def get_all_plugins(self):
        return {name: info_of(row) for name, row in _view.rows().items()}

    def get_enabled_extensions(self):
        return _view.loaded()

    def enable_plugin(self, name):
        """For later runs too, as pyforge extensions enable."""
        return _view.do("enable", name)

    def disable_plugin(self, name):
        return _view.do("disable", name)

    def is_plugin_enabled(self, name):
        info = self.get_plugin_info(name)
        return info is not None and info.enabled

    def get_failed_plugins(self):
        return _view.failed()

    def get_plugin_stats(self):
        plugins = self.get_all_plugins().values()
        stats = {state.value: sum(plugin.state == state for plugin in plugins) for state in PluginState}
        stats["total"] = len(plugins)
        stats["enabled"] = sum(plugin.enabled for plugin in plugins)
        # "disabled" is the state's, and with it those that are not available
        return stats


class ExtensionLifecycleManager:
    """Loading and shutting down. timeout is accepted and changes nothing: running code cannot be stopped."""

    def initialize_extensions(self, extensions, timeout=30.0):
        """{name: whether it went well}"""
        return {name: _view.do("load", name) for name in extensions}

    def get_initialization_order(self):
        return list(_view.loaded())

    def restart_failed_extensions(self):
        return {name: _view.do("reload", name) for name in _view.failed()}

    def shutdown_extensions(self):
        """All, last first; they are loaded again when they are needed."""
        _pyforge.extensions_close(False)


class ExtensionHooksManager:
    """Calls the hooks of loaded extensions with one dictionary, as this framework did. Conversions call theirs by themselves."""

    def execute_pre_conversion_hooks(self, input_file, output_file, options):
        data = {"input_file": input_file, "output_file": output_file, "options": dict(options)}
        return self._of(self._execute(HookType.PRE_CONVERSION, data), "options")

    def execute_post_conversion_hooks(self, input_file, output_file, conversion_result, metadata=None):
        data = {"input_file": input_file, "output_file": output_file, "conversion_result": conversion_result, "metadata": metadata or {}}
        return self._execute(HookType.POST_CONVERSION, data)

    def execute_parameter_enhancement_hooks(self, input_file, options):
        return self._of(self._execute(HookType.PARAMETER_ENHANCEMENT, {"input_file": input_file, "options": dict(options)}), "options")

    def execute_error_handling_hooks(self, input_file, output_file, error, context):
        data = {"input_file": input_file, "output_file": output_file, "error": error, "context": context}
        return self._execute(HookType.ERROR_HANDLING, data)

    def execute_converter_selection_hooks(self, input_file, available_converters):
        """The library chooses; what a hook selects is told and changes nothing."""
        data = {"input_file": input_file, "available_converters": list(available_converters)}
        return self._of(self._execute(HookType.CONVERTER_SELECTION, data), "selected_converter")

    @staticmethod
    def _of(result, key):
        if isinstance(result.data, dict) and key in result.data:
            result.data = result.data[key]
        return result

    def _methods(self, kind):
        for name, extension in _view.loaded().items():
            if is_own(extension, f"hook_{kind.value}"):
                yield name, getattr(extension, f"hook_{kind.value}")

    def _execute(self, kind, data):
        messages = []
        for name, method in self._methods(kind):
            try:
                answer = method(data)
            except Exception as error:
                messages.append(f"{name}: {type(error).__name__}: {error}")
                continue
            result = answer if isinstance(answer, HookResult) else HookResult(answer is not False, answer)
            if result.message:
                messages.append(f"{name}: {result.message}")
            if result.success and isinstance(result.data, dict):
                data = {**data, **result.data}
            if result.stop_processing:
                return HookResult(result.success, data, "; ".join(messages))
        return HookResult(True, data, "; ".join(messages))

    def get_hook_statistics(self):
        """How many loaded extensions have a method for each kind."""
        stats = {kind.value: len(list(self._methods(kind))) for kind in HookType}
        stats["total"] = sum(stats.values())
        return stats

    def clear_cache(self):
        """Nothing is kept."""


__all__ = [
    "ExtensionHooksManager",
    "ExtensionLifecycleManager",
    "ExtensionRegistry",
    "HookResult",
    "HookType",
    "PluginError",
    "PluginInitializationError",
    "PluginLoadError",
]
