"""env, list-volumes and validate-volume as users run them, also where a file system is mounted as /Volumes."""

import errno
import json
import os

import pytest
from conftest import ROOT, command_path, run_pyforge
from test_databricks_volumes import mounted  # noqa: F401  (a fixture)

NOT_DATABRICKS = {"DATABRICKS_RUNTIME_VERSION": None, "DATABRICKS_ENV_VERSION": None, "PYFORGE_DATABRICKS_COMPUTE": None}


def run(*args, env=None, **more):
    return run_pyforge(*args, env={**NOT_DATABRICKS, **(env or {})}, **more)


@pytest.mark.parametrize("command", ["env", "env-info"])
def test_env(command):
    facts = json.loads(run(command, "--json", env={"DATABRICKS_RUNTIME_VERSION": "16.4.x-gpu-ml-scala2.12"}).stdout)
    assert facts["compute_type"] == "classic" and facts["runtime_major"] == 16 and facts["is_lts"] and facts["is_gpu"]
    assert set(facts["signals"]) == set(facts) - {"signals", "note", "serverless_features"}
    assert facts["signals"]["compute"] == "DATABRICKS_RUNTIME_VERSION"
    table = run(command).stdout.decode().splitlines()
    assert table[0] == "not in Databricks" and table[2].split() == ["FACT", "VALUE", "SIGNAL"]
    assert len({line.rindex(" not in the mount table") for line in table if "mounted" in line and "Catalog" not in line}) == 1


def test_help_has_examples():
    for command in ("env", "env-info", "list-volumes", "validate-volume"):
        done = run(command, "--help")
        assert done.returncode == 0 and f"Usage: pyforge {command}".encode() in done.stdout and b"Examples:\n" in done.stdout


def test_a_conversion_that_needs_no_extension_loads_none(write, tmp_path):
    source = write("in.csv", "a\n1\n")
    result = json.loads(run("convert", source, tmp_path / "out.parquet", "--json", env={"DATABRICKS_ENV_VERSION": "4"}).stdout)
    assert result["success"] and result["environment"] is None
    facts = json.loads(run("env", "--json", env={"DATABRICKS_ENV_VERSION": "4"}).stdout)
    assert facts["compute"] == "serverless" and facts["signals"]["compute"] == "DATABRICKS_ENV_VERSION"


def test_no_secret_is_shown():
    env = {"DATABRICKS_HOST": "https://w.example", "DATABRICKS_TOKEN": "planted-secret", "DATABRICKS_CLUSTER_ID": "1",
           "SPARK_REMOTE": "sc://w.example/;token=planted-secret;x-databricks-cluster-id=1"}
    done = run("env", env=env)
    assert b"connect" in done.stdout and b"planted" not in done.stdout + done.stderr
    assert b"planted" not in run("env", "--json", env=env).stdout


@pytest.mark.parametrize("kind", ["endless", "pipe", "long line", "folder"])
def test_configuration_that_is_none(tmp_path, kind):
    """What DATABRICKS_CONFIG_FILE names may be anything: it takes neither memory nor time."""
    path = tmp_path / "config"
    if kind == "endless":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "long line":
        path.write_text("[DEFAULT]\n" + "x" * 100000 + "\nhost = https://example.com\n")
    else:
        path.mkdir()
    limited = ["sh", "-c", 'ulimit -v 1500000; exec "$@"', "sh", command_path()]
    done = run("env", "--json", command=limited, env={"DATABRICKS_CONFIG_FILE": str(path)}, timeout=20)
    assert done.returncode == 0 and json.loads(done.stdout), done.stderr.decode()


def test_no_mount():
    for words in (["list-volumes"], ["validate-volume", "/Volumes/main/default/bronze"]):
        done = run(*words)
        assert done.returncode == 1 and b"/Volumes is not mounted here" in done.stderr and b"hint: run this inside Databricks" in done.stderr
    done = run("validate-volume", "/Volumes/main//bronze")
    assert done.returncode == 2 and b"the schema is empty" in done.stderr


def test_on_a_mount(mounted):  # noqa: F811
    def inside(*args, version="15.4"):
        return run(*args, command=mounted.inside(command_path()), env={"DATABRICKS_RUNTIME_VERSION": version})

    mounted.set()
    facts = json.loads(inside("env", "--json").stdout)
    assert facts["volumes_mounted"] and facts["volumes_writable"] and facts["signals"]["volumes_mounted"].startswith("mount table: fuse")
    assert inside("list-volumes").stdout.decode().splitlines() == [
        "/Volumes/main/default/bronze", "/Volumes/main/default/silver", "/Volumes/other/old/raw"]
    assert inside("list-volumes", "other").stdout == b"/Volumes/other/old/raw\n"
    assert inside("validate-volume", "/Volumes/main/default/silver", "--write").returncode == 0
    assert not list((mounted.backing / "main/default/silver").iterdir())
    done = inside("validate-volume", "/Volumes/main/default/gold/x.csv", "--write")
    assert done.returncode == 1 and b"CREATE VOLUME `main`.`default`.`gold`;" in done.stdout and b"WRITE VOLUME" in done.stdout
    assert inside("validate-volume", "/Volumes/main/default/silver", "--write", version="12.2").returncode == 4
    assert not json.loads(inside("env", "--json", version="12.2").stdout)["volumes_writable"]


def test_statements_are_for_missing_rights_only(mounted):  # noqa: F811
    def check(*args):
        done = run("validate-volume", *args, command=mounted.inside(command_path()), env={"DATABRICKS_RUNTIME_VERSION": "15.4"})
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    volume = "/Volumes/main/default/silver"
    for switches in ({"close": errno.EIO}, {"close": errno.ENOSPC}):
        mounted.set(**switches)
        code, out, err = check(volume, "--write")
        assert code == 1 and "failed (" in out and "GRANT" not in out and "no right is missing" in err, (out, err)
    mounted.set(unwritable="/main/default/silver")
    code, out, err = check(volume, "--write")
    assert code == 1 and "WRITE VOLUME" in out and "READ VOLUME" not in out, (out, err)
    mounted.set(unlisted="/main/default/silver")
    code, out, err = check(volume, "--write")
    assert code == 1 and "GRANT READ VOLUME" in out and "GRANT WRITE VOLUME" in out and "check the name" in err, (out, err)
    mounted.set()
    code, out, err = check("/Volumes/mian/default/silver")
    assert code == 1 and "GRANT USE CATALOG ON CATALOG `mian`" in out and "hint: check the name (pyforge list-volumes" in err, (out, err)


def test_texts_are_in_one_place():
    """Failures are told by messages.h alone, so that the guide's entries can be checked against it."""
    for path in (ROOT / "extensions" / "databricks").glob("[!m]*.c"):
        text = path.read_text()
        for call in ("page_fail(", "->fail(", "WRONG(", "SAY(verdict,", "ADVISE("):
            for piece in text.split(call)[1:]:
                literal = piece[:piece.index(";")]
                assert '"' not in literal.replace('"%s"', ""), f"{path.name}: {call}{literal}"
