"""Keywords as the texts that the option tables read. What a name means, and whether a value is good, the library says."""

import os

# Lists whose items the library takes as they stand; names in other lists may be quoted.
_UNQUOTED = {"null_values"}
# What is made by a program and came out empty is more likely a mistake than meant.
_NOT_EMPTY = {"schema", "columns", "tables", "sheets", "sheet"}
# Of these an empty text would choose as much as nothing given does: everything.
_NOT_BLANK = {"tables", "sheets", "sheet"}
# Rows of column names.
_ROWS = {"header"}


def _quoted(item):
    text = str(item)
    if text and text == text.strip() and not any(mark in text for mark in ",:\"'"):
        return text
    return '"' + text.replace('"', '""') + '"'


def _rows(name, value):
    """(1, 2) as "1-2", (3,) as "3": rows that follow one another."""
    whole = all(isinstance(row, int) and not isinstance(row, bool) for row in value)
    if not value or not whole or list(value) != list(range(value[0], value[0] + len(value))):
        raise TypeError(f"option {name}: {value!r} are not rows that follow one another; give a row, or rows such as (1, 2)")
    return str(value[0]) if len(value) == 1 else f"{value[0]}-{value[-1]}"


def text_of(name, value):
    """The text of an option's value, or True or False."""
    if name in _NOT_BLANK and isinstance(value, str) and not value.strip():
        raise TypeError(f"option {name} is empty: leave it out, or give None, where all are meant")
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, (list, tuple, dict)) and None in (value.values() if isinstance(value, dict) else value):
        raise TypeError(f"option {name} has a None among its values")
    if name in _NOT_EMPTY and isinstance(value, (list, tuple, dict)) and not value:
        raise TypeError(f"option {name} is empty: leave it out, or give None, where nothing is chosen or declared")
    if isinstance(value, dict):
        return ",".join(f"{_quoted(key)}:{item}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        if name in _ROWS:
            return _rows(name, value)
        if name in _UNQUOTED:
            return ",".join(str(item) for item in value)
        return ",".join(_quoted(item) for item in value)
    if hasattr(value, "item"):  # a number of NumPy
        return text_of(name, value.item())
    if isinstance(value, (int, float)):
        return repr(value)
    raise TypeError(f"option {name} cannot be of type {type(value).__name__}; give text, a number, True or False, a list or a dict")


def settings(options):
    """[(name, text, bool or TypeError), ...] for the binding. None is an option not given; from_ is from, which Python keeps for itself."""
    pairs = []
    for name, value in options.items():
        if value is not None:
            name = name.rstrip("_") or name
            try:
                text = text_of(name, value)
            except TypeError as error:
                text = error  # raised by the binding, if there is such an option at all
            pairs.append((name, text))
    return pairs
