"""Native extensions through the command: the example, built and installed as its users would, and libraries that do wrong.

Whatever is wrong with an extension, a conversion goes on without it and the list says what is wrong and what to do.
"""
import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "extensions" / "example"
CASES = ROOT / "tests" / "python" / "extension_cases.c"
INPUT = "id,name,amount\n1,Ann,0.5\n2,\"B: b\",\n"


def compile_library(sources, to, *flags):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        pytest.skip("no C compiler")
    command = [compiler, "-shared", "-fPIC", "-D_GNU_SOURCE", "-I", ROOT / "include", *flags, *sources, "-o", to]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="session")
def example_folder(tmp_path_factory):
    """The example as its own CMake file builds and installs it; gives the prefix."""
    if not shutil.which("cmake"):
        pytest.skip("no cmake")
    build, prefix = tmp_path_factory.mktemp("example-build"), tmp_path_factory.mktemp("example-prefix")
    for command in (["cmake", "-S", EXAMPLE, "-B", build], ["cmake", "--build", build],
                    ["cmake", "--install", build, "--prefix", prefix, "--component", "example"]):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return prefix


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def bare(pyforge_path, tmp_path_factory):
    """The command where the extension that comes with it does not lie beside it."""
    return shutil.copy2(pyforge_path, tmp_path_factory.mktemp("bare"))


@pytest.fixture
def run(pyforge, bare, home, tmp_path):
    """The command with a home of its own and the extensions of a folder."""

    def run_with(*args, path=None, env=None, **more):
        return pyforge(*args, command=[bare], env={"HOME": str(home), "XDG_STATE_HOME": None, "XDG_CONFIG_HOME": None, "XDG_CACHE_HOME": None,
                                   "PYFORGE_EXTENSION_PATH": str(path) if path else None,
                                   "PYFORGE_EXAMPLE_DIR": str(tmp_path / "store"), **(env or {})}, cwd=tmp_path, **more)

    (tmp_path / "store").mkdir()
    (tmp_path / "a.csv").write_text(INPUT)
    return run_with


@pytest.fixture
def example(run, example_folder):
    return lambda *args, **more: run(*args, path=example_folder / "lib/pyforge/extensions", **more)


@pytest.fixture
def case(tmp_path):
    """Builds a library with a case and its manifest: case("CRASH") -> folder."""

    def build(name, manifest=None, extension="bad", flags=()):
        folder = tmp_path / "extensions"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        compile_library([CASES], folder / f"{extension}.so", f"-DCASE_{name}", f'-DEXTENSION_NAME="{extension}"', *flags)
        (folder / f"{extension}.so").chmod(0o755)
        (folder / f"{extension}.pyforge-extension").write_text(manifest or (
            f'name = "{extension}"\nversion = "0.1"\nabi = 0\nlibrary = "{extension}.so"\n'
            f'adds = ["command {extension}-hello", "hooks pre post"]\n'))
        (folder / f"{extension}.pyforge-extension").chmod(0o644)
        return folder

    return build


def listed(done):
    assert done.returncode == 0, done.stderr
    return {entry["name"]: entry for entry in json.loads(done.stdout)}


# ---- the example

def test_list(example):
    done = example("extensions")
    assert "✓ Loaded" in done.stdout.decode() and "Total: 1 extension" in done.stdout.decode()
    assert example("list-extensions").stdout == done.stdout or b"Load Time" in done.stdout
    assert example("--list-extensions").stdout == b"example: Available - An extension to start one's own from\n"
    entry = listed(example("extensions", "list", "--json"))["example"]
    assert entry["state"] == "loaded" and entry["available"] and entry["kind"] == "native"
    assert "format kv" in entry["adds"] and "scheme dir" in entry["adds"] and "command example-rows" in entry["adds"]
    assert b"licence     MIT" in example("extensions", "info", "example").stdout


def test_without(run, example, pyforge):
    for done in (run("extensions"), run("list-extensions")):
        assert done.stdout.startswith(b"No extensions discovered\n") and b"Python package" in done.stdout
    assert run("--list-extensions").stdout == b"No extensions discovered\n"
    assert listed(run("extensions", "--json")) == {}
    assert listed(example("extensions", "--json", "--no-extensions")) == {}
    assert example("--no-extensions", "convert", "a.csv", "a.kv").returncode == 4
    assert example("convert", "a.csv", "a.kv", "--no-extensions").returncode == 4
    assert example("--no-extensions", "example-rows", "a.csv").returncode == 2


