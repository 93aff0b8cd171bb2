"""One piece of logic stands once: no two functions of src/ have the same body."""

import re

from sources import c_files, name_of

# A definition as clang-format lays it out: the name's line starts at the margin, the braces stand there alone.
FUNCTION = re.compile(r"^(?![ #/}{])[^\n;{}]*?\b(\w+)\([^;{}]*\)\s*\n\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
LINES_AT_LEAST = 6


def bodies():
    """(place, body without comments and blanks) of every function of some length."""
    for path in c_files("src"):
        for match in FUNCTION.finditer(path.read_text()):
            lines = [line.strip() for line in COMMENT.sub("", match[2]).splitlines() if line.strip()]
            if len(lines) >= LINES_AT_LEAST:
                yield f"{name_of(path)}: {match[1]}", "\n".join(lines)


def test_no_function_stands_twice():
    seen, wrong = {}, []
    for place, body in bodies():
        if body in seen:
            wrong.append(f"{place} is {seen[body]}")
        seen.setdefault(body, place)
    assert seen, "no functions found: the pattern no longer fits the layout"
    assert not wrong, "\n".join(wrong)
