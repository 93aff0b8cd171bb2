#!/usr/bin/env python3
"""Fetches the library sources that packaging/sources.lock names into a folder, by cargo and pip; does nothing when they are there.

    packaging/fetch_sources.py build/sources

Both are used as downloaders that keep a cache; nothing is compiled. Cargo gets a project whose dependencies are the packages of the
lock, each at exactly one version. What those packages would need to be compiled is replaced by empty stand-ins, so that nothing is
fetched that the lock does not name. pip gets each source package by its checksum, and a stand-in for the tool that would build it,
as it asks that for the package's name before it keeps a file: no line of the package is run. A checksum that differs from the lock's
is an error, and leaves nothing behind.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

LOCK = Path(__file__).resolve().parent / "sources.lock"
FIELDS = ("library", "by", "package", "version", "folder", "licence", "text", "sha256")
# Debian 12's cargo (1.65) would fetch the whole index of the registry through git; this makes it ask for what it needs.
OLD_CARGO = {"CARGO_REGISTRIES_CRATES_IO_PROTOCOL": "sparse", "CARGO_UNSTABLE_SPARSE_REGISTRY": "true", "RUSTC_BOOTSTRAP": "1"}
# What the packages of the lock name as dependencies, with a version that their ranges allow.
STAND_INS = {"cc": "1.999.0", "libc": "0.2.999", "link-cplusplus": "1.0.999", "pkg-config": "0.3.999", "vcpkg": "0.2.999"}
# The build tool that pip asks what a source package is; older packages reach it through __legacy__.
BUILD_STAND_IN = '''\
import pathlib
import re
import sys

__legacy__ = sys.modules[__name__]


def prepare_metadata_for_build_wheel(folder, settings=None):
    told = pathlib.Path("PKG-INFO").read_text(encoding="utf-8")
    name, version = (re.search(f"^{field}: (.*)$", told, re.MULTILINE)[1] for field in ("Name", "Version"))
    info = pathlib.Path(folder, f"{name}-{version}.dist-info")
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    return info.name
'''


def read_lock():
    rows = [line.split() for line in LOCK.read_text().splitlines() if line.strip() and not line.startswith("#")]
    for row in rows:
        if len(row) != len(FIELDS):
            raise SystemExit(f"{LOCK}: expected {len(FIELDS)} words: {' '.join(row)}")
    return [dict(zip(FIELDS, row)) for row in rows]


def write_crate(folder, name, version, tail=""):
    folder.mkdir(parents=True)
    (folder / "none.rs").write_text("")
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2018"\n[lib]\npath = "none.rs"\n{tail}')


def write_project(project, entries):
    wanted = "".join(f'{entry["package"]} = {{ version = "={entry["version"].split("+")[0]}", default-features = false }}\n'
                     for entry in entries)
    patches = "".join(f'{name} = {{ path = "{name}" }}\n' for name in STAND_INS)
    write_crate(project, "pyforge-sources", "0.0.0", f"[dependencies]\n{wanted}[patch.crates-io]\n{patches}")
    for name, version in STAND_INS.items():
        # A package may ask for features of its dependency; the stand-in has those that are asked for.
        write_crate(project / name, name, version, "[features]\nparallel = []\n")


def cargo_is_old():
    found = re.search(r"cargo 1\.(\d+)", subprocess.run(["cargo", "--version"], stdout=subprocess.PIPE, text=True).stdout)
    return found is not None and int(found[1]) < 68


def vendor(project):
    done = subprocess.run(["cargo", "vendor", "--versioned-dirs", "vendor"], cwd=project, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, env={**os.environ, **(OLD_CARGO if cargo_is_old() else {})})
    if done.returncode != 0:
        raise SystemExit(f"{done.stdout}\nfetch_sources.py: cargo could not fetch the sources of {LOCK.name}")


def notice(target, entry):
    return target / "licences" / f'{entry["library"]}-{entry["licence"]}.txt'


def take_crates(project, entries, target):
    """Moves the folders of the libraries to target/LIBRARY, their licence texts to target/licences."""
    for entry in entries:
        crate = project / "vendor" / f'{entry["package"]}-{entry["version"]}'
        found = json.loads((crate / ".cargo-checksum.json").read_text())["package"] if crate.is_dir() else "no such package"
        if found != entry["sha256"]:
            raise SystemExit(f'fetch_sources.py: {entry["package"]} {entry["version"]}: the lock says {entry["sha256"]}, '
                             f"fetched was {found}")
        shutil.copyfile(crate / entry["text"], notice(target, entry))
        (crate / entry["folder"]).rename(target / entry["library"])
    extra = sorted({path.name for path in (project / "vendor").iterdir()}
                   - {f'{entry["package"]}-{entry["version"]}' for entry in entries})
    if extra:
        raise SystemExit(f"fetch_sources.py: packages that the lock does not name: {', '.join(extra)}")


def download(work, entry):
    """The archive of a source package."""
    tool = work / "tool" / "setuptools"
    tool.mkdir(parents=True, exist_ok=True)
    (tool / "__init__.py").write_text("")
    (tool / "build_meta.py").write_text(BUILD_STAND_IN)
    (work / "wanted.txt").write_text(f'{entry["package"]}=={entry["version"]} --hash=sha256:{entry["sha256"]}\n')
    folder = work / entry["library"]
    done = subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:",
                           "--no-build-isolation", "--dest", folder, "--requirement", work / "wanted.txt"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "PYTHONPATH": str(tool.parent), "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    if done.returncode != 0:
        raise SystemExit(f'{done.stdout}\nfetch_sources.py: pip could not fetch {entry["package"]} {entry["version"]}')
    return next(folder.iterdir())


def take_archive(archive, entry, target):
    """Unpacks the library's folder, without those in it, to target/LIBRARY, and its licence text to target/licences."""
    (target / entry["library"]).mkdir()
    with tarfile.open(archive) as packed:
        for member in packed:
            folder, _, name = member.name.partition("/")[2].rpartition("/")
            if member.isfile() and folder == entry["folder"]:
                (target / entry["library"] / name).write_bytes(packed.extractfile(member).read())
            if member.isfile() and f"{folder}/{name}" == entry["text"]:
                notice(target, entry).write_bytes(packed.extractfile(member).read())
    if not notice(target, entry).is_file() or not any((target / entry["library"]).iterdir()):
        raise SystemExit(f'fetch_sources.py: {archive.name} has no {entry["folder"]}, or no {entry["text"]}')


def main():
    if len(sys.argv) != 2:
        raise SystemExit("usage: fetch_sources.py FOLDER")
    target = Path(sys.argv[1]).resolve()
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    stamp = target / ".lock"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    if not shutil.which("cargo"):
        raise SystemExit("fetch_sources.py: cargo is not installed; it downloads the sources (Debian: cargo)")
    print(f"fetching sources to {os.path.relpath(target)}", flush=True)
    work = target.with_name(target.name + ".new")
    shutil.rmtree(work, ignore_errors=True)
    entries = read_lock()
    crates = [entry for entry in entries if entry["by"] == "cargo"]
    (work / "sources" / "licences").mkdir(parents=True)
    write_project(work / "project", crates)
    vendor(work / "project")
    take_crates(work / "project", crates, work / "sources")
    for entry in entries:
        if entry["by"] == "pip":
            take_archive(download(work, entry), entry, work / "sources")
    (work / "sources" / ".lock").write_text(wanted)
    shutil.rmtree(target, ignore_errors=True)
    (work / "sources").rename(target)
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
