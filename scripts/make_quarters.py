#!/usr/bin/env python3
"""Makes examples/quarters.xlsx, the workbook of several sheets that docs/excel.md shows. Needs openpyxl."""
import pathlib

import openpyxl

SHEETS = {
    "Q1": [["region", "amount"], ["North", 120.5], ["South", 80]],
    "Q2": [["Region", "Amount"], ["North", 99.5], ["West", 60]],
    "Regions": [["region", "manager"], ["North", "Anna"], ["South", "Björn"]],
    "Draft": [["region"], ["East"]],
}


def main():
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in SHEETS.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook["Draft"].sheet_state = "hidden"
    workbook.save(pathlib.Path(__file__).resolve().parents[1] / "examples" / "quarters.xlsx")


if __name__ == "__main__":
    main()
