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


# ---- loading


JOINS = """
import threading, pyforge_cli
def work(ends):
    try:
        ends.append([row["state"] for row in pyforge_cli._pyforge.extensions()])
        ends.append(pyforge_cli.convert("in.csv", "inside.parquet", force=True).warnings)
        pyforge_cli.convert("in.csv", "other.%s")
    except Exception as error:
        ends.append(str(error))
"""


@pytest.mark.parametrize("manifest", [None, 'name = "joins"\nadds = ["format other other"]\n'])
def test_a_thread_that_initialize_waits_for(site, manifest):
    """It sees the set as it is, and is told what is missing, rather than both waiting for each other."""
    source = extension(
        "joins",
        """
        def initialize(self):
            ends = []
            thread = threading.Thread(target=work, args=(ends,))
            thread.start()
            thread.join()
            print(ends)
        def get_formats(self): return [Other()]
        """,
        JOINS % "other" + WORDS.replace("Words", "Other").replace("words", "other") + "    def write(self, table, sink): pass\n",
    )
    site.install("joins", source, manifest=manifest)
    site.env["PYFORGE_LOAD_LIMIT"] = "200ms"
    told = site.run("extensions", "info", "joins").stdout
    assert "['loading']" in told and "state       loaded" in told
    assert "still being loaded" in told
    if manifest:
        assert "is being loaded" in told.split("still being loaded")[1]


def test_two_threads_share_a_loading(site):
    """One that only came second waits for what the first one loads."""
    before = WORDS + "import time\n"
    site.install("words", extension("words", "def initialize(self): time.sleep(0.7)\ndef get_formats(self): return [Words()]", before))
    (site.folder / "in.words").write_text("a b c")
    script = """
        import threading, pyforge_cli
        done = []
        def work(i): done.append(pyforge_cli.convert("in.words", f"{i}.parquet").row_count)
        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(done)
    """
    assert site.python(script).stdout.strip() == "[3, 3, 3, 3]"


def test_an_extension_is_not_changed_while_it_is_loaded(site):
    source = extension("self", "def initialize(self): pyforge_cli._pyforge.extension_do(WORD, 'self')", "import pyforge_cli")
    for word in ("reload", "disable"):
        site.install(word, source.replace("WORD", repr(word)).replace("'self'", repr(word)))
    rows = site.rows()
    for word in ("reload", "disable"):
        assert rows[word][0]["state"] == "failed" and "being loaded" in rows[word][0]["reason"]


# ---- the conformance suite


def test_an_engine_that_cannot_be_cancelled_is_found(site):
    source = """
        for _ in range(3):
            try: context.progress(1)
            except BaseException: pass
        open(job.output, "wb").write(b"all of it")
        return 3
    """
    site.install("mock", ENGINE.format(name="mock", takes=body("return True"), run=body(source)))
    told = site.run("extensions", "test", "mock", check=1).stdout
    assert "FAILED  engine mock: ends when it is cancelled" in told


def test_what_is_checked_may_use_the_set_in_a_thread(site):
    source = """
        import threading, pyforge_cli
        thread = threading.Thread(target=pyforge_cli._pyforge.extensions)
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
        return context.convert_native()
    """
    site.install("mock", ENGINE.format(name="mock", takes=body("return True"), run=body(source)))
    assert "0 failed" in site.run("extensions", "test", "mock").stdout


# ---- what is odd is told


def test_enabling_what_settings_disable(site):
    site.install("one", extension("one"))
    folder = site.folder / "home" / "config" / "pyforge"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[extensions]\ndisable = ["one"]\n')
    done = site.run("extensions", "enable", "one", check=1)
    assert str(folder / "config.toml") in done.stderr and "still disabled" in done.stderr
    assert site.rows()["one"][0]["state"] == "disabled"
    (folder / "config.toml").write_text("")
    site.run("extensions", "disable", "one")
    site.run("extensions", "enable", "one")
    assert site.rows()["one"][0]["state"] == "loaded"


def test_lists_of_settings_that_name_nothing(site):
    site.install("one", extension("one"))
    folder = site.folder / "home" / "config" / "pyforge"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[extensions]\ndisable = ["other", "*", 3]\nenable = true\n')
    told = site.run("extensions").stderr
    for part in ("line 2: disable in [extensions] is a whole number", "line 3: enable in [extensions] is", "names 'other', and there is no such"):
        assert part in told, told
    assert "'*'" not in told


def test_commands_that_pyforge_has(site):
    words = ["convert", "info", "validate", "formats", "options", "config", "extensions", "help", "install", "mdf-tools", "list-extensions"]
    for word in words:
        source = extension(word, f"def get_commands(self): return {{{word!r}: print}}")
        site.install(word, source, manifest=f'name = "{word}"\nadds = ["command {word}"]\n' if word == "info" else None)
    rows = site.rows()
    for word in words:
        assert rows[word][0]["state"] == "failed" and f"'{word}'" in rows[word][0]["reason"], rows[word]
        assert "pyforge itself has" in rows[word][0]["reason"]
    help = site.run("help").stdout
    listed = [line.split()[0] for line in help.split("Commands:")[1].split("\n\n")[0].splitlines() if line.startswith("  ")]
    assert listed and set(listed) <= set(words)


@pytest.mark.parametrize(
    "text, said",
    [
        (b"[pyforge.extensions]\nodd : module\n", "a line without '='"),
        (b"[pyforge.extensions]\nodd = :Ext\n", "name no module"),
        (b"[pyforge.extensions]\n\xff = odd:Ext\n", "not UTF-8"),
        (b"[pyforge.extensions]\nodd =\n", "name no module"),
    ],
)
def test_odd_entry_points_are_listed(site, text, said):
    site.point("odd", "odd:Ext")
    (site.packages / "odd-1.0.dist-info" / "entry_points.txt").write_bytes(text)
    for _ in range(2):
        (row,) = [row for rows in site.rows().values() for row in rows]
        assert row["state"] == "failed" and said in row["reason"] and "odd-1.0.dist-info" in row["reason"]


def test_odd_entry_points_of_others_are_not(site):
    site.point("odd", "odd:Ext", group="console_scripts")
    (site.packages / "odd-1.0.dist-info" / "entry_points.txt").write_bytes(b"[console_scripts]\n\xff odd\n")
    assert site.rows() == {}


def test_one_manifest_by_two_paths_is_one_extension(site):
    folder = site.folder / "native"
    folder.mkdir()
    (folder / "one.pyforge-extension").write_text('name = "one"\nversion = "1"\nabi = 1\nlibrary = "gone.so"\n')
    (site.folder / "link").symlink_to(folder)
    for again, listed in ((folder, 1), (site.folder / "link", 1)):
        assert len(site.rows(env={"PYFORGE_EXTENSION_PATH": f"{folder}:{again}"})["one"]) == listed
    (site.folder / "copy").mkdir()
    (site.folder / "copy" / "one.pyforge-extension").write_bytes((folder / "one.pyforge-extension").read_bytes())
    assert len(site.rows(env={"PYFORGE_EXTENSION_PATH": f"{folder}:{site.folder / 'copy'}"})["one"]) == 2
