"""Inputs that both engines are given: made by hand, made by a rule, and real files; and what came of it."""

import io
import os
import random
import re
from pathlib import Path

import csv_cases
import parquet_cases
import xml_cases
from conftest import ROOT
from loading import same_tables

PAGE = ROOT / "docs" / "spark-equality.md"
DATA = Path(os.environ.get("PYFORGE_TEST_DATA") or ROOT.parent / "shared" / "data")
# Larger files are for the benchmark.
MOST_BYTES = 8 << 20


# ---- made by a rule


def _value(chance, kind, number):
    return {
        "integer": lambda: str(chance.randint(-10 ** 12, 10 ** 12)),
        "float": lambda: repr(chance.uniform(-1e6, 1e6)),
        "truth": lambda: chance.choice(["true", "false", "TRUE", "False"]),
        "date": lambda: f"{chance.randint(1, 9999):04}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        "day first": lambda: f"{chance.randint(1, 28) if number else 31:02}/{1 if not number else chance.randint(1, 12):02}/{chance.randint(1900, 2100)}",
        "timestamp": lambda: f"{chance.randint(1, 9999):04}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02} {chance.randint(0, 23):02}:{chance.randint(0, 59):02}:30",
        "instant": lambda: f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}T10:20:30.{chance.randint(0, 999999):06}+0{chance.randint(0, 9)}:00",
        "text": lambda: "".join(chance.choice("abc äß日😀'.-_#") for _ in range(chance.randint(1, 12))).strip() or "x",
        "code": lambda: f"{chance.randint(0, 99999):05}",
        "mixed": lambda: chance.choice(["1", "2.5", "x", "2024-01-31", "true"]),
    }[kind]()


KINDS = ("integer", "float", "truth", "date", "day first", "timestamp", "instant", "text", "code", "mixed")
DIALECTS = {
    "commas": dict(sep=","), "semicolons": dict(sep=";"), "tabs": dict(sep="\t"), "pipes": dict(sep="|"), "all quoted": dict(sep=",", quoted=True),
    "CRLF": dict(sep=",", end="\r\n"), "line ends in quotes": dict(sep=",", inner="\n"), "CRLF in quotes": dict(sep=",", inner="\r\n"),
    "no header": dict(sep=",", header=False), "ISO-8859-1": dict(sep=";", encoding="iso-8859-1"), "a byte order mark": dict(sep=",", bom=True),
    "UTF-16": dict(sep=",", encoding="utf-16"), "words for null": dict(sep=",", null="NA"), "no line end at the end": dict(sep=",", bare=True),
}


def _csv(name, seed, sep=",", end="\n", quoted=False, inner=None, header=True, encoding="utf-8", bom=False, null="", bare=False):
    chance, options = random.Random(f"{name} {seed}"), {}
    kinds = [KINDS[(seed * 4 + number) % len(KINDS)] for number in range(6)]
    lines = [sep.join(f"{kind} {number}" for number, kind in enumerate(kinds))] if header else []
    for row in range(300):
        values = [null if chance.random() < 0.1 and row else _value(chance, kind, row) for kind in kinds]
        if inner and row % 50 == 7:
            values[kinds.index("text") if "text" in kinds else 0] = f'"a{inner}b ""q"" {sep}"'
        lines.append(sep.join(f'"{value}"' if quoted and value != null else value for value in values))
    text = end.join(lines) + ("" if bare else end)
    if encoding == "iso-8859-1":
        text, options["encoding"] = text.replace("日", "ü").replace("😀", "ö"), encoding
    if null:
        options["null_values"] = null
    if not header:
        options["header"] = "no"
    return (b"\xef\xbb\xbf" if bom else b"") + text.encode(encoding), options


def _xml(seed):
    chance = random.Random(f"xml {seed}")
    kinds = [KINDS[(seed * 3 + number) % len(KINDS)] for number in range(5)]
    rows = []
    for row in range(200):
        made = ""
        for number, kind in enumerate(kinds):
            if chance.random() < 0.15 and row:
                continue
            value = _value(chance, kind, row)
            body = f"<e{number}>{value}</e{number}>" if chance.random() < 0.9 or not row else f"<e{number}/>"
            made += f"<g{number} k='{row}'>{body}</g{number}>" if (number + seed) % 3 == 0 else body
        if seed % 10 == 9 and row == 150:
            made += made
        rows.append(f'<row id="{row}">{made}</row>' if seed % 2 else f"<row>{made}</row>")
    return ("<?xml version='1.0' encoding='UTF-8'?>\n<rows>\n" + "\n".join(rows) + "\n</rows>\n").encode(), {}


def _parquet(make):
    import pyarrow
    import pyarrow.parquet

    to = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(make()), to, row_group_size=20_000)
    return to.getvalue(), {}


def _encoded(case):
    content, options, *_ = case
    return content.encode() if isinstance(content, str) else content, options


