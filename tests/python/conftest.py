"""Fixtures of the tests that run the command.

pyforge           runs the command: pyforge("convert", "a.csv", "b.parquet", input=None, env=None) -> CompletedProcess with
                  bytes in stdout and stderr. The command is $PYFORGE, else build/release/pyforge.
console           the same through the console script of the package, python -m pyforge_cli.
test_data         the folder of real files ($PYFORGE_TEST_DATA, else ../shared/data); the test is skipped loudly without it.
package           the module pyforge_cli as built, from the folder $PYFORGE_PACKAGE; the test is skipped loudly without it.
run_python        runs a script with the package in a process of its own: run_python(script, *args) -> CompletedProcess with text.
write             writes a small input into the test's own folder and gives its path.
"""
import atexit
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIME_LIMIT = 120
STATE = tempfile.mkdtemp(prefix="pyforge-test-state-")
atexit.register(shutil.rmtree, STATE, ignore_errors=True)
# Of the tests, not of the command.
KEPT_VARIABLES = {"PYFORGE_PACKAGE", "PYFORGE_TEST_DATA", "PYFORGE_TEST_FULL", "PYFORGE_PYTHONS"}


def command_path():
    """The command under test, as an absolute path."""
    path = pathlib.Path(os.environ.get("PYFORGE") or ROOT / "build" / "release" / "pyforge")
    if not path.is_file():
        pytest.exit(f"no command at {path}: build it (make) or name it in PYFORGE", returncode=2)
    return str(path.resolve())


def clean_environment(extra=None):
    """The caller's environment without what changes the command's answers, then extra (None removes a variable)."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYFORGE_")}
    env["COLUMNS"] = "100"
    env["XDG_CONFIG_HOME"] = str(ROOT / "tests" / "no-settings")
    env["XDG_STATE_HOME"] = STATE  # a process that a test kills while it loads an extension leaves a mark there
    for name, value in (extra or {}).items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


def run_pyforge(*args, input=None, env=None, cwd=None, timeout=TIME_LIMIT, command=None):
    """Runs the command to its end; standard input is empty unless given. Text given as input goes in as UTF-8. command: the words
    of another one with the same arguments."""
    if isinstance(input, str):
        input = input.encode()
    return subprocess.run(
        [*(command or [command_path()]), *[os.fspath(arg) if isinstance(arg, os.PathLike) else arg for arg in args]],
        input=b"" if input is None else input,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(env),
        cwd=cwd,
        timeout=timeout,
        check=False,
    )


@pytest.fixture(scope="session")
def pyforge():
    command_path()
    return run_pyforge


@pytest.fixture(scope="session")
def pyforge_path():
    return command_path()


@pytest.fixture(scope="session")
def test_data():
    """Real files of other projects. Without them a part of the promises goes untested, so that is said, not hidden."""
    path = pathlib.Path(os.environ.get("PYFORGE_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not path.is_dir():
        message = f"NO TEST DATA at {path}: set PYFORGE_TEST_DATA; every test on real files is skipped"
        warnings.warn(message, stacklevel=2)
        pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def package_folder():
    folder = os.environ.get("PYFORGE_PACKAGE")
    if not folder:
        message = "NO PACKAGE: set PYFORGE_PACKAGE to the folder that holds pyforge_cli; every test of the Python package is skipped"
        warnings.warn(message, stacklevel=2)
        pytest.skip(message)
    if not list(pathlib.Path(folder, "pyforge_cli").glob("_pyforge*.so")):
        pytest.exit(f"no built pyforge_cli in {folder} (PYFORGE_PACKAGE)", returncode=2)
    return str(pathlib.Path(folder).resolve())


@pytest.fixture(scope="session")
def console(package_folder):
    def run(*args, env=None, **how):
        return run_pyforge(*args, env={"PYTHONPATH": package_folder, **(env or {})}, command=[sys.executable, "-m", "pyforge_cli"], **how)

    return run


@pytest.fixture(scope="session")
def package(package_folder):
    for name in [name for name in os.environ if name.startswith("PYFORGE_") and name not in KEPT_VARIABLES]:
        del os.environ[name]
    os.environ["XDG_CONFIG_HOME"] = str(ROOT / "tests" / "no-settings")
    sys.path.insert(0, package_folder)
    import pyforge_cli

    assert pathlib.Path(pyforge_cli.__file__).is_relative_to(package_folder)
    return pyforge_cli


@pytest.fixture
def run_python(package_folder, tmp_path):
    def run(script, *args, python=sys.executable, env=None, timeout=TIME_LIMIT):
        return subprocess.run(
            [python, "-c", script, *map(str, args)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=clean_environment({"PYTHONPATH": package_folder, **(env or {})}),
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture
def write(tmp_path):
    def write_file(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file
