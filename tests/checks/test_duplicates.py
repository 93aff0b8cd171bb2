"""One piece of logic stands once: no two functions of src/ have the same body, whatever their names, texts and numbers are."""

import re

from sources import c_files, exceptions, name_of

# A definition as clang-format lays it out: the name's line starts at the margin, the braces stand there alone.
FUNCTION = re.compile(r"^(?![ #/}{])[^\n;{}]*?\b(\w+)\([^;{}]*\)\s*\n\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
CHARACTER = re.compile(r"'(?:[^'\\]|\\.)*'")
WORD = re.compile(r"\b\w+\b")
KEYWORDS = {"if", "else", "for", "while", "do", "switch", "case", "default", "return", "break", "continue", "goto", "sizeof", "struct",
            "const", "static"}
LINES_AT_LEAST = 6


def shape(body):
    """The body with its names numbered in the order of their first use, and all texts and numbers alike."""
    names = {}

    def plain(match):
        word = match[0]
        if word in KEYWORDS:
            return word
        return "0" if word[0].isdigit() else names.setdefault(word, f"name{len(names)}")

    return WORD.sub(plain, CHARACTER.sub("0", TEXT.sub('""', body)))


def bodies():
    """(file, function, body without comments and blanks) of every function of some length."""
    for path in c_files("src"):
        for match in FUNCTION.finditer(path.read_text()):
            lines = [line.strip() for line in COMMENT.sub("", match[2]).splitlines() if line.strip()]
            if len(lines) >= LINES_AT_LEAST:
                yield name_of(path), match[1], "\n".join(lines)


def test_shapes_are_compared():
    one = 'int count = 0;\nif (a[count] == \'x\')\nputs("one");'
    other = "int n = 12;\nif (text[n] == '\\'')\ncall(\"another \\\"text\");"
    assert shape(one) == shape(other) != shape(other.replace("text[n]", "n[text]"))


def test_no_function_stands_twice():
    allowed = exceptions("duplicate_exceptions.txt", 2)
    seen, twice = {}, {}
    for file, function, body in bodies():
        key = shape(body)
        if key in seen:
            twice[file, function] = f"{file}: {function} is {seen[key]}"
        seen.setdefault(key, f"{file}: {function}")
    assert seen, "no functions found: the pattern no longer fits the layout"
    wrong = [text for place, text in twice.items() if place not in allowed]
    assert not wrong, "\n".join(wrong)
    assert not set(allowed) - set(twice), f"no longer needed in duplicate_exceptions.txt: {sorted(set(allowed) - set(twice))}"
