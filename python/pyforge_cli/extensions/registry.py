"""ExtensionRegistry: the library's registry by the methods of pyforge-cli 1.x.

What the library finds, loads and keeps track of by itself cannot be told to it: register_discovered and the like answer, and change
nothing.
"""

from pyforge_cli.extensions import _view
from pyforge_cli.extensions.base import ExtensionMetadata, ExtensionState


class ExtensionRegistry:
    def register_discovered(self, name, entry_point=None):
        return self.get_metadata(name)

    def update_state(self, name, state, error=None):
        return self.get_metadata(name)

    def register_loaded(self, name, instance=None, load_time=None):
        return self.get_metadata(name)

    def register_failed(self, name, error=None):
        return self.get_metadata(name)

    def unregister(self, name):
        """Shuts it down for this user, as disable_extension does."""
        return self.disable_extension(name)

    def clear(self):
        """The library's registry is not emptied."""

    def get_extension(self, name):
        return _view.loaded().get(name)

    def get_metadata(self, name):
        row = _view.rows().get(name)
        return None if row is None else _view.metadata_of(row)

    def get_all_metadata(self):
        return {name: _view.metadata_of(row) for name, row in _view.rows().items()}

    def get_extensions_by_state(self, state):
        return [name for name, row in _view.rows().items() if _view.state_of(row) == state]

    def enable_extension(self, name):
        """For later runs too: the choice is kept in the user's settings."""
        return _view.do("enable", name)

    def disable_extension(self, name):
        return _view.do("disable", name)

    def is_enabled(self, name):
        row = _view.rows().get(name)
        return row is not None and row["state"] != "disabled"

    def get_enabled_extensions(self):
        return {name: extension for name, extension in _view.loaded().items()}


__all__ = ["ExtensionMetadata", "ExtensionRegistry", "ExtensionState"]
