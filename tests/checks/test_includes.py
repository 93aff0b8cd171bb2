"""Dependencies point one way: a room includes only itself and rooms below it (docs/design/architecture.md)."""

import re

from sources import c_files, exceptions, name_of

ROOMS = ["base", "arrow", "storage", "transform", "formats", "engine", "extension", "convert", "cli"]
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
# What differs between operating systems; src/base hides it from the rest.
SYSTEM = re.compile(r"^(pthread|unistd|fcntl|dirent|sched|signal|poll|termios|dlfcn|iconv|langinfo|semaphore|spawn|pwd|fnmatch|glob|linux/.*"
                    r"|sys/(?!types).*)\.h$")


def includes(path):
    """(quoted header or None, system header or None) of every include."""
    return INCLUDE.findall(path.read_text())


def room_of(name):
    parts = name.split("/")
    return parts[1] if parts[0] == "src" else parts[0]


def quoted(path):
    """Quoted includes of a file of src/ as paths below src/ ("base/error.h", "pyforge/pyforge.h")."""
    folder = name_of(path).split("/", 1)[1].rsplit("/", 1)[0]
    for header, _ in includes(path):
        if header:
            yield header if "/" in header else f"{folder}/{header}"


def test_rooms_include_only_what_lies_below():
    wrong = []
    for path in c_files("src"):
        room = room_of(name_of(path))
        assert room in ROOMS, f"{name_of(path)}: {room} is not a room; add it to ROOMS in its order"
        for header in quoted(path):
            target = header.split("/")[0]
            if target == "pyforge" or target == room:
                continue
            if target not in ROOMS or ROOMS.index(target) > ROOMS.index(room):
                wrong.append(f"{name_of(path)} includes {header}")
    assert not wrong, "\n".join(wrong)


def test_formats_do_not_include_each_other():
    wrong = []
    for path in c_files("src"):
        parts = name_of(path).split("/")
        if parts[1] != "formats" or len(parts) == 3:
            continue  # files of formats/ itself belong to all of them
        for header in quoted(path):
            target = header.split("/")
            if target[0] == "formats" and len(target) > 2 and target[1] != parts[2]:
                wrong.append(f"{name_of(path)} includes {header}")
    assert not wrong, "\n".join(wrong)


def test_rooms_above_know_formats_by_their_descriptors_only():
    """The engine knows format.h; convert may also see what a format exports (NAME_format.h), for options that are not in tables."""
    wrong = []
    for path in c_files("src"):
        room = room_of(name_of(path))
        for header in quoted(path):
            parts = header.split("/")
            if room in ("engine", "convert") and parts[0] == "formats" and len(parts) == 3:
                if room == "engine" or parts[2] != f"{parts[1]}_format.h":
                    wrong.append(f"{name_of(path)} includes {header}")
    assert not wrong, "\n".join(wrong)


def test_command_line_sees_public_headers_only():
    wrong = [f"{name_of(path)} includes {header}" for path in c_files("src") if room_of(name_of(path)) == "cli"
             for header in quoted(path) if header.split("/")[0] not in ("pyforge", "cli")]
    assert not wrong, "\n".join(wrong)


def test_the_python_module_sees_public_headers_only():
    wrong = [f"{name_of(path)} includes {header}" for path in c_files("python") for header, _ in includes(path)
             if header and not header.startswith("pyforge/") and header not in ("binding.h", "extension.h")]
    assert not wrong, "\n".join(wrong)


def test_public_headers_stand_alone():
    wrong = [f"{name_of(path)} includes {header}" for path in c_files("include") for header, _ in includes(path)
             if header and not header.startswith("pyforge/")]
    assert not wrong, "\n".join(wrong)


def test_operating_system_stays_in_base():
    allowed = exceptions("system_headers.txt", 2)
    wrong, used = [], set()
    for path in c_files("src", "include"):
        name = name_of(path)
        for _, header in includes(path):
            if not header or not SYSTEM.match(header):
                continue
            if name.startswith("src/base/") and name.endswith(".c"):
                continue
            place = next((place for place in ((name, header), (name, "*")) if place in allowed), None)
            if place:
                used.add(place)
            else:
                wrong.append(f"{name} includes <{header}>")
    assert not wrong, "\n".join(wrong)
    assert used == set(allowed), f"no longer needed in system_headers.txt: {sorted(set(allowed) - used)}"
