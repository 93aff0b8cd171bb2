"""Extensions that do wrong, or that cannot be had: what becomes of the data, and what is told."""

import json

import pyarrow.parquet
import pytest

from test_extension_engines import ENGINE, body
from test_extensions_python import SCHEME, Site, extension

WORDS = """
class Words:
    name = "words"
    description = "Words"
    suffixes = ["words"]
    def read(self, source):
        import pyarrow
        return pyarrow.table({"word": source.read().decode().split()})
"""


@pytest.fixture
def site(tmp_path, package_folder):
    made = Site(tmp_path, package_folder)
    (tmp_path / "in.csv").write_text("id,name\n1,a\n2,q\n3,w\n")
    return made


def install_engine(site, run, takes="return True"):
    site.install("mock", ENGINE.format(name="mock", takes=body(takes), run=body(run)))


def convert(site, *words, check=0, source="in.csv", output="out.parquet", **more):
    done = site.run("convert", source, output, "--json", *words, check=check, **more)
    return json.loads(done.stdout.splitlines()[-1]), done


def table(site):
    return pyarrow.parquet.read_table(site.folder / "out.parquet").to_pylist()


# ---- what engines and hooks are told


@pytest.mark.parametrize("words, said", [(["--no-force"], "no"), (["--force"], "yes"), (["--force=no"], "no")])
def test_a_flag_is_told_as_it_is(site, words, said):
    install_engine(site, "print(job.options['force'], job.option('force')); return context.convert_native()")
    assert convert(site, *words)[1].stdout.splitlines()[0] == f"{said} {said}"


def test_hooks_are_told_flags_as_they_are(site):
    site.install("look", extension("look", "def hook_pre_conversion(self, input_file, output_file, options): raise ValueError(options)"))
    assert "{'force': False}" in "".join(convert(site, "--no-force")[0]["warnings"])


def test_an_engine_has_all_of_an_option_that_is_given_again(site):
    install_engine(site, "return context.convert_native()")
    convert(site, "--null-values", "q", "--null-values", "w")
    assert [row["name"] for row in table(site)] == ["a", None, None]


# ---- what engines did


STORE = SCHEME.replace("SEEKABLE", "True").replace("STORE = {}", "STORE = {'mem:in.csv': b'id\\n1\\n', 'mem:out.csv': b'old'}")
BLIND = STORE.replace("return len(STORE[location])", "return None")


@pytest.mark.parametrize("run, unknown", [("STORE['mem:out.csv'] = b'new'; return 1", False), ("raise RuntimeError('away')", True)])
def test_an_output_that_cannot_be_looked_at(site, run, unknown):
    before = BLIND + "\n".join(
        ["class Engine:", "    name = 'mock'", "    description = 'mock'", "    def takes(self, job): return True", f"    def run(self, job, context): {run}"]
    )
    site.install("mem", extension("mem", "def get_schemes(self): return [Mem()]\ndef get_engines(self): return [Engine()]", before))
    record, _ = convert(site, "--force", source="mem:in.csv", output="mem:out.csv", check=1 if unknown else 0)
    assert [attempt["engine"] for attempt in record["attempts"]] == ["mock"]
    assert record["outcome_unknown"] is unknown


def test_rows_that_the_core_wrote_are_not_told_otherwise(site):
    install_engine(site, "import pyarrow; context.write(pyarrow.table({'id': [1]})); return 99")
    record, _ = convert(site, check=1)
    assert record["outcome_unknown"] and "99 rows" in record["error"]["message"]


# ---- stores


@pytest.mark.parametrize("size, said", [(2000, "the file ended early: 5 bytes came, its store tells of 2000"), (3, "longer than its store said")])
def test_a_file_of_another_size_than_its_store_says(site, size, said):
    before = STORE.replace("True", "False").replace("return len(STORE[location])", f"return {size}")
    site.install("mem", extension("mem", "def get_schemes(self): return [Mem()]", before))
    record, _ = convert(site, source="mem:in.csv", check=1)
    assert said in record["error"]["message"]
    assert not (site.folder / "out.parquet").exists()


