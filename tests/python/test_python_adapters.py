"""What the Python side of extensions makes of forms that are allowed, and of those that are not."""

import pyarrow.parquet
import pytest

from test_extensions_python import CONVERTER, SCHEME, Site, extension


@pytest.fixture
def site(tmp_path, package_folder):
    return Site(tmp_path, package_folder)


# ---- hooks by other forms of signature

FORMS = {
    "only keywords": "def hook_pre_conversion(self, source, target, *, options): return {**options, 'delimiter': ';'}",
    "only places": "def hook_pre_conversion(self, input_file, output_file, options=None, /): return {**options, 'delimiter': ';'}",
    "keywords and the rest": "def hook_pre_conversion(self, source, *, options, **rest): options['delimiter'] = ';'[:'output_file' in rest]",
    "wrapped": "@wrapped\ndef hook_pre_conversion(self, input_file, output_file, options): options['delimiter'] = ';'",
    "an object that is called": "hook_pre_conversion = Called()",
}
BEFORE = """
import functools
def wrapped(function):
    @functools.wraps(function)
    def call(*places, **names):
        return function(*places, **names)
    return call
class Called:
    def __call__(self, input_file, output_file, options): return {"delimiter": ";"}
"""


@pytest.mark.parametrize("form", FORMS)
def test_a_hook_is_called_as_it_asks_for(site, form):
    site.install("semi", extension("semi", FORMS[form], BEFORE))
    site.folder.joinpath("a.csv").write_text("a;b,c\n1;x,y\n")
    done = site.python("""
        import pyforge_cli
        done = pyforge_cli.convert("a.csv", "a.parquet")
        print(done.warnings, [column["name"] for column in done.columns])
    """)
    assert done.stdout == "[] ['a', 'b,c']\n"


@pytest.mark.parametrize("answer, said", [("None", ""), ("7", "answered with int, a dictionary was expected")])
def test_what_an_environment_hook_may_answer(site, answer, said):
    site.install("place", extension("place", f"def hook_environment_detection(self): return {answer}"))
    site.folder.joinpath("a.csv").write_text("a\n1\n")
    done = site.python("import pyforge_cli; print(pyforge_cli.convert('a.csv', 'a.parquet').warnings)")
    assert said in done.stdout and ("[]" in done.stdout) == (not said)


# ---- storage schemes

STORE = SCHEME.replace("SEEKABLE", "True").replace("STORE = {}", "STORE = {'mem:in.csv': b'id\\n1\\n2\\n'}")


def install_store(site, old, new):
    assert old in STORE
    site.install("mem", extension("mem", "def get_schemes(self): return [Mem()]", STORE.replace(old, new)))


@pytest.mark.parametrize(
    "old, new, said",
    [
        ('    name = "mem"\n', "    name = None\n", "the storage scheme Mem has no name"),
        ("    def open(self, location):", "    def opens(self, location):", "has no open()"),
        ("    seekable = True\n", "    paths = 'mem'\n", "are no list of texts"),
    ],
)
def test_a_scheme_that_is_none(site, old, new, said):
    install_store(site, old, new)
    assert said in site.rows()["mem"][0]["reason"]


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("return io.BytesIO(STORE[location])", "return Silent(STORE[location])", "the file is non-blocking and has nothing yet"),
        ("return File(location, replace)", "return io.BytesIO()", "has no commit()"),
        ("class Mem:", "def too_much(self, data): return len(data) + 1\nFile.write = too_much\nclass Mem:", "bytes"),
    ],
)
def test_a_scheme_that_does_wrong(site, old, new, said):
    install_store(site, old, new.replace("Silent", "type('Silent', (io.BytesIO,), {'read': lambda self, size=-1: None})"))
    done = site.run("convert", "mem:in.csv", "mem:out.csv", check=None)
    assert done.returncode != 0 and said in done.stderr


def test_a_file_of_a_store_that_ends_early_at_a_place(site, package):
    from pyforge_cli.extensions._schemes import _Reading

    import io

    reading = _Reading(io.BytesIO(b"0123456789"))
    assert reading.read(2) == b"01" and reading.read_at(6, 3) == b"678"
    assert reading.read(3) == b"234", "reading goes on where it was"
    with pytest.raises(EOFError, match="ends at byte 10, 2 more were expected"):
        reading.read_at(7, 5)
    reading.close()

    class Direct:
        def read_at(self, offset, size):
            return bytearray(b"0123456789")[offset : offset + size]

    direct = _Reading(Direct())
    assert direct.read_at(3, 4) == b"3456"
    direct.close()