def test_format(example, tmp_path):
    assert example("convert", "a.csv", "a.kv").returncode == 0
    assert (tmp_path / "a.kv").read_text() == "%kv 1\n%columns: id\tname\tamount\nid: 1\nname: Ann\namount: 0.5\n\nid: 2\nname: B: b\n\n"
    assert example("convert", "a.kv", "b.csv").returncode == 0
    assert (tmp_path / "b.csv").read_text() == INPUT.replace('"', "")
    info = json.loads(example("info", "a.kv", "--json").stdout)
    assert [column["type"] for column in info["columns"]] == ["int64", "string", "float64"]
    # by content, through a pipe, twice read for its types
    text = (tmp_path / "a.kv").read_bytes()
    assert example("convert", "-", "c.parquet", input=text).returncode == 0
    done = example("convert", "-", "-", "--to", "csv", input=text[:-20])
    assert done.returncode == 1 or done.stdout.startswith(b"id,name")
    assert b"kv" in example("formats").stdout


def test_engine(example):
    record = json.loads(example("convert", "a.csv", "a.parquet", "--engine", "example", "--json").stdout)
    assert (record["processing_engine"], record["row_count"], record["rows_read"]) == ("example", 2, 2)
    done = example("convert", "a.csv", "b.parquet", "--json")
    assert json.loads(done.stdout)["processing_engine"] == "native"
    assert b"example: the example works only where --engine example asks" in example("convert", "a.csv", "b.csv", "--explain").stdout
    (done := example("convert", "none.csv", "c.parquet", "--engine", "example"))
    assert done.returncode == 2


def test_format_errors_have_their_place(example, write, tmp_path):
    write("bad.kv", "%kv 1\n%columns: a\na: 1\n\nno colon\n")
    done = example("convert", "bad.kv", "bad.parquet")
    assert done.returncode == 1 and b"a line is 'name: value'" in done.stderr
    assert not (tmp_path / "bad.parquet").exists()
    done = example("convert", "a.csv", "b.kv", "--schema", "id:decimal(5,2)")
    assert done.returncode == 4 and b"has no values of the type of column 'id'" in done.stderr and b"--types string" in done.stderr
    assert not (tmp_path / "b.kv").exists()


def test_options_of_a_format(example, tmp_path):
    assert example("convert", "a.csv", "a.kv", "--kv-comment", "made by a test").returncode == 0
    assert "# made by a test\n" in (tmp_path / "a.kv").read_text()
    (tmp_path / "extra.kv").write_text("%kv 1\n%columns: a\na: 1\nb: 2\n")
    assert example("convert", "extra.kv", "x.csv").returncode == 0
    assert example("convert", "extra.kv", "y.csv", "--kv-strict").returncode == 1
    assert b"did you mean --kv-strict" in example("convert", "extra.kv", "y.csv", "--kv-strickt").stderr
    assert b"--kv-strict" in example("options").stdout and b"--kv-comment" in example("convert", "--help").stdout


