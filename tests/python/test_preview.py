"""--preview-schema: what would be made is shown on standard error; asked is on a terminal only, and a no leaves nothing behind."""

import os
import pty
import subprocess

import pytest
from conftest import ROOT, clean_environment

XML = ROOT / "examples" / "orders.xml"


def on_terminal(program, answer, *words, cwd):
    """(exit code, what the terminal shows) of a command whose input and errors are a terminal on which answer is typed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([program, *words], stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs, cwd=cwd,
                          env=clean_environment({})) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            shown += part
            if b"(y/n): " in shown and answer is not None:
                os.write(ours, answer)
                answer = None
    os.close(ours)
    return running.returncode, shown.decode()


def test_in_a_pipe_nothing_is_asked(pyforge, tmp_path):
    for path, words in ((XML, ["orders_order_line_pieces: int64"]), (ROOT / "examples" / "sales.csv", ["types     infer"])):
        out = tmp_path / (path.stem + ".parquet")
        done = pyforge("convert", path, out, "--preview-schema")
        said = done.stderr.decode()
        assert done.returncode == 0 and out.exists() and all(word in said for word in words) and "(y/n)" not in said, said
    done = pyforge("convert", XML, tmp_path / "nested.parquet", "--nested", "--preview-schema")
    assert "orders_order_line: list<struct<article: string, pieces: int64>>" in done.stderr.decode()


@pytest.mark.parametrize("answer, code", [(b"y\n", 0), (b"Yes\n", 0), (b"n\n", 1), (b"\n", 1), (b"\x04", 1)])
def test_a_terminal_is_asked(pyforge_path, tmp_path, answer, code):
    got, shown = on_terminal(pyforge_path, answer, "convert", XML, "o.parquet", "--preview-schema", cwd=tmp_path)
    assert got == code, shown
    assert "orders_order_line_pieces: int64" in shown and "Continue with conversion? (y/n): " in shown
    assert ("nothing was written" in shown) == (code == 1)
    assert [name.name for name in tmp_path.iterdir()] == (["o.parquet"] if code == 0 else [])


def test_quiet_shows_and_asks_nothing(pyforge_path, tmp_path):
    code, shown = on_terminal(pyforge_path, None, "convert", XML, "o.parquet", "--preview-schema", "--quiet", cwd=tmp_path)
    assert code == 0 and shown == "" and (tmp_path / "o.parquet").exists()


def test_what_cannot_be_shown(pyforge, tmp_path):
    done = pyforge("convert", "-", tmp_path / "o.parquet", "--preview-schema", input=XML.read_bytes())
    assert done.returncode == 0 and "standard input can be read only once" in done.stderr.decode()
    done = pyforge("convert", tmp_path / "none.xml", tmp_path / "p.parquet", "--preview-schema")
    assert done.returncode != 0 and done.stderr.decode().count("does not exist") == 1
    (tmp_path / "bad.xml").write_text("<a><r>1</r><r>")
    done = pyforge("convert", tmp_path / "bad.xml", tmp_path / "b.parquet", "--preview-schema")
    assert done.returncode == 1 and not (tmp_path / "b.parquet").exists(), done.stderr.decode()