def test_facts_of_a_location_in_every_form(package):
    from types import SimpleNamespace

    from pyforge_cli.extensions._schemes import Scheme

    class Store:
        """Shelves."""

        name = "store"
        known = {
            "a": 7,
            "b": None,
            "c": {"size": 3, "modified": 1.5},
            "d": SimpleNamespace(size=None, modified=None, directory=True),
        }

        def stat(self, location):
            return self.known[location]

        def open(self, location):
            raise FileNotFoundError(location)

        def list(self, location):
            return ["a", ("c", {"size": 4}), "d"]

        def make_directory(self, location):
            self.made = location

        def remove(self, location):
            self.removed = location

    scheme = Scheme(Store())
    assert scheme.facts()[:3] == ("store", "Shelves.", [])
    assert [scheme.stat(place) for place in "abcd"] == [(7, 0, False), (-1, 0, False), (3, 1_500_000_000, False), (-1, 0, True)]
    assert list(scheme.list("")) == [("a", (7, 0, False)), ("c", (4, 0, False)), ("d", (-1, 0, True))]
    scheme.make_directory("x")
    scheme.remove("y")
    assert (scheme.scheme.made, scheme.scheme.removed) == ("x", "y")


# ---- converters of pyforge-cli 1.0

PARTS = {
    "one part": ("output_path.mkdir(); (output_path / 'part-0.csv').write_text('a,b\\n1,x\\n'); (output_path / '_SUCCESS').touch()", None),
    "two parts": ("output_path.mkdir(); [(output_path / f'part-{n}.csv').write_text('a') for n in (0, 1)]", "wrote 2 parts, one file"),
    "nothing": ("pass", "the converter wrote nothing"),
    "a reason": ("self.last_error = 'no ink'; return False", "the converter pipes failed: no ink"),
}


@pytest.mark.parametrize("case", PARTS)
def test_what_a_converter_has_written(site, case):
    line, said = PARTS[case]
    old = 'output_path.write_text(input_path.read_text().replace("|", ","))\n        return "fail" not in output_path.read_text()'
    assert old in CONVERTER
    site.install("pipes", CONVERTER.replace(old, line), "pipes_module:Pipes", "pyforge.converters")
    site.folder.joinpath("a.pipes").write_text("a,b\n1,x\n")
    done = site.run("convert", "a.pipes", "a.parquet", check=1 if said else 0)
    if said:
        assert said in done.stderr and not site.folder.joinpath("a.parquet").exists()
    else:
        assert pyarrow.parquet.read_table(site.folder / "a.parquet").to_pydict() == {"a": [1], "b": ["x"]}


@pytest.mark.parametrize(
    "source, said",
    [
        ("raise RuntimeError('no luck')", "cannot be loaded: RuntimeError: no luck"),
        ("from pathlib import Path", "defines no converter: no class with supported_inputs and convert()"),
        (CONVERTER + "    def __init__(self): raise OSError('no pipes')\n", "making the converter pipes failed: OSError: no pipes"),
        (CONVERTER.replace('{".pipes", ".csv"}', "set()"), "reads nothing"),
    ],
)
def test_a_plug_in_of_a_folder_that_is_none(site, source, said):
    folder = site.folder / "home" / ".pyforge" / "plugins"
    folder.mkdir(parents=True)
    folder.joinpath("mine.py").write_text(source)
    assert said in site.rows()["mine"][0]["reason"]
    site.folder.joinpath("a.csv").write_text("a\n1\n")
    site.run("convert", "a.csv", "a.parquet")


def test_a_plug_in_of_two_converters_of_which_one_works(site):
    folder = site.folder / "home" / ".pyforge" / "plugins"
    folder.mkdir(parents=True)
    folder.joinpath("mine.py").write_text(CONVERTER + "class More(Pipes):\n    PLUGIN_NAME = 'more'\n    supported_inputs = {'.csv'}\n")
    row = site.rows()["mine"][0]
    assert "the converter more reads .csv, which PyForge reads itself" in row["description"]
    site.folder.joinpath("a.pipes").write_text("a|b\n1|x\n")
    site.run("convert", "a.pipes", "a.parquet")