def test_scheme(example, tmp_path):
    store = tmp_path / "store"
    assert example("convert", "a.csv", "dir:a.parquet").returncode == 0
    assert sorted(path.name for path in store.iterdir()) == ["a.parquet"]
    assert example("convert", "dir:a.parquet", "dir:b.csv").returncode == 0
    assert (store / "b.csv").read_text() == INPUT.replace('"', "")
    refused = example("convert", "a.csv", "dir:b.csv")
    assert refused.returncode == 4 and b"already exists" in refused.stderr
    assert example("convert", "a.csv", "dir:b.csv", "--force").returncode == 0
    assert example("convert", "dir:b.csv", "dir:b.csv", "--force").returncode == 4
    assert example("convert", "dir:none.csv", "x.parquet").returncode == 2
    assert example("info", "dir:a.parquet").returncode == 0
    # beside the input, and rejected rows beside the output
    assert example("convert", "dir:b.csv").returncode == 0
    (store / "ragged.csv").write_text("a,b\n1,2\n3,4,5\n6,7\n")
    assert example("convert", "dir:ragged.csv", "dir:r.parquet", "--max-rejects", "2").returncode == 3
    assert (store / "r.parquet.rejects.csv").exists()
    for rejects, words in (("dir:ragged.csv", b"--rejects names the input"), ("DIR:s.parquet", b"--rejects names the output")):
        refused = example("convert", "dir:ragged.csv", "dir:s.parquet", "--max-rejects", "2", "--rejects", rejects, "--force")
        assert refused.returncode == 2 and words in refused.stderr, refused.stderr
    assert sorted(path.name for path in store.iterdir()) == ["a.parquet", "b.csv", "b.parquet", "r.parquet",
                                                             "r.parquet.rejects.csv", "ragged.csv"]
    # the scheme is no part of the name in another folder
    (tmp_path / "out").mkdir()
    assert example("convert", "dir:a.parquet", "out/", "--to", "csv").returncode == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.csv"]
    # a file that is called so is named with its folder
    (tmp_path / "dir:local.csv").write_text(INPUT)
    assert example("convert", "dir:local.csv", "l.parquet").returncode == 2
    assert example("convert", "./dir:local.csv", "l.parquet").returncode == 0


def test_command(example):
    assert example("example-rows", "a.csv").stdout == b"2\n"
    assert example("example-rows", "--help").stdout.startswith(b"Usage: pyforge example-rows")
    assert example("example-rows").returncode == 2
    assert example("example-rows", "none.csv").returncode == 1
    assert b"example-rows" in example("--help").stdout


@pytest.mark.parametrize("wanted, codec", [("fast", "snappy"), ("small", "zstd"), ("none", "none")])
def test_hook_changes_an_option(example, tmp_path, wanted, codec):
    done = example("convert", "a.csv", "o.parquet", "--example-compression", wanted, "--explain", "--json")
    plan = json.loads(done.stdout)
    assert json.dumps(plan).find(f'"compression": "{codec}"') > 0
    done = example("convert", "a.csv", "o.parquet", "--example-compression", wanted, "--compression", "gzip", "--json")
    assert done.returncode == 0
    assert any("what was given, gzip, counts" in warning for warning in json.loads(done.stdout)["warnings"])
    assert json.loads(done.stdout)["environment"] == {"example": {"example_dir_is_set": True}}


def test_conformance(example):
    done = example("extensions", "test", "example")
    assert done.returncode == 0 and b"0 failed" in done.stdout and b"FAILED" not in done.stdout
    assert example("extensions", "test", "none").returncode == 2


def test_found_beside_the_command(example_folder, pyforge_path, home, tmp_path):
    prefix = tmp_path / "prefix"
    shutil.copytree(example_folder, prefix)
    (prefix / "bin").mkdir()
    shutil.copy(pyforge_path, prefix / "bin/pyforge")
    done = subprocess.run([prefix / "bin/pyforge", "--list-extensions"], capture_output=True, env={"HOME": str(home)})
    assert done.stdout.startswith(b"example: Available")


def test_found_in_the_home(run, example_folder, home):
    shutil.copytree(example_folder / "lib/pyforge/extensions", home / ".pyforge/extensions")
    assert run("--list-extensions").stdout.startswith(b"example: Available")


def test_disabled_is_remembered(example):
    assert example("extensions", "disable", "example").returncode == 0
    assert b"example: Not available - disabled by the user" in example("--list-extensions").stdout
    refused = example("convert", "a.csv", "a.kv")
    assert refused.returncode == 4 and b"the extension example is disabled" in refused.stderr
    assert example("extensions", "enable", "example").returncode == 0
    assert example("convert", "a.csv", "a.kv").returncode == 0
    assert example("extensions", "reload", "example").returncode == 0
    assert example("extensions", "enable", "nothing").returncode == 2


# ---- extensions that do wrong

@pytest.mark.parametrize("name, says", [
    ("WRONG_ABI", "made for abi 77, this is abi 0"),
    ("MISSING_SYMBOL", "nobody_has_this"),
    ("NO_ENTRY", "exports no pf_extension_entry"),
    ("NOTHING", "gives no descriptor"),
    ("FAILS", "the service does not answer"),
    ("LIES", "promises command bad-hello, which it does not add"),
    ("NOT_AVAILABLE", "it needs a licence file"),
])
def test_what_cannot_be_loaded(run, case, name, says):
    folder = case(name)
    done = run("convert", "a.csv", "a.parquet", path=folder)
    assert done.returncode == 0, done.stderr
    entry = listed(run("extensions", "--json", path=folder))["bad"]
    assert says in entry["reason"] and not entry["available"]
    assert entry["state"] == ("unloaded" if name == "NOT_AVAILABLE" else "failed")
    done = run("bad-hello", path=folder)
    assert done.returncode in (1, 2)


