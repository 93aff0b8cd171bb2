"""Extensions in two halves: a class in Python, and a shared library beside it that is a native extension by itself."""

import textwrap

import pytest

from test_extensions_native import CASES, EXAMPLE, compile_library
from test_extensions_python import ROOT, Site

MODULE = """
    from pyforge_cli.extensions import BaseExtension

    def say(words):
        '''Says something.'''
        print("said by the class")

    class Ext(BaseExtension):
        name = "{name}"
        description = "of a test"
        licence = "MIT"
        native = {native!r}

        def is_available(self):
            return True

        def initialize(self):
            return {answer}

        def get_commands(self):
            return {{"{name}-say": say}}

        def get_probes(self):
            return {{"weather": lambda: {{"rain": True}}}}

        def hook_environment_detection(self):
            return {{"from": "the class"}}
"""
MANIFEST = """
    name = "example"
    adds = ["format kv kv", "scheme dir", "engine example", "command example-rows", "command example-say", "options example-compression kv-comment kv-strict", "probe weather",
            "hooks environment parameters post error"{more}]
"""


@pytest.fixture
def site(tmp_path, package_folder):
    made = Site(tmp_path, package_folder)
    (tmp_path / "in.csv").write_text("id,name\n1,a\n2,b\n")
    return made


def install(site, *, name="example", native="_half.so", answer=True, more="", manifest=MANIFEST, build=None):
    """A package with the example's library, or another, and a class of the same extension."""
    module = site.install(name, MODULE.format(name=name, native=native, answer=answer), manifest=textwrap.dedent(manifest.format(more=more)))
    library = site.packages / module / "_half.so"
    if build:
        compile_library([CASES], library, '-DEXTENSION_NAME="example"', *build)
    else:
        sources = [path for path in EXAMPLE.glob("*.c")]
        compile_library(sources, library, "-I", EXAMPLE)
    return site.packages / module


def one(site):
    rows = site.rows()["example"]
    assert len(rows) == 1
    return rows[0]


def test_both_halves_are_one_extension(site):
    install(site)
    row = one(site)
    assert (row["state"], row["kind"], row["reason"]) == ("loaded", "python", "")
    for part in ("format kv", "scheme dir", "command example-rows", "command example-say", "probe weather"):
        assert part in row["adds"], row


def test_what_the_library_adds_works(site):
    install(site)
    site.run("convert", "in.csv", "out.kv")
    assert "id: 2\nname: b\n" in (site.folder / "out.kv").read_text()
    assert site.run("example-rows", "out.kv").stdout.split() == ["2"]
    assert site.run("example-say").stdout == "said by the class\n"
    assert '"processing_engine": "example"' in site.run("convert", "in.csv", "b.csv", "--engine", "example", "--json").stdout
    store = site.folder / "store"
    store.mkdir()
    site.run("convert", "in.csv", "dir:a.kv", env={"PYFORGE_EXAMPLE_DIR": str(store)})
    assert (store / "a.kv").is_file()


def test_hooks_of_both_are_called(site):
    install(site)
    done = site.python("""
        import json, pyforge_cli
        result = pyforge_cli.convert("in.csv", "out.parquet")
        print(json.dumps(result["environment"]["example"]))
    """)
    assert '"example_dir_is_set": false' in done.stdout and '"rain": true' in done.stdout and "the class" in done.stdout


def test_it_is_reloaded_and_shut_down_as_one(site):
    install(site)
    site.python("""
        from pyforge_cli import _pyforge
        import pyforge_cli
        pyforge_cli.convert("in.csv", "a.kv")
        for _ in range(3):
            _pyforge.extension_do("reload", "example")
        pyforge_cli.convert("in.csv", "b.kv")
    """)
    assert (site.folder / "a.kv").read_bytes() == (site.folder / "b.kv").read_bytes()
    site.run("extensions", "test", "example", env={"PYFORGE_EXAMPLE_DIR": str(site.folder)})
    site.run("extensions", "disable", "example")
    assert one(site)["state"] == "disabled"
    assert site.run("convert", "in.csv", "c.kv", check=4)


@pytest.mark.parametrize("how, reason", [
    ({"native": "_gone.so"}, "is not there"),
    ({"native": "../../home.so"}, "not in the folder of its package"),
    ({"native": "/usr/lib/libc.so"}, "not in the folder of its package"),
    ({"native": "__init__.py"}, "cannot be loaded"),
    ({"build": ["-DCASE_FAILS"]}, "_half.so: the service does not answer"),
    ({"build": ["-DCASE_NO_ENTRY"]}, "exports no pf_extension_entry"),
    ({"build": ["-DCASE_WRONG_ABI"]}, "it was made for abi"),
    ({"build": ["-DCASE_NOT_AVAILABLE"]}, "it is not available here: it needs a licence file"),
    ({"build": ["-UEXTENSION_NAME", '-DEXTENSION_NAME="other"']}, "it calls itself"),
    ({"answer": False}, "its initialize() answered False"),
    ({"more": ', "command example-third"'}, "promises command example-third"),
])
def test_a_half_that_fails_is_the_extensions_failure(site, how, reason):
    install(site, **how)
    row = one(site)
    assert row["state"] == "failed" and reason in row["reason"], row
    site.run("convert", "in.csv", "out.parquet")
    site.run("convert", "in.csv", "out.kv", check=4)


@pytest.mark.parametrize("which, mode, refused", [("_half.so", 0o666, True), (".", 0o777, True), (".", 0o1777, False), ("_half.so", 0o664, False)])
def test_a_library_that_anybody_may_replace(site, which, mode, refused):
    package = site.packages / install(site)
    (package / which).chmod(mode)
    row = site.rows()["example"][0]
    assert (row["state"] == "failed") is refused, row
    assert ("may be replaced by anybody" in row["reason"]) is refused
