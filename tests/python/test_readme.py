"""The examples of README.md and examples/README.md do what they say.

```console blocks: lines that begin with "$ " are run, what follows is what they print (standard output and error together);
a line "..." stands for any lines. Lines between two "..." need only be part of a line printed.
```sh blocks: every line that runs pyforge, or a pipeline with it, succeeds.
"""

import os
import re
import shutil
import subprocess

import pytest
from conftest import ROOT, clean_environment

DOCUMENTS = ["README.md", "examples/README.md", "docs/migration.md", "docs/excel.md", "docs/dbf.md", "docs/xml.md"]
BLOCK = re.compile(r"^```(console|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(kind):
    """(document and place, text) of every block of a kind."""
    found = []
    for document in DOCUMENTS:
        for number, match in enumerate(BLOCK.finditer((ROOT / document).read_text()), 1):
            if match[1] == kind:
                found.append(pytest.param(match[2], id=f"{document}:{number}"))
    return found


@pytest.fixture
def shell(tmp_path, pyforge_path):
    """Runs a command line in a folder with examples/ and pyforge in the PATH."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pyforge").symlink_to(pyforge_path)
    environment = clean_environment({"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"})
    environment.pop("PYTHONPATH", None)

    def run(line):
        return subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)

    return run


def matches(expected, printed):
    """Whether lines are as expected, "..." standing for any."""
    if "..." not in expected:
        return expected == printed
    text = "\n".join(printed)
    return all(part in text for part in expected if part != "...")


@pytest.mark.parametrize("text", blocks("console"))
def test_console_block(shell, text):
    for session in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, *expected = session.splitlines()
        printed = shell(line).stdout.splitlines()
        assert matches(expected, printed), f"$ {line}\nexpected: {expected}\nprinted:  {printed}"


@pytest.mark.parametrize("text", blocks("sh"))
def test_shell_block(shell, text):
    lines = [line.split(" #")[0].strip() for line in text.splitlines() if re.search(r"(^|\| *)pyforge ", line)]
    # A block may use what an earlier one of its document made.
    shell("pyforge convert examples/sales.csv sales.parquet --quiet")
    if any(line.startswith("pyforge convert examples/sales.csv sales.parquet") and "--force" not in line for line in lines):
        shell("rm sales.parquet")
    for line in lines:
        done = shell(line)
        # "| head" may close the pipe before everything is written.
        assert done.returncode in ((0, 141) if "| head" in line else (0,)), f"$ {line}\n{done.stdout}"


def test_links_lead_somewhere():
    wrong = []
    for document in DOCUMENTS + ["CONTRIBUTING.md", "docs/design/architecture.md", "docs/design/errors.md", "docs/design/dependencies.md"]:
        path = ROOT / document
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
            if not (path.parent / target).exists():
                wrong.append(f"{document}: {target}")
    assert not wrong, "\n".join(wrong)


def test_sample_is_worth_showing():
    text = (ROOT / "examples" / "sales.csv").read_text()
    assert 30 <= text.count("\n") <= 200
    for wanted in ('""', "\n00107,", ",02108,", "София", ",,", '\nsecond floor"'):
        assert wanted in text, wanted


@pytest.mark.skipif("PYFORGE" in os.environ, reason="another build than build/release is under test")
def test_installed_library_works(tmp_path):
    """What `make install` puts into place: the command, and a library with which the C example of the README compiles and runs."""
    prefix = tmp_path / "prefix"
    subprocess.run(["cmake", "--install", ROOT / "build" / "release", "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
    assert subprocess.run([prefix / "bin" / "pyforge", "--version"], capture_output=True, check=True).stdout
    example = re.search(r"^```c\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)[1]
    includes = "".join(line + "\n" for line in example.splitlines() if line.startswith("#include"))
    body = "\n".join(line for line in example.splitlines() if not line.startswith("#include"))
    (tmp_path / "example.c").write_text(f"#include <stdio.h>\n{includes}int main(void)\n{{\n{body}\nreturn 0;\n}}\n")
    (tmp_path / "data.csv").write_text("id,name\n007,x\n")
    packages = next(prefix.rglob("pyforge.pc")).parent
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "pyforge"], env={**os.environ, "PKG_CONFIG_PATH": str(packages)},
                           capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["cc", "-Wall", "-Werror", "example.c", "-o", "example", *flags], cwd=tmp_path, check=True)
    done = subprocess.run(["./example"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "1 row" in done.stdout, done.stderr
    assert (tmp_path / "data.parquet").exists()
