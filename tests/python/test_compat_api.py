"""The Python names of pyforge-cli 1.x and of its Databricks extension: where they are imported from, what they are called with, and what a
call does. A row of compat_api.tsv each.

parameters: those that callers of the original could give, in its order; a default has to be the same, a parameter without one may have got
one. call and gives are expressions; in both, it = the name of the row, a = a CSV file of two rows in folder, out = a place for an output.
"raises NAME" instead of a value.
"""

import importlib
import inspect
import logging
from pathlib import Path

import pytest

TABLE = Path(__file__).with_name("compat_api.tsv")


def rows():
    head, *lines = TABLE.read_text().splitlines()
    found = [line.split("\t") for line in lines]
    assert all(len(row) == head.count("\t") + 1 for row in found)
    return [pytest.param(*row, id=f"{row[0]}.{row[1]}") for row in found]


class Anything(dict):
    """Names of a table's expressions that are made when they are first used."""

    def __missing__(self, name):
        return self.setdefault(name, MAKERS[name]())


def extensions(name):
    return getattr(importlib.import_module("pyforge_cli.extensions"), name)


def own_extension():
    class Own(extensions("BaseExtension")):
        name = "own"

        def is_available(self):
            return True

        def initialize(self):
            return True

    return Own()


def filled():
    from pyforge_cli.plugins.loader import PluginLoader
    from pyforge_cli.plugins.registry import ConverterRegistry

    registry = ConverterRegistry()
    PluginLoader(registry).load_builtin_converters()
    return registry


def loader():
    from pyforge_cli.plugins.loader import PluginLoader
    from pyforge_cli.plugins.registry import ConverterRegistry

    return PluginLoader(ConverterRegistry())


MAKERS = {
    "Own": lambda: type(own_extension()),
    "State": lambda: extensions("ExtensionState"),
    "backend": lambda: importlib.import_module("pyforge_cli.backends").PyODBCBackend,
    "discovery": lambda: extensions("ExtensionDiscovery"),
    "environment": lambda: importlib.import_module("pyforge_cli.databricks").DatabricksEnvironment(
        {"DATABRICKS_CLUSTER_ID": "c", "DATABRICKS_WORKSPACE_ID": "w"}, True, "15.4"),
    "extension": own_extension,
    "extension_loader": lambda: extensions("ExtensionLoader"),
    "extension_registry": lambda: extensions("ExtensionRegistry"),
    "filled": lambda: filled,
    "forge": lambda: importlib.import_module("pyforge_cli.extensions.databricks").PyForgeDatabricks(),
    "loader": lambda: loader,
    "manager": lambda: extensions("get_extension_manager"),
}


def wanted_parameters(text):
    """[(name, default as it is written or None)] of "(self, a, b=None, **c)"; those with stars have them in their names."""
    wanted = []
    for part in filter(None, (part.strip() for part in text[1:-1].split(","))):
        name, _, default = part.partition("=")
        wanted.append((name, default or None))
    return wanted


def check_parameters(text, it):
    ours = list(inspect.signature(it).parameters.values())
    named = {one.name: one for one in ours}
    kinds = {one.kind for one in ours}
    for place, (name, default) in enumerate(wanted_parameters(text)):
        if name.startswith("**"):
            assert inspect.Parameter.VAR_KEYWORD in kinds
        elif name.startswith("*"):
            assert inspect.Parameter.VAR_POSITIONAL in kinds
        elif default is None:
            assert place < len(ours) and ours[place].kind is not ours[place].KEYWORD_ONLY, f"{name} cannot be given by place"
        else:
            assert name in named and repr(named[name].default) == default, f"{name}={default}"


@pytest.fixture
def names(package, write, tmp_path, monkeypatch):
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    yield Anything(a=write("a.csv", "id,name\n1,x\n2,y\n"), out=tmp_path / "o.parquet", folder=tmp_path, pyforge_cli=package)
    logging.getLogger("pyforge_cli.extensions").setLevel(logging.NOTSET)


@pytest.mark.parametrize("module, name, parameters, call, gives", rows())
def test_name(names, module, name, parameters, call, gives):
    it = importlib.import_module(module)
    for part in name.split("."):
        it = inspect.getattr_static(it, part) if isinstance(inspect.getattr_static(it, part, None), property) else getattr(it, part)
    if parameters:
        check_parameters(parameters, it)
    names["it"] = it
    if gives.startswith("raises "):
        with pytest.raises(Exception) as raised:
            eval(call, names)
        assert gives[7:] in {kind.__name__ for kind in raised.type.__mro__}
    else:
        assert eval(call, names) == eval(gives, names)
