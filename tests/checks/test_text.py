"""What must not stand in any file: paths of one machine, names of package registries, unfinished business."""

import ast
import re
import shutil
import subprocess

import pytest
from sources import TOP, c_files, name_of, project_files

# Written in pieces, so that this file does not find itself.
FORBIDDEN = {
    "path of one machine": re.compile(r"/(?:ho" r"me|Us" r"ers)/\w+|/ro" r"ot/|/wo" r"rk/(?:main|shared)|/op" r"t/wheels|\.py" r"env/|/tm" r"p/(?:ov|b-)"),
    "name of a package registry": re.compile(
        r"\b(?:py" r"pi\.org|pythonho" r"sted\.org|deb\.deb" r"ian\.org|crates\.i" r"o|npmj" r"s\.(?:org|com)|proxy\.go" r"lang\.org)\b"),
    "unfinished business": re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b"),
}
FILE_LINES_AT_MOST = 800


def text_of(path):
    content = path.read_bytes()
    return None if b"\0" in content else content.decode("utf-8", "replace")


@pytest.mark.parametrize("what", FORBIDDEN)
def test_forbidden_text(what):
    wrong = []
    for path in project_files():
        text = None if name_of(path).startswith("fuzz/corpus/") else text_of(path)
        for number, line in enumerate((text or "").splitlines(), 1):
            if FORBIDDEN[what].search(line):
                wrong.append(f"{name_of(path)}:{number}: {line.strip()[:120]}")
    assert not wrong, "\n".join(wrong)


# The one that users write, in names of tables.
PLACEHOLDERS = {"{stem}"}
PLACEHOLDER = re.compile(r"(?<!\{)\{[A-Za-z_]\w*\}(?!\})")


def placeholders_of_c(text):
    """Those in texts in quotes; comments go first."""
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found.group().count("\n"), text, flags=re.DOTALL)
    for number, line in enumerate(text.splitlines(), 1):
        for literal in re.findall(r'"(?:[^"\\\n]|\\.)*"', line):
            yield from ((number, found) for found in PLACEHOLDER.findall(literal))


def placeholders_of_python(text):
    """Those in texts that are neither f-strings, nor what documents, nor given to format() by their function or, in a table of the
    module, by somebody else in it."""
    tree = ast.parse(text)
    passed = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            passed.add(id(body[0].value))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            passed.update(id(part) for part in ast.walk(node.func.value))
    if ".format(**" in text:
        for node in tree.body:
            if isinstance(node, ast.Assign):
                passed.update(id(part) for part in ast.walk(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
            yield from ((node.lineno, found) for found in PLACEHOLDER.findall(node.value))


def test_no_message_shows_a_placeholder():
    """A name in braces that nothing fills in would be what the user reads."""
    wrong = []
    for path in c_files("src", "include", "python", "extensions"):
        wrong += [f"{name_of(path)}:{line}: {found}" for line, found in placeholders_of_c(path.read_text()) if found not in PLACEHOLDERS]
    for path in sorted((TOP / "python" / "pyforge_cli").rglob("*.py")):
        wrong += [f"{name_of(path)}:{line}: {found}" for line, found in placeholders_of_python(path.read_text()) if found not in PLACEHOLDERS]
    assert not wrong, "\n".join(wrong)


def test_placeholders_are_seen():
    assert list(placeholders_of_c('a("it is {name}", x);\n/* "{b}" */ "{{c}}" "{\\"d\\"}" "{%s}"\n')) == [(1, "{name}")]
    assert list(placeholders_of_python('"""{a}"""\nx = f"{b}"\ny = f"{b}" "\\n {c}"\nz = "{d}".format(d=1)\ndef f():\n    g("{e} {{i}}")\n')) == [
        (3, "{c}"), (6, "{e}")]


def test_files_stay_readable():
    wrong = [f"{name_of(path)}: {lines} lines" for path in c_files("src", "include", "python")
             if (lines := len(path.read_text().splitlines())) > FILE_LINES_AT_MOST]
    assert not wrong, "\n".join(wrong)


def test_layout():
    """clang-format decides layout (make format)."""
    if not shutil.which("clang-format-16"):
        pytest.skip("clang-format-16 is not installed")
    files = c_files("src", "include", "python", "tests", "fuzz", "bench")
    done = subprocess.run(["clang-format-16", "--dry-run", "-Werror", "--ferror-limit=1", *files], capture_output=True, text=True, cwd=TOP)
    wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "error: code should be clang-formatted" in line})
    assert done.returncode == 0, "run make format; these differ:\n" + "\n".join(wrong)


def test_scripts_are_executable_and_parse():
    wrong = []
    for path in project_files():
        name = name_of(path)
        if not (name.startswith("scripts/") or name == ".ci/run"):
            continue
        if not path.stat().st_mode & 0o100:
            wrong.append(f"{name} is not executable")
        if path.read_text().startswith("#!/bin/sh") and subprocess.run(["sh", "-n", path]).returncode != 0:
            wrong.append(f"{name} does not parse")
    assert not wrong, "\n".join(wrong)
