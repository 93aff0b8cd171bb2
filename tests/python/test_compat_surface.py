"""Commands, options, spellings, exit codes and streams of pyforge-cli 1.x, a row each.

compat_commands.tsv: each command, option, short option, spelling and choice of the original, what becomes of it here, and a run that shows
it. compat_exits.tsv: each reason for an exit code, with the code as it is and under --compat 1.0.

words are run in a folder with the files of SAMPLES. A stream: text that is in it; "-" = it is empty; "*" = anything;
"json:a b" = one line of JSON that has the keys a and b. writes: the only file made, ":CODEC" = a Parquet file so compressed; "-" = none.

Every row is run by the command, a third of them by the console script too, all with PYFORGE_TEST_FULL=1.
"""

import json
import os
import shlex
from pathlib import Path

import pyarrow.parquet
import pytest

HERE = Path(__file__).parent
FULL = os.environ.get("PYFORGE_TEST_FULL") == "1"
SAMPLES = {
    "a.csv": "id,name\n" + "".join(f"{number},some text of row {number}\n" for number in range(300)),
    "CAPS.CSV": "id,name\n1,x\n2,y\n",
    "bad.csv": 'a,b\n1,"2\n',
    "long.csv": "a,b\n1,2\n3,4,5\n6,7\n",
    "empty.csv": "",
    "note.json": '{"a": 1}\n',
    "a.mdf": "\x01\x0f\x00\x00" + "\x00" * 60,
    "there.parquet": "another file\n",
    "folder/inside.txt": "x\n",
}


def table(name):
    head, *lines = (HERE / name).read_text().splitlines()
    width = head.count("\t")
    assert all(line.count("\t") == width for line in lines), f"{name}: a row has another number of fields than the heading"
    return [line.split("\t") for line in lines]


def ways(rows):
    """(fixture that runs it, row) of a table."""
    found = []
    for number, row in enumerate(rows):
        for way in ("pyforge", "console"):
            if FULL or way == "pyforge" or number % 3 == 0:
                found.append(pytest.param(way, row, id=f"{way}-{row[0]}"))
    return found


@pytest.fixture
def folder(write, tmp_path):
    for name, text in SAMPLES.items():
        write(name, text)
    return tmp_path


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def agrees(expected, printed):
    text = printed.decode()
    if expected.startswith("json:"):
        return text.count("\n") == 1 and set(expected[5:].split()) <= set(json.loads(text))
    return expected == "*" or (text == "" if expected == "-" else expected in text)


def written_is(expected, folder, before):
    after = files(folder)
    assert set(before) <= set(after)
    made = {name for name in after if after[name] != before.get(name)}
    if expected == "-":
        return made == set()
    name, _, codec = expected.partition(":")
    found = pyarrow.parquet.ParquetFile(folder / name).metadata
    return made == {name} and (codec == "" or codec in {found.row_group(0).column(i).compression for i in range(found.num_columns)})


@pytest.mark.parametrize("way, row", ways(table("compat_commands.tsv")))
def test_command_or_option(request, way, row, folder):
    _, _, code, words, out, err, writes = row
    before = files(folder)
    done = request.getfixturevalue(way)(*shlex.split(words), cwd=folder)
    said = f"{words}\ncode {done.returncode}\nout: {done.stdout.decode()}\nerr: {done.stderr.decode()}"
    assert done.returncode == int(code), said
    assert agrees(out, done.stdout), said
    assert agrees(err, done.stderr), said
    assert written_is(writes, folder, before), said


def test_every_name_has_a_row():
    """Of the commands that are tables in the program, each is in the table here, with every short option."""
    words = {word for row in table("compat_commands.tsv") for word in row[3].replace("=", " ").split()}
    assert set(
        "--version -v --verbose --help convert formats info install mdf-tools validate list-extensions extensions --format -f --pages -p "
        "--metadata -m --password --tables -t --compression -c --force --combine --separate --flatten-strategy --array-handling "
        "--namespace-handling --preview-schema --force-pyspark txt parquet snappy gzip none conservative moderate aggressive expand "
        "concatenate json_string preserve strip prefix table json sample-datasets --port --non-interactive status start stop restart logs "
        "--lines -n config test uninstall --formats --sizes -s --list-releases -l --list-installed --uninstall --list-extensions".split()
    ) <= words


@pytest.mark.parametrize("compat", [False, True], ids=["2.0", "1.0"])
@pytest.mark.parametrize("way, row", ways(table("compat_exits.tsv")))
def test_exit_code(request, way, row, compat, folder):
    _, words, code, code_before, out, err = row
    done = request.getfixturevalue(way)(*shlex.split(words), cwd=folder, env={"PYFORGE_COMPAT": "1.0"} if compat else None)
    said = f"{words}\ncode {done.returncode}\nout: {done.stdout.decode()}\nerr: {done.stderr.decode()}"
    assert done.returncode == int(code_before if compat else code), said
    assert agrees(out, done.stdout), said
    assert agrees(err, done.stderr), said
