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


def _absolute(folder):
    """As the system's bytes; None = it is relative to a working folder that is gone."""
    try:
        return os.fsencode(os.path.abspath(folder))
    except OSError:
        return None


def places():
    """(the folders in which packages are installed, the plug-ins as name, path and folder after one another), as the system's bytes."""
    path = [_absolute(folder) for folder in sys.path if isinstance(folder, str)]
    return list(dict.fromkeys(folder for folder in path if folder is not None)), [os.fsencode(text) for plugin in _plugins() for text in plugin]
