#!/usr/bin/env python3
"""The table of outcomes in docs/excel.md: what of the real workbooks that are tested is equal to openpyxl and calamine, and what is not.

    excel_outcomes.py            writes it
    excel_outcomes.py --check    fails where it is not as it would be written

Its sources are tests/python/xlsx_workbooks.tsv (every workbook) and xlsx_read_exceptions.tsv, which the tests keep true.
"""

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
GUIDE = TOP / "docs" / "excel.md"
TESTS = TOP / "tests" / "python"
BEGIN, END = "<!-- outcomes: scripts/excel_outcomes.py -->\n", "<!-- outcomes end -->\n"


def lines(name):
    return [line.split("\t") for line in (TESTS / name).read_text(encoding="utf-8").splitlines()[1:]]


def table():
    files = [file.rsplit("/", 1)[1] for file, *_ in lines("xlsx_workbooks.tsv")]
    exceptions = lines("xlsx_read_exceptions.tsv")
    refused = {file for file, oracle, *_ in exceptions if not oracle}
    apart = {file for file, oracle, *_ in exceptions if oracle}
    equal = len(files) - len(refused) - len(apart)
    text = f"Of {len(files)} workbooks of other projects, {equal} give the cells that openpyxl and calamine read in every sheet, "
    text += f"{len(apart)} differ from one of them as below, and {len(refused)} are refused.\n\n"
    text += "| workbook | beside | outcome | right | why |\n|---|---|---|---|---|\n"
    for file, oracle, kind, right, reason in exceptions:
        short = file.removeprefix("test-data__").removeprefix("spreadsheet__").removeprefix("poifs__").removeprefix("tests__")
        text += f"| `{short}` | {oracle or '-'} | {kind} | {right} | {reason} |\n"
    return text


def main():
    guide = GUIDE.read_text(encoding="utf-8")
    before, rest = guide.split(BEGIN)
    after = rest.split(END)[1]
    made = before + BEGIN + "\n" + table() + "\n" + END + after
    if sys.argv[1:] == ["--check"]:
        if made != guide:
            print("docs/excel.md: the outcomes are not those of the tests; run scripts/excel_outcomes.py")
        return made != guide
    GUIDE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
