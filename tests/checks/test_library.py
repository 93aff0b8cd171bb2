"""What the library must not do, seen in its object code: keep state in globals, print, exit, or allocate behind the budget's back."""

import re
import subprocess

import pytest
from sources import TOP, exceptions

ARCHIVE = TOP / "build" / "dev" / "libpyforge.a"
# The command line runs inside other programs as well: what it writes goes through its host (pyforge/command.h).
COMMAND_ARCHIVE = TOP / "build" / "dev" / "libpyforge_cli.a"
COMMAND_FORBIDDEN = ("prints", "exits", "depends on the locale", "allocates without pf_memory")
# Functions of the C library, and the rooms that may use them.
FORBIDDEN = {
    "prints": ({"printf", "puts", "putchar", "perror", "vprintf", "stdout", "stderr"}, set()),
    "exits": ({"exit", "_exit", "abort", "quick_exit"}, set()),
    "installs signal handlers": ({"signal", "sigaction"}, set()),
    "depends on the locale": ({"setlocale", "strtod", "atof", "sscanf", "__isoc99_sscanf", "strtok"}, set()),
    # base implements it; an exported ArrowSchema (arrow) outlives the context it came from.
    "allocates without pf_memory": ({"malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "strdup", "strndup"}, {"base", "arrow"}),
}
OBJECT = re.compile(r"^(?P<object>[^\s:]+\.o): +file format|^(?P<member>[^\s:]+\.o):$", re.MULTILINE)


def objects(*command, archive=ARCHIVE):
    """{object file: lines} of what objdump or nm says of the archive."""
    if not archive.exists():
        pytest.skip("build/dev is not built")
    text = subprocess.run([*command, archive], capture_output=True, text=True, check=True).stdout
    found, current = {}, None
    for line in text.splitlines():
        match = OBJECT.match(line)
        if match:
            current = found.setdefault(match["object"] or match["member"], [])
        elif current is not None:
            current.append(line)
    return found


def test_no_mutable_globals():
    allowed = exceptions("global_exceptions.txt", 2)
    wrong, used = [], set()
    for name, lines in objects("objdump", "-t").items():
        for line in lines:
            # value flags section<TAB>size name; constant tables with pointers are in .data.rel.ro
            match = re.match(r"^[0-9a-f]+ .{7} (\.data|\.bss|\.tdata|\.tbss)(?:\.(?!rel\.ro)\S+)?\t([0-9a-f]+)\s+(\S+)$", line)
            if not match or int(match[2], 16) == 0:
                continue
            place = (name.removesuffix(".o"), match[3].split(".")[0])
            if place in allowed:
                used.add(place)
            else:
                wrong.append(f"{place[0]}: {place[1]} in {match[1]}")
    assert not wrong, "\n".join(wrong)
    assert used == set(allowed), f"no longer needed in global_exceptions.txt: {sorted(set(allowed) - used)}"


def rooms_of_objects():
    """{object name: the rooms that have a source of that name}"""
    rooms = {}
    for path in (TOP / "src").rglob("*.c"):
        rooms.setdefault(path.name + ".o", set()).add(path.relative_to(TOP / "src").parts[0])
    return rooms


@pytest.mark.parametrize("what", FORBIDDEN)
def test_library_never(what):
    functions, allowed = FORBIDDEN[what]
    rooms = rooms_of_objects()
    wrong = []
    for name, lines in objects("nm", "--undefined-only").items():
        # Objects are known by their name only; one that two rooms have counts as neither.
        if rooms.get(name) and rooms[name] <= allowed:
            continue
        wrong += [f"{name} uses {line.split()[-1]}" for line in lines if line.split() and line.split()[-1] in functions]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("what", COMMAND_FORBIDDEN)
def test_command_line_never(what):
    wrong = [f"{name} uses {line.split()[-1]}" for name, lines in objects("nm", "--undefined-only", archive=COMMAND_ARCHIVE).items()
             for line in lines if line.split() and line.split()[-1] in FORBIDDEN[what][0] | {"fputs", "fputc", "fprintf", "fwrite"}]
    assert not wrong, "\n".join(wrong)


def test_no_symbol_is_defined_twice():
    seen, wrong = {}, []
    for name, lines in objects("nm", "--defined-only", "--extern-only").items():
        for line in lines:
            if len(line.split()) == 3:
                symbol = line.split()[2]
                if symbol in seen:
                    wrong.append(f"{symbol}: {seen[symbol]} and {name}")
                seen[symbol] = name
    assert not wrong, "\n".join(wrong)


def test_exported_names_have_the_prefix():
    wrong = [f"{name}: {line.split()[2]}" for name, lines in objects("nm", "--defined-only", "--extern-only").items() for line in lines
             if len(line.split()) == 3 and not line.split()[2].startswith(("pf_", "arrow_", "csv_", "parquet_", "xlsx_", "dbf_", "xml_"))]
    assert not wrong, "\n".join(wrong)
