"""Conversions from and to a volume, on a mount that behaves as Databricks' does: tests/mount/volumefs.c, seen as /Volumes by the command
alone. Everything here is skipped, loudly, where a file system cannot be mounted."""

import contextlib
import gzip
import json
import os
import re
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time
import warnings

import pytest
from conftest import ROOT, clean_environment, command_path, run_pyforge
from oracle import assert_same_everywhere

FULL = bool(os.environ.get("PYFORGE_TEST_FULL"))
KILLS = 100 if FULL else 20
VOLUME = "/Volumes/main/default/bronze"
ENOSYS, EOPNOTSUPP, EIO, ENOSPC, EACCES, EPERM, EXDEV, EINVAL = 38, 95, 5, 28, 13, 1, 18, 22


class Mount:
    """The file system, and the namespaces in which it is seen."""

    def __init__(self, folder):
        self.folder = folder
        self.backing = folder / "backing"
        self.control = folder / "control"
        for volume in ("main/default/bronze", "main/default/silver", "other/old/raw"):
            (self.backing / volume).mkdir(parents=True)
        (folder / "root").mkdir()
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], capture_output=True, text=True, check=True).stdout.split()
        source = ROOT / "tests" / "mount" / "volumefs.c"
        subprocess.run(["cc", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", source, "-o", folder / "volumefs", *flags], check=True)
        self.set()
        self.user = [] if os.geteuid() == 0 else ["--user"]
        self.daemon = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "unshare", *self.user, *(["--map-root-user"] if self.user else []), "--mount", ROOT / "tests" / "mount" / "mount.sh",
             folder / "volumefs", self.backing, self.control, folder / "root"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            self.wait()
        except BaseException:
            self.daemon.kill()
            raise

    def wait(self):
        for _ in range(100):
            with contextlib.suppress(OSError):
                if " /Volumes fuse" in pathlib.Path(f"/proc/{self.daemon.pid}/mounts").read_text(errors="replace"):
                    return
            if self.daemon.poll() is not None:
                break
            time.sleep(0.05)
        self.daemon.kill()
        raise RuntimeError(self.daemon.communicate()[1].decode(errors="replace"))

    def stop(self):
        self.daemon.terminate()
        self.daemon.communicate(timeout=20)

    def set(self, **switches):
        """Other switches than those given are off; a list is several lines of one name."""
        lines = [f"{name.replace('_', '-')} {value}\n" for name, values in switches.items()
                 for value in (values if isinstance(values, list) else [values])]
        new = self.control.with_suffix(".new")
        new.write_text("".join(lines))
        new.replace(self.control)

    def inside(self, *words, cwd="/"):
        user = ["--user", "--preserve-credentials"] if self.user else []
        return ["nsenter", f"--target={self.daemon.pid}", *user, "--mount", "--root", f"--wd={cwd}", *map(str, words)]


@pytest.fixture(scope="module")
def mounted(tmp_path_factory):
    needed = ["unshare", "nsenter", "setpriv", "pkg-config", "cc"]
    why = [name for name in needed if shutil.which(name) is None]
    if subprocess.run(["pkg-config", "--exists", "fuse3"], check=False).returncode != 0:
        why.append("libfuse3-dev")
    mount = None
    if not why:
        try:
            mount = Mount(tmp_path_factory.mktemp("mount"))
        except RuntimeError as failed:
            why = [str(failed)]
    if mount is None:
        message = f"NO MOUNT ({', '.join(why)}): every test on a simulated volume is skipped"
        warnings.warn(message, stacklevel=2)
        pytest.skip(message)
    yield mount
    mount.stop()


class Volume:
    """A folder of a test's own in a volume, and the command run where the volume is seen."""

    def __init__(self, mount, name, tmp_path, extensions):
        self.mount = mount
        self.path = f"{VOLUME}/{name}"
        self.real = mount.backing / "main" / "default" / "bronze" / name
        self.local = tmp_path
        self.real.mkdir()
        (tmp_path / "temp").mkdir()
        self.env = {"PYFORGE_EXTENSION_PATH": extensions, "PYFORGE_TEMP_DIR": str(tmp_path / "temp"), "XDG_CACHE_HOME": str(tmp_path / "cache"),
                    "XDG_STATE_HOME": str(tmp_path / "state"), "DATABRICKS_RUNTIME_VERSION": "15.4"}

    def set(self, **switches):
        self.mount.set(**{name: value.replace("VOLUME", self.path.removeprefix("/Volumes")) if isinstance(value, str) else value
                          for name, value in switches.items()})

    def __call__(self, *args, env=None, **how):
        return run_pyforge(*args, command=self.mount.inside(command_path(), cwd=self.local), env={**self.env, **(env or {})}, **how)

    def start(self, *args, env=None):
        return subprocess.Popen(self.mount.inside(command_path(), *args, cwd=self.local), env=clean_environment({**self.env, **(env or {})}),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def names(self):
        return sorted(path.name for path in self.real.iterdir())

    def parts(self):
        return [name for name in self.names() if name.endswith(".pyforge-part")]

    def left_local(self):
        return [path.name for path in (self.local / "temp").iterdir()]


@pytest.fixture(scope="session")
def extensions():
    folder = pathlib.Path(command_path()).parent / "lib" / "pyforge" / "extensions"
    if not (folder / "databricks.so").exists():
        pytest.exit(f"no extension databricks in {folder}", returncode=2)
    return str(folder)


@pytest.fixture
def volume(mounted, request, tmp_path, extensions):
    mounted.set()
    name = "".join(c if c.isalnum() else "_" for c in request.node.name)
    yield Volume(mounted, name, tmp_path, extensions)
    mounted.set()


def rows(count, width=1):
    return "id,name,amount\n" + "".join(f"{i},{'name' * width}{i},{i}.5\n" for i in range(count))


# ---- every format

REFUSALS = [pytest.param({}, id="rename"), pytest.param({"rename": EOPNOTSUPP}, id="rename refused"),
            pytest.param({"rename_over": EPERM}, id="rename over refused"), pytest.param({"fsync": EIO, "exclusive": "ignored"}, id="no fsync")]


@pytest.mark.parametrize("switches", REFUSALS)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_formats(volume, write, switches, suffix):
    source = write("in.csv", rows(2000))
    volume.set(**switches)
    target = f"{volume.path}/out.{suffix}"
    first = volume("convert", source, target, "--format", suffix)
    assert first.returncode == 0, first.stderr.decode()
    again = volume("convert", source, target, "--format", suffix)
    assert again.returncode == 4 and b"--force" in again.stderr
    write("in.csv", rows(3000))
    forced = volume("convert", source, target, "--format", suffix, "--force", "--json")
    assert forced.returncode == 0, forced.stderr.decode()
    refused = "rename" in switches or "rename_over" in switches
    warned = " ".join(json.loads(forced.stdout)["warnings"])
    assert ("was copied over" in warned) == refused, warned
    assert volume.names() == [f"out.{suffix}"] and volume.left_local() == []
    local = volume.local / f"local.{suffix}"
    assert run_pyforge("convert", source, local, "--format", suffix).returncode == 0
    assert (volume.real / f"out.{suffix}").read_bytes() == local.read_bytes()


def test_repaired_types(volume, write):
    """A column that turns to text late has its chunks written twice, which a mount does not allow by itself."""
    source = write("in.csv", rows(200000) + "end,x,y\n")
    done = volume("convert", source, f"{volume.path}/a.parquet")
    assert done.returncode == 0, done.stderr.decode()
    (volume.local / "a.parquet").write_bytes((volume.real / "a.parquet").read_bytes())
    assert_same_everywhere(volume.local / "a.parquet")
    assert volume.names() == ["a.parquet"]


@pytest.mark.parametrize("spelling", ["/Volumes/main/default/bronze", "dbfs:/Volumes/main/default/bronze", "/dbfs/Volumes/main/default/bronze",
                                      "//Volumes/main/default/bronze", "/./Volumes/main/default/bronze"])
def test_inputs(volume, spelling):
    place = volume.path.replace(VOLUME, spelling)
    (volume.real / "in.csv").write_text(rows(5000))
    (volume.real / "in.csv.gz").write_bytes(gzip.compress(rows(5000).encode()))
    first = volume("convert", f"{place}/in.csv", f"{place}/a.parquet")
    assert first.returncode == 0, first.stderr.decode()
    for source, target in (("in.csv.gz", "b.parquet"), ("a.parquet", "c.parquet"), ("a.parquet", "d.csv")):
        done = volume("convert", f"{place}/{source}", f"{place}/{target}", "--format", target[2:])
        assert done.returncode == 0, done.stderr.decode()
    assert (volume.real / "a.parquet").read_bytes() == (volume.real / "b.parquet").read_bytes()
    assert (volume.real / "d.csv").read_text() == rows(5000)
    assert volume.names() == ["a.parquet", "b.parquet", "c.parquet", "d.csv", "in.csv", "in.csv.gz"]


def test_output_beside_the_input(volume):
    (volume.real / "in.csv").write_text(rows(10))
    done = volume("convert", f"{volume.path}/in.csv")
    assert done.returncode == 0, done.stderr.decode()
    assert volume.names() == ["in.csv", "in.parquet"]


def test_input_is_output(volume):
    (volume.real / "in.csv").write_text(rows(10))
    done = volume("convert", f"dbfs:{volume.path}/in.csv", f"{volume.path}/in.csv", "--format", "csv", "--force")
    assert done.returncode == 4 and b"the output is the input" in done.stderr, done.stderr.decode()
    assert (volume.real / "in.csv").read_text() == rows(10)


@pytest.mark.parametrize("switches", REFUSALS)
def test_rejects(volume, write, switches):
    volume.set(**switches)
    source = write("in.csv", "id,n\n" + "".join(f"{i},{i}\n" for i in range(100)) + "x,y,z\n")
    done = volume("convert", source, f"{volume.path}/a.parquet", "--schema", "id:int64,n:int64", "--on-error", "reject")
    assert done.returncode == 3, done.stderr.decode()
    assert volume.names() == ["a.parquet", "a.parquet.rejects.csv"]
    again = volume("convert", source, f"{volume.path}/a.parquet", "--schema", "id:int64,n:int64", "--on-error", "reject", "--force")
    assert again.returncode == 3, again.stderr.decode()
    assert volume.names() == ["a.parquet", "a.parquet.rejects.csv"]
    assert "x,y,z" in (volume.real / "a.parquet.rejects.csv").read_text()


def test_folders_are_made(volume, write):
    source = write("in.csv", rows(10))
    done = volume("convert", source, f"{volume.path}/year=2026/month=11/a.parquet")
    assert done.returncode == 0, done.stderr.decode()
    assert (volume.real / "year=2026" / "month=11" / "a.parquet").exists()


def test_conformance(volume):
    done = volume("extensions", "test", "databricks", f"{volume.path}/")
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    assert b"of two writers only one appears" in done.stdout
    assert volume.names() == []


# ---- what goes wrong

BROKEN = ("--schema", "id:int64,name:int64,amount:float64")


def test_broken_input_touches_nothing(volume, write):
    """The mount would refuse the first write; it is not asked."""
    source = write("in.csv", rows(1000))
    volume.set(unwritable="VOLUME")
    done = volume("convert", source, f"{volume.path}/a.parquet", *BROKEN)
    assert done.returncode == 1 and b"GRANT" not in done.stderr and b"int64" in done.stderr, done.stderr.decode()
    assert volume.names() == []


def test_refusals_come_before_the_work(volume, write):
    """What can be told before the conversion is: the input, which is broken, has not been read by then."""
    source = write("in.csv", rows(1000))
    volume.set(unwritable="VOLUME", access="told")
    done = volume("convert", source, f"{volume.path}/a.parquet", *BROKEN)
    assert done.returncode == 1 and b"GRANT" in done.stderr and b"int64" not in done.stderr, done.stderr.decode()
    done = volume("convert", source, "/Volumes/main/default/missing/a.parquet", *BROKEN)
    assert done.returncode == 2 and b"CREATE VOLUME" in done.stderr, done.stderr.decode()


SAYS = [("space 100000", {"space": 100000}, "free some space"), ("close", {"close": ENOSPC}, "free some space"), ("close refused", {"close": EIO}, "again"),
        ("cut", {"cut": 7}, "again"), ("unwritable", {"unwritable": "VOLUME"}, "WRITE VOLUME"), ("denied", {"denied": "VOLUME"}, "VOLUME")]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("switches,says", [pytest.param(switches, says, id=name) for name, switches, says in SAYS])
def test_failures(volume, write, switches, says, force):
    """What was there stays, nothing else does, and the message says what to do."""
    source = write("in.csv", rows(40000))
    if force:
        (volume.real / "a.parquet").write_bytes(b"old")
    volume.set(**switches)
    done = volume("convert", source, f"{volume.path}/a.parquet", *(["--force"] if force else []))
    assert done.returncode == 1, done.stderr.decode()
    assert says in done.stderr.decode(), done.stderr.decode()
    assert volume.names() == (["a.parquet"] if force else [])
    assert not force or (volume.real / "a.parquet").read_bytes() == b"old"
    assert volume.left_local() == []


RENAME_FAILS = [(name, why) for name in ("rename", "rename_over") for why in (EIO, EXDEV, EINVAL, EACCES)]


@pytest.mark.parametrize("name,why", RENAME_FAILS)
def test_rename_that_fails_is_no_refusal(volume, write, name, why):
    """Only a mount that says that it does not rename has its targets copied over: what is there stays for every other reason."""
    (volume.real / "a.csv").write_bytes(b"old")
    volume.set(**{name: why})
    done = volume("convert", write("in.csv", rows(40000)), f"{volume.path}/a.csv", "--format", "csv", "--force")
    assert done.returncode == 1 and b"it cannot be replaced" in done.stderr and b"copied over" not in done.stderr, done.stderr.decode()
    assert volume.names() == ["a.csv"] and (volume.real / "a.csv").read_bytes() == b"old"
    assert volume.left_local() == []


@pytest.mark.parametrize("why", [EIO, EXDEV, EACCES])
def test_new_name_that_cannot_be_had(volume, write, why):
    volume.set(rename=why)
    done = volume("convert", write("in.csv", rows(10)), f"{volume.path}/a.csv", "--format", "csv")
    assert done.returncode == 1 and b"copied over" not in done.stderr, done.stderr.decode()
    assert volume.names() == []


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("switch", ["rename_once", "rename_lost"])
def test_rename_that_fails_once(volume, write, switch, force):
    """It is tried again; where the first was done after all, that is found out."""
    source = write("in.csv", rows(4000))
    if force:
        (volume.real / "a.csv").write_bytes(b"old")
    volume.set(**{switch: EIO})
    done = volume("convert", source, f"{volume.path}/a.csv", "--format", "csv", *(["--force"] if force else []))
    assert done.returncode == 0 and b"copied over" not in done.stderr, done.stderr.decode()
    assert volume.names() == ["a.csv"] and (volume.real / "a.csv").read_bytes() == source.read_bytes()


def test_copy_for_which_there_is_no_room(volume, write):
    """Where the mount tells so before, the target that is there is not cut."""
    source = write("in.csv", rows(40000))
    (volume.real / "a.csv").write_bytes(b"old")
    volume.set(rename=ENOSYS, room=source.stat().st_size // 2)
    done = volume("convert", source, f"{volume.path}/a.csv", "--format", "csv", "--force")
    assert done.returncode == 1 and b"free some space" in done.stderr, done.stderr.decode()
    assert volume.names() == ["a.csv"] and (volume.real / "a.csv").read_bytes() == b"old"
    volume.set(rename=ENOSYS, room=source.stat().st_size + (1 << 20))
    assert volume("convert", source, f"{volume.path}/a.csv", "--format", "csv", "--force").returncode == 0
    assert (volume.real / "a.csv").read_bytes() == source.read_bytes()


def test_folder_that_cannot_be_listed(volume, write):
    """Writing needs no listing."""
    volume.set(unlisted="VOLUME")
    done = volume("convert", write("in.csv", rows(10)), f"{volume.path}/a.parquet")
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("switch", ["denied", "unlisted"])
@pytest.mark.parametrize("files", ["tree/**/*.csv", "tree"])
def test_folders_that_may_not_be_read(volume, tmp_path, switch, files):
    """A folder of many files that is not ours to see is no smaller set of files: it is told, once, as a failure beside the others."""
    for folder in "abc":
        (volume.real / "tree" / folder).mkdir(parents=True)
        (volume.real / "tree" / folder / f"{folder}.csv").write_text(rows(3))
    volume.set(**{switch: "VOLUME/tree/b"})
    done = volume("convert", f"{volume.path}/{files}", f"{tmp_path}/out/", "--recursive")
    said = done.stderr.decode()
    assert done.returncode == 3 and len(re.findall("/tree(/b)?: it cannot be listed", said)) == 1, said
    assert "2 of 3 files converted, 1 failed" in said and "READ VOLUME" in said, said
    assert sorted(path.name for path in tmp_path.glob("out/**/*.parquet")) == ["a.parquet", "c.parquet"]
    plan = volume("convert", f"{volume.path}/{files}", f"{tmp_path}/out/", "--recursive", "--explain")
    assert plan.returncode == 0 and b": it cannot be listed" in plan.stdout, plan.stdout.decode()


def test_a_folder_that_may_not_be_read_alone(volume, tmp_path):
    (volume.real / "tree").mkdir()
    (volume.real / "tree" / "a.csv").write_text(rows(3))
    volume.set(unlisted="VOLUME/tree")
    for files in ("tree", "tree/*.csv", "tree/**"):
        done = volume("convert", f"{volume.path}/{files}", f"{tmp_path}/out/", "--recursive")
        assert done.returncode == 1 and b"/tree: it cannot be listed" in done.stderr, done.stderr.decode()


def test_a_folder_that_may_not_be_read_in_a_notebook(volume, tmp_path, package_folder):
    """batch_convert has it as one failed result."""
    for folder in "ab":
        (volume.real / "tree" / folder).mkdir(parents=True)
        (volume.real / "tree" / folder / f"{folder}.csv").write_text(rows(3))
    volume.set(unlisted="VOLUME/tree/b")
    script = """
        import sys; sys.path.insert(0, sys.argv[1])
        from pyforge_cli.extensions.databricks import forge
        done = forge.batch_convert(sys.argv[2] + "/tree", sys.argv[3], recursive=True, progress=False)
        print(done.summary.converted, done.summary.failed, done.summary.exit_code, [result.error for result in done if not result.success])
    """
    words = [sys.executable, "-c", re.sub("^        ", "", script, flags=re.M), package_folder, volume.path, tmp_path / "out"]
    done = run_pyforge(command=volume.mount.inside(*words), env=volume.env)
    said = done.stdout.decode() + done.stderr.decode()
    assert "1 1 3" in said and "it cannot be listed" in said, said


@pytest.mark.parametrize("path,says", [("/Volumes/main/default/missing/a.parquet", "CREATE VOLUME"), ("/Volumes/main/missing/x/a.parquet", "main.missing"),
                                       ("/Volumes/nothing/x/y/a.parquet", "nothing"), ("/Volumes/main/default/a.parquet", "volume"),
                                       ("/Volumes/main/default/bronze/../../x/a.parquet", "..")])
def test_places_that_are_not(volume, write, path, says):
    done = volume("convert", write("in.csv", rows(10)), path)
    assert done.returncode != 0 and says in done.stderr.decode(), done.stderr.decode()


@pytest.mark.parametrize("path,missing,grant", [
    ("/Volumes/nothing/x/y/a.csv", "there is no catalog nothing that you may use", "GRANT USE CATALOG ON CATALOG `nothing` TO"),
    ("dbfs:/Volumes/main/nothing/y/a.csv", "there is no schema main.nothing that", "GRANT USE SCHEMA ON SCHEMA `main`.`nothing` TO"),
    ("/Volumes/main/default/nothing/*.csv", "there is no volume main.default.nothing that", "GRANT READ VOLUME ON VOLUME `main`.`default`.`nothing` TO"),
    ("/Volumes/main/default/bronze/none.csv", "No such file", "check the path"),
])
def test_inputs_that_are_not(volume, package_folder, path, missing, grant):
    """The command, and forge in each of its ways, tell which part is missing, and the statements that make it usable."""
    done = volume("convert", path)
    assert done.returncode in (1, 2) and missing in done.stderr.decode() and grant in done.stderr.decode(), done.stderr.decode()
    script = """
import os, sys
os.chdir(sys.argv[2])
from pyforge_cli.extensions.databricks import forge
print(forge.batch_convert(sys.argv[1])[0]["error"])
if "*" not in sys.argv[1]:
    result = forge.convert(sys.argv[1])
    print("\\0", result["error"], result.exception.remedy, result.error_details["hint"], result._repr_html_().replace("&#x27;", "'"))
    print("\\0", forge.get_info(sys.argv[1])["error"])
    print("\\0", forge.validate(sys.argv[1]).issues)
    try:
        forge.preview(sys.argv[1])
    except FileNotFoundError as error:
        print("\\0", error)
"""
    words = volume.mount.inside(sys.executable, "-c", script, path, volume.local)
    done = subprocess.run(words, env=clean_environment({**volume.env, "PYTHONPATH": package_folder}), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told = done.stdout.split("\0")
    assert len(told) == (1 if "*" in path else 5)
    assert not [text for text in told if missing not in text or grant not in text], told


def test_old_runtime_is_refused(volume, write):
    done = volume("convert", write("in.csv", rows(10)), f"{volume.path}/a.parquet", env={"DATABRICKS_RUNTIME_VERSION": "12.2"})
    assert done.returncode != 0 and "13.3" in done.stderr.decode(), done.stderr.decode()
    assert volume.names() == []


def test_volumes_are_made_by_sql(volume):
    """The conformance suite makes a folder beside the location that it is given: here a volume."""
    done = volume("extensions", "test", "databricks", "/Volumes/main/default/")
    assert done.returncode == 1 and b"makes a directory: it cannot be made" in done.stdout, done.stdout.decode()


def test_no_dbfs(volume, write):
    done = volume("convert", write("in.csv", rows(10)), "dbfs:/tmp/a.parquet")
    assert done.returncode == 4 and "/dbfs is not mounted" in done.stderr.decode(), done.stderr.decode()


def test_no_mount(pyforge, write, extensions, tmp_path):
    env = {"PYFORGE_EXTENSION_PATH": extensions, "XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_STATE_HOME": str(tmp_path / "state")}
    done = pyforge("convert", write("in.csv", rows(10)), "/Volumes/main/default/bronze/a.parquet", env=env)
    assert done.returncode != 0 and "not mounted" in done.stderr.decode(), done.stderr.decode()
    done = pyforge("convert", "/Volumes/main/default/bronze/a.csv", "a.parquet", env=env, cwd=tmp_path)
    assert done.returncode != 0 and "not mounted" in done.stderr.decode(), done.stderr.decode()


# ---- little local space

@pytest.fixture
def small_disk(volume):
    """Local temporary space of 4 MiB, in the namespace of the mount only."""
    folder = volume.local / "small"
    folder.mkdir()
    subprocess.run(volume.mount.inside("mount", "-t", "tmpfs", "-o", "size=4m", "none", folder), check=True)
    yield str(folder)
    subprocess.run(volume.mount.inside("umount", folder), check=True)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_little_local_space(volume, write, small_disk, suffix):
    source = write("in.csv", rows(300000, width=8))
    done = volume("convert", source, f"{volume.path}/a.{suffix}", "--format", suffix, "--json", "--compression", "none", env={"PYFORGE_TEMP_DIR": small_disk})
    assert done.returncode == 0, done.stderr.decode()
    assert "written straight" in " ".join(json.loads(done.stdout)["warnings"])
    local = volume.local / f"local.{suffix}"
    assert run_pyforge("convert", source, local, "--format", suffix, "--compression", "none").returncode == 0
    assert (volume.real / f"a.{suffix}").read_bytes() == local.read_bytes()
    assert volume.names() == [f"a.{suffix}"]


@pytest.mark.parametrize("words", [[], ["--temp-dir", "VOLUME"]], ids=["variable", "option"])
def test_a_volume_for_temporary_files(volume, write, words):
    """It takes a file and does not give it back: said before the work, with what to change, and nothing is left."""
    source = write("in.csv", rows(300000) + "end,x,y\n")
    words = [word.replace("VOLUME", volume.path) for word in words]
    for target in (f"{volume.path}/a.parquet", volume.local / "a.parquet"):
        done = volume("convert", source, target, *words, env={} if words else {"PYFORGE_TEMP_DIR": volume.path})
        said = done.stderr.decode()
        if done.returncode == 0:  # without temporary files
            assert target == volume.local / "a.parquet"
            continue
        assert done.returncode == 1 and "temporary files" in said and "--temp-dir" in said and "PYFORGE_TEMP_DIR" in said, said
        assert f"cannot use the folder for temporary files {volume.path}" in said.replace("\n", " "), said
    assert volume.names() == []


def test_disk_of_the_node(volume, write):
    """/local_disk0/tmp is preferred to the system's folder, but not to what the user has named."""
    source = write("in.csv", rows(300000))
    for words in (["mkdir", "-p", "/local_disk0/tmp"], ["mount", "-t", "tmpfs", "-o", "size=1m", "none", "/local_disk0/tmp"]):
        subprocess.run(volume.mount.inside(*words), check=True)
    try:
        for env, straight in (({"PYFORGE_TEMP_DIR": None}, True), ({"PYFORGE_TEMP_DIR": None, "TMPDIR": str(volume.local)}, True), ({}, False)):
            done = volume("convert", source, f"{volume.path}/a.csv", "--format", "csv", "--force", "--json", env=env)
            assert done.returncode == 0, done.stderr.decode()
            assert ("/local_disk0/tmp has too little space" in " ".join(json.loads(done.stdout)["warnings"])) == straight
    finally:
        for words in (["umount", "/local_disk0/tmp"], ["rm", "-r", "/local_disk0"]):
            subprocess.run(volume.mount.inside(*words), check=True)


def test_little_local_space_for_a_repair(volume, write, small_disk):
    source = write("in.csv", rows(300000, width=8) + "x,y,z\n")
    done = volume("convert", source, f"{volume.path}/a.parquet", "--compression", "none", env={"PYFORGE_TEMP_DIR": small_disk})
    assert done.returncode == 1 and "PYFORGE_TEMP_DIR" in done.stderr.decode(), done.stderr.decode()
    assert volume.names() == []


# ---- being stopped

@pytest.mark.parametrize("switches", [{}, {"rename": EOPNOTSUPP}], ids=["rename", "rename refused"])
@pytest.mark.parametrize("there", [True, False], ids=["over", "new"])
def test_kills(volume, write, switches, there):
    """Killed at any moment. Renamed: the target is the old file or the new one. Copied over: it is one of them, or the new one lies
    whole beside it, and the next run into the folder completes it. That run leaves nothing but targets."""
    source = write("in.csv", rows(120000))
    target = volume.real / "a.csv"
    old, new = b"old\n" * 300000, source.read_bytes()
    words = ("convert", source, f"{volume.path}/a.csv", "--format", "csv", "--force")
    volume.set(delay=2000, **switches)
    began = time.monotonic()
    assert volume(*words).returncode == 0
    takes = time.monotonic() - began
    random.seed(7)
    torn = 0
    for i in range(KILLS // 2):
        target.unlink(missing_ok=True)
        if there:
            target.write_bytes(old)
        # a process that is killed while it loads the extension leaves a mark by which others do without it
        process = volume.start(*words, env={"XDG_STATE_HOME": str(volume.local / f"state{i}")})
        time.sleep(random.uniform(0.1, 1.02) * takes)
        process.kill()
        process.communicate()
        found = target.read_bytes() if target.exists() else None
        parts = volume.parts()
        assert len(parts) <= 1 and len(volume.left_local()) == 0, volume.names()
        if found not in ([old, new] if there else [None, new]):
            assert switches and (volume.real / parts[0]).read_bytes() == new
            torn += 1
        done = volume("convert", write("tiny.csv", "a\n1\n"), f"{volume.path}/b.csv", "--format", "csv", "--force")
        assert done.returncode == 0, done.stderr.decode()
        assert [name for name in volume.names() if name != "a.csv"] == ["b.csv"], volume.names()
        after = target.read_bytes() if target.exists() else None
        assert after == (found if found in (old, new, None) else new) or (switches and after == new)
    print(f"torn for a moment: {torn} of {KILLS // 2}, a run takes {takes:.2f} s")


@pytest.mark.parametrize("switches", [{}, {"rename": EOPNOTSUPP}], ids=["rename", "rename refused"])
def test_interrupt(volume, write, switches):
    source = write("in.csv", rows(120000))
    volume.set(delay=2000, **switches)
    for wait in (0.1, 0.3, 0.5, 0.7, 1.0):
        process = volume.start("convert", source, f"{volume.path}/a.csv", "--format", "csv", "--force")
        time.sleep(wait)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        names = volume.names()
        assert names in ([], ["a.csv"]), names
        assert not names or (volume.real / "a.csv").read_bytes() == source.read_bytes()
        assert volume.left_local() == []
        (volume.real / "a.csv").unlink(missing_ok=True)


@pytest.mark.parametrize("switches", [{}, {"rename": EOPNOTSUPP}], ids=["rename", "rename refused"])
@pytest.mark.parametrize("force", [False, True])
def test_two_writers(volume, write, force, switches):
    """Without --force one may be told so, and with it the last one wins; what is there is always what one of them wrote."""
    contents = [rows(60000), rows(50000, width=2)]
    sources = [write(f"{i}.csv", text) for i, text in enumerate(contents)]
    volume.set(delay=1000, **switches)
    for _ in range(5):
        processes = [volume.start("convert", source, f"{volume.path}/a.csv", "--format", "csv", *(["--force"] if force else [])) for source in sources]
        said = [process.communicate()[1].decode() for process in processes]
        codes = [process.returncode for process in processes]
        assert sorted(codes) in ([[0, 0]] if force else [[0, 4], [0, 0]]), said
        assert volume.names() == ["a.csv"]
        assert (volume.real / "a.csv").read_text() in contents
        (volume.real / "a.csv").unlink()


def test_living_owners_are_left_alone(volume, write):
    """A part whose process lives, and a young one of another host, are somebody's; an old one of another host is nobody's."""
    source, tiny = write("in.csv", rows(100000)), write("tiny.csv", "a\n1\n")
    young, old = (f".x.csv.0badc0de-1-1-0000000{i}.pyforge-part" for i in (1, 2))
    for name in (young, old, "mine.pyforge-part", ".a.b-c.pyforge-part"):
        (volume.real / name).write_text("x")
    os.utime(volume.real / old, (1, 1))
    volume.set(delay=10000)
    slow = volume.start("convert", source, f"{volume.path}/a.csv", "--format", "csv")
    while not [name for name in volume.parts() if name.startswith(".a.csv.")]:
        assert slow.poll() is None
        time.sleep(0.005)
    slow.send_signal(signal.SIGSTOP)
    assert volume("convert", tiny, f"{volume.path}/b.csv", "--format", "csv").returncode == 0
    assert [name for name in volume.parts() if name.startswith(".a.csv.")]
    slow.send_signal(signal.SIGCONT)
    assert slow.communicate() and slow.returncode == 0
    assert volume.names() == sorted([young, "a.csv", "b.csv", "mine.pyforge-part", ".a.b-c.pyforge-part"])
    assert (volume.real / "a.csv").read_bytes() == source.read_bytes()


def test_copy_is_completed_only_over_its_own_beginning(volume, write):
    """Somebody has put another file where a copy was torn: that one stays."""
    tiny = write("tiny.csv", "a\n1\n")
    stem = ".a.csv.0badc0de-1-1-00000001"
    for torn, after in (("a,b\n", "a,b\n1,2\n"), ("", "a,b\n1,2\n"), (None, "a,b\n1,2\n"), ("else\n", "else\n"), ("a,b\n1,2\n3,4\n",) * 2):
        for suffix, text in (("part", "a,b\n1,2\n"), ("left", "8\n")):
            (volume.real / f"{stem}.pyforge-{suffix}").write_text(text)
        (volume.real / "a.csv").unlink(missing_ok=True)
        if torn is not None:
            (volume.real / "a.csv").write_text(torn)
        assert volume("convert", tiny, f"{volume.path}/b.csv", "--format", "csv", "--force").returncode == 0
        assert volume.names() == ["a.csv", "b.csv"]
        assert (volume.real / "a.csv").read_text() == after


@pytest.mark.parametrize("record", ["", "8", "9\n", "x\n"])
def test_record_that_does_not_fit_is_none(volume, write, record):
    stem = ".a.csv.0badc0de-1-1-00000001"
    (volume.real / f"{stem}.pyforge-part").write_text("a,b\n1,2\n")
    (volume.real / f"{stem}.pyforge-left").write_text(record)
    (volume.real / "a.csv").write_text("a,b\n")
    assert volume("convert", write("tiny.csv", "a\n1\n"), f"{volume.path}/b.csv", "--format", "csv").returncode == 0
    assert volume.names() == ["a.csv", "b.csv"]
    assert (volume.real / "a.csv").read_text() == "a,b\n"


@pytest.mark.parametrize("delay", [0, 2000])
def test_several_complete_one_copy(volume, write, delay):
    """Runs that come upon the same torn target at once: it is whole at their end, and nothing is lost."""
    tiny, content = write("tiny.csv", "a\n1\n"), rows(40000).encode()
    stem = ".a.csv.0badc0de-1-1-00000001"
    for _ in range(6):
        (volume.real / f"{stem}.pyforge-part").write_bytes(content)
        (volume.real / f"{stem}.pyforge-left").write_text(f"{len(content)}\n")
        (volume.real / "a.csv").write_bytes(content[:1000])
        volume.set(delay=delay, rename=ENOSYS)
        runs = [volume.start("convert", tiny, f"{volume.path}/b{i}.csv", "--format", "csv", "--force") for i in range(4)]
        said = [run.communicate()[1].decode() for run in runs]
        assert [run.returncode for run in runs] == [0] * 4, said
        assert (volume.real / "a.csv").read_bytes() == content
        assert sum("is complete now" in text for text in said) == 1, said
        assert volume.names() == ["a.csv", "b0.csv", "b1.csv", "b2.csv", "b3.csv"]


def test_machines_of_one_name(volume, write):
    """Machines are called alike, and their first namespaces of processes too: the process of a part is another machine's after all."""
    volume.set(delay=10000)
    slow = volume.start("convert", write("in.csv", rows(100000)), f"{volume.path}/a.csv", "--format", "csv")
    while not volume.parts():
        assert slow.poll() is None
        time.sleep(0.005)
    slow.kill()
    slow.communicate()
    part = volume.parts()
    volume.set()
    other = volume.local / "boot_id"
    other.write_text("00000000-1111-2222-3333-444444444444\n")
    script = 'mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@"'
    words = ["unshare", "--mount", "sh", "-c", script, "sh", other, command_path()]
    convert = ("convert", write("tiny.csv", "a\n1\n"), f"{volume.path}/b.csv", "--format", "csv", "--force")
    done = run_pyforge(*convert, command=volume.mount.inside(*words), env=volume.env)
    assert done.returncode == 0 and volume.parts() == part, done.stderr.decode()
    assert volume(*convert).returncode == 0 and volume.parts() == []


@pytest.mark.parametrize("target", ["abfss://data@account/out.parquet", "s3://bucket/out.parquet", "file:{local}/there.parquet"])
def test_locations_of_stores(volume, write, target):
    """Beside the extension's own scheme: a store is refused, file: is a path."""
    done = volume("convert", write("in.csv", rows(10)), target.format(local=volume.local))
    assert done.returncode == (0 if target.startswith("file:") else 2), done.stderr.decode()
    assert (volume.local / "there.parquet").exists() == target.startswith("file:")
    assert not [path.name for path in volume.local.iterdir() if path.name.endswith(":")]


@pytest.mark.parametrize("name", ["x" * 250 + ".csv", "é" * 120 + ".csv"])
def test_long_names(volume, write, name):
    source = write("in.csv", rows(10))
    assert volume("convert", source, f"{volume.path}/{name}", "--format", "csv").returncode == 0
    assert volume.names() == [name]
    volume.set(rename=ENOSYS)
    done = volume("convert", source, f"{volume.path}/{name}", "--format", "csv", "--force")
    assert done.returncode == 1 and "shorter name" in done.stderr.decode(), done.stderr.decode()
    assert volume.names() == [name]


def test_copy_that_cannot_be_finished(volume, write):
    """No space half-way through copying over a target: the new content stays whole beside it, the message says so, the next run completes."""
    source = write("in.csv", rows(40000))
    size = source.stat().st_size
    (volume.real / "a.csv").write_bytes(b"old\n" * 100)
    volume.set(rename=ENOSYS, space=size + size // 2)
    done = volume("convert", source, f"{volume.path}/a.csv", "--format", "csv", "--force")
    assert done.returncode == 1 and "whole content" in done.stderr.decode(), done.stderr.decode()
    assert len(volume.parts()) == 1
    assert (volume.real / volume.parts()[0]).read_bytes() == source.read_bytes()
    volume.set(rename=ENOSYS)
    done = volume("convert", write("tiny.csv", "a\n1\n"), f"{volume.path}/b.csv", "--format", "csv")
    assert done.returncode == 0 and "is complete now" in done.stderr.decode(), done.stderr.decode()
    assert volume.names() == ["a.csv", "b.csv"]
    assert (volume.real / "a.csv").read_bytes() == source.read_bytes()


def test_an_ordinary_folder_volumes(mounted, extensions):
    """As on macOS: /Volumes is there, is no mount, and what is in it has no catalog."""
    script = """
        umount /Volumes && mkdir -p '/Volumes/Macintosh HD' && printf 'a\n1\n' > '/Volumes/Macintosh HD/x.csv' &&
        "$@" convert '/Volumes/Macintosh HD/x.csv' --force && ls '/Volumes/Macintosh HD'; code=$?; rm -rf '/Volumes/Macintosh HD'; exit $code
    """
    words = ["unshare", "--mount", "sh", "-c", script, "sh", command_path()]
    env = {"PYFORGE_EXTENSION_PATH": str(extensions), "DATABRICKS_RUNTIME_VERSION": None, "DATABRICKS_ENV_VERSION": None}
    done = run_pyforge(command=mounted.inside(*words), env=env)
    assert done.returncode == 0 and done.stdout.split() == [b"x.csv", b"x.parquet"], done
