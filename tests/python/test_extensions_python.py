"""Extensions written in Python: what they may add, hooks, what is wrong with some, and the example.

Each test has a folder of packages of its own, and runs Python, or the command, with it on the path.
"""

import json
import os
import pathlib
import subprocess
import sys
import textwrap
import time

import pyarrow
import pyarrow.parquet
import pytest

from conftest import ROOT, clean_environment

EXAMPLE = ROOT / "examples" / "python-extension"


class Site:
    """A folder of installed packages, and a home of nobody's."""

    def __init__(self, folder, package_folder):
        self.folder = folder
        self.packages = folder / "site"
        self.packages.mkdir()
        # Without the entry points of the package itself, which lie beside it.
        alone = folder / "home" / "package"
        alone.mkdir(parents=True)
        os.symlink(os.path.join(package_folder, "pyforge_cli"), alone / "pyforge_cli")
        self.package_folder = str(alone)
        self.env = {
            "PYTHONPATH": os.pathsep.join([str(alone), str(self.packages)]),
            "HOME": str(folder / "home"),
            "XDG_CONFIG_HOME": str(folder / "home" / "config"),
            "XDG_STATE_HOME": str(folder / "home" / "state"),
            "XDG_CACHE_HOME": str(folder / "home" / "cache"),
        }

    def install(self, name, source, entry=None, group="pyforge.extensions", manifest=None):
        """A package of one module, or of a folder with a manifest, and its entry point NAME = MODULE:CLASS."""
        module = name.replace("-", "_") + "_module"
        if manifest is None:
            (self.packages / f"{module}.py").write_text(textwrap.dedent(source))
        else:
            (self.packages / module).mkdir()
            (self.packages / module / "__init__.py").write_text(textwrap.dedent(source))
            (self.packages / module / "pyforge-extension.toml").write_text(textwrap.dedent(manifest))
        self.point(name, entry or f"{module}:Ext", group)
        return module

    def point(self, name, entry, group="pyforge.extensions", distribution=None):
        info = self.packages / f"{distribution or name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution or name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {entry}\n")

    def run(self, *words, script=None, env=None, check=0):
        done = subprocess.run(
            [sys.executable, *(["-c", textwrap.dedent(script)] if script else ["-m", "pyforge_cli"]), *map(str, words)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=clean_environment({**self.env, **(env or {})}),
            timeout=120,
            check=False,
        )
        assert check is None or done.returncode == check, done.stdout + done.stderr
        return done

    def python(self, script, *words, **more):
        return self.run(*words, script=script, **more)

    def rows(self, *words, **more):
        """What pyforge extensions --json tells, by name; of two of one name in a list."""
        rows = {}
        for row in json.loads(self.run("extensions", "--json", *words, **more).stdout):
            rows.setdefault(row["name"], []).append(row)
        return rows


@pytest.fixture
def site(tmp_path, package_folder):
    return Site(tmp_path, package_folder)


BASE = """
from pyforge_cli.extensions import BaseExtension, Option
class Base(BaseExtension):
    version = "1.0"
    description = "of a test"
    licence = "MIT"
    def is_available(self): return True
    def initialize(self): return True
"""


def extension(name, body="", before=""):
    """The source of a module with an extension Ext."""
    inside = textwrap.indent(textwrap.dedent(body), "    ")
    return BASE + textwrap.dedent(before) + f"\nclass Ext(Base):\n    name = {name!r}\n" + inside


# ---- the example


@pytest.fixture
def shelf(site):
    (site.packages / "pyforge_shelf").symlink_to(EXAMPLE / "pyforge_shelf")
    points = (EXAMPLE / "pyproject.toml").read_text()
    assert '[project.entry-points."pyforge.extensions"]\nshelf = "pyforge_shelf:ShelfExtension"' in points
    site.point("shelf", "pyforge_shelf:ShelfExtension", distribution="pyforge_shelf")
    site.env["PYFORGE_SHELF"] = str(site.folder / "shelf")
    return site


def test_example_conforms(shelf):
    told = shelf.run("extensions", "test", "shelf").stdout
    assert "FAILED" not in told and "0 failed" in told
    for part in ("format arrows", "scheme shelf", "engine shelf-sort", "option --shelf-compression", "command shelf", "hook pre"):
        assert part in told, part


def test_example_at_work(shelf):
    sales = ROOT / "examples" / "sales.csv"
    shelf.run("convert", sales, "shelf:2024/sales.parquet")
    file = shelf.folder / "shelf" / "2024" / "sales.parquet"
    table = pyarrow.parquet.read_table(file)
    compressions = {pyarrow.parquet.ParquetFile(file).metadata.row_group(0).column(i).compression for i in range(table.num_columns)}
    assert compressions & {"ZSTD"} and not compressions & {"SNAPPY"}, "the hook has set the compression"
    assert shelf.run("convert", sales, "shelf:2024/sales.parquet", check=4).stderr.count("exists") == 1
    shelf.run("convert", sales, "shelf:2024/sales.parquet", "--force", "--shelf-compression", "none")
    assert pyarrow.parquet.ParquetFile(file).metadata.row_group(0).column(0).compression == "UNCOMPRESSED"
    shelf.run("convert", "shelf:2024/sales.parquet", "sales.arrows", "--arrows-compression", "zstd")
    with pyarrow.ipc.open_stream(shelf.folder / "sales.arrows") as stream:
        assert stream.read_all().to_pylist() == table.to_pylist()
    listed = shelf.run("shelf").stdout
    assert "shelf:2024/sales.parquet" in listed and "sales.csv" not in listed
    assert "shelf:2024/sales.parquet" in shelf.run("shelf", "2024").stdout
    assert shelf.run("shelf", "a", "b", check=2).stdout.startswith("Usage")
    again = shelf.python("import pyforge_cli, pyarrow; print(pyarrow.table(pyforge_cli.read('sales.arrows')).num_rows)")
    assert again.stdout.strip() == "96"


def test_example_engine(shelf):
    shelf.folder.joinpath("a.csv").write_text("id,name\n3,c\n1,a\n2,b\n")
    record = json.loads(shelf.run("convert", "a.csv", "a.parquet", "--shelf-sort", "id", "--json").stdout)
    assert (record["processing_engine"], record["rows_read"], record["row_count"]) == ("shelf-sort", 3, 3)
    assert pyarrow.parquet.read_table(shelf.folder / "a.parquet")["id"].to_pylist() == [1, 2, 3]
    assert json.loads(shelf.run("convert", "a.csv", "b.parquet", "--json").stdout)["processing_engine"] == "native"
    done = shelf.run("convert", "a.csv", "c.parquet", "--shelf-sort", "nothing", check=2)
    assert "there is no column 'nothing'" in done.stderr and not (shelf.folder / "c.parquet").exists()


def test_example_says_what_it_needs(shelf):
    """Without pyarrow it is listed as not available, with what would help."""
    (shelf.packages / "hide").mkdir()
    (shelf.packages / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\nu.find_spec = lambda name, package=None: None if name == 'pyarrow' else find(name, package)\n"
    )
    row = shelf.rows()["shelf"][0]
    assert row["available"] is False and "pip install pyarrow" in row["reason"]
    shelf.folder.joinpath("a.csv").write_text("a\n1\n")
    shelf.run("convert", "a.csv", "a.parquet")
    assert "pip install pyarrow" in shelf.run("convert", "a.csv", "a.arrows", check=None).stderr


def test_guide(site):
    """The extension in docs/extensions.md is whole, and works."""
    text = (ROOT / "docs" / "extensions.md").read_text()
    source = text.split("```python\n", 1)[1].split("```", 1)[0]
    site.install("words", source, "words_module:WordsExtension")
    site.folder.joinpath("a.words").write_text("7\n8\n")
    site.run("convert", "a.words", "a.parquet")
    assert pyarrow.parquet.read_table(site.folder / "a.parquet").to_pydict() == {"word": [7, 8]}
    assert site.run("count-words", "a.words").stdout == "2\n"
    assert "--words-upper" in site.run("options").stdout
    assert "0 failed" in site.run("extensions", "test", "words").stdout


# ---- what one may add

LINES = """
import pyarrow
class Lines:
    name = "lines"
    description = "Lines of text"
    suffixes = [".lines"]
    read_options = [Option("lines-upper", "flag", help="Upper case."), Option("lines-most", "integer", default=100, help="At most so many."),
                    Option("lines-mark", "choice", choices=["none", "star"], help="What stands before each.")]
    write_options = [Option("lines-end", default="", help="What stands behind each.")]
    def probe(self, head):
        return head.startswith(b"#lines") and 95
    def read(self, source, lines_upper, lines_most, lines_mark):
        assert source.readable() and source.read(6) == b"#lines"
        texts = [line.decode().rstrip() for line in source][1:1 + lines_most]
        mark = {"none": "", "star": "*"}[lines_mark]
        return pyarrow.table({"line": [mark + (text.upper() if lines_upper else text) for text in texts]})
    def write(self, table, sink, lines_end):
        sink.write(b"#lines\\n")
        for batch in pyarrow.RecordBatchReader.from_stream(table):
            for row in batch.to_pylist():
                sink.write((",".join(map(str, row.values())) + lines_end + "\\n").encode())
"""


def test_format(site):
    site.install("lines", extension("lines", "def get_formats(self): return [Lines()]", LINES))
    script = """
        import io, pyforge_cli, pyarrow
        open("a.lines", "w").write("#lines\\nx\\ny\\nz\\n")
        assert pyarrow.table(pyforge_cli.read("a.lines")).to_pydict() == {"line": ["x", "y", "z"]}
        given = dict(lines_upper=True, lines_most=2, lines_mark="star")
        assert pyarrow.table(pyforge_cli.read("a.lines", **given)).to_pydict() == {"line": ["*X", "*Y"]}
        assert pyforge_cli.info(open("a.lines", "rb"))["rows"] == 3                 # by its content
        assert pyforge_cli.validate(b"#lines\\nx\\n")
        done = pyforge_cli.convert("a.lines", "b.lines", lines_end="!", filter=None)
        assert done.row_count == 3 and open("b.lines").read() == "#lines\\nx!\\ny!\\nz!\\n"
        out = io.BytesIO()
        pyforge_cli.write(pyarrow.table({"a": range(100_000)}), out, format="lines")
        assert out.getvalue().count(b"\\n") == 100_001
        assert "lines" in [known.name for known in pyforge_cli.formats()]
        import threading
        assert not [one for one in threading.enumerate() if one.name.startswith("pyforge")]
        try:
            pyforge_cli.convert("a.lines", "c.csv", lines_most="many")
        except pyforge_cli.OptionError as error:
            assert "lines_most" in str(error)
        else:
            raise SystemExit("a bad value was taken")
    """
    site.python(script)
    assert "lines" in site.run("formats").stdout
    assert "--lines-upper" in site.run("options").stdout


@pytest.mark.parametrize(
    "body, said",
    [
        ("def read(self, source): raise ValueError('no good\\nat all')", "ValueError: no good at all"),
        ("def read(self, source): return 7", "has no __arrow_c_stream__"),
        ("def read(self, source): raise NotImplementedError('not yet')", "not yet"),
        ("def read(self, source): return 1 // 0", "ZeroDivisionError"),
        ("def read(self, source):\n        source.seek(0)", "seekable = True"),
        ("def read(self, source):\n        source.raw.readinto(bytearray(1)); source.close(); return source.read()", "closed file"),
        (
            "def read(self, source):\n"
            "        import pyarrow\n"
            "        def batches():\n"
            "            yield pyarrow.record_batch({'a': [1]})\n"
            "            raise ValueError('later on')\n"
            "        return pyarrow.RecordBatchReader.from_batches(pyarrow.schema([('a', 'int64')]), batches())",
            "later on",
        ),
    ],
)
def test_format_that_fails(site, body, said):
    before = f"class Bad:\n    name = 'bad'\n    suffixes = ['bad']\n    {body}\n"
    site.install("bad", extension("bad", "def get_formats(self): return [Bad()]", before))
    site.folder.joinpath("a.bad").write_text("x")
    done = site.run("convert", "a.bad", "a.parquet", "--log-level", "debug", check=None)
    assert done.returncode in (1, 4) and said in done.stderr, done.stderr
    assert not site.folder.joinpath("a.parquet").exists()


@pytest.mark.parametrize(
    "body, said",
    [
        ("next(iter(reader)); raise ValueError('full')", "ValueError: full"),
        ("sink.write(b'half')", "before it had read all rows"),
        ("raise OSError(28, 'No space left')", "No space left"),
        ("sink.write('text')", "TypeError"),
    ],
)
def test_format_that_fails_to_write(site, body, said):
    before = f"""
        import pyarrow
        class Bad:
            name = "bad"
            suffixes = ["bad"]
            def write(self, table, sink):
                reader = pyarrow.RecordBatchReader.from_stream(table)
                {body}
    """
    site.install("bad", extension("bad", "def get_formats(self): return [Bad()]", before))
    site.folder.joinpath("a.csv").write_text("a\n" + "1\n" * 300_000)
    done = site.run("convert", "a.csv", "a.bad", check=1)
    assert said in done.stderr
    assert not site.folder.joinpath("a.bad").exists()
    site.folder.joinpath("ragged.csv").write_text("a\n" + "1\n" * 300_000 + "1,2\n")
    site.run("convert", "ragged.csv", "a.bad", "--ragged", "fail", check=1)


def test_tables_of_a_seekable_format(site):
    before = """
        import io, json, pyarrow
        class Many:
            name = "many"
            suffixes = ["many"]
            seekable = True
            def tables(self, source):
                assert source.seekable() and source.seek(0, io.SEEK_END) == source.tell() > 0
                source.seek(0)
                return json.load(source)
            def read(self, source, table):
                return pyarrow.table({"a": json.load(source)[table]})
    """
    site.install("many", extension("many", "def get_formats(self): return [Many()]", before))
    site.folder.joinpath("a.many").write_text('{"one": [1, 2], "two": [3]}')
    assert site.python("import pyforge_cli, pyarrow; print(pyarrow.table(pyforge_cli.read('a.many')).to_pydict())").stdout == "{'a': [1, 2]}\n"


def test_untyped_format(site):
    before = """
        import pyarrow
        class Texts:
            name = "texts"
            suffixes = ["texts"]
            untyped = True
            def read(self, source):
                return pyarrow.table({"n": source.read().decode().split()})
    """
    site.install("texts", extension("texts", "def get_formats(self): return [Texts()]", before))
    site.folder.joinpath("a.texts").write_text("1 2 3")
    script = "import pyforge_cli; print(pyforge_cli.read('a.texts').schema, pyforge_cli.read('a.texts', types='string').schema)"
    assert site.python(script).stdout == "Schema(n: int64) Schema(n: string)\n"


SCHEME = """
import io
STORE = {}
class File(io.BytesIO):
    def __init__(self, location, replace):
        super().__init__()
        self.location, self.replace = location, replace
    def commit(self):
        if self.location in STORE and not self.replace:
            raise FileExistsError(self.location)
        STORE[self.location] = self.getvalue()
    def abort(self):
        print("aborted")
class Mem:
    name = "mem"
    description = "Memory"
    seekable = SEEKABLE
    def stat(self, location):
        if location not in STORE:
            raise FileNotFoundError(location)
        return len(STORE[location])
    def open(self, location):
        return io.BytesIO(STORE[location])
    def create(self, location, replace):
        return File(location, replace)
    def remove(self, location):
        del STORE[location]
"""


@pytest.mark.parametrize("seekable", [True, False])
def test_scheme(site, seekable):
    before = SCHEME.replace("SEEKABLE", str(seekable))
    module = site.install("mem", extension("mem", "def get_schemes(self): return [Mem()]", before))
    script = f"""
        import pyforge_cli, pyarrow
        pyforge_cli.write(pyarrow.table({{"a": range(200_000)}}), "mem:big.parquet", threads=2)
        assert pyarrow.table(pyforge_cli.read("mem:big.parquet", threads=2)).num_rows == 200_000
        pyforge_cli.convert("mem:big.parquet", "mem:big.csv")
        from {module} import STORE
        assert sorted(STORE) == ["mem:big.csv", "mem:big.parquet"]
        for call, kind in ((lambda: pyforge_cli.convert("mem:none.csv"), FileNotFoundError),
                           (lambda: pyforge_cli.convert("mem:big.csv", "mem:big.parquet"), FileExistsError)):
            try:
                call()
            except kind:
                pass
            else:
                raise SystemExit("no " + kind.__name__)
        try:
            pyforge_cli.convert(b"a,b\\n1,2\\n1,2,3\\n", "mem:bad.parquet", ragged="fail")
        except pyforge_cli.BadDataError:
            assert "mem:bad.parquet" not in STORE
        else:
            raise SystemExit("what is wrong went unseen")
    """
    site.python(script)


def test_a_scheme_claims_paths_and_tells_what_is_one(site):
    before = SCHEME.replace("SEEKABLE", "True") + """
    paths = ["/nowhere/mem/"]
    def identity(self, location):
        return "mem:" + location.removeprefix("mem:").removeprefix("/nowhere/mem/")
"""
    before = before.replace("STORE = {}", "STORE = {'mem:a.csv': b'a\\n1\\n', '/nowhere/mem/a.csv': b'a\\n1\\n'}")
    site.install("mem", extension("mem", "def get_schemes(self): return [Mem()]", before),
                 manifest='name = "mem"\nadds = ["scheme mem /nowhere/mem/"]')
    site.python("""
        import pyforge_cli
        pyforge_cli.convert("/nowhere/mem/a.csv", "out.parquet")
        for output in ("mem:a.csv", "/nowhere/mem/a.csv"):
            try:
                pyforge_cli.convert("/nowhere/mem/a.csv", output, force=True)
            except FileExistsError as error:
                assert "the input itself" in str(error), error
            else:
                raise SystemExit("written over the input: " + output)
    """)
    assert pyarrow.parquet.read_table(site.folder / "out.parquet").num_rows == 1


@pytest.mark.parametrize("identity", ["return 7", "return 'x' * 100000", "raise OSError('gone')"])
def test_a_scheme_with_a_wrong_identity(site, identity):
    """The location itself counts then."""
    before = SCHEME.replace("SEEKABLE", "True") + "    def identity(self, location):\n        " + identity + "\n"
    site.install("mem", extension("mem", "def get_schemes(self): return [Mem()]", before.replace("STORE = {}", "STORE = {'mem:a.csv': b'a\\n1\\n'}")))
    site.run("convert", "mem:a.csv", "mem:b.csv")
    assert "the input itself" in site.run("convert", "mem:a.csv", "mem:a.csv", "--force", check=4).stderr


def test_environment(site):
    """Facts of one extension stand in one object, though another's come between."""
    body = """
        def get_probes(self): return {"probe-" + NAME: lambda: {"of": NAME}}
        def hook_environment_detection(self): return {"hooked": NAME, "cores": 2}
    """
    for name in ("one", "two"):
        site.install(name, extension(name, body.replace("NAME", repr(name))))
    text = site.python("import json, pyforge_cli; print(json.dumps(pyforge_cli.environment()))").stdout
    known = {name: {f"probe-{name}": {"of": name}, "hooked": name, "cores": 2} for name in ("one", "two")}
    found = json.loads(text)
    assert {name: found[name] for name in known} == known
    site.folder.joinpath("a.csv").write_text("a\n1\n")
    record = json.loads(site.run("convert", "a.csv", "a.parquet", "--json").stdout)["environment"]
    assert {name: record[name] for name in known} == known
    nothing = site.python("import pyforge_cli; print(pyforge_cli.environment())", env={"PYFORGE_DISABLE_EXTENSIONS": "*"})
    assert nothing.stdout == "{}\n"


def test_commands(site):
    body = """
        def get_commands(self):
            return {"words": words, "named": named, "fails": fails, "leaves": leaves, "lies": lambda: False}
    """
    before = """
        def words(argv):
            "Print the words.\\n\\nUsage: pyforge words WORD..."
            print(argv)
            return len(argv)
        def named(first, second="none"):
            print(first, second)
        def fails():
            raise KeyError("gone")
        def leaves():
            raise SystemExit("left")
    """
    site.install("words", extension("words", body, before))
    assert site.run("words", "a", "--b", check=2).stdout == "['a', '--b']\n"
    assert site.run("named", "x").stdout == "x none\n"
    assert site.run("named", "x", "y").stdout == "x y\n"
    assert "Usage: pyforge named FIRST [SECOND]" in site.run("named", check=2).stderr
    assert "KeyError: 'gone'" in site.run("fails", check=1).stderr
    assert site.run("leaves", check=1).stderr == "left\n"
    site.run("lies", check=1)
    assert "Usage: pyforge words WORD..." in site.run("words", "--help").stdout


def test_commands_of_click(site):
    """A stand-in with the parts of click that are used."""
    (site.packages / "click.py").write_text(
        textwrap.dedent(
            """
            class Context:
                def __init__(self, command, info_name=None): pass
                def __enter__(self): return self
                def __exit__(self, *unused): pass
            class Command:
                def __init__(self, name): self.name = name
                def get_short_help_str(self, limit=45): return "Of click."
                def get_help(self, context): return "Usage: all of it"
                def main(self, args=None, prog_name=None):
                    print(prog_name, args)
                    raise SystemExit(5)
            """
        )
    )
    site.install("clicks", extension("clicks", "def get_commands(self): return [click.Command('clicked')]", "import click"))
    assert site.run("clicked", "a", check=5).stdout == "pyforge clicked ['a']\n"
    assert "all of it" in site.run("clicked", "--help").stdout


def test_options_probes_facts(site):
    body = """
        def get_options(self): return [Option("level", "integer", default=1, help="How much.")]
        def get_probes(self): return {"gpu": lambda: {"cards": 2}, "none": lambda: None}
        def hook_environment_detection(self): return {"place": "here", "when": __import__("datetime").date(2024, 1, 1)}
        def hook_pre_conversion(self, input_file, output_file, options): print("level", options.get("level"))
    """
    site.install("more", extension("more", body))
    site.folder.joinpath("a.csv").write_text("a\n1\n")
    done = site.run("convert", "a.csv", "a.parquet", "--level", "3", "--json")
    assert "level 3" in done.stdout
    record = json.loads(done.stdout.splitlines()[-1])
    assert record["environment"]["more"] == {"gpu": {"cards": 2}, "place": "here", "when": "2024-01-01"}
    assert "level" in site.run("convert", "a.csv", "b.parquet", "--level", "x", check=2).stderr


# ---- hooks: each documented method, in each of its forms

CASES = {
    "pre": "def hook_pre_conversion(self, input_file, output_file, options): return {**options, 'delimiter': ';'}",
    "pre in place": "def hook_pre_conversion(self, input_file, output_file, options): options['delimiter'] = ';'",
    "pre as the old command called it": "def hook_pre_conversion(self, input_file, output_file, converter, options): return {'delimiter': ';'}",
    "pre by keywords": "def hook_pre_conversion(self, **known): return {**known['options'], 'delimiter': ';'}",
    "pre by places": "def hook_pre_conversion(self, *known): return {**known[2], 'delimiter': ';'}",
    "pre with names of its own": "def hook_pre_conversion(self, source, target, given): return {**given, 'delimiter': ';'}",
    "pre of one dictionary": "def hook_pre_conversion(self, data): data['options']['delimiter'] = ';'; return data",
    "pre with HookResult": "def hook_pre_conversion(self, data): return HookResult(data={'options': {'delimiter': ';'}}, message='semicolons')",
    "parameters": "def enhance_convert_command(self, options): options['delimiter'] = ';'; return options",
    "parameters of click": "def enhance_convert_command(self, ctx, **kwargs): return {**kwargs, 'delimiter': ';'}",
    "parameters of one dictionary": "def hook_parameter_enhancement(self, data): return {'options': {'delimiter': ';'}}",
    "performance": "def hook_performance_optimization(self, operation, options): assert operation == 'convert'; return {'delimiter': ';'}",
}


@pytest.mark.parametrize("case", CASES)
def test_hook_changes_an_option(site, case):
    site.install("semi", extension("semi", CASES[case], "from pyforge_cli.plugin_system import HookResult"))
    site.folder.joinpath("a.csv").write_text("a;b,c\n1;2,3\n")
    script = """
        import pyforge_cli
        done = pyforge_cli.convert("a.csv", "a.parquet")
        print([column["name"] for column in done.columns], done.warnings)
        user = pyforge_cli.convert("a.csv", "b.parquet", delimiter=",")
        print([column["name"] for column in user.columns])
    """
    first, second = site.python(script).stdout.splitlines()
    assert first.startswith("['a', 'b,c']"), first
    assert second == "['a;b', 'c']", "what the user gave wins"
    assert ("semicolons" in first) == ("HookResult" in case)


def test_hooks_of_flags_and_lists(site):
    body = "def hook_pre_conversion(self, input_file, output_file, options): return {'force': True, 'use_dictionary': False, 'columns': ['b']}"
    site.install("flags", extension("flags", body))
    site.folder.joinpath("a.csv").write_text("a,b\n1,2\n")
    site.folder.joinpath("a.parquet").write_text("old")
    site.run("convert", "a.csv", "a.parquet")
    assert pyarrow.parquet.read_table(site.folder / "a.parquet").to_pydict() == {"b": [2]}


def test_post_and_error_hooks(site):
    body = """
        def hook_post_conversion(self, input_file, output_file, options, success):
            print("post", input_file.name, output_file.name, options, success)
        def post_conversion_hook(self, result):
            print("result", result["row_count"])
        def hook_error_handling(self, error, context):
            print("error", type(error).__name__, context["input_file"].name, context["options"])
            return False
    """
    site.install("after", extension("after", body))
    site.folder.joinpath("a.csv").write_text("a,b\n1,2\n")
    site.folder.joinpath("b.csv").write_text("a,b\n1,2\n1,2,3\n")
    told = site.run("convert", "a.csv", "a.parquet", "--quiet").stdout
    assert told == "post a.csv a.parquet {'quiet': True} True\nresult 1\n" or told == "post a.csv a.parquet {} True\nresult 1\n"
    told = site.run("convert", "b.csv", "b.parquet", "--ragged", "fail", check=1).stdout
    assert told.splitlines()[0] == "error BadDataError b.csv {'ragged': 'fail'}"
    assert told.splitlines()[1].startswith("post b.csv b.parquet") and told.splitlines()[1].endswith("False")


@pytest.mark.parametrize(
    "answer, again",
    [
        ("context['options']['delimiter'] = ';'; return True", True),
        ("return {'handled': True, 'options': {'delimiter': ';'}}", True),
        ("return {'recovery_success': False}", False),
        ("return False", False),
        ("return None", False),
        ("return 'nonsense'", False),
    ],
)
def test_error_hook_may_ask_for_one_more_attempt(site, answer, again):
    site.install("again", extension("again", f"def hook_error_handling(self, error, context):\n    print('asked'); {answer}"))
    site.folder.joinpath("a.csv").write_text("a,b\n1,2\n1,2,3\n")
    done = site.run("convert", "a.csv", "a.parquet", "--ragged", "fail", check=None)
    assert done.stdout.count("asked") == 1
    assert (done.returncode == 0) == again, done.stderr


def test_error_hook_of_the_second_framework(site):
    body = "def hook_error_handling(self, data): data['options']['delimiter'] = ';'; print(sorted(data)); return {'handled': True}"
    site.install("again", extension("again", body))
    site.folder.joinpath("a.csv").write_text("a,b\n1,2\n1,2,3\n")
    assert "'context', 'converter', 'error'" in site.run("convert", "a.csv", "a.parquet", "--ragged", "fail").stdout


@pytest.mark.parametrize(
    "body, said",
    [
        ("raise ValueError('ouch')", "ValueError: ouch"),
        ("return 7", "answered with int"),
        ("return {7: 8}", "no name of an option"),
        ("return {'compression': object()}", "cannot be of type object"),
        ("return {'compression': 'nonsense'}", "compression"),
        ("return {'no_such_option': 1}", "no_such_option"),
        ("import sys; sys.exit(9)", "SystemExit: 9"),
        ("return HookResult(success=False, message='would not')", "would not"),
        ("import time; time.sleep(0.4)", "took"),
    ],
)
def test_hook_that_does_wrong(site, body, said):
    """The conversion goes on, and the result names the extension."""
    body = f"def hook_pre_conversion(self, input_file, output_file, options):\n    {body}\ndef hook_post_conversion(self, *known):\n    print('post')"
    site.install("wrong", extension("wrong", body, "from pyforge_cli.plugin_system import HookResult"))
    site.folder.joinpath("a.csv").write_text("a,b\n1,2\n")
    limit = "100ms" if said == "took" else "1h"  # a busy machine may take its time over the others
    done = site.run("convert", "a.csv", "a.parquet", "--json", env={"PYFORGE_HOOK_LIMIT": limit}, check=None)
    assert done.returncode == 0
    warnings = " ".join(json.loads(done.stdout.splitlines()[-1])["warnings"])
    assert "wrong" in warnings and said.replace("_", "-") in warnings.replace("_", "-")
    assert ("post\n" in done.stdout) == (said != "took"), "later hooks of one that overran are left out"


def test_hooks_run_in_order(site):
    for name, order in (("b", 0), ("a", 0), ("first", -5), ("last", 7)):
        site.install(name, extension(name, f"hook_order = {order}\ndef hook_pre_conversion(self, *known): print({name!r})"))
    site.folder.joinpath("a.csv").write_text("a,b\n1,2\n")
    assert site.run("convert", "a.csv", "a.parquet", "--quiet").stdout.split() == ["first", "a", "b", "last"]


def test_hooks_attribute(site):
    body = "hooks = ['post']\ndef hook_pre_conversion(self, *known): print('pre')\ndef hook_post_conversion(self, *known): print('post')"
    site.install("some", extension("some", body))
    site.folder.joinpath("a.csv").write_text("a,b\n1,2\n")
    assert site.run("convert", "a.csv", "a.parquet", "--quiet").stdout.split() == ["post"]


def test_hook_that_converts_is_not_hooked(site):
    body = """
        def hook_pre_conversion(self, input_file, output_file, options):
            import pyforge_cli
            print("pre", pyforge_cli.convert(b"x\\n1\\n", "inner.parquet").row_count)
    """
    site.install("inner", extension("inner", body))
    site.folder.joinpath("a.csv").write_text("a,b\n1,2\n")
    assert site.run("convert", "a.csv", "a.parquet", "--quiet").stdout == "pre 1\n"


# ---- what is wrong with some

BROKEN = {
    "nothing": ("broken_module:Nothing", BASE, "has no Nothing"),
    "no module": ("no_such_module:Ext", BASE, "cannot be imported"),
    "no dependency": (None, "import no_such_dependency\n", "install no_such_dependency"),
    "raises on import": (None, "raise RuntimeError('not today')\n", "RuntimeError: not today"),
    "wrong syntax": (None, "def (:\n", "SyntaxError"),
    "no class": ("broken_module", "x = 1\n", "no extension"),
    "no extension": (None, "class Ext: pass\n", "no extension"),
    "abstract": (None, "from pyforge_cli.extensions import BaseExtension\nclass Ext(BaseExtension): pass\n", "abstract"),
    "constructor": (None, extension("broken", "def __init__(self): raise OSError('no disk')"), "no disk"),
    "initialize": (None, extension("broken", "def initialize(self): return False"), "answered False"),
    "initialize raises": (None, extension("broken", "def initialize(self): raise OSError('no net')"), "OSError: no net"),
    "available raises": (None, extension("broken", "def is_available(self): raise OSError('no idea')"), "no idea"),
    "formats": (None, extension("broken", "def get_formats(self): return 7"), "get_formats() gave int"),
    "format": (None, extension("broken", "def get_formats(self): return [object()]"), "has no name"),
    "format of ours": (None, extension("broken", "def get_formats(self): return [F()]", "class F:\n    name = 'csv'\n    def read(self, s): pass"), "csv"),
    "scheme": (None, extension("broken", "def get_schemes(self): return [S()]", "class S:\n    name = 'sss'\n    def stat(self, s): pass"), "open()"),
    "option": (None, extension("broken", "def get_options(self): return [Option('x', 'colour')]"), "colour"),
    "option of ours": (None, extension("broken", "def get_options(self): return [Option('columns')]"), "columns"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_extension(site, case):
    """Import, list and conversions go on; the list says what is wrong."""
    entry, source, said = BROKEN[case]
    site.install("broken", source, entry)
    site.folder.joinpath("a.csv").write_text("a,b\n1,2\n")
    script = "import pyforge_cli; print(pyforge_cli.convert('a.csv', 'a.parquet').row_count)"
    assert site.python(script).stdout == "1\n"
    row = site.rows()["broken"][0]
    assert row["available"] is False and said in row["reason"], row
    assert "broken" in site.run("--list-extensions").stdout
    site.run("convert", "a.csv", "b.parquet")


def test_traceback_is_in_the_debug_log(site):
    site.install("broken", "def inside():\n    raise RuntimeError('deep')\ninside()\n")
    script = """
        import logging, pyforge_cli
        logging.basicConfig(level=logging.DEBUG)
        pyforge_cli.convert(b"a\\n1\\n", "a.parquet")
    """
    told = site.python(script).stderr
    assert "Traceback" in told and "in inside" in told


def test_two_of_one_name(site):
    site.install("same", extension("same") + "\nclass Other(Ext): pass\n")
    site.point("same", "same_module:Other", distribution="another")
    rows = site.rows()["same"]
    assert len(rows) == 2 and sorted(row["state"] for row in rows) == ["failed", "loaded"]
    assert "found before" in next(row["reason"] for row in rows if row["state"] == "failed")


def test_absent_extension(site):
    """What needs one that is not there says so."""
    site.folder.joinpath("a.csv").write_text("a,b\n1,2\n")
    assert site.run("convert", "a.csv", "a.arrows", check=None).returncode != 0
    assert site.run("extensions", "test", "shelf", check=None).returncode != 0
    assert site.run("shelf", check=2).returncode == 2


def test_manifest(site):
    """What has a manifest is imported only when something of it is needed."""
    manifest = 'name = "lazy"\ndescription = "told before"\nadds = ["command lazy", "options lazy-mode"]\n'
    body = "def get_commands(self): return {'lazy': lambda: print('ran')}\ndef get_options(self): return [Option('lazy-mode')]"
    site.install("lazy", "print('imported')\n" + extension("lazy", body), manifest=manifest)
    site.folder.joinpath("a.csv").write_text("a,b\n1,2\n")
    assert site.run("convert", "a.csv", "a.parquet", "--quiet").stdout == ""
    assert site.run("convert", "a.csv", "b.parquet", "--quiet", "--lazy-mode", "x").stdout == "imported\n"
    assert site.run("lazy").stdout == "imported\nran\n"
    script = """
        import pyforge_cli._pyforge as p
        print(p.extensions()[0]["state"], p.extensions()[0]["description"])
    """
    assert site.python(script).stdout == "discovered told before\n"


def test_disable_and_enable(site):
    site.install("onoff", extension("onoff", "def hook_pre_conversion(self, *known): print('pre')"))
    site.folder.joinpath("a.csv").write_text("a,b\n1,2\n")

    def told(*words, **more):
        return site.run("convert", "a.csv", "a.parquet", "--force", "--quiet", *words, **more).stdout

    assert told() == "pre\n"
    assert told("--no-extensions") == ""
    assert told(env={"PYFORGE_DISABLE_EXTENSIONS": "onoff"}) == ""
    site.run("extensions", "disable", "onoff")
    assert told() == "" and site.rows()["onoff"][0]["state"] == "disabled"
    site.run("extensions", "enable", "onoff")
    assert told() == "pre\n"


# ---- the object's life


def test_life(site):
    body = """
        def __init__(self): print("made"); super().__init__()
        def initialize(self): print("initialize"); return None
        def cleanup(self): print("cleanup", STATE)
        def hook_pre_conversion(self, *known): pass
    """
    site.install("life", extension("life", body, "STATE = 'whole'"))
    script = """
        import pyforge_cli
        for at in range(3):
            pyforge_cli.convert(b"a\\n1\\n", f"{at}.parquet")
        print("end")
    """
    assert site.python(script).stdout == "made\ninitialize\nend\ncleanup whole\n"


def test_shutdown_of_the_second_framework(site):
    site.install("life", extension("life", "def shutdown(self): print('shutdown'); super().shutdown()\ndef hook_shutdown(self): print('hook')"))
    assert site.python("import pyforge_cli; pyforge_cli.convert(b'a\\n1\\n', 'a.parquet')").stdout == "hook\nshutdown\n"


def test_import_stays_cheap(site):
    site.install("loud", "print('imported')\n" + extension("loud"))
    script = """
        import sys, time
        started = time.perf_counter()
        import pyforge_cli, pyforge_cli.extensions
        pyforge_cli.convert
        took = time.perf_counter() - started
        assert "loud_module" not in sys.modules and "pyforge_cli.extensions._bridge" not in sys.modules
        assert not pyforge_cli.extensions.__dict__.get("BaseExtension")
        print(took < 0.5)
    """
    assert site.python(script).stdout == "True\n"


def test_fork_and_threads(site):
    site.install("lines", extension("lines", "def get_formats(self): return [Lines()]\ndef hook_pre_conversion(self, *known): pass", LINES))
    script = """
        import os, threading, pyforge_cli, pyarrow
        def one(at):
            pyforge_cli.convert(b"#lines\\nx\\ny\\n", f"{at}.parquet", force=True)
            assert pyarrow.table(pyforge_cli.read(f"{at}.parquet")).num_rows == 2
        threads = [threading.Thread(target=one, args=(at,)) for at in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        child = os.fork()
        if child == 0:
            one("child")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        one("parent")
    """
    site.python(script)


def test_fork_while_another_thread_converts(site):
    body = """
        def hook_pre_conversion(self, input_file, output_file, options):
            import time
            if "slow" in str(output_file):
                print("waiting", flush=True)
                time.sleep(1)
    """
    site.install("slow", extension("slow", body))
    script = """
        import os, threading, time, pyforge_cli
        thread = threading.Thread(target=pyforge_cli.convert, args=(b"a\\n1\\n", "slow.parquet"))
        thread.start()
        time.sleep(0.5)
        child = os.fork()
        if child == 0:
            pyforge_cli.convert(b"a\\n1\\n", "child.parquet")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        thread.join()
        pyforge_cli.convert(b"a\\n1\\n", "parent.parquet")
    """
    site.python(script)
    assert site.folder.joinpath("slow.parquet").exists()


def test_stream_with_other_threads(site):
    """Rows of a format in Python, pulled by a consumer that holds the interpreter's lock, while other threads need it."""
    before = """
        import pyarrow
        class Rows:
            name = "rows"
            suffixes = ["rows"]
            def read(self, source):
                count = int(source.read())
                def batches():
                    for at in range(count):
                        yield pyarrow.record_batch({"a": list(range(1000)), "t": [str(i) for i in range(1000)]})
                return pyarrow.RecordBatchReader.from_batches(pyarrow.schema([("a", "int64"), ("t", "string")]), batches())
    """
    site.install("rows", extension("rows", "def get_formats(self): return [Rows()]", before))
    script = """
        import threading, time, pyforge_cli, pyarrow
        open("a.rows", "w").write("60")
        stop = False
        def spin():
            while not stop:
                pyforge_cli.formats()
        spinners = [threading.Thread(target=spin) for _ in range(2)]
        [one.start() for one in spinners]
        try:
            for _ in range(5):
                assert sum(batch.num_rows for batch in pyarrow.RecordBatchReader.from_stream(pyforge_cli.read("a.rows", threads=2))) == 60_000
                pyforge_cli.read("a.rows").close()
                import polars
                assert polars.DataFrame(pyforge_cli.read("a.rows", threads=2)).height == 60_000
        finally:
            stop = True
            [one.join() for one in spinners]
    """
    site.python(script)


def test_keyboard_interrupt_comes_through(site):
    site.install("stop", extension("stop", "def hook_pre_conversion(self, *known): raise KeyboardInterrupt"))
    script = """
        import pyforge_cli
        try:
            pyforge_cli.convert(b"a\\n1\\n", "a.parquet")
        except KeyboardInterrupt:
            import os
            print("interrupted", os.path.exists("a.parquet"))
    """
    assert site.python(script).stdout == "interrupted False\n"
    assert "KeyboardInterrupt" in site.run("convert", "nothing.csv", check=None).stderr


# ---- converters of pyforge-cli 1.0

CONVERTER = """
from pyforge_cli.converters.base import BaseConverter
class Pipes(BaseConverter):
    "Values between pipes"
    PLUGIN_NAME = "pipes"
    supported_inputs = {".pipes", ".csv"}
    supported_outputs = {".csv"}
    def validate_input(self, input_path):
        return input_path.read_bytes()[:1] != b"!"
    def convert(self, input_path, output_path, **options):
        assert input_path.suffix == ".pipes"
        output_path.write_text(input_path.read_text().replace("|", ","))
        return "fail" not in output_path.read_text()
"""


@pytest.mark.parametrize("group", ["pyforge.converters", "cortexpy_cli.converters", "pyforge.extensions"])
def test_converter_of_an_entry_point(site, group):
    site.install("pipes", CONVERTER, "pipes_module:Pipes", group)
    check_pipes(site)


@pytest.mark.parametrize("folder", [".pyforge/plugins", ".cortexpy/plugins"])
def test_converter_of_a_folder(site, folder):
    (site.folder / "home" / folder).mkdir(parents=True)
    (site.folder / "home" / folder / "mine.py").write_text(CONVERTER)
    (site.folder / "home" / folder / "_not.py").write_text("raise RuntimeError")
    check_pipes(site)


def test_converter_of_an_extension(site):
    site.install("has", extension("has", "def get_converters(self): return {'pipes': Pipes}", CONVERTER))
    check_pipes(site)


def check_pipes(site):
    site.folder.joinpath("a.pipes").write_text("a|b\n1|x\n2|y\n")
    site.run("convert", "a.pipes", "a.parquet", "--columns", "b")
    assert pyarrow.parquet.read_table(site.folder / "a.parquet").to_pydict() == {"b": ["x", "y"]}
    script = "import pyforge_cli, pyarrow; print(pyarrow.table(pyforge_cli.read(b'a|b\\n1|x\\n', from_='pipes')).to_pydict())"
    assert site.python(script).stdout == "{'a': [1], 'b': ['x']}\n"
    for bad, said in (("!", "cannot convert"), ("a|b\nfail|1\n", "failed")):
        site.folder.joinpath("bad.pipes").write_text(bad)
        assert said in site.run("convert", "bad.pipes", "b.parquet", check=1).stderr
    assert not site.folder.joinpath("b.parquet").exists()


@pytest.mark.parametrize(
    "old, new, said",
    [
        ('{".pipes", ".csv"}', '{".csv"}', "which PyForge reads itself"),
        ('{".csv"}\n    def validate', '{".txt"}\n    def validate', ".parquet or .csv is needed"),
    ],
)
def test_converter_that_cannot_be_a_format(site, old, new, said):
    site.install("pipes", CONVERTER.replace(old, new), "pipes_module:Pipes", "pyforge.converters")
    assert said in site.rows()["pipes"][0]["reason"]


# ---- the names of pyforge-cli 1.x, over the library's registry


def test_first_framework(site):
    body = """
        def get_commands(self): return {"hi": lambda: None}
        def hook_pre_conversion(self, input_file, output_file, options): return {"seen": str(input_file)}
        def hook_error_handling(self, error, context): raise ValueError("no")
    """
    site.install("one", extension("one", body))
    site.install("bad", "raise RuntimeError('broken')")
    script = """
        import logging
        from pyforge_cli.extensions import *
        from pyforge_cli.extensions import (ExtensionDiscovery, ExtensionLoader, ExtensionManager, ExtensionRegistry, ExtensionState,
                                            ExtensionLoadError, ExtensionMetadata, get_extension_manager)
        discovery = ExtensionDiscovery()
        assert discovery.discover_extensions() == {"one": "one_module:Ext", "bad": "bad_module:Ext"} == discovery.get_discovered_extensions()
        assert discovery.load_extension_class("one", "one_module:Ext").name == "one"
        assert discovery.load_extension_class("bad", "bad_module:Ext") is None
        assert discovery.load_extension_class("x", "json:loads") is None
        assert discovery.is_extension_available("one") and not discovery.is_extension_available("none")
        loader = ExtensionLoader(discovery)
        assert loader.DEFAULT_TIMEOUT == 30
        assert list(loader.load_all_extensions(timeout=5)) == ["one"] == list(loader.get_loaded_extensions())
        assert "broken" in loader.get_failed_extensions()["bad"]
        one = loader.get_extension("one")
        assert one.initialized and str(one) == "one v1.0" and loader.get_extension("none") is None
        assert loader.is_extension_loaded("one") and not loader.is_extension_loaded("bad")
        stats = loader.get_loading_stats()
        assert stats["loaded"] == 1 and stats["failed"] == 1 and stats["total"] == 2 and stats["load_times"]["one"] >= 0
        again = loader.reload_extension("one")
        assert again is not one and type(again).name == "one" and loader.reload_extension("bad") is None
        registry = ExtensionRegistry()
        known = registry.get_metadata("one")
        assert isinstance(known, ExtensionMetadata) and known.state == ExtensionState.LOADED and known.version == "1.0"
        assert known.entry_point == "one_module:Ext" and known.instance is again and known.load_time > 0
        assert registry.get_metadata("none") is None and set(registry.get_all_metadata()) == {"one", "bad"}
        assert registry.get_extensions_by_state(ExtensionState.FAILED) == ["bad"]
        assert registry.get_extension("one") is again and registry.is_enabled("one") and not registry.is_enabled("none")
        assert registry.register_discovered("one").name == "one" and registry.update_state("one", ExtensionState.FAILED).name == "one"
        assert registry.register_loaded("one") and registry.register_failed("one") and registry.clear() is None
        assert list(registry.get_enabled_extensions()) == ["one"]
        manager = get_extension_manager()
        assert manager is get_extension_manager() and isinstance(manager, ExtensionManager) and manager.initialize(timeout=1)
        assert manager.get_extension("one") is again and list(manager.get_all_extensions()) == ["one"]
        assert manager.get_extensions_for_command("hi") == [again] == manager.get_extensions_for_command("convert")
        assert manager.get_extensions_for_command("none") == []
        done = manager.execute_hook("hook_pre_conversion", input_file="a", output_file="b", options={}, converter=None)
        assert done == {"Ext": {"seen": "a"}}
        assert manager.execute_hook("hook_error_handling", None, {}) == {"Ext": {"error": "no"}}
        assert manager.execute_hook("no_such_hook") == {}
        info = manager.get_extension_info()["one"]
        assert (info["state"], info["version"], info["enabled"], info["error"]) == ("loaded", "1.0", True, None)
        assert manager.disable_extension("one") and not registry.is_enabled("one") and not manager.disable_extension("none")
        assert manager.get_all_extensions() == {} and manager.enable_extension("one") and manager.reload_extension("one")
        assert registry.unregister("one") and manager.enable_extension("one")
        assert manager.shutdown() and manager.shutdown()
        assert manager.registry.get_metadata("one").state == ExtensionState.DISCOVERED
        assert again.get_metadata() == again.get_info() == {"name": "one", "version": "1.0", "description": "of a test", "enabled": True,
                                                             "initialized": False, "available": True}
    """
    site.python(script)


def test_second_framework(site):
    site.install("one", extension("one", "def hook_pre_conversion(self, data): data['options']['seen'] = 1; return data"))
    site.install("bad", "raise RuntimeError('broken')")
    site.install("conv", CONVERTER, "conv_module:Pipes", "pyforge.converters")
    script = """
        from pyforge_cli.plugin_system import *
        from pyforge_cli.plugin_system.discovery import PluginDiscovery, PluginInfo, PluginState
        from pyforge_cli.plugin_system.loader import ExtensionHooksManager, ExtensionLifecycleManager, ExtensionRegistry, HookType
        discovery = PluginDiscovery()
        assert discovery.INIT_TIMEOUT == 5.0
        assert set(discovery.discover_extensions()) == {"one"}
        assert set(discovery.discover_converters()) == {"pipes", "conv"} or set(discovery.discover_converters()) == {"conv"}
        assert discovery.initialize_extensions() == {"one": True, "bad": False, "conv": True}
        assert "broken" in discovery.get_failed_plugins()["bad"]
        registry = ExtensionRegistry()
        known = registry.get_plugin_info("one")
        assert isinstance(known, PluginInfo) and known.state == PluginState.INITIALIZED and known.metadata["version"] == "1.0"
        assert registry.get_plugin_info("none") is None and set(registry.get_all_plugins()) == {"one", "bad", "conv"}
        assert registry.get_plugin_stats()["total"] == 3 and registry.get_plugin_stats()["failed"] == 1
        assert list(registry.get_enabled_extensions()) == ["conv", "one"] and "broken" in registry.get_failed_plugins()["bad"]
        assert registry.disable_plugin("one") and not registry.is_plugin_enabled("one") and registry.enable_plugin("one")
        life = ExtensionLifecycleManager()
        assert life.initialize_extensions({"one": None}) == {"one": True} and "one" in life.get_initialization_order()
        assert life.restart_failed_extensions() == {"bad": False}
        hooks = ExtensionHooksManager()
        done = hooks.execute_pre_conversion_hooks("a", "b", {"x": 1})
        assert done.success and done.data == {"x": 1, "seen": 1}
        assert hooks.get_hook_statistics()[HookType.PRE_CONVERSION.value] == 1
        assert hooks.execute_converter_selection_hooks("a", ["x"]).data["available_converters"] == ["x"]
        life.shutdown_extensions()
        assert registry.get_plugin_info("one").state == PluginState.DISCOVERED
    """
    site.python(script)


def test_logging_helpers(site):
    script = """
        import logging
        from pyforge_cli.extensions.logging import *
        setup_extension_logging(logging.INFO, "log.txt", console_output=False)
        logger = setup_extension_logging(logging.INFO, "log.txt", console_output=False)
        assert logger.name == "pyforge_cli.extensions" and len(logger.handlers) == 1
        ExtensionLoggerAdapter(get_extension_logger("mine"), {"extension": "mine"}).info("hello")
        assert "[mine] hello" in open("log.txt").read()
        assert configure_verbose_logging().level == logging.DEBUG
        setup_extension_logging(console_output=False)
    """
    site.python(script)


# ---- databricks, and packages that may be absent, too old, or broken


@pytest.fixture
def installed(site):
    """The entry point of the package itself, as a wheel has it."""
    site.point("databricks", "pyforge_cli.extensions.databricks:DatabricksExtension", distribution="pyforge_cli")
    site.folder.joinpath("a.csv").write_text("a,b\n1,2\n")
    return site


def test_databricks(installed):
    row = installed.rows()["databricks"][0]
    assert (row["state"], row["available"], row["licence"]) == ("loaded", True, "MIT")
    assert "databricks-sdk" in row["description"] and "pyspark" in row["description"]
    assert installed.run("--list-extensions").stdout.startswith("databricks: Available - Databricks Unity Catalog and Spark integration")
    assert "not in Databricks" in installed.run("env-info").stdout
    # the conformance suite runs on a mount (test_databricks_volumes.py)
    assert "no path of a volume" in installed.run("validate-volume", "/tmp", check=2).stderr
    assert "later version" in installed.run("install-datasets", "/tmp", check=1).stdout
    if not os.path.isdir("/Volumes"):
        assert "Databricks" in installed.run("list-volumes", check=1).stderr
    script = """
        import sys, pyforge_cli
        pyforge_cli.convert("a.csv", "a.parquet")
        assert not [name for name in sys.modules if name.startswith("pyforge_cli.extensions.databricks")]
    """
    installed.python(script)


FAKES = ("pyspark", "databricks-sdk", "IPython")


@pytest.mark.parametrize("package_name", FAKES)
@pytest.mark.parametrize("condition", ["absent", "too old", "raises on import"])
def test_packages_that_may_be_missing(installed, package_name, condition):
    module = installed.packages / ("databricks/sdk" if package_name == "databricks-sdk" else package_name)
    if condition != "absent":
        module.mkdir(parents=True)
        wrong = "raise RuntimeError('broken installation')" if condition == "raises on import" else "__version__ = '0.1.0'"
        (module / "__init__.py").write_text(wrong)
        info = installed.packages / f"{package_name.replace('-', '_')}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package_name}\nVersion: 0.1.0\n")
    listed = installed.run("--list-extensions").stdout
    assert listed.splitlines()[0] == "databricks: Available - Databricks Unity Catalog and Spark integration"
    listed = installed.run("extensions", "info", "databricks").stdout
    if package_name != "IPython" and condition == "too old":
        assert f"{package_name} 0.1.0 is too old" in listed
    installed.run("convert", "a.csv", "a.parquet")
    script = """
        import pyforge_cli
        from pyforge_cli.extensions.databricks import forge
        assert forge.convert("a.csv", "b.parquet") and pyforge_cli.convert("a.csv", "c.parquet")
        assert forge.get_environment_info()["compute_type"] == "unknown"
    """
    installed.python(script)


# ---- many packages


def test_discovery_among_many_packages(site):
    """Times are printed, and what they come from is asserted: without a change nothing is read again."""
    for at in range(300):
        info = site.packages / f"package{at}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\n")
        text = "[console_scripts]\nx = y:z\n" if at >= 20 else f"[pyforge.extensions]\next{at} = nothing_{at}:Ext\n"
        (info / "entry_points.txt").write_text(text)
    script = """
        import time
        from pyforge_cli import _pyforge
        started = time.perf_counter()
        found = _pyforge.extensions()
        print(len(found), 1000 * (time.perf_counter() - started))
    """
    times = []
    for _ in range(3):
        count, took = site.python(script).stdout.split()
        assert int(count) == 20
        times.append(float(took))
    print(f"discovery among 300 packages with 20 extensions: {times[0]:.1f} ms at first, {min(times[1:]):.1f} ms from the cache")
    cache = pathlib.Path(site.env["XDG_CACHE_HOME"]) / "pyforge" / "extensions"
    assert list(cache.iterdir()), "what was found is kept"
    new = site.packages / "later-1.0.dist-info"
    time.sleep(0.01)
    new.mkdir()
    (new / "entry_points.txt").write_text("[pyforge.extensions]\nlater = nothing:Ext\n")
    assert int(site.python(script).stdout.split()[0]) == 21, "a changed folder is read again"


def test_a_load_in_another_thread_keeps_the_extensions(site):
    """Closing them meanwhile freed what the load was at work on."""
    site.install("slow", extension("slow", "def initialize(self):\n    import time; time.sleep(0.5)\n    return True"))
    told = site.python("""
        import threading, time
        from pyforge_cli import _pyforge
        thread = threading.Thread(target=lambda: _pyforge.extension_do("load", "slow"))
        thread.start()
        time.sleep(0.2)
        print(_pyforge.extensions_close(False))
        thread.join()
        print([row["state"] for row in _pyforge.extensions() if row["name"] == "slow"], _pyforge.extensions_close(False))
        """).stdout
    assert told.split("\n")[:2] == ["False", "['loaded'] True"]
