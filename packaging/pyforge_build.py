"""The build backend that pyproject.toml names: scikit-build-core, after a look at the machine.

A machine that no wheel fits, and that cannot compile, gets one line that says so, in place of a compiler's log. The look comes before
anything is downloaded: pyproject.toml requires nothing, and what the build needs is asked for once the machine can do it.
Standard library only.
"""

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile

WHEELS_NEED = "Linux on x86_64 or aarch64, glibc 2.28, CPython 3.8, pip 20.3"
# header, what is linked, Debian package
LIBRARIES = (
    ("zstd.h", "-lzstd", "libzstd-dev"),
    ("lz4.h", "-llz4", "liblz4-dev"),
    ("zlib.h", "-lz", "zlib1g-dev"),
    ("libdeflate.h", "-ldeflate", "libdeflate-dev"),
    ("expat.h", "-lexpat", "libexpat1-dev"),
    ("snappy-c.h", "-lsnappy", "libsnappy-dev"),
)
CMAKE_AT_LEAST = (3, 25)


def _refuse(why, remedy):
    sys.exit(f"pyforge-cli cannot be built from source here: {why}. {remedy}. No compiler is needed where a ready-made wheel fits "
             f"({WHEELS_NEED}, each or later); this is {_machine()}.")


def _machine():
    libc = " ".join(part for part in platform.libc_ver() if part) or "no glibc"
    return (f"{platform.system()} on {platform.machine()}, {libc}, "
            f"{platform.python_implementation()} {platform.python_version()}")


def _pinned(config_settings):
    settings = " ".join(f"-D{name.rpartition('.')[2]}={value}" for name, value in (config_settings or {}).items())
    return "PYFORGE_DEPS=pinned" in f"{os.environ.get('CMAKE_ARGS', '')} {settings}"


def _compiler():
    command = shlex.split(os.environ.get("CC", "")) or [name for name in ("cc", "gcc", "clang") if shutil.which(name)][:1]
    return command if command and shutil.which(command[0]) else None


def _links(compiler, folder, header, library):
    source = os.path.join(folder, "probe.c")
    with open(source, "w") as out:
        out.write(f"#include <stddef.h>\n#include <{header}>\nint main(void) {{ return 0; }}\n")
    command = [*compiler, *shlex.split(os.environ.get("CFLAGS", "")), source, "-o", os.path.join(folder, "probe"),
               *shlex.split(os.environ.get("LDFLAGS", "")), *([library] if library else [])]
    try:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return done.returncode == 0


def _check_interpreter():
    if not sys.platform.startswith("linux"):
        _refuse("it runs on Linux so far", "Use Linux, or a container or virtual machine with it")
    if platform.python_implementation() != "CPython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        _refuse("its module is for CPython with the GIL", "Use such a Python, 3.8 or later")


def _check_machine(config_settings):
    """Ends the process with one line when a build cannot succeed."""
    _check_interpreter()
    if _pinned(config_settings):
        return
    compiler = _compiler()
    if compiler is None:
        _refuse("there is no C compiler", "Install one (Debian: apt-get install gcc libc6-dev), or upgrade pip")
    missing = []
    with tempfile.TemporaryDirectory() as folder:
        if not _links(compiler, folder, "stdlib.h", ""):
            _refuse(f"the C compiler {shlex.join(compiler)} does not work", "Try it on a small program (Debian: apt-get install libc6-dev)")
        missing += [package for header, library, package in LIBRARIES if not _links(compiler, folder, header, library)]
    if not shutil.which(os.environ.get("PKG_CONFIG", "pkg-config")):
        missing.append("pkg-config")
    if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
        missing.append("python3-dev")
    if missing:
        _refuse("what it is compiled with is not installed", f"On Debian: apt-get install {' '.join(missing)}")


def _version_of(command):
    try:
        said = subprocess.run([command, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    except OSError:
        return (0, 0)
    found = re.search(r"(\d+)\.(\d+)", said or "")
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _requirements():
    wanted = ["scikit-build-core>=1.0"]
    if _version_of("cmake") < CMAKE_AT_LEAST:
        wanted.append("cmake>=" + ".".join(map(str, CMAKE_AT_LEAST)))
    if not any(shutil.which(name) for name in ("ninja", "ninja-build", "make")):
        wanted.append("ninja")
    return wanted


def get_requires_for_build_sdist(config_settings=None):
    return ["scikit-build-core>=1.0"]


def get_requires_for_build_wheel(config_settings=None):
    _check_machine(config_settings)
    return _requirements()


def get_requires_for_build_editable(config_settings=None):
    _check_machine(config_settings)
    return _requirements()


def build_sdist(sdist_directory, config_settings=None):
    from scikit_build_core import build
    return build.build_sdist(sdist_directory, config_settings)


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    from scikit_build_core import build
    return build.prepare_metadata_for_build_wheel(metadata_directory, config_settings)


def prepare_metadata_for_build_editable(metadata_directory, config_settings=None):
    from scikit_build_core import build
    return build.prepare_metadata_for_build_editable(metadata_directory, config_settings)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    _check_machine(config_settings)
    from scikit_build_core import build
    return build.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    _check_machine(config_settings)
    from scikit_build_core import build
    return build.build_editable(wheel_directory, config_settings, metadata_directory)