# ---- what an extension lists

LISTS = [
    ("get_formats", "7", "its get_formats() gave int, a list was expected"),
    ("get_converters", "7", "its get_converters() gave int, a dictionary was expected"),
    ("get_formats", "None", ""),
    ("get_schemes", "()", ""),
    ("get_options", "{'level': Option('level', 'choice', choices=['low', 'high'])}", "options level"),
    ("get_options", "[Option('sure', 'flag', default=True)]", "options sure"),
    ("get_options", "[Option('level', 'choice')]", "the option level is a choice of nothing"),
]


@pytest.mark.parametrize("method, value, said", LISTS)
def test_what_an_extension_lists(site, method, value, said):
    """What it then adds, or why it is not loaded."""
    site.install("lists", extension("lists", f"def {method}(self): return {value}"))
    site.folder.joinpath("a.csv").write_text("a\n1\n")
    site.run("convert", "a.csv", "a.parquet")
    row = site.rows()["lists"][0]
    if row["state"] == "loaded":
        assert (row["adds"], row["reason"]) == (said, "")
    else:
        assert said in row["reason"]


def test_converters_in_a_list_are_known_by_their_names(site):
    site.install("has", extension("has", "def get_converters(self): return [Pipes]", CONVERTER))
    site.folder.joinpath("a.pipes").write_text("a|b\n1|x\n")
    site.run("convert", "a.pipes", "a.parquet")
    assert "pipes" in site.run("formats").stdout


def test_small_parts_of_the_base(package):
    from pyforge_cli import extensions

    assert {"BaseExtension", "get_extension_manager"} <= set(dir(extensions))
    assert repr(extensions.Option("sheet_name", "text")) == "Option('sheet-name', 'text')"
    with pytest.raises(ValueError, match="cannot be 'maybe'"):
        extensions.EngineError("x", "maybe")
    with pytest.raises(ValueError, match="a choice of nothing"):
        extensions.Option("level", "choice")
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        extensions.Nothing


# ---- the hooks manager of the second framework


def test_hooks_of_the_second_framework(site):
    body = """
        def hook_pre_conversion(self, data): return HookResult(True, {"options": {"stopped": 1}}, "enough", stop_processing=True)
        def hook_post_conversion(self, data): raise ValueError("after all")
        def hook_error_handling(self, data): return HookResult(False, None, "not mine")
        def hook_parameter_enhancement(self, data): return False
    """
    site.install("one", extension("one", body, "from pyforge_cli.plugin_system import HookResult"))
    site.install("two", extension("two", "def hook_pre_conversion(self, data): raise AssertionError('one has stopped it')"))
    site.python("""
        from pyforge_cli.plugin_system.loader import ExtensionHooksManager, ExtensionLifecycleManager
        assert ExtensionLifecycleManager().initialize_extensions(["one", "two"]) == {"one": True, "two": True}
        hooks = ExtensionHooksManager()
        done = hooks.execute_pre_conversion_hooks("a", "b", {"x": 1})
        assert (done.success, done.data, done.message) == (True, {"stopped": 1}, "one: enough"), done
        done = hooks.execute_post_conversion_hooks("a", "b", True)
        assert done.success and done.message == "one: ValueError: after all" and done.data["metadata"] == {}, done
        done = hooks.execute_error_handling_hooks("a", "b", OSError("x"), {"k": 1})
        assert done.message == "one: not mine" and done.data["context"] == {"k": 1}, done
        assert hooks.execute_parameter_enhancement_hooks("a", {"x": 1}).data == {"x": 1}
        assert hooks.clear_cache() is None
    """)


# ---- formats and engines that are none

FORMAT = "class Plain:\n    name = 'plain'\n    suffixes = ['plain']\n    def read(self, source): return None\n"


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("name = 'plain'", "name = ''", "the format Plain has no name"),
        ("def read(", "def reads(", "the format plain can neither read nor write"),
        ("suffixes = ['plain']", "def tables(self, source): return []", "has tables(), which takes seekable = True"),
    ],
)
def test_a_format_that_is_none(site, old, new, said):
    site.install("plain", extension("plain", "def get_formats(self): return [Plain()]", FORMAT.replace(old, new)))
    assert said in site.rows()["plain"][0]["reason"]


