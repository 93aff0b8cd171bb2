"""What is generated from the option tables is up to date, and works."""

import shutil
import subprocess
import sys

import pytest

from conftest import ROOT


def test_generated_files_are_up_to_date(pyforge_path, monkeypatch):
    monkeypatch.setenv("PYFORGE", pyforge_path)
    result = subprocess.run([sys.executable, ROOT / "scripts" / "make_docs.py", "--check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("line, expected", [
    ("pyforge conv", "convert"),
    ("pyforge convert --compr", "--compression"),
    ("pyforge convert -c zs", "zstd"),
])
def test_bash_completion(line, expected):
    if shutil.which("bash") is None:
        pytest.skip("no bash")
    words = line.split()
    script = f"""
source '{ROOT}/completions/pyforge.bash'
COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}
_pyforge
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert expected in result.stdout.splitlines(), result


def test_manual_page_has_no_complaints():
    if shutil.which("man") is None:
        pytest.skip("no man")
    result = subprocess.run(["man", "--warnings", "-l", ROOT / "docs" / "pyforge.1"], capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stderr == ""
    assert "--compression" in result.stdout
