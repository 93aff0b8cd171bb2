"""The build backend's look at the machine: one line on what is missing, nothing where a build can go on (packaging/pyforge_build.py)."""

import importlib.util
import os
import shutil
import stat
import sysconfig
from pathlib import Path

import pytest

BACKEND = Path(__file__).resolve().parents[2] / "packaging" / "pyforge_build.py"


@pytest.fixture
def backend(monkeypatch):
    for name in ("CC", "CFLAGS", "LDFLAGS", "CMAKE_ARGS", "PKG_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    spec = importlib.util.spec_from_file_location("pyforge_build", BACKEND)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compiler(folder, script):
    path = folder / "cc"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def refusal(backend, **settings):
    with pytest.raises(SystemExit) as ended:
        backend.get_requires_for_build_wheel(settings or None)
    text = ended.value.code
    assert isinstance(text, str) and "\n" not in text and text.startswith("pyforge-cli cannot be built from source here: ")
    assert "glibc 2.28" in text
    return text


def test_no_compiler(backend, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "there is no C compiler" in refusal(backend)


def test_named_compiler_is_not_there(backend, monkeypatch):
    monkeypatch.setenv("CC", "/nothing/cc -O1")
    assert "there is no C compiler" in refusal(backend)


def test_compiler_that_does_not_compile(backend, monkeypatch, tmp_path):
    monkeypatch.setenv("CC", compiler(tmp_path, "exit 1"))
    assert "does not work" in refusal(backend)


@pytest.mark.parametrize("library, package", [("-lzstd", "libzstd-dev"), ("-lsnappy", "libsnappy-dev")])
def test_missing_library_is_named(backend, monkeypatch, tmp_path, library, package):
    # A compiler that has everything but one library.
    monkeypatch.setenv("CC", compiler(tmp_path, f'case "$*" in *{library}*) exit 1 ;; esac'))
    text = refusal(backend)
    assert f"apt-get install {package}" in text


def test_missing_pkg_config(backend, monkeypatch, tmp_path):
    monkeypatch.setenv("CC", compiler(tmp_path, "exit 0"))
    monkeypatch.setenv("PKG_CONFIG", "/nothing/pkg-config")
    assert "pkg-config" in refusal(backend)


def test_interpreter_without_the_gil(backend, monkeypatch):
    real = sysconfig.get_config_var
    monkeypatch.setattr(backend.sysconfig, "get_config_var", lambda name: 1 if name == "Py_GIL_DISABLED" else real(name))
    assert "CPython with the GIL" in refusal(backend)


def test_other_system(backend, monkeypatch):
    monkeypatch.setattr(backend.sys, "platform", "darwin")
    assert "Linux" in refusal(backend)


def test_pinned_libraries_are_not_looked_for(backend, monkeypatch):
    monkeypatch.setenv("CC", "/nothing/cc")
    assert "scikit-build-core>=1.0" in backend.get_requires_for_build_wheel({"cmake.define.PYFORGE_DEPS": "pinned"})
    monkeypatch.setenv("CMAKE_ARGS", "-DPYFORGE_DEPS=pinned")
    assert "scikit-build-core>=1.0" in backend.get_requires_for_build_wheel()


def test_a_machine_that_can(backend, monkeypatch, tmp_path):
    monkeypatch.setenv("CC", compiler(tmp_path, "exit 0"))
    monkeypatch.setenv("PKG_CONFIG", "/bin/sh")
    headers = tmp_path / "include"
    headers.mkdir()
    (headers / "Python.h").write_text("")
    monkeypatch.setattr(backend.sysconfig, "get_path", lambda name: str(headers))
    wanted = backend.get_requires_for_build_wheel()
    assert wanted[0] == "scikit-build-core>=1.0"
    # CMake is asked for exactly where the machine's is missing or too old.
    enough = backend._version_of("cmake") >= (3, 25)
    assert enough == (not any(line.startswith("cmake") for line in wanted))
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert "cmake>=3.25" in backend.get_requires_for_build_wheel() and shutil.which("ninja") is None


def test_an_sdist_needs_no_compiler(backend, monkeypatch):
    monkeypatch.setenv("CC", "/nothing/cc")
    assert backend.get_requires_for_build_sdist() == ["scikit-build-core>=1.0"]
