"""--nested: lists and structs against what Python's own parser makes of the same document, in PyArrow, DuckDB and Polars; what
comes last decides; damage; outputs that hold no nesting."""

import datetime
import random
import xml.etree.ElementTree as ElementTree

import duckdb
import polars
import pyarrow
import pyarrow.parquet as parquet
import pytest
from conftest import ROOT

XSI = "http://www.w3.org/2001/XMLSchema-instance"
NIL = f"{{{XSI}}}nil"


def convert(pyforge, tmp_path, text, *options, name="t.xml", fails=None):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    out = tmp_path / "out.parquet"
    out.unlink(missing_ok=True)
    done = pyforge("convert", path, out, "--nested", *options)
    said = done.stderr.decode()
    if fails is not None:
        assert done.returncode == fails, said
        return out, said
    assert done.returncode == 0, said
    return parquet.read_table(out), said


# ---- the oracle

def own_text(element):
    pieces = [text.strip() for text in [element.text, *(child.tail for child in element)] if text and text.strip()]
    return " ".join(pieces)


def attributes(element):
    return {key: value for key, value in element.attrib.items() if key != NIL}


def is_nil(element):
    return element.attrib.get(NIL) in ("true", "1") and not own_text(element)


def has_value(element):
    return own_text(element) != "" or element.attrib.get(NIL) in ("true", "1") or (len(element) == 0 and not attributes(element))


class Shape:
    def __init__(self):
        self.members, self.attributes, self.listed, self.texted = {}, set(), False, False

    def add(self, element):
        self.attributes |= set(attributes(element))
        self.texted = self.texted or (has_value(element) and not is_nil(element))
        counts = {}
        for child in element:
            counts[child.tag] = counts.get(child.tag, 0) + 1
            self.members.setdefault(child.tag, Shape()).add(child)
        for tag, count in counts.items():
            self.members[tag].listed = self.members[tag].listed or count > 1

    def is_struct(self):
        return bool(self.members or self.attributes)

    def inner(self, element, text="#text", at="@", below=""):
        """What is in the element, of all that such elements have."""
        made = {at + key: element.attrib.get(key) for key in self.attributes}
        for tag, shape in self.members.items():
            values = [shape.entry(child) for child in element if child.tag == tag]
            made[below + tag] = (values or None) if shape.listed else values[0] if values else None
        if self.texted:
            made[text] = own_text(element) if has_value(element) and not is_nil(element) else None
        return made

    def entry(self, element):
        if not self.is_struct():
            return None if is_nil(element) else own_text(element)
        if is_nil(element) and len(element) == 0 and not attributes(element):
            return None
        return self.inner(element)


def expected(text, row="row"):
    """Rows below the root, the columns named by the whole path."""
    root = ElementTree.fromstring(text)
    rows = root.findall(row)
    shape = Shape()
    for element in rows:
        shape.add(element)
    heading = {f"{root.tag}@{key}": value for key, value in attributes(root).items()}
    for element in root:
        if element.tag == row:
            break
        heading[f"{root.tag}_{element.tag}"] = own_text(element)
    name = f"{root.tag}_{row}"
    return [heading | shape.inner(element, text=name, at=name + "@", below=name + "_") for element in rows]


def make_element(random_, name, depth, number):
    if random_.random() < 0.05:
        return f'<{name} xsi:nil="true"/>'
    found = "".join(f' {key}="v{next(number)}"' for key in "xyz" if random_.random() < 0.15)
    if depth == 0 or random_.random() < 0.25:
        text = random_.choice([f"t{next(number)}", f"<![CDATA[<{next(number)}>]]>", "", f" \n {next(number)} &amp; "])
        return f"<{name}{found}>{text}</{name}>"
    inner = ""
    for _ in range(random_.randint(1, 4)):
        inner += make_element(random_, random_.choice("abcd"), depth - 1, number)
        inner += random_.choice(["", "\n", "<!-- c -->", "", f"tail{next(number)}" if random_.random() < 0.3 else ""])
    return f"<{name}{found}>\n {inner}</{name}>"


def make_document(seed, rows, depth=4):
    random_ = random.Random(seed)
    number = iter(range(10**9))
    body = "".join(make_element(random_, "row", depth, number) + "\n" for _ in range(rows))
    return f'<root xmlns:xsi="{XSI}" k="K"><title>T</title>\n{body}</root>'


@pytest.mark.parametrize("seed", range(40))
def test_equal_to_another_parser(pyforge, tmp_path, seed):
    text = make_document(seed, random.Random(seed).randint(2, 30))
    table, said = convert(pyforge, tmp_path, text, "--row-tag", "row", "--types", "string")
    assert table.to_pylist() == expected(text) and "note" not in said, said


