"""What the source checks look at: the project's own files, and the exceptions committed beside the checks."""

import shutil
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
CHECKS = Path(__file__).resolve().parent
NOT_OURS = {".git", "build", "__pycache__", ".venv", ".pytest_cache"}


def project_files():
    """Every file of the project: what git tracks or would; without git, everything outside build directories."""
    command = ["git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True) if shutil.which("git") else None
    if listed and listed.returncode == 0 and listed.stdout:
        names = listed.stdout.decode().split("\0")
        return sorted(TOP / name for name in names if name and (TOP / name).is_file())
    return sorted(path for path in TOP.rglob("*") if path.is_file() and not NOT_OURS & set(path.relative_to(TOP).parts))


def c_files(*folders):
    return [path for path in project_files() if path.suffix in (".c", ".h") and path.relative_to(TOP).parts[0] in folders]


def name_of(path):
    return path.relative_to(TOP).as_posix()


def exceptions(file, fields):
    """Lines of a list of exceptions: so many words, then a reason. Gives {words: reason}; a line without a reason is an error."""
    found = {}
    for number, line in enumerate((CHECKS / file).read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split(None, fields)
        assert len(words) == fields + 1, f"{file}, line {number}: expected {fields} words and a reason"
        found[tuple(words[:fields])] = words[fields]
    return found
