"""docs/spark.md: its examples run, in this order, in a folder that stands for the volume and a table for the catalog's."""

import re

from conftest import ROOT

PAGE = ROOT / "docs" / "spark.md"


def test_the_examples_run(package, session, folder, table):
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    script = "\n".join(blocks).replace("/Volumes/main/default/landing", str(folder)).replace("main.bronze.sales", table())
    exec(compile(script, str(PAGE), "exec"), {"spark": session})