@pytest.mark.parametrize("seed", range(5))
def test_other_readers_read_the_same(pyforge, tmp_path, seed):
    text = make_document(seed + 1000, 40)
    table, _ = convert(pyforge, tmp_path, text, "--row-tag", "row", "--types", "string")
    wanted = expected(text)
    result = duckdb.sql(f"select * from '{tmp_path / 'out.parquet'}'")
    assert [dict(zip(result.columns, row)) for row in result.fetchall()] == wanted
    assert polars.read_parquet(tmp_path / "out.parquet").to_arrow().cast(table.schema).to_pylist() == wanted


@pytest.mark.parametrize("options", [("--threads", "1"), ("--threads", "2"), ("--threads", "4", "--memory", "64M")])
def test_many_blocks(pyforge, tmp_path, options):
    text = make_document(7, 30000, depth=2)
    assert len(text) > 3 << 20
    table, _ = convert(pyforge, tmp_path, text, "--row-tag", "row", "--types", "string", *options)
    assert table.to_pylist() == expected(text)


def test_the_last_record_decides(pyforge, tmp_path):
    row = "<row><a>1</a><b>2</b><c>2024-01-31</c><d>x</d></row>"
    last = '<row><a>1</a><a>2</a><b>2.5</b><c>no date</c><d k="1">y</d><e/></row>'
    text = f"<root>{row * 50000}{last}</root>"
    table, _ = convert(pyforge, tmp_path, text)
    assert [str(field.type) for field in table.schema] == [
        "list<element: int64>", str(table.schema.field("root_row_b").type), "string",
        "struct<@k: int64, #text: string>", "string"]
    assert table.schema.field("root_row_b").type in (pyarrow.float64(), pyarrow.decimal128(2, 1))
    first, late = table.slice(0, 1).to_pylist()[0], table.slice(50000).to_pylist()[0]
    assert first == {"root_row_a": [1], "root_row_b": 2, "root_row_c": "2024-01-31",
                     "root_row_d": {"@k": None, "#text": "x"}, "root_row_e": None}
    assert float(late.pop("root_row_b")) == 2.5
    assert late == {"root_row_a": [1, 2], "root_row_c": "no date", "root_row_d": {"@k": 1, "#text": "y"}, "root_row_e": ""}


def test_types_are_those_of_flattened_columns(pyforge, tmp_path):
    rows = "".join(f"<r><p><i>{i}</i><f>{i}.25</f><d>2024-01-{i % 28 + 1:02d}</d><t>x{i}</t><b>true</b><n></n></p></r>" for i in range(50))
    nested, _ = convert(pyforge, tmp_path, f"<a>{rows}</a>")
    flat = tmp_path / "flat.parquet"
    done = pyforge("convert", tmp_path / "t.xml", flat)
    assert done.returncode == 0, done.stderr.decode()
    flat = parquet.read_table(flat)
    assert {f"a_r_p_{field.name}": field.type for field in nested.schema.field("a_r_p").type} == \
        {field.name: field.type for field in flat.schema}
    assert [{f"a_r_p_{key}": value for key, value in row["a_r_p"].items()} for row in nested.to_pylist()] == flat.to_pylist()


def test_names(pyforge, tmp_path):
    text = ('<p:a xmlns:p="u" xmlns:q="v"><p:r q:id="1"><p:x q:k="2">t</p:x><q:x>5</q:x><q:x>6</q:x></p:r>'
            '<p:r q:id="3"><p:x q:k="4"><p:k/></p:x></p:r></p:a>')
    table, _ = convert(pyforge, tmp_path, text)
    assert table.column_names == ["p:a_p:r@q:id", "p:a_p:r_p:x", "p:a_p:r_q:x"]
    table, _ = convert(pyforge, tmp_path, text, "--flatten-strategy", "moderate", "--namespaces", "strip")
    assert table.to_pylist() == [
        {"r@id": 1, "x": {"@k": 2, "k": None, "#text": "t"}, "x_2": [5, 6]},
        {"r@id": 3, "x": {"@k": 4, "k": "", "#text": None}, "x_2": None}]
    table, _ = convert(pyforge, tmp_path, text, "--flatten-strategy", "moderate", "--namespaces", "prefix", "--no-preserve-attributes")
    assert table.to_pylist() == [{"p_x": {"p_k": None, "#text": "t"}, "q_x": [5, 6]}, {"p_x": {"p_k": "", "#text": None}, "q_x": None}]