MOCK = "class Mock:\n    name = 'mock'\n    formats = ['mocked']\n    def takes(self, job): return True\n    def run(self, job, context): return RUN\n"


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("name = 'mock'", "name = None", "the engine Mock has no name"),
        ("def takes(", "def took(", "the engine mock has no takes()"),
        ("formats = ['mocked']", "formats = 'mocked'", "are no list of names"),
    ],
)
def test_an_engine_that_is_none(site, old, new, said):
    site.install("mock", extension("mock", "def get_engines(self): return [Mock()]", MOCK.replace(old, new)))
    assert said in site.rows()["mock"][0]["reason"]


@pytest.mark.parametrize(
    "run, said",
    [
        ("{'success': False, 'error': 'no steam'}", "no steam"),
        ("[7]", "run() answered with list, a dictionary was expected"),
        ("context.convert_native(output=None)", "the output is no file: name one"),
        ("(_ for _ in ()).throw(RuntimeError(repr(job)))", "Job("),
    ],
)
def test_what_an_engine_may_answer(site, run, said):
    site.install("mock", extension("mock", "def get_engines(self): return [Mock()]", MOCK.replace("RUN", run)))
    site.folder.joinpath("a.csv").write_text("a\n1\n")
    done = site.run("convert", "a.csv", "a.mocked", "--to", "mocked", check=None)
    assert done.returncode != 0 and said in done.stderr
    assert not site.folder.joinpath("a.mocked").exists()


# ---- files of a conversion that has ended, and sizes that are none

KEEPS = """
kept = []
class Keeps:
    name = "keeps"
    suffixes = ["keeps"]
    seekable = True
    def read(self, source):
        import pyarrow
        native = source.raw._source
        for call in (lambda: native.read(-1), lambda: native.read_at(0, -1), lambda: native.read_at(-1, 1)):
            try:
                call()
            except ValueError as error:
                print(error)
        for place in (-1, -8):
            try:
                source.raw.seek(place)
            except ValueError as error:
                print(error)
        kept.append(native)
        return pyarrow.table({"a": [len(source.read())]})
    def write(self, table, sink):
        import pyarrow
        pyarrow.table(table)
        kept.append(sink.raw._sink)
        print(sink.tell(), sink.writable(), sink.write(b"ab"), sink.tell())
"""


def test_files_of_a_conversion_are_of_no_use_after_it(site):
    module = site.install("keeps", extension("keeps", "def get_formats(self): return [Keeps()]", KEEPS))
    site.folder.joinpath("a.keeps").write_text("abc")
    done = site.python(f"""
        import pyforge_cli
        pyforge_cli.convert("a.keeps", "b.keeps")
        from {module} import kept
        source, sink = kept
        for call in (lambda: source.read(1), lambda: source.read_at(0, 1), lambda: source.size(), lambda: sink.write(b"x")):
            try:
                print("still there", call())
            except ValueError as error:
                print(error)
    """)
    lines = done.stdout.splitlines()
    assert lines[:2] == ["a size cannot be negative"] * 2 and lines[2] == "an offset cannot be negative"
    assert lines[3:5] == ["a place before the start"] * 2 and lines[5] == "0 True 2 2"
    ended = [line for line in lines[6:] if line == "this file belongs to a conversion that has ended"]
    assert len(ended) >= 3 and "still there b'" not in done.stdout, done.stdout
    assert site.folder.joinpath("b.keeps").read_bytes() == b"ab"


def test_commands_of_other_forms(site):
    body = """
        def get_commands(self): return {"shout": print, "count": count, "takes": max}
    """
    before = """
        def count(*names, deep=False, **more):
            "Count the names."
            print(len(names), deep)
    """
    site.install("words", extension("words", body, before))
    assert site.run("count", "a", "b").stdout == "2 False\n"
    assert site.run("shout", "a", "b").stdout == "a b\n"
    assert "ValueError" in site.run("takes", check=1).stderr, "one without a signature gets the list of words"
