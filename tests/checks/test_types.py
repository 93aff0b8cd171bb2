"""The table of rules in docs/design/types.md and the cases of test_infer.c are the same rows in the same order."""

import re

from sources import TOP


def test_every_rule_is_a_case():
    page = (TOP / "docs/design/types.md").read_text()
    table = page.split("## The rule, row by row")[1].split("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")][1:]
    code = (TOP / "tests/unit/test_infer.c").read_text()
    cases = re.findall(r'^    \{ "([^"]+)",', code.split("rules[] = {")[1].split("\n};")[0], re.MULTILINE)
    assert len(cases) > 50
    assert rows == cases
