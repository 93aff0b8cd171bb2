"""PluginLoader of 1.0.9: fills the registry with the library's formats and with modules of a folder."""

import importlib
import importlib.metadata
import importlib.util
import logging
from pathlib import Path

from pyforge_cli.converters.base import BaseConverter
from pyforge_cli.plugins.registry import registry

_BUILTIN = {
    "pdf": "PDFConverter",
    "excel": "ExcelConverter",
    "mdb": "MDBConverter",
    "dbf": "DBFConverter",
    "csv": "CSVConverter",
    "xml": "XmlConverter",
}
USER_FOLDERS = ("~/.cortexpy/plugins", "~/.pyforge/plugins")
ENTRY_POINT_GROUPS = ("cortexpy_cli.converters", "pyforge.converters")

logger = logging.getLogger("pyforge_cli")


def _entry_points():
    found = importlib.metadata.entry_points()
    for group in ENTRY_POINT_GROUPS:
        yield from found.select(group=group) if hasattr(found, "select") else found.get(group, ())


class PluginLoader:
    def __init__(self, target=registry):
        self.registry = target
        self._loaded = {}

    def load_builtin_converters(self):
        converters = importlib.import_module("pyforge_cli.converters")
        for name, class_name in _BUILTIN.items():
            self.registry.register(name, getattr(converters, class_name))
            self._loaded[name] = "built in"

    def _take(self, module, place):
        """Registers every converter that a module defines, under its PLUGIN_NAME."""
        for found in vars(module).values():
            if isinstance(found, type) and issubclass(found, BaseConverter) and found.__module__ == module.__name__:
                name = getattr(found, "PLUGIN_NAME", found.__name__.lower())
                self.registry.register(name, found)
                self._loaded[name] = place

    def load_from_directory(self, directory):
        folder = Path(directory).expanduser()
        for path in sorted(folder.glob("*.py")) if folder.is_dir() else []:
            if path.name.startswith("_"):
                continue
            spec = importlib.util.spec_from_file_location(f"pyforge_user_plugins.{path.stem}", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            self._take(module, str(path))

    def load_from_entry_points(self):
        """Registers the converters that installed packages offer; one that cannot be imported is logged and left out."""
        for entry in _entry_points():
            try:
                self.registry.register(entry.name, entry.load())
                self._loaded[entry.name] = entry.value
            except Exception as error:
                logger.warning("the converter %s (%s) cannot be loaded: %s: %s", entry.name, entry.value, type(error).__name__, error)

    def load_from_package(self, name):
        self._take(importlib.import_module(name), name)

    def load_all(self, plugin_dirs=None, packages=None):
        self.load_builtin_converters()
        self.load_from_entry_points()
        for folder in [*USER_FOLDERS, *(plugin_dirs or [])]:
            self.load_from_directory(folder)
        for name in packages or []:
            self.load_from_package(name)

    def get_loaded_plugins(self):
        """{name: where it came from}"""
        return dict(self._loaded)

    def reload_plugins(self):
        self.registry.clear()
        self._loaded.clear()
        self.load_all()


plugin_loader = PluginLoader()
