"""Names of tables and columns: taken apart, checked and quoted. Whatever a name holds, it stays a name."""

import re

from pyforge_cli.extensions.databricks.spark_errors import failure

# A part that may stand without backticks. More than Spark takes bare: it is always quoted before Spark sees it.
_BARE = re.compile(r"[^\W]([\w$-]*\w)?\Z")
_QUOTED = re.compile(r"`((?:[^`]|``)+)`")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
PARTS_AT_MOST = 3
PART_CHARACTERS_AT_MOST = 255
# What Delta refuses in the name of a column, unless the table maps names.
REFUSED_IN_COLUMNS = " ,;{}()\n\t="
COLUMN_NAMES = ("repair", "keep", "snake", "map")


def _wrong(text, why):
    shown = text if len(text) <= 120 else text[:117] + "..."
    return failure(
        "option",
        f"{shown!r} is not the name of a table: {why}",
        "write catalog.schema.table; a part with other characters than letters, digits, _ and - stands in backticks, "
        "and a backtick in it is written twice",
    )


def parse_table(text):
    """'main.default.`odd name`' as ('main', 'default', 'odd name'): one to three parts."""
    parts, at = [], 0
    while True:
        quoted = _QUOTED.match(text, at)
        if quoted:
            part, at = quoted[1].replace("``", "`"), quoted.end()
        else:
            end = text.find(".", at)
            part, end = (text[at:], len(text)) if end < 0 else (text[at:end], end)
            at = end
            if not part:
                raise _wrong(text, f"part {len(parts) + 1} is empty")
            if not _BARE.match(part):
                raise _wrong(text, f"part {len(parts) + 1}, {part!r}, needs backticks around it")
        _check_part(text, part, len(parts) + 1)
        parts.append(part)
        if at == len(text):
            break
        if text[at] != ".":
            raise _wrong(text, f"after part {len(parts)} stands {text[at]!r} where a dot belongs")
        at += 1
    if len(parts) > PARTS_AT_MOST:
        raise _wrong(text, f"it has {len(parts)} parts, and {PARTS_AT_MOST} is the most")
    return tuple(parts)


def _check_part(text, part, number):
    if _CONTROL.search(part):
        raise _wrong(text, f"part {number} has a control character")
    if "${" in part:
        # Spark replaces ${...} in the text of a statement before it looks at backticks.
        raise _wrong(text, f"part {number} has '${{', which Spark would replace by a setting")
    if len(part) > PART_CHARACTERS_AT_MOST:
        raise _wrong(text, f"part {number} has {len(part)} characters, and {PART_CHARACTERS_AT_MOST} is the most")


def quote(part):
    return "`" + part.replace("`", "``") + "`"


def quote_all(parts):
    return ".".join(map(quote, parts))


_PART = re.compile(r"`(?:[^`]|``)*`|[^.`]+|.", re.DOTALL)


def fill(pattern, stem):
    """'main.bronze.raw_{stem}' with the name of a file in place of {stem}: it stays within its part, whatever it is."""
    parts = []
    for part in _PART.findall(pattern):
        if "{stem}" in part:
            filled = part.replace("{stem}", stem)
            if part[0] == "`":
                part = part.replace("{stem}", stem.replace("`", "``"))
            else:
                # only what the file brings may need backticks; the rest is as it was written
                part = quote(filled) if _BARE.match(part.replace("{stem}", "x")) and not _BARE.match(filled) else filled
        parts.append(part)
    return "".join(parts)


# ---- columns


def _listed(names, most=5):
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _repaired(name):
    return "".join("_" if character in REFUSED_IN_COLUMNS else character for character in name)


def _snake(name):
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"\W+", "_", name).strip("_").lower() or "column"


def _distinct(names, wanted):
    """wanted, without two of one name; case does not count, as for Delta. A column that keeps its name has it; of the others all but the
    first get _2, _3 ..., by the order of their own names: the order of the columns in a file does not count."""
    result = list(wanted)
    taken = {new.lower() for old, new in zip(names, wanted) if old == new}
    for name, at in sorted((old, at) for at, (old, new) in enumerate(zip(names, wanted)) if old != new):
        number = 2
        while result[at].lower() in taken:
            result[at], number = f"{wanted[at]}_{number}", number + 1
        taken.add(result[at].lower())
    return result


def _check_which(names, wanted, existing):
    """What a table has as a, a_2 ... came from several columns: fewer or more than that cannot be told apart."""
    for old, new in zip(names, wanted):
        if old == new:
            continue
        numbered = re.compile(re.escape(new) + r"(_\d+)?\Z", re.IGNORECASE)
        there = {name.lower() for name in existing if numbered.match(name)}
        come = [other for other, name in zip(names, wanted) if name.lower() == new.lower() or (other == name and name.lower() in there)]
        if len(there) > 1 and len(come) != len(there):
            raise failure("data", f"the column {old!r} would be {new!r}, but the table has {_listed(sorted(there))}, and it cannot be told which "
                          "it is", "rename it in the file as the table has it")


def table_columns(names, how="repair", existing=()):
    """(names in the table, notes) for the columns of a file.

    how: repair replaces what Delta refuses by '_', keep refuses such a column, snake makes all names snake_case, map leaves them
    to a table that maps names. existing: the columns the table has; a column that is there by its own name keeps it.
    """
    if how not in COLUMN_NAMES:
        raise failure("option", f"column_names is {how!r}", f"it takes {', '.join(COLUMN_NAMES)}")
    folded = [name.lower() for name in names]
    twice = [name for name in names if folded.count(name.lower()) > 1]
    if twice:
        raise failure("data", f"the columns {_listed(twice)} differ in case only, and Delta takes them for one",
                      "rename one of them in the file, or leave it out (--columns)")
    replaced = [name for name in names if "${" in name]
    if replaced:
        # Hadoop replaces ${...} in the list of columns a reader asks for, and Spark then finds no such column: all nulls.
        raise failure("data", f"the columns {_listed(replaced)} have '${{' in their names, which Spark cannot read",
                      "rename them in the file, or leave them out (--columns)")
    there = {name.lower() for name in existing}
    refused = [name for name in names if set(name) & set(REFUSED_IN_COLUMNS) and name.lower() not in there]
    if how == "map" or not (refused or how == "snake"):
        return list(names), []
    if how == "keep":
        raise failure("data", f"Delta refuses the names of the columns {_listed(refused)}: none of the characters blank , ; {{ }} ( ) = "
                      "tab and end of line may stand in them",
                      "--column-names repair replaces them by _, snake makes snake_case names, map has the table map names")
    change = _snake if how == "snake" else _repaired
    wanted = [name if name.lower() in there else change(name) for name in names]
    _check_which(names, wanted, existing)
    changed = _distinct(names, wanted)
    pairs = [f"{old!r} is {new!r}" for old, new in zip(names, changed) if old != new]
    more = f" and {len(pairs) - 8} more" if len(pairs) > 8 else ""
    return changed, [f"columns renamed in the table: {', '.join(pairs[:8])}{more}"] if pairs else []


__all__ = ["COLUMN_NAMES", "fill", "parse_table", "quote", "quote_all", "table_columns"]
