"""Many files of a batch into one table: the types of its columns by what all files show, and the files that one commit can write."""

import re

from pyforge_cli.extensions.databricks.brought import Brought, Group, Left

_INTEGERS = re.compile(r"u?int(8|16|32|64)\Z")
_DECIMAL = re.compile(r"decimal\(([0-9]+),([0-9]+)\)\Z")


def _digits(kind):
    """(digits before the point, behind it) that hold every value; None = it is no exact number."""
    found = _DECIMAL.match(kind)
    if found:
        return int(found[1]) - int(found[2]), int(found[2])
    return (19, 0) if _INTEGERS.match(kind) else None


def common(kinds):
    """The type that holds the values of all these types as they stand in their files."""
    kinds = set(kinds)
    if len(kinds) == 1:
        return kinds.pop()
    if all(_INTEGERS.match(kind) for kind in kinds):
        return "int64"
    if kinds <= {"float32", "float64"} or all(_INTEGERS.match(kind) or kind in ("float32", "float64") for kind in kinds):
        return "float64"
    exact = [_digits(kind) for kind in kinds]
    if None not in exact:
        whole, scale = max(digits[0] for digits in exact), max(digits[1] for digits in exact)
        if whole + scale <= 38:
            return f"decimal({whole + scale},{scale})"
    return "string"


def one_table_of(options):
    """OneTable for the options of a batch; None = it is none into one table."""
    table = options.get("table")
    return OneTable(options) if table is not None and "{stem}" not in table else None


class OneTable:
    def __init__(self, options):
        self.table, self.mode = options["table"], options.get("mode") or "error"
        self.column_names = options.get("column_names") or "repair"
        self.typed_by_values = options.get("schema") is None and options.get("types") != "string" and options.get("compat") in (None, "none")
        self.fields, self.wanted = (), {}

    def declared(self, at_hand, watch):
        """{column: type} of the table that is there; raises when it must not be."""
        from pyforge_cli.extensions.databricks.tables import declared_types, existing_fields, table_target
        from pyforge_cli.extensions.databricks.waiting import answer, begin, wait

        state = {}
        wait(begin("pyforge-spark-types", lambda: existing_fields(at_hand.session, table_target(self.table), self.mode), state), watch)
        self.fields = answer(state) or ()
        self.wanted = declared_types(self.fields) if self.typed_by_values else {}
        return dict(self.wanted)

    def _wanted(self, reports):
        """{name in lower case: type} of the columns in which the files differ, or the table from them."""
        from pyforge_cli.extensions.databricks.engine import _corrections

        shown = {}
        for report in reports:
            for column in report["columns"]:
                kinds = shown.setdefault(column["name"].lower(), set())
                if column["null_count"] != report["row_count"]:
                    kinds.add(column["type"])
        wanted = {name: common(kinds) for name, kinds in shown.items() if kinds}
        for report in reports:
            corrections = _corrections(report["columns"], self.wanted, self.column_names, self.fields)
            wanted.update((name.lower(), kind) for name, kind in corrections.items())
        return wanted

    def differing(self, answers):
        """[({column: type}, [number, ...]), ...]: files to be read once more, with other types than their own values show."""
        brought = {number: answer for number, answer in answers.items() if isinstance(answer, Brought)}
        if not self.typed_by_values:
            return []
        wanted = self._wanted([answer.report for answer in brought.values()])
        again = {}
        for number, answer in brought.items():
            other = {column["name"]: wanted[column["name"].lower()] for column in answer.report["columns"]
                     if wanted.get(column["name"].lower(), column["type"]) != column["type"]}
            if other:
                declared = {**self.wanted, **other}
                again.setdefault(tuple(sorted(declared.items())), []).append(number)
        return [(dict(declared), numbers) for declared, numbers in again.items()]

    def group(self, answers):
        """Puts together what has the same columns; what has not the type that the others have is for the driver."""
        groups, kinds = {}, {}
        for number in sorted(number for number, answer in answers.items() if isinstance(answer, Brought)):
            columns = answers[number].report["columns"]
            other = [column["name"] for column in columns if kinds.setdefault(column["name"].lower(), column["type"]) != column["type"]]
            if other:
                answers[number] = Left(f"its column {other[0]!r} has another type than in the files before it")
                continue
            answers[number] = groups.setdefault(tuple(column["name"] for column in columns), Group()).add(answers[number])


__all__ = ["OneTable", "common", "one_table_of"]