def test_crash_disables(run, case, home):
    folder = case("CRASH")
    for _ in range(2):  # a process may be ended by others once: only the second time in a row counts
        done = run("convert", "a.csv", "a.parquet", path=folder)
        assert done.returncode < 0
    done = run("convert", "a.csv", "a.parquet", "--json", path=folder)
    assert done.returncode == 0, done.stderr
    assert "the extension bad could not be loaded" in "".join(json.loads(done.stdout)["warnings"])
    entry = listed(run("extensions", "--json", path=folder))["bad"]
    assert entry["state"] == "disabled" and "the process ended while it was loaded" in entry["reason"]
    assert "pyforge extensions enable bad" in entry["reason"]
    good = {"EXTENSION_IS_GOOD_NOW": "1"}
    assert run("extensions", "enable", "bad", path=folder).returncode == 0
    done = run("bad-hello", path=folder, env=good)
    assert done.returncode == 5 and done.stdout == b"hello from bad\n"
    assert listed(run("extensions", "--json", path=folder, env=good))["bad"]["state"] == "loaded"
    assert not list((home / ".local/state/pyforge").iterdir())


HANGS = "int pause(void); __attribute__((constructor)) static void hang(void) { for (;;) pause(); }\n"


@pytest.fixture
def hanging(run, case, home, tmp_path, pyforge_path):
    """Starts so many processes that load an extension at the same time and do not end, and kills them when all of them do."""
    folder = case("GOOD")
    shutil.copy(folder / "bad.so", tmp_path / "kept.so")
    (tmp_path / "hang.c").write_text(HANGS)
    compile_library([tmp_path / "hang.c"], tmp_path / "hang.so")
    state = home / ".local/state/pyforge"
    state.mkdir(parents=True, exist_ok=True)

    def kill(count):
        shutil.copy(tmp_path / "hang.so", folder / "bad.so")
        before = len(list(state.glob("loading-*")))
        env = {"HOME": str(home), "PYFORGE_EXTENSION_PATH": str(folder), "PATH": os.environ["PATH"]}
        started = [subprocess.Popen([pyforge_path, "convert", "a.csv", "a.parquet"], cwd=tmp_path, env=env) for _ in range(count)]
        deadline = time.monotonic() + 30
        try:
            while len([path for path in state.glob("loading-*") if path.suffix != ".new"]) < before + count:
                assert time.monotonic() < deadline, list(state.iterdir())
                time.sleep(0.01)
        finally:
            for process in started:
                process.kill()
                process.wait()
        shutil.copy(tmp_path / "kept.so", folder / "bad.so")
        return folder

    return kill


def test_processes_that_are_killed_together_count_once(run, hanging, home):
    """A job of four processes that is stopped is one event, and says little of the extension."""
    folder = hanging(4)
    done = run("bad-hello", path=folder)
    assert done.returncode == 5, done.stderr
    assert not list((home / ".local/state/pyforge").iterdir())


def test_jobs_that_are_stopped_one_after_the_other_count(run, hanging, home):
    folder = hanging(2)
    assert run("extensions", "disable", "nothing", path=folder).returncode == 2  # which looks at markers and loads nothing
    assert (home / ".local/state/pyforge/crashed-bad").read_text().startswith("1 ")
    hanging(2)
    assert run("bad-hello", path=folder).returncode != 5
    assert listed(run("extensions", "--json", path=folder))["bad"]["state"] == "disabled"


def test_markers_of_other_machines_are_left_alone(run, case, home):
    """A home on a network: their locks are not seen here."""
    folder = case("GOOD")
    state = home / ".local/state/pyforge"
    state.mkdir(parents=True)
    for at in range(3):
        (state / f"loading-bad@170000000000000000{at}-elsewhere").touch()
    (state / "loading-bad@1700000000000000009-elsewhere.new").touch()
    for _ in range(3):
        assert run("bad-hello", path=folder).returncode == 5
    assert sorted(path.name[-9:] for path in state.iterdir()) == ["elsewhere"] * 3


