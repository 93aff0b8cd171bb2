"""The library's registry of extensions, as the classes of pyforge-cli 1.x show it. Nothing is kept here."""

from pyforge_cli import _pyforge
from pyforge_cli.errors import PyForgeError
from pyforge_cli.extensions.base import ExtensionMetadata, ExtensionState


def rows(kind=None):
    """{name: what the library tells of it}; kind "python" or "native". Of two with one name the one that counts."""
    found = {}
    for row in _pyforge.extensions():
        if (kind is None or row["kind"] == kind) and row["name"] not in found:
            found[row["name"]] = row
    return found


def state_of(row):
    return ExtensionState(row["state"])


def entry_of(row):
    """ "module:Class" of an extension in Python."""
    return row["origin"].partition(" (")[0]


def metadata_of(row):
    failed = row["state"] == "failed" or not row["available"]
    return ExtensionMetadata(
        name=row["name"],
        entry_point=entry_of(row),
        state=state_of(row),
        version=row["version"],
        description=row["description"],
        load_time=row["load_seconds"] or None,
        error=row["reason"] if failed and row["reason"] else None,
        instance=_pyforge.extension_object(row["name"]),
    )


def do(what, name):
    """Whether it went well; why not, the list says."""
    try:
        _pyforge.extension_do(what, name)
    except PyForgeError:
        return False
    return True


def loaded():
    """{name: object} of the loaded ones in Python."""
    found = {}
    for name, row in rows("python").items():
        if row["state"] == "loaded":
            found[name] = _pyforge.extension_object(name)
    return found


def failed():
    """{name: why}"""
    return {name: row["reason"] for name, row in rows().items() if row["state"] == "failed" or row["state"] == "unloaded" and row["reason"]}
