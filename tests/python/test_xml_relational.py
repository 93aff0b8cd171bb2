"""--relational: tables joined by their keys (in DuckDB) against what Python's own parser makes of the same document; every leaf value of
real documents is in one table, once; what comes last decides; keys across blocks; names; refusals; damage."""

import collections
import gzip
import random
import re
import shutil
import xml.etree.ElementTree as ElementTree

import duckdb
import openpyxl
import pyarrow.parquet as parquet
import pytest
from conftest import ROOT
from test_xml_nested import XSI, Shape, attributes, expected, has_value, is_nil, make_document, own_text
from test_xml_oracles import MARK, OUTCOMES, leaves, parse, path_of, prefixed

KEYS = ("_id", "_parent_id", "_index")
ONLY = "row"  # of one table the output is called as the input


def convert(pyforge, tmp_path, text, *options, name="t.xml", fails=None, files=False):
    """{table: rows} and what was said; files: {table: path}."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    folder = tmp_path / "out"
    shutil.rmtree(folder, ignore_errors=True)
    done = pyforge("convert", path, f"{folder}/", "--relational", "--force", *options)
    said = done.stderr.decode()
    assert done.returncode == (fails or 0), said
    if fails is not None and fails != 3:
        assert not folder.exists() or not list(folder.iterdir()), said
        return {}, said
    stem = path.name.partition(".")[0] + "_"
    found = {}
    for file in folder.iterdir():
        if not file.name.endswith(".rejects.csv"):
            found[file.stem.removeprefix(stem) if file.stem != stem[:-1] else ONLY] = file
    return (found if files else {table: parquet.read_table(file).to_pylist() for table, file in found.items()}), said


# ---- the oracle

class Tables:
    """Rows below the root, whose columns are named by the whole path; what stands twice in one element has a table, whose columns are
    named from that element on."""

    def __init__(self, text, row="row"):
        root = ElementTree.fromstring(text)
        self.rows, self.shapes = {}, {}
        shape = Shape()
        for element in root.findall(row):
            shape.add(element)
        self.open((row,), shape)
        heading = {f"{root.tag}@{key}": value for key, value in attributes(root).items()}
        for element in root:
            if element.tag == row:
                break
            heading[f"{root.tag}_{element.tag}"] = own_text(element)
        for element in root.findall(row):
            self.add((row,), element, {})
        self.named = {}
        for table, rows in self.rows.items():
            names = self.names(table, (root.tag, row) if len(table) == 1 else ())
            self.named["_".join(table)] = [
                {key: row[key] for key in KEYS if key in row} | (heading if len(table) == 1 else {})
                | {name: row.get(column) for column, name in names.items()} for row in rows]

    def open(self, table, shape):
        self.rows[table], self.shapes[table] = [], shape
        for steps, member in self.members(shape, ()):
            if member.listed:
                self.open(table + steps, member)

    def members(self, shape, steps):
        """Those in the element, and in what is in it but is no list."""
        for tag, member in shape.members.items():
            yield (*steps, tag), member
            if not member.listed:
                yield from self.members(member, (*steps, tag))

    def names(self, table, front):
        """{(steps below the table's element, attribute or None): name}"""
        columns = {}
        for steps, shape in [*((s, m) for s, m in self.members(self.shapes[table], ()) if not m.listed), ((), self.shapes[table])]:
            for key in shape.attributes:
                columns[steps, key] = "_".join(front + steps) + "@" + key
            if shape.texted or not shape.is_struct():
                name = "_".join(front + steps) or table[-1]
                columns[steps, None] = name + "_2" if name in columns.values() else name
        return columns

    def add(self, table, element, keys):
        record = {"_id": len(self.rows[table]) + 1, **keys}
        self.rows[table].append(record)
        self.fill(table, record, element, self.shapes[table], ())

    def fill(self, table, record, element, shape, steps):
        record.update({(steps, key): value for key, value in attributes(element).items()})
        if has_value(element) and not is_nil(element):
            record[steps, None] = own_text(element)
        for tag, member in shape.members.items():
            for index, child in enumerate((child for child in element if child.tag == tag), 1):
                if member.listed:
                    self.add((*table, *steps, tag), child, {"_parent_id": record["_id"], "_index": index})
                else:
                    self.fill(table, record, child, member, (*steps, tag))


@pytest.mark.parametrize("seed", range(16))
def test_equal_to_another_parser(pyforge, tmp_path, seed):
    text = make_document(seed, random.Random(seed).randint(2, 30))
    tables, said = convert(pyforge, tmp_path, text, "--row-tag", "row", "--types", "string")
    assert tables == Tables(text).named and "note" not in said, said


# ---- joins

def without_nothing(value):
    """What --nested tells apart and joins do not: an element that is not there, and one in which nothing is."""
    if isinstance(value, dict):
        value = {key: without_nothing(inner) for key, inner in value.items()}
        return value if any(inner is not None for inner in value.values()) else None
    if isinstance(value, list):
        return [without_nothing(inner) for inner in value]
    return value


class Joining:
    """SQL for DuckDB that makes of the tables what --nested has for each row."""

    def __init__(self, files):
        self.files, self.aliases = files, 0

    def entries(self, table, shape):
        value, joins = self.value(table, shape, "", table)
        return f"(select t._parent_id as key, list({value} order by t._index) as entries from '{self.files[table]}' t {joins} group by all)"

    def rows(self, table, shape, name):
        value, joins = self.value(table, shape, name, table)
        return f"select {value} from '{self.files[table]}' t {joins} order by t._id"

    def value(self, table, shape, name, path):
        """Of an element whose columns are called name and more ("" = it is the table's own): the SQL, and the joins it needs."""
        members, joins = [f'"@{key}": t."{name}@{key}"' for key in sorted(shape.attributes)], ""
        for tag, member in shape.members.items():
            below = f"{name}_{tag}" if name else tag
            if member.listed:
                self.aliases += 1
                alias = f"j{self.aliases}"
                joins += f" left join {self.entries(f'{path}_{tag}', member)} {alias} on {alias}.key = t._id"
                members.append(f'"{tag}": {alias}.entries')
            else:
                inner, more = self.value(table, member, below, f"{path}_{tag}")
                joins += more
                members.append(f'"{tag}": {inner}')
        own = name or path.rpartition("_")[2]
        same = shape.members.get(own) if not name else None
        own = f't."{own}_2"' if same and not same.listed and (same.texted or not same.is_struct()) else f't."{own}"'
        if not shape.is_struct():
            return own, joins
        return "{" + ", ".join(members + ([f'"#text": {own}'] if shape.texted else [])) + "}", joins


@pytest.mark.parametrize("seed", range(4))
def test_joins_give_the_document_again(pyforge, tmp_path, seed):
    text = make_document(seed + 500, 40)
    files, _ = convert(pyforge, tmp_path, text, "--row-tag", "row", "--types", "string", files=True)
    rows = ElementTree.fromstring(text).findall("row")
    shape = Shape()
    for element in rows:
        shape.add(element)
    joined = [row[0] for row in duckdb.sql(Joining(files).rows("row", shape, "root_row")).fetchall()]
    assert len(files) > 5
    assert [without_nothing(row) for row in joined] == [without_nothing(shape.inner(element)) for element in rows]


# ---- accounting

def of_tables(files, front, paths):
    """(path, value) of all the tables, as the names of tables and columns say: front is the path of the row element."""
    found = collections.Counter()
    for table, file in files.items():
        read = parquet.read_table(file)
        for name in read.column_names:
            if name in KEYS:
                continue
            path = name
            if "_parent_id" in read.column_names:
                above = front.rpartition("_")[0]
                element = f"{above}_{table}" if above else table
                path = element + name if name.startswith("@") else f"{element}_{name}"
                path = element if path not in paths else path
            assert path in paths, (table, name)
            found.update((path, value) for value in read[name].to_pylist() if value is not None)
    return found


def rows_of(element, path, row):
    """Paths of the row elements."""
    path = f"{path}_{prefixed(element.tag, element)}" if path else prefixed(element.tag, element)
    if element.tag.rpartition("}")[2] == row:
        return [path]
    return [found for child in element if isinstance(child.tag, str) for found in rows_of(child, path, row)]


@pytest.mark.parametrize("name", [name for name, told in OUTCOMES.items() if told["rows"] != "refused"])
def test_every_value_of_real_files_is_in_one_table(pyforge, test_data, tmp_path, name):
    """As many times as lxml finds it; what stands around the rows is in each of them, and left out here."""
    told = OUTCOMES[name]
    path = path_of(test_data, name)
    document = parse(path.read_bytes().replace(MARK * 2, MARK))
    found = leaves(document, "", [], told["row"], None)
    files, said = convert(pyforge, tmp_path, path.read_bytes(), "--row-tag", told["row"], "--types", "string", files=True)
    assert "accounted" not in said
    inside = collections.Counter((column, value) for column, value, row in found if row is not None)
    front, = set(rows_of(document, "", told["row"]))
    got = of_tables(files, front, {column for column, _, _ in found})
    assert {key: count for key, count in got.items() if key[0] in {column for column, _ in inside}} == inside




# ---- blocks

@pytest.mark.parametrize("options", [("--threads", "1"), ("--threads", "4", "--memory", "64M")])
def test_keys_go_on_from_block_to_block(pyforge, tmp_path, options):
    text = make_document(7, 30000, depth=2)
    assert len(text) > 3 << 20
    tables, _ = convert(pyforge, tmp_path, text, "--row-tag", "row", "--types", "string", *options)
    assert tables == Tables(text).named


def test_compressed_and_piped(pyforge, tmp_path):
    text = make_document(3, 30000, depth=2)
    done = pyforge("convert", "-", f"{tmp_path}/piped/", "--relational", "--row-tag", "row", input=gzip.compress(text.encode()))
    assert done.returncode == 0, done.stderr.decode()
    files, _ = convert(pyforge, tmp_path, text, "--row-tag", "row", files=True)
    for table, file in files.items():
        assert parquet.read_table(tmp_path / "piped" / f"stdin_{table}.parquet").equals(parquet.read_table(file))
    assert len(files) == len(list((tmp_path / "piped").iterdir()))


def test_the_last_record_decides(pyforge, tmp_path):
    row = "<row><a>1</a><b>2</b><c>2024-01-31</c></row>"
    last = "<row><a>1</a><a>x</a><b>2.5</b><c>no date</c><e/></row>"
    tables, _ = convert(pyforge, tmp_path, f"<root>{row * 50000}{last}</root>")
    assert tables["row"][0] == {"_id": 1, "root_row_b": 2, "root_row_c": "2024-01-31", "root_row_e": None}
    assert tables["row"][-1] == {"_id": 50001, "root_row_b": 2.5, "root_row_c": "no date", "root_row_e": ""}
    assert [row["_parent_id"] for row in tables["row_a"]] == [*range(1, 50002), 50001]
    assert tables["row_a"][-1] == {"_id": 50002, "_parent_id": 50001, "_index": 2, "a": "x"} and tables["row_a"][0]["a"] == "1"


# ---- tables, names, types

def test_rows_of_several_kinds(pyforge, tmp_path):
    """Each is a table, with what stands in front of them."""
    text = "<a v='1'><r><x>1</x><x>2</x></r><r/><s>3</s><s>4</s><end>5</end></a>"
    tables, said = convert(pyforge, tmp_path, text)
    assert tables == {
        "r": [{"_id": 1, "a@v": 1, "a_r": None}, {"_id": 2, "a@v": 1, "a_r": ""}],
        "s": [{"_id": 1, "a@v": 1, "a_s": 3}, {"_id": 2, "a@v": 1, "a_s": 4}],
        "r_x": [{"_id": 1, "_parent_id": 1, "_index": 1, "x": 1}, {"_id": 2, "_parent_id": 1, "_index": 2, "x": 2}]}
    assert said.count("1 value outside of the rows") == 1 and "'end'" in said


def test_names(pyforge, tmp_path):
    text = ('<p:a xmlns:p="u" xmlns:q="v"><p:r q:id="1" _id="7"><q:x _index="2"><p:y>1</p:y>t<q:y>2</q:y></q:x><q:x/><p:x>5</p:x><p:x>6</p:x></p:r>'
            '<p:r><d><e k="4"/><e/></d></p:r></p:a>')
    tables, _ = convert(pyforge, tmp_path, text)
    assert sorted(tables) == ["p_r", "p_r_d_e", "p_r_p_x", "p_r_q_x"]  # colons are in no names of files
    assert tables["p_r"][0] == {"_id": 1, "p:a_p:r@q:id": 1, "p:a_p:r@_id": 7}
    assert tables["p_r_q_x"][0] == {"_id": 1, "_parent_id": 1, "_index": 1, "@_index": 2, "p:y": 1, "q:y": 2, "q:x": "t"}
    tables, _ = convert(pyforge, tmp_path, text.replace("p:y", "_id"), "--flatten-strategy", "moderate", "--namespaces", "strip", name="u.xml")
    assert sorted(tables) == ["r", "r_d_e", "r_x", "r_x_2"]
    assert tables["r"][0] == {"_id": 1, "r@id": 1, "r@_id": 7}
    assert tables["r_x"][0] == {"_id": 1, "_parent_id": 1, "_index": 1, "@_index": 2, "_id_2": 1, "y": 2, "x": "t"}
    assert tables["r_d_e"] == [{"_id": 1, "_parent_id": 2, "_index": 1, "@k": 4, "e": None}, {"_id": 2, "_parent_id": 2, "_index": 2, "@k": None, "e": ""}]


def test_types_are_those_of_lists(pyforge, tmp_path):
    rows = "".join(f"<r><p><i>{i}</i><f>{i}.25</f><d>2024-01-{i % 28 + 1:02d}</d><t>x{i}</t></p><p><b>true</b></p></r>" for i in range(50))
    files, _ = convert(pyforge, tmp_path, f"<a>{rows}</a>", files=True)
    done = pyforge("convert", tmp_path / "t.xml", tmp_path / "nested.parquet", "--nested")
    assert done.returncode == 0, done.stderr.decode()
    nested = {field.name: field.type for field in parquet.read_schema(tmp_path / "nested.parquet").field("a_r_p").type.value_type}
    schema = parquet.read_schema(files["r_p"])
    assert [str(schema.field(key).type) for key in KEYS] == ["int64"] * 3
    assert {field.name: field.type for field in schema if field.name not in KEYS} == nested


def test_rows_with_nothing_but_lists(pyforge, tmp_path):
    tables, _ = convert(pyforge, tmp_path, "<a><r><x>1</x><x>2</x></r><r><x>3</x></r></a>", "--row-tag", "r")
    assert tables["r"] == [{"_id": 1}, {"_id": 2}]
    assert [(row["_parent_id"], row["_index"], row["x"]) for row in tables["r_x"]] == [(1, 1, 1), (1, 2, 2), (2, 1, 3)]


def test_several_documents_in_one_file(pyforge, tmp_path):
    one = "<a n='{}'><r><x>1</x><x>2</x></r><r/></a>"
    tables, _ = convert(pyforge, tmp_path, one.format(1) + one.format(2))
    assert [(row["_id"], row["a@n"]) for row in tables["r"]] == [(1, 1), (2, 1), (3, 2), (4, 2)]
    assert [(row["_id"], row["_parent_id"]) for row in tables["r_x"]] == [(1, 1), (2, 1), (3, 3), (4, 3)]


# ---- outputs

NESTED = "<a><r k='1'><x><y>1</y><y>2</y></x><x/></r><r k='2'><x><y>3</y></x></r></a>"


def test_one_workbook_and_csv(pyforge, tmp_path):
    path = tmp_path / "t.xml"
    path.write_text(NESTED)
    assert pyforge("convert", path, tmp_path / "t.xlsx", "--relational").returncode == 0
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert [[[cell for cell in row] for row in sheet.values] for sheet in book] == [
        [["_id", "a_r@k"], [1, 1], [2, 2]],
        [["_id", "_parent_id", "_index", "x"], [1, 1, 1, None], [2, 1, 2, ""], [3, 2, 1, None]],
        [["_id", "_parent_id", "_index", "y"], [1, 1, 1, 1], [2, 1, 2, 2], [3, 3, 1, 3]]] and book.sheetnames == ["r", "r_x", "r_x_y"]
    assert pyforge("convert", path, "--relational", "--to", "csv").returncode == 0
    assert (tmp_path / "t_csv" / "t_r_x_y.csv").read_text() == "_id,_parent_id,_index,y\n1,1,1,1\n2,1,2,2\n3,3,1,3\n"
    done = pyforge("convert", path, "-", "--to", "csv", "--relational", "--tables", "r_x_y", "--columns", "_parent_id,y", "--quiet")
    assert done.stdout == b"_parent_id,y\n1,1\n1,2\n3,3\n", done.stderr.decode()


def test_info_tells_the_tables(pyforge, tmp_path):
    path = tmp_path / "t.xml"
    path.write_text(NESTED)
    done = pyforge("info", path, "--relational")
    assert "r (2 rows), r_x (3 rows, of r), r_x_y (3 rows, of r_x)" in done.stdout.decode()
    assert "there are 2 more: 'r_x', 'r_x_y'" in done.stderr.decode()
    done = pyforge("info", path, "--relational", "--tables", "r_x_y")
    assert "_parent_id" in done.stdout.decode() and done.stderr == b""
    done = pyforge("convert", path, f"{tmp_path}/o/", "--relational", "--preview-schema")
    assert done.stderr.decode().count("_parent_id: int64") == 2


@pytest.mark.parametrize("options, words", [
    (("-", "--to", "csv"), "the input has 3 tables, and standard output takes one"),
    (("o.csv", "--nested"), "--nested and --relational exclude each other"),
    (("o.csv", "--array-handling", "concatenate"), "--relational and --array-handling exclude each other"),
    (("o.csv", "--flatten-nested"), "--relational and --flatten-nested exclude each other"),
    (("o.csv", "--compat", "1.0"), "--relational and --compat 1.0 exclude each other"),
    (("o.csv", "--combine"), "--combine makes one table of several, but these tables have types and keys of their own"),
    (("o.csv", "--combine-by", "name"), "--combine-by makes one table"),
    (("o.csv", "--sheet-column", "--tables", "r"), "--sheet-column makes one table"),
])
def test_what_is_refused(pyforge, tmp_path, options, words):
    path = tmp_path / "t.xml"
    path.write_text(NESTED)
    done = pyforge("convert", path, *options, "--relational", cwd=tmp_path)
    said = done.stderr.decode()
    assert done.returncode == 2 and words in said and "hint: " in said and done.stdout == b"", said
    assert [file.name for file in tmp_path.iterdir()] == ["t.xml"]


def test_a_schema_is_refused(pyforge, tmp_path):
    _, said = convert(pyforge, tmp_path, NESTED, "--tables", "r_x", "--schema", "y:string", fails=4)
    assert "--schema is for inputs without types" in said and "--types string keeps text" in said


def test_too_many_tables(pyforge, tmp_path):
    row = "<r>" + "".join(f"<x{i}>1</x{i}>" * 2 for i in range(1000)) + "</r>"
    _, said = convert(pyforge, tmp_path, f"<a>{row}{row}</a>", "--row-tag", "r", fails=1)
    assert "more than 1000 elements are repeated" in said and "--nested" in said


# ---- damage

def test_damage(pyforge, tmp_path):
    text = make_document(5, 200, depth=2)
    cut = text[: len(text) // 2]
    _, said = convert(pyforge, tmp_path, cut, "--row-tag", "row", fails=1)
    assert "not well-formed" in said
    tables, said = convert(pyforge, tmp_path, cut, "--row-tag", "row", "--types", "string", "--on-error", "reject", fails=3)
    whole = Tables(cut[: cut.rindex("</row>")] + "</row></root>").named
    assert tables == whole and "1 row was rejected" in said, said
    assert [file.name for file in (tmp_path / "out").glob("*.rejects.csv")] == ["t_row.parquet.rejects.csv"]  # one place: one reject
    _, said = convert(pyforge, tmp_path, cut, "--row-tag", "row", "--tables", "row_a", "--on-error", "reject", "--max-rejects", "100%", fails=3)
    assert "1 row was rejected" in said, said
    random_ = random.Random(11)
    for _ in range(40):
        damaged = bytearray(text.encode())
        for _ in range(random_.randint(1, 4)):
            damaged[random_.randrange(len(damaged))] = random_.randrange(256)
        (tmp_path / "d.xml").write_bytes(damaged)
        done = pyforge("convert", tmp_path / "d.xml", f"{tmp_path}/d/", "--force", "--relational", "--row-tag", "row", "--to", "csv")
        assert done.returncode in (0, 1), done.stderr.decode()
        assert "not accounted" not in done.stderr.decode() and "internal" not in done.stderr.decode()


def test_the_example_of_the_docs(pyforge, tmp_path):
    """docs/xml.md joins two tables."""
    page = (ROOT / "docs" / "xml.md").read_text()
    query, given = re.search(r"```sql\n(.*?)```\n\ngives\n\n```\n(.*?)```", page, re.DOTALL).groups()
    done = pyforge("convert", ROOT / "examples" / "orders.xml", f"{tmp_path}/orders/", "--relational", "--flatten-strategy", "moderate")
    assert done.returncode == 0, done.stderr.decode()
    assert [str(row) for row in duckdb.sql(query.replace("'orders/", f"'{tmp_path}/orders/")).fetchall()] == given.splitlines()
