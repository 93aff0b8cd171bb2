"""docs/databricks.md: its examples run, every failure of the extension has an entry, and what it says of commands and options is so."""

import ast
import json
import re

import pytest

from conftest import ROOT

PAGE = ROOT / "docs" / "databricks.md"
NATIVE = ROOT / "extensions" / "databricks"
PYTHON = ROOT / "python" / "pyforge_cli" / "extensions" / "databricks"
# Functions whose argument at this place is the text of a failure.
TELLING = {"failure": 1, "_wrong": 1, "EngineError": 0, "PyForgeError": 0, "NotFoundError": 0, "OptionError": 0, "StorageError": 0,
           "BadDataError": 0, "UnsupportedError": 0}


def section(title):
    """The text of a part of the page, without what only marks code."""
    text = PAGE.read_text()
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def plain(text):
    return " ".join(text.replace("`", "").replace("\\", "").split())


def native_messages():
    """(name, text) of what the native half says of failures; remedies belong to the entry of their message."""
    for path in sorted(NATIVE.glob("*messages.h")):
        text = path.read_text().replace("\\\n", " ")
        for name, value in re.findall(r"^#define (SAY_\w+) +(.*)$", text, re.MULTILINE):
            if not name.endswith("_REMEDY") and name != "SAY_EXPECTED":
                literal = "".join(json.loads(f'"{part}"') for part in re.findall(r'"((?:[^"\\]|\\.)*)"', value))
                yield name, re.sub(r"%[-\d.*]*(?:l{1,2}|z)?[a-zA-Z]", "\0", literal)


def text_of(node):
    """The constant parts of a text, "\\0" for each of the others; None = it is not written there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (text_of(node.left) or "\0") + (text_of(node.right) or "\0")
    return None


def python_messages():
    """(place, text) of what the Python half says of failures."""
    for path in sorted(PYTHON.glob("*.py")):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            name = getattr(getattr(node, "func", None), "id", getattr(getattr(node, "func", None), "attr", None))
            if isinstance(node, ast.Call) and name in TELLING and len(node.args) > TELLING[name]:
                text = text_of(node.args[TELLING[name]])
                if text:
                    yield f"{path.name}:{node.lineno}", text
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_MEANINGS":
                for begins, _, message, _ in ast.literal_eval(node.value):
                    yield f"{path.name}: {begins}", re.sub(r"\{\w+\}", "\0", message)


def fragment(text):
    """The longest part of a message that is the same every time."""
    return max((" ".join(part.split()) for part in text.split("\0")), key=len).strip(" :;,")


def messages():
    return [*native_messages(), *python_messages()]


def test_every_failure_has_an_entry():
    found = messages()
    assert len(found) > 60
    known = plain(section("Troubleshooting"))
    missing = [f"{name}: {fragment(text)}" for name, text in found if len(fragment(text)) > 5 and fragment(text).replace("`", "") not in known]
    assert not missing, "\n".join(missing)


def test_every_entry_is_of_a_failure():
    """Entries of messages that are gone go, too."""
    said = [fragment(text).replace("`", "") for _, text in messages()]
    rows = re.findall(r"^\| `([^|`]+)` \|", section("Troubleshooting"), re.MULTILINE)
    assert len(rows) > 40
    stale = [row for row in rows if not any(part and part in plain(row) for part in said)]
    assert not stale, "\n".join(stale)


def test_the_examples_run(run_python, tmp_path):
    """In this order, in a folder that stands for the volume."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 8
    volume = tmp_path / "volume"
    volume.mkdir()
    script = "\n".join(blocks).replace("/Volumes/main/default/pyforge", str(volume))
    done = run_python(script)
    assert done.returncode == 0, done.stderr
    assert "Converted 3 rows using native" in done.stdout and "2 of 3" in done.stdout


def test_blocks_of_json_are_json():
    blocks = re.findall(r"^```json\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        json.loads(block)
    assert json.loads(blocks[0]) == json.loads((ROOT / "examples" / "databricks" / "job.json").read_text())


def test_links_lead_somewhere():
    text = PAGE.read_text()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (PAGE.parent / target).exists(), target
    headings = {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
    for target in re.findall(r"\]\(#([^)]+)\)", text):
        assert target in headings, target


def test_what_was_not_seen_is_marked():
    """Statements on the workspace itself rest on documentation until the acceptance run has shown them: they end with the mark."""
    text = PAGE.read_text()
    assert "**[not seen]**" in text and text.count("[not seen]") > 10
    for title in ("Grants", "Runtimes and cluster modes", "Paths", "Volumes"):
        assert "[not seen]" in section(title), title


@pytest.mark.parametrize("runtime", ["10.4", "11.3", "12.2", "13.3", "14.3", "15.4", "16.4", "17.3"])
def test_every_runtime_has_a_row(runtime):
    rows = [line for line in section("Runtimes and cluster modes").splitlines() if line.startswith(f"| {runtime}")]
    assert len(rows) == 1 and rows[0].count("|") == 6


@pytest.mark.parametrize("version", range(1, 6))
def test_every_serverless_environment_has_a_row(version):
    rows = [line for line in section("Runtimes and cluster modes").splitlines() if line.startswith(f"| serverless {version} ")]
    assert len(rows) == 1 and rows[0].count("|") == 6


def test_the_size_in_the_first_example_is_that_of_its_file():
    written = re.search(r"file\.write\((\".*?\")\)", PAGE.read_text())
    told = re.search(r"native engine \((\d+) bytes\)", PAGE.read_text())
    assert len(ast.literal_eval(written[1])) == int(told[1])
