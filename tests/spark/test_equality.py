"""Every input gives the same table by both engines, or Spark is refused with the reason; docs/spark-equality.md has the outcomes."""

import os

import equality
import pytest
from conftest import skip_aloud

FULL = bool(os.environ.get("PYFORGE_TEST_FULL"))
WRITES = os.environ.get("PYFORGE_EQUALITY_PAGE") == "write"
CASES = equality.cases()
# Real files may be elsewhere, so the sample is of the page's.
NAMED = list(CASES) if WRITES or not equality.PAGE.exists() else [name.replace("&#124;", "|") for name in equality.page_rows()]
OUTCOMES = {}


@pytest.fixture(scope="module")
def forge(package, spark):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    return PyForgeDatabricks(spark_session=spark.classic)


@pytest.mark.parametrize("name", NAMED if FULL else equality.sample(NAMED, 40))
def test_outcome(package, spark, forge, folder, name):
    if name not in CASES:
        skip_aloud(f"NO TEST DATA in {equality.DATA}: {name} is not compared")
    if spark.classic.version.startswith("3.") and CASES[name][0] == "xml":
        pytest.skip("Spark has a reader of XML from 4.0 on")
    OUTCOMES[name] = what = equality.outcome(package, forge, folder, CASES[name])
    assert not what.startswith("FAILED"), what
    if not WRITES:
        assert what.replace("|", "&#124;") == equality.page_rows()[name.replace("|", "&#124;")]


def test_the_page_has_every_case():
    if WRITES:
        if FULL and len(OUTCOMES) == len(CASES):
            equality.PAGE.write_text(equality.page(OUTCOMES), encoding="utf-8")
        return
    rows = {name.replace("&#124;", "|"): what for name, what in equality.page_rows().items()}
    assert len(rows) >= 200
    assert {name for name in rows if not equality.is_real(name)} == {name for name in CASES if not equality.is_real(name)}
    if any(equality.is_real(name) for name in CASES):
        assert set(rows) == set(CASES)
    text = equality.PAGE.read_text(encoding="utf-8")
    assert text == equality.page({name: what.replace("&#124;", "|") for name, what in rows.items()})
