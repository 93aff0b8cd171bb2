"""ExtensionDiscovery: what was found. Finding runs no code of an extension."""

import inspect

from pyforge_cli.extensions import _view
from pyforge_cli.extensions.base import BaseExtension


class ExtensionDiscovery:
    ENTRY_POINT_GROUP = "pyforge_cli.extensions"

    def discover_extensions(self):
        """{name: "module:Class"} of the extensions in Python."""
        return {name: _view.entry_of(row) for name, row in _view.rows("python").items()}

    get_discovered_extensions = discover_extensions

    def load_extension_class(self, name, spec):
        """The class, or None when it cannot be imported or is no extension."""
        from pyforge_cli.extensions._bridge import _found, logger

        try:
            found = _found(spec)
        except Exception as error:
            logger().warning("%s: %s", name, error)
            return None
        return found if inspect.isclass(found) and issubclass(found, BaseExtension) else None

    def is_extension_available(self, name):
        row = _view.rows().get(name)
        return row is not None and row["available"]


__all__ = ["ExtensionDiscovery"]