def test_several_rows_and_columns(pyforge, tmp_path):
    text = "<a><r><x>1</x></r><r><x>2</x></r><s>3</s><s>4</s><end>5</end></a>"
    table, said = convert(pyforge, tmp_path, text)
    assert table.to_pylist() == [{"a_r_x": 1, "a_s": None}, {"a_r_x": 2, "a_s": None}, {"a_r_x": None, "a_s": 3},
                                 {"a_r_x": None, "a_s": 4}]
    assert "1 value outside of the rows" in said and "'end'" in said
    table, _ = convert(pyforge, tmp_path, text, "--columns", "a_s")
    assert table.to_pydict() == {"a_s": [None, None, 3, 4]}


def test_compressed_and_piped(pyforge, tmp_path):
    text = make_document(3, 30000, depth=2)
    out = tmp_path / "piped.parquet"
    done = pyforge("convert", "-", out, "--nested", "--row-tag", "row", input=text.encode())
    assert done.returncode == 0, done.stderr.decode()
    table, _ = convert(pyforge, tmp_path, text, "--row-tag", "row")
    assert parquet.read_table(out).equals(table)


def test_outputs_without_nesting(pyforge, tmp_path):
    path = tmp_path / "t.xml"
    path.write_text("<a><r/><r>")  # refused before it is read
    for name in ("o.csv", "o.xlsx"):
        done = pyforge("convert", path, tmp_path / name, "--nested")
        said = done.stderr.decode()
        assert done.returncode == 2 and "write parquet, or leave --nested out" in said, said
        assert not (tmp_path / name).exists()
    for option in (("--array-handling", "concatenate"), ("--flatten-nested",)):
        done = pyforge("convert", path, tmp_path / "o.parquet", "--nested", *option)
        assert done.returncode == 2 and "exclude each other" in done.stderr.decode()


def test_damage(pyforge, tmp_path):
    text = make_document(5, 200)
    _, said = convert(pyforge, tmp_path, text[: len(text) // 2], "--row-tag", "row", fails=1)
    assert "not well-formed" in said
    out, said = convert(pyforge, tmp_path, text[: len(text) // 2], "--row-tag", "row", "--types", "string", "--on-error", "reject", fails=3)
    kept = parquet.read_table(out).to_pylist()
    whole = expected(text)
    assert 0 < len(kept) < 200
    for row, wanted in zip(kept, whole):
        assert {key: value for key, value in row.items() if not isinstance(value, (dict, list))}.keys() <= wanted.keys()
    random_ = random.Random(11)
    for _ in range(40):
        damaged = bytearray(text.encode())
        for _ in range(random_.randint(1, 4)):
            damaged[random_.randrange(len(damaged))] = random_.randrange(256)
        (tmp_path / "d.xml").write_bytes(damaged)
        done = pyforge("convert", tmp_path / "d.xml", tmp_path / "d.parquet", "--force", "--nested", "--row-tag", "row")
        assert done.returncode in (0, 1), done.stderr.decode()
        assert "not accounted" not in done.stderr.decode() and "internal" not in done.stderr.decode()


def test_too_deep(pyforge, tmp_path):
    deep = "<s>" * 40 + "x" + "</s>" * 40
    _, said = convert(pyforge, tmp_path, f"<a><r>{deep}</r><r>{deep}</r></a>", fails=1)
    assert "nested deeper" in said and "--row-tag" in said
    _, said = convert(pyforge, tmp_path, "<a><r><x/><y/><z/></r><r/></a>", "--max-columns", "2", fails=1)
    assert "--max-columns" in said
    _, said = convert(pyforge, tmp_path, "<a><r><x><y/><z/><w/></x></r><r/></a>", "--max-columns", "4", fails=1)
    assert "4 columns, with what is in them" in said and "--max-columns" in said


def test_dates_in_structs(pyforge, tmp_path):
    table, _ = convert(pyforge, tmp_path, '<a><r><p d="2024-01-31"/></r><r/></a>')
    assert table.to_pylist()[0] == {"a_r_p": {"@d": datetime.date(2024, 1, 31)}, "a_r": None}


def test_the_example_of_the_docs(pyforge, tmp_path):
    """docs/xml.md shows the first row."""
    page = (ROOT / "docs" / "xml.md").read_text()
    shown = page[page.index("```python\n{") + len("```python\n"):]
    table, _ = convert(pyforge, tmp_path, (ROOT / "examples" / "orders.xml").read_bytes(), "--flatten-strategy", "moderate")
    assert table.to_pylist()[0] == eval(shown[: shown.index("```")], {"datetime": datetime})