def test_a_path_that_a_lost_scheme_claims_is_no_local_path(site):
    claimed = "/proc/claimed/"
    before = STORE + f"    paths = [{claimed!r}]\n"
    site.install("mem", extension("mem", "def get_schemes(self): return [Mem()]", before))
    convert(site)
    done = site.run("convert", "in.csv", claimed + "x.parquet", env={"PYFORGE_DISABLE_EXTENSIONS": "mem"}, check=None)
    assert done.returncode != 0 and "the extension mem is disabled" in done.stderr
    done = site.run("convert", "mem:in.csv", "x.parquet", env={"PYFORGE_DISABLE_EXTENSIONS": "mem"}, check=None)
    assert done.returncode != 0 and "the extension mem is disabled" in done.stderr


# ---- extensions that are not there


def test_a_format_that_was_there_is_known_when_it_is_lost(site):
    module = site.install("words", extension("words", "def get_formats(self): return [Words()]", WORDS))
    (site.folder / "x.words").write_text("one two\n")
    convert(site, source="x.words")
    (site.folder / "site" / f"{module}.py").write_text("raise ImportError('no more')\n")
    done = site.run("convert", "x.words", "again.parquet", check=None)
    assert done.returncode != 0 and "the extension words has failed" in done.stderr
    assert not (site.folder / "again.parquet").exists()


def test_a_format_that_never_was_there_is_guessed_with_a_warning(site):
    site.install("words", extension("words", "def get_formats(self): return [Words()]", WORDS))
    (site.folder / "x.words").write_text("one two\n")
    record, _ = convert(site, source="x.words", env={"PYFORGE_DISABLE_EXTENSIONS": "words"})
    assert "the extension words, which may read such files, is disabled" in "".join(record["warnings"])


def test_hooks_that_are_lost_are_told(site):
    site.install("lost", "raise ImportError('no more')")
    assert "the extension lost could not be loaded" in "".join(convert(site)[0]["warnings"])
    assert not convert(site, "--force", env={"PYFORGE_DISABLE_EXTENSIONS": "lost"})[0]["warnings"]


# ---- what hooks and probes do


@pytest.mark.parametrize("change", ["'threads': -5", "'memory': '1'", "'schema': 'a:zz'"])
def test_a_bad_value_of_a_hook_changes_nothing(site, change):
    site.install("bad", extension("bad", "def hook_pre_conversion(self, input_file, output_file, options): return {%s}" % change))
    record, _ = convert(site)
    assert "the hook pre of the extension bad could not set" in "".join(record["warnings"])


@pytest.mark.parametrize(
    "where",
    [
        "import sys; sys.exit(3)",
        extension("ends", "def hook_post_conversion(self, input_file, output_file, options, success): raise SystemExit(3)"),
        extension("ends", "def is_available(self): raise SystemExit(3)"),
        extension("ends", "def initialize(self): raise SystemExit(3)"),
        extension("ends", "def hook_pre_conversion(self, **known): pass\ndef get_probes(self): return {'p': lambda: exit(3)}"),
    ],
)
def test_no_extension_ends_the_run(site, where):
    site.install("ends", where)
    convert(site)
    assert len(table(site)) == 3


def test_what_a_hook_prints_is_no_data(site):
    site.install("loud", extension("loud", "def hook_pre_conversion(self, **known): print('hello')"))
    done = site.run("convert", "in.csv", "-", "--format", "csv")
    assert "hello" in done.stderr and done.stdout.startswith("id,name\n")


def test_a_probe_that_waits_for_a_thread(site):
    probe = """def get_probes(self):
        def look():
            import threading
            thread = threading.Thread(target=__import__('pyforge_cli').formats)
            thread.start()
            thread.join()
            return {'done': True}
        return {'thread': look}
    """
    site.install("waits", extension("waits", probe))
    record, _ = convert(site)
    assert record["environment"]["waits"]["thread"] == {"done": True}


def test_the_environment_is_always_a_key(site):
    assert convert(site)[0]["environment"] is None


@pytest.mark.parametrize("name", ["bad\x1b[31mname", "two words"])
def test_an_illegal_name_is_shown_harmlessly(site, name):
    site.point(name, "nothing:Ext")
    done = site.run("extensions")
    assert "\x1b" not in done.stdout and "no legal name" in done.stdout
