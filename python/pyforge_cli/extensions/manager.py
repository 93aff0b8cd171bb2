"""ExtensionManager: one object for what discovery, loader and registry do."""

import inspect

from pyforge_cli import _pyforge
from pyforge_cli.extensions import _view
from pyforge_cli.extensions.discovery import ExtensionDiscovery
from pyforge_cli.extensions.loader import ExtensionLoader
from pyforge_cli.extensions.registry import ExtensionRegistry


class ExtensionManager:
    def __init__(self):
        self.discovery = ExtensionDiscovery()
        self.loader = ExtensionLoader(self.discovery)
        self.registry = ExtensionRegistry()

    def initialize(self, timeout=ExtensionLoader.DEFAULT_TIMEOUT):
        """Loads all; True."""
        self.loader.load_all_extensions(timeout)
        return True

    def get_extension(self, name):
        return self.loader.get_extension(name)

    def get_all_extensions(self):
        return self.loader.get_loaded_extensions()

    def get_extensions_for_command(self, command):
        """Those that add the command; for convert, those with a hook for it."""
        found = []
        for extension in self.get_all_extensions().values():
            commands = getattr(extension, "get_commands", dict)() or {}
            names = commands if isinstance(commands, dict) else [getattr(one, "name", None) for one in commands]
            if command in names or command == "convert" and _has_hooks(extension):
                found.append(extension)
        return found

    def execute_hook(self, hook_name, *args, **kwargs):
        """{class name: result or {"error": text}}; the extensions' own methods, with these arguments. Nothing is applied: a conversion
        runs its hooks by itself."""
        results = {}
        for extension in self.get_all_extensions().values():
            method = getattr(extension, hook_name, None)
            if not callable(method):
                continue
            try:
                results[type(extension).__name__] = method(*args, **_taken(method, kwargs))
            except Exception as error:
                results[type(extension).__name__] = {"error": str(error)}
        return results

    def enable_extension(self, name):
        return self.registry.enable_extension(name)

    def disable_extension(self, name):
        return self.registry.disable_extension(name)

    def reload_extension(self, name, timeout=ExtensionLoader.DEFAULT_TIMEOUT):
        return self.loader.reload_extension(name, timeout) is not None

    def get_extension_info(self):
        info = {}
        for name, known in self.registry.get_all_metadata().items():
            info[name] = {
                "state": known.state.value,
                "version": known.version,
                "description": known.description,
                "entry_point": known.entry_point,
                "load_time": known.load_time,
                "error": known.error,
                "enabled": self.registry.is_enabled(name),
                "dependencies": known.dependencies,
            }
        return info

    def shutdown(self):
        """Shuts all down; they are found and loaded again when they are needed. False when one is in use."""
        return _pyforge.extensions_close(False)


def _has_hooks(extension):
    from pyforge_cli.extensions._hooks import hooks_of

    return bool(hooks_of(extension))


def _taken(method, keywords):
    """Without the keywords that the method does not take, as the old callers gave some that no signature had."""
    parameters = inspect.signature(method).parameters.values()
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return keywords
    names = {one.name for one in parameters}
    return {name: value for name, value in keywords.items() if name in names}


_manager = ExtensionManager()


def get_extension_manager():
    return _manager


__all__ = ["ExtensionManager", "get_extension_manager"]
