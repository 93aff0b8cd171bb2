"""Where extensions in Python are looked for. Nothing of them is imported."""

import os
import sys

# Folders of the user's in which every module may define converters, as pyforge-cli 1.0 had them.
PLUGIN_FOLDERS = ("~/.pyforge/plugins", "~/.cortexpy/plugins")


def _plugins():
    """(name, path, folder) of every module in the folders."""
    for folder in PLUGIN_FOLDERS:
        path = os.path.expanduser(folder)
        try:
            names = sorted(os.listdir(path))
        except OSError:
            continue
        for name in names:
            if name.endswith(".py") and not name.startswith(("_", ".")):
                yield name[:-3], os.path.join(path, name), folder


def places():
    """(the folders in which packages are installed, the plug-ins as name, path and folder after one another), as the system's bytes."""
    path = [os.fsencode(os.path.abspath(folder)) for folder in sys.path if isinstance(folder, str)]
    return list(dict.fromkeys(path)), [os.fsencode(text) for plugin in _plugins() for text in plugin]