def _real(kind):
    return [path for path in sorted((DATA / kind).rglob("*")) if path.is_file() and path.stat().st_size <= MOST_BYTES]


def cases():
    """{name: (suffix, a function that gives the bytes and the options)}; those of real files only where they are."""
    found = {}
    for kind, suffix, lists in (("CSV", "csv", csv_cases), ("XML", "xml", xml_cases)):
        for name, case in {**lists.EQUAL, **lists.REFUSED}.items():
            found[f"{kind}: {name}"] = (suffix, lambda case=case: _encoded(case))
    for name, make in {**parquet_cases.PARQUET, **{name: case[0] for name, case in parquet_cases.PARQUET_REFUSED.items()}}.items():
        found[f"Parquet: {name}"] = ("parquet", lambda make=make: _parquet(make))
    for name, how in DIALECTS.items():
        for seed in range(3):
            found[f"CSV by rule: {name} {seed + 1}"] = ("csv", lambda name=name, seed=seed, how=how: _csv(name, seed, **how))
    for seed in range(20):
        found[f"XML by rule: {seed + 1}"] = ("xml", lambda seed=seed: _xml(seed))
    for kind in ("csv", "xml", "parquet"):
        for path in _real(kind):
            name = f"{path.parent.name}/{path.name}"
            suffix = path.name.partition(".")[2] if path.name.endswith(".gz") else path.suffix.lstrip(".")
            found[f"real: {name}"] = (suffix or kind, lambda path=path: (path.read_bytes(), {}))
    return found


def is_real(name):
    return name.startswith("real: ")


def sample(names, count):
    names = list(names)
    return [names[number * len(names) // count] for number in range(count)]


# ---- what came of it


def _reason(done):
    text = " ".join(str(done["error"]).split("\n")[0].split())
    told = re.search(r"Spark would not give the same table: (.*)", text)
    if told:
        return "refused: " + told[1]
    if "Spark did not read" in text:
        return "refused: Spark fails at it"
    if "Spark has written" in text:
        return "refused: what Spark has written is not what was counted"
    return f"FAILED: {text}"


def outcome(package, forge, folder, case):
    """"equal, R rows, C columns", "refused: why", or "neither" where the native engine refuses the file, too."""
    import pyarrow.parquet

    suffix, make = case
    content, options = make()
    path = folder / f"in.{suffix}"
    path.write_bytes(content)
    try:
        package.convert(path, folder / "native.parquet", engine="native", **options)
    except package.PyForgeError:
        done = forge.convert(path, folder / "spark.parquet", engine="spark", progress=False, **options)
        return "neither" if not done else "FAILED: Spark read what the native engine refuses"
    done = forge.convert(path, folder / "spark.parquet", engine="spark", progress=False, **options)
    if not done:
        assert not (folder / "spark.parquet").exists()
        return _reason(done)
    assert done["processing_engine"].startswith("spark"), done["attempts"]
    ours = pyarrow.parquet.read_table(folder / "native.parquet")
    same_tables(pyarrow.parquet.read_table(folder / "spark.parquet"), ours)
    return f"equal, {ours.num_rows} rows, {ours.num_columns} columns"


# ---- the page


def page_rows():
    """{name: outcome} as the page has them."""
    return dict(re.findall(r"^\| (.+?) \| (.+) \|$", PAGE.read_text(encoding="utf-8").partition("\n## Outcomes\n")[2], re.MULTILINE)[1:])


def _cell(text):
    return text.replace("|", "&#124;")


def _place(name):
    return "real files" if is_real(name) else name.partition(":")[0]


def page(outcomes):
    kinds = {}
    for name, what in outcomes.items():
        kinds.setdefault(_place(name), []).append(what.partition(",")[0].partition(":")[0])
    text = """# Both engines, input by input

Every input below was converted to Parquet by the native engine and by Spark, and both outputs were read back: **equal** means the same columns, types, values and nulls
in the same order; **refused** that Spark is not used for it, by itself or asked to, with the reason; **neither** that the native engine refuses the file, too. The page is made by
`PYFORGE_TEST_FULL=1 PYFORGE_EQUALITY_PAGE=write scripts/spark.sh test`, and `tests/spark/test_equality.py` holds page and outcomes together. How both engines come to the same
table: [design/spark.md](design/spark.md). What executors make of 200 workbooks is compared with the driver's in `tests/spark/test_executors.py`, Delta as the input
in `test_from_delta.py`.

| inputs | equal | refused | neither |
|---|---|---|---|
"""
    for kind, whats in kinds.items():
        text += f"| {kind} | {whats.count('equal')} | {whats.count('refused')} | {whats.count('neither')} |\n"
    every = [what for whats in kinds.values() for what in whats]
    text += f"| all {len(every)} | {every.count('equal')} | {every.count('refused')} | {every.count('neither')} |\n"
    text += "\n## Outcomes\n| input | outcome |\n|---|---|\n"
    return text + "".join(f"| {_cell(name)} | {_cell(what)} |\n" for name, what in outcomes.items())