def test_a_good_load_forgets_one_that_ended_the_process(run, case, home):
    folder = case("CRASH")
    for _ in range(2):
        assert run("convert", "a.csv", "a.parquet", path=folder).returncode < 0
        assert run("bad-hello", path=folder, env={"EXTENSION_IS_GOOD_NOW": "1"}).returncode == 5
    assert not list((home / ".local/state/pyforge").iterdir())


def test_hook_that_fails(run, case):
    done = run("convert", "a.csv", "a.parquet", "--json", path=case("BAD_HOOK"))
    assert done.returncode == 0
    warnings = json.loads(done.stdout)["warnings"]
    assert [text for text in warnings if "the hook pre of the extension bad failed: the hook does not work" in text]
    assert [text for text in warnings if "the hook post of the extension bad failed" in text]


def test_hook_that_overruns_is_named_while_it_runs(run, case, pyforge_path, home, tmp_path):
    folder = case("SLOW_HOOK")
    started = time.monotonic()
    done = run("convert", "a.csv", "a.parquet", "--json", path=folder, env={"PYFORGE_HOOK_LIMIT": "50ms"})
    assert done.returncode == 0 and time.monotonic() - started < 30
    assert b"the hook pre of the extension bad has run for more than 0.05 s and is still running" in done.stderr
    warnings = json.loads(done.stdout)["warnings"]
    assert [text for text in warnings if "its later hooks were left out" in text]
    assert not [text for text in warnings if "hook post" in text]


def test_manifest_that_is_refused(run, case):
    folder = case("GOOD", extension="good")
    (folder / "good.pyforge-extension").write_text("name = good\n")
    assert run("convert", "a.csv", "a.parquet", path=folder).returncode == 0
    entry = listed(run("extensions", "--json", path=folder))["good"]
    assert entry["state"] == "failed" and "line 1" in entry["reason"]


def test_library_that_is_gone_or_open_to_others(run, case):
    folder = case("GOOD", extension="good")
    (folder / "good.so").chmod(0o777)
    assert "may be written to by others" in listed(run("extensions", "--json", path=folder))["good"]["reason"]
    assert run("good-hello", path=folder).returncode != 5
    (folder / "good.so").unlink()
    assert "is not there; install the extension again" in listed(run("extensions", "--json", path=folder))["good"]["reason"]


def test_two_of_one_name(run, case, tmp_path):
    first = case("GOOD", extension="good")
    second = tmp_path / "second"
    shutil.copytree(first, second)
    entries = json.loads(run("extensions", "--json", path=f"{first}:{second}").stdout)
    assert [entry["state"] for entry in entries] == ["loaded", "failed"]
    assert str(first) in entries[1]["reason"] and str(second) in entries[1]["reason"]


def test_what_is_not_promised_is_told(run, case):
    folder = case("GOOD", extension="good", manifest='name = "good"\nabi = 0\nlibrary = "good.so"\nadds = ["hooks pre post"]\n')
    entry = listed(run("extensions", "--json", path=folder))["good"]
    assert entry["state"] == "loaded" and "command good-hello, which its manifest does not say" in entry["reason"]


def test_folders_that_cannot_be_written(run, case, home):
    """Neither markers nor choices can be kept: extensions work all the same."""
    folder = case("GOOD", extension="good")
    (home / ".local").write_text("in the way")
    assert run("good-hello", path=folder).returncode == 5
    (home / ".config").write_text("in the way")
    done = run("extensions", "disable", "good", path=folder)
    assert done.returncode == 1 and b"cannot be written" in done.stderr


# ---- cost

def test_costs_nothing_without(pyforge, example_folder, tmp_path, home):
    """A set without extensions is a few lookups of folders that are not there."""
    times = {}
    for words in (["--no-extensions"], []):
        best = 9.0
        for _ in range(10):
            started = time.perf_counter()
            assert pyforge(*words, "formats", env={"HOME": str(home)}).returncode == 0
            best = min(best, time.perf_counter() - started)
        times[bool(words)] = best
    assert times[False] < times[True] + 0.005
