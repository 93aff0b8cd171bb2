"""Fixtures of the tests that run the command.

pyforge           runs the command: pyforge("convert", "a.csv", "b.parquet", input=None, env=None) -> CompletedProcess with
                  bytes in stdout and stderr. The command is $PYFORGE, else build/release/pyforge.
test_data         the folder of real files ($PYFORGE_TEST_DATA, else ../shared/data); the test is skipped loudly without it.
write             writes a small input into the test's own folder and gives its path.
"""
import os
import pathlib
import subprocess
import warnings

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIME_LIMIT = 120


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
    for name, value in (extra or {}).items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


def run_pyforge(*args, input=None, env=None, cwd=None, timeout=TIME_LIMIT):
    """Runs the command to its end; standard input is empty unless given. Text given as input goes in as UTF-8."""
    if isinstance(input, str):
        input = input.encode()
    return subprocess.run(
        [command_path(), *[os.fspath(arg) if isinstance(arg, os.PathLike) else arg for arg in args]],
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


@pytest.fixture
def write(tmp_path):
    def write_file(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file
