"""Figures in the docs are those of a report of the benchmark, and not written by hand."""

import re

from sources import TOP

PAGE = TOP / "docs" / "spark-costs.md"
REPORT = re.compile(r"^From \[(bench/[\w-]+\.md)\]\(\.\./bench/[\w-]+\.md\):$")


def test_costs_of_spark():
    block = re.search(r"<!-- figures -->\n(.*)<!-- end of figures -->\n", PAGE.read_text(), re.DOTALL)
    assert block, "the page has lost the place of its figures"
    lines = [line for line in block[1].splitlines() if line]
    if lines == ["Not measured yet."]:
        return
    report = REPORT.match(lines[0])
    assert report and len(lines) > 3, lines[:1]
    measured = set((TOP / report[1]).read_text().splitlines())
    assert not [line for line in lines[1:] if line not in measured], "write the figures by make bench"
