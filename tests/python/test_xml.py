"""Reading XML end to end: what is lost is told, paths that come late, damage, compression, standard input, several documents; every leaf
value of a document against Python's own parser."""

import collections
import gzip
import json
import random
import xml.etree.ElementTree as ElementTree

import pyarrow.parquet as parquet
import pytest


def convert(pyforge, path, *options):
    out = path.with_name("out.parquet")
    out.unlink(missing_ok=True)
    return out, pyforge("convert", path, out, "--force", *options)


def read(pyforge, path, *options):
    out, done = convert(pyforge, path, *options)
    assert done.returncode == 0, done.stderr.decode()
    return parquet.read_table(out), done.stderr.decode()


def put(tmp_path, text, name="t.xml"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def records(count, extra=lambda i: ""):
    rows = "".join(f'<row id="{i}"><name>N{i} &amp; co</name><when>2024-01-{i % 28 + 1:02d}</when>{extra(i)}</row>\n' for i in range(count))
    return f'<?xml version="1.0"?>\n<rows run="7">\n{rows}</rows>\n'


def test_types_and_outside_attributes(pyforge, tmp_path):
    table, said = read(pyforge, put(tmp_path, records(3)))
    assert table.to_pylist()[1] == {"rows@run": 7, "rows_row@id": 1, "rows_row_name": "N1 & co",
                                    "rows_row_when": table["rows_row_when"][1].as_py()}
    assert [str(field.type) for field in table.schema] == ["int64", "int64", "string", "date32[day]"]
    assert "note" not in said


def test_threads_and_memory_change_nothing(pyforge, tmp_path):
    path = put(tmp_path, records(60000, lambda i: f"<tag>{i}</tag><tag>b</tag>" if i % 7 == 0 else ""))
    first, _ = read(pyforge, path, "--threads", "1")
    assert first.num_rows == 60000 + len(range(0, 60000, 7))
    assert first["rows@run"].to_pylist() == [7] * first.num_rows
    for options in (("--threads", "2"), ("--threads", "4", "--memory", "64M")):
        assert read(pyforge, path, *options)[0].equals(first)


def test_a_path_that_comes_late_is_a_column(pyforge, tmp_path):
    """Beyond what opening looks at: the source is read once more."""
    text = records(60000, lambda i: "<late>L</late>" if i == 59990 else "")
    table, _ = read(pyforge, put(tmp_path, text))
    assert table["rows_row_late"].null_count == 59999 and table["rows_row_late"][59990].as_py() == "L"
    done = pyforge("convert", "-", tmp_path / "piped.parquet", input=text.encode())
    assert done.returncode == 0, done.stderr.decode()
    assert parquet.read_table(tmp_path / "piped.parquet").equals(table)


def test_a_path_in_the_middle_of_a_pipe(pyforge, tmp_path):
    """The pass ends there, with much of the pipe unread: the reading that follows has it all."""
    text = records(400000, lambda i: "<late>L</late>" if i == 40000 else "")
    done = pyforge("convert", "-", tmp_path / "piped.parquet", input=text.encode())
    assert done.returncode == 0, done.stderr.decode()
    assert parquet.read_table(tmp_path / "piped.parquet")["rows_row@id"].to_pylist() == list(range(400000))


def test_texts_around_an_empty_child_are_joined_with_a_blank(pyforge, tmp_path):
    table, _ = read(pyforge, put(tmp_path, "<a><r>one<br/>two<b> </b>\n<c></c>three</r><r>four</r></a>"))
    assert table["a_r"].to_pylist() == ["one two three", "four"]


def test_compressed(pyforge, tmp_path):
    table, _ = read(pyforge, put(tmp_path, records(50)))
    assert read(pyforge, put(tmp_path, gzip.compress(records(50).encode()), "t.xml.gz"))[0].equals(table)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "iso-8859-1", "windows-1251"])
def test_encodings(pyforge, tmp_path, encoding):
    word = "слово" if encoding == "windows-1251" else "Größe"
    named = "utf-8" if "utf" in encoding else encoding
    text = f'<?xml version="1.0" encoding="{named}"?>\n<a><r>{word}</r><r>x</r></a>'
    table, _ = read(pyforge, put(tmp_path, text.encode(encoding)))
    assert table["a_r"].to_pylist() == [word, "x"]


def test_not_well_formed(pyforge, tmp_path):
    path = put(tmp_path, records(40).replace("<name>N30 &amp; co</name>", "<name>N30</nome>"))
    out, done = convert(pyforge, path)
    said = done.stderr.decode()
    assert done.returncode == 1 and "line 33" in said and "mismatched tag" in said and "row 31" in said, said
    assert not out.exists()
    out, done = convert(pyforge, path, "--on-error", "reject")
    assert done.returncode == 3, done.stderr.decode()
    assert parquet.read_table(out)["rows_row@id"].to_pylist() == list(range(30))


def test_cut_short(pyforge, tmp_path):
    text = records(40)
    _, done = convert(pyforge, put(tmp_path, text[: text.index("<name>N20")]))
    assert done.returncode == 1 and "not well-formed" in done.stderr.decode()


@pytest.mark.parametrize("seed", range(30))
def test_damage(pyforge, tmp_path, seed):
    """Cut anywhere, or 1 % of the bytes changed: an answer that accounts for every value, never a crash; the same with one thread and two."""
    random_ = random.Random(seed)
    text = bytearray(records(400, lambda i: f"<tag>{i}</tag><tag/>" if i % 3 == 0 else "<!-- c --><m>a<b>c</b>d</m>").encode())
    if seed % 2:
        del text[random_.randrange(len(text)):]
    else:
        for _ in range(len(text) // 100 if seed % 4 else 1):
            text[random_.randrange(len(text))] = random_.randrange(256)
    path, found = put(tmp_path, bytes(text)), []
    for threads in ("1", "2"):
        out, done = convert(pyforge, path, "--on-error", "reject", "--max-rejects", "100%", "--types", "string", "--threads", threads)
        assert done.returncode in (0, 1, 3) and "accounted" not in done.stderr.decode(), done.stderr.decode()
        found.append((done.returncode, parquet.read_table(out) if out.exists() else None))
    assert found[0] == found[1]


def test_several_documents(pyforge, tmp_path):
    table, _ = read(pyforge, put(tmp_path, records(20) + "<!-- next -->" + records(5) + "\n" + records(7) + "<?end?>\n"))
    assert table["rows_row@id"].to_pylist() == [*range(20), *range(5), *range(7)]


def test_what_is_not_written_is_told(pyforge, tmp_path):
    path = put(tmp_path, "<a><r>1</r><r>2</r><end>3</end><end>4</end></a>")
    _, said = read(pyforge, path, "--row-tag", "r")
    assert "2 values outside of the rows" in said and "'end'" in said
    table, said = read(pyforge, path, "--row-tag", "r,end")
    assert table.to_pydict() == {"a_r": [1, 2, None, None], "a_end": [None, None, 3, 4]} and "outside" not in said


def test_hostile(pyforge, tmp_path):
    laughs = "".join(f'<!ENTITY e{i} "{"&e%d;" % (i - 1) * 10}">' for i in range(1, 10))
    for text, option in [
        (f'<!DOCTYPE a [<!ENTITY e0 "aaaaaaaaaa">{laughs}]><a><r>1</r><r>&e9;</r></a>', "--max-entities"),
        ("<a>" * 1000000, "--max-depth"),
        (f'<a><r x="{"y" * (17 << 20)}"/><r/></a>', "--max-attribute"),
        (f"<a><r/><r><{'n' * 5000}/></r></a>", "--max-name"),
    ]:
        _, done = convert(pyforge, put(tmp_path, text))
        assert done.returncode == 1 and option in done.stderr.decode(), (option, done.stderr.decode())
    secret = put(tmp_path, "secret", "secret.txt")
    table, said = read(pyforge, put(tmp_path, f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret}">]><a><r>1</r><r>see &x; here</r></a>'))
    assert table["a_r"].to_pylist() == ["1", "see &x; here"] and "&x;" in said


def test_encodings(pyforge, tmp_path):
    text = "<a><r>\u00e4</r><r>z</r></a>"
    for bytes_, options in [
        (text.encode("utf-16"), ()), (text.encode("utf-16-le"), ()), (text.encode("utf-16-be"), ()), (text.encode("utf-32"), ()),
        (b"\xef\xbb\xbf" + text.encode(), ()), (b"<?xml version='1.0' encoding='us-ascii'?>" + text.encode(), ()),
        (b"<?xml version='1.0' encoding ?>" + text.encode(), ()), (b"\n" + text.encode("cp1252"), ("--encoding", "cp1252")),
        (b"<?xml version='1.0' encoding='utf-8'?>" + text.encode("cp1252"), ("--encoding", "cp1252")),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?>" + text.encode(), ("--encoding", "utf-8")),
        (b"<?xml version='1.0' encoding='none'?>" + text.encode("cp1252"), ("--encoding", "iso-8859-1")),
    ]:
        path = tmp_path / "t.xml"
        path.write_bytes(bytes_)
        table, _ = read(pyforge, path, *options)
        assert table["a_r"].to_pylist() == ["\u00e4", "z"], bytes_
    path.write_bytes(b"<?xml version='1.0' encoding='none'?>" + text.encode("cp1252"))
    _, done = convert(pyforge, path)
    assert done.returncode == 2 and 'encoding "none"' in done.stderr.decode() and "with --encoding" in done.stderr.decode()
    _, done = convert(pyforge, path, "--encoding", "nothing")
    assert done.returncode == 2 and '"nothing"' in done.stderr.decode() and "the document names" not in done.stderr.decode()


def test_rows_that_are_not_there(pyforge, tmp_path):
    for text in records(10), records(40000):
        path = put(tmp_path, text)
        assert len(text) < 1 << 20 or text != records(10)
        for options, words in [(("--row-tag", "q"), "no element 'q' in"), (("--row-tag", "row", "--root-tag", "q"), "'row' within 'q'")]:
            _, done = convert(pyforge, path, *options)
            assert done.returncode == 2 and words in done.stderr.decode() and "--row-tag" in done.stderr.decode()


def test_rows_that_are_too_long(pyforge, tmp_path):
    for text, line in [
        (f"<a>\n<r/>\n<r>{'x' * 70000}</r><r/></a>", 3), (f"<a>\n<r/>\n<r k='{'x' * 70000}'/><r/></a>", 3),
        (f"<a>\n<r/>\n<r>{'<x>1</x>' * 300000}</r><r/></a>", 3),
    ]:
        _, done = convert(pyforge, put(tmp_path, text), "--max-record", "64K", "--row-tag", "r")
        said = done.stderr.decode()
        assert done.returncode == 1 and f"on line {line} is longer than 65536 bytes" in said and "--max-record" in said, said
        table, _ = read(pyforge, put(tmp_path, text), "--max-record", "8M", "--row-tag", "r")
        assert table.num_rows >= 3
    text = f"<a><r>1</r><r>{'<x>12345678</x>' * 700000}</r><r/></a>"
    _, done = convert(pyforge, put(tmp_path, text), "--memory", "16M", "--row-tag", "r")
    assert done.returncode == 1 and "no room for a row of more than" in done.stderr.decode() and "--memory" in done.stderr.decode()
    _, done = convert(pyforge, put(tmp_path, "<a><r><x/><y/><z/></r><r/></a>"), "--max-columns", "2")
    assert done.returncode == 1 and "--max-columns" in done.stderr.decode()


def test_much_in_front_of_rows(pyforge, tmp_path):
    """What is carried from block to block has an end; what is not is told."""
    heads = [f"<h{i}>v{i} {'x' * 1000}</h{i}>" for i in range(300)]
    rows = [f"<r>{i} {'y' * 8000}</r>" for i in range(200)]
    table, said = read(pyforge, put(tmp_path, f"<a>{''.join(heads)}{''.join(rows)}</a>"), "--row-tag", "r")
    there = [name for name in table.column_names if table[name].null_count == 0]
    assert table.num_rows == 200 and 200 < len(there) < 300
    assert f"{301 - len(there)} values outside of the rows" in said and "more than 256 KiB are in front" in said


def test_the_row_is_the_dense_one(pyforge, tmp_path):
    groups = "".join(f"<g n='{g}'>{''.join(f'<i>{g}.{i}</i>' for i in range(30))}</g>" for g in range(3))
    table, _ = read(pyforge, put(tmp_path, f"<a>{groups}</a>"), "--types", "string")
    assert table.column_names == ["a_g@n", "a_g_i"]
    assert table["a_g_i"].to_pylist() == [f"{g}.{i}" for g in range(3) for i in range(30)]


def test_texts_of_lists_in_json(pyforge, tmp_path):
    text = '<a xmlns:i="u"><r><x>q" b\\ t\tn\nz</x><x i:nil="true"/></r><r/></a>'
    table, _ = read(pyforge, put(tmp_path, text), "--array-handling", "json_string", "--row-tag", "r")
    assert json.loads(table["a_r_x"][0].as_py()) == ['q" b\\ t\tn\nz', None]


def test_many_kinds_of_rows(pyforge, tmp_path):
    kinds = [f"{'k' * (i % 7 + 1)}{i}" for i in range(500)]
    text = f"<a>{''.join(f'<{kind}>{i}.{n}</{kind}>' for n in range(2) for i, kind in enumerate(kinds))}</a>"
    table, said = read(pyforge, put(tmp_path, text), "--types", "string")
    assert table.num_rows == 1000 and table.column_names == [f"a_{kind}" for kind in kinds] and "outside" not in said
    for i, kind in enumerate(kinds):
        assert [value for value in table[f"a_{kind}"].to_pylist() if value is not None] == [f"{i}.0", f"{i}.1"]
    beyond = "".join(f"<x{i}>{i}</x{i}><x{i}/>" for i in range(1002))
    table, said = read(pyforge, put(tmp_path, f"<a>{beyond}</a>"), "--types", "string")
    assert table.num_columns == 1001 and "2 values outside of the rows" in said


# ---- every leaf value, by another parser

def leaves(element, found):
    """Attributes, texts of elements without children, and pieces of text beside children."""
    for value in element.attrib.values():
        found[value] += 1
    pieces = [text.strip() for text in [element.text, *(child.tail for child in element)] if text and text.strip()]
    if pieces:
        found[" ".join(pieces)] += 1
    for child in element:
        leaves(child, found)
    return found


def make_element(random_, depth, number):
    name = random_.choice("abcde")
    attributes = "".join(f' {key}="v{next(number)}"' for key in "xyz" if random_.random() < 0.2)
    if depth == 0 or random_.random() < 0.3:
        return f"<{name}{attributes}>t{next(number)}</{name}>"
    inner = "".join(make_element(random_, depth - 1, number) for _ in range(random_.randint(1, 4)))
    text = f"t{next(number)}" if random_.random() < 0.2 else ""
    return f"<{name}{attributes}>\n {text}{inner}</{name}>"


@pytest.mark.parametrize("seed", range(25))
def test_every_leaf_value_is_written_or_told(pyforge, tmp_path, seed):
    random_ = random.Random(seed)
    number = iter(range(1, 10**6))
    text = f'<root k="v0">{"".join(make_element(random_, 3, number) for _ in range(12))}</root>'
    expected = leaves(ElementTree.fromstring(text), collections.Counter())
    for options in (("--row-tag", "root"), ("--row-tag", "a,b,c,d,e"), ("--row-tag", "root", "--array-handling", "concatenate"),
                    ("--row-tag", "root", "--array-handling", "json_string"), ("--row-tag", "a,b,c,d,e", "--flatten-strategy", "moderate"),
                    ("--row-tag", "root", "--flatten-strategy", "moderate", "--flatten-nested")):
        table, said = read(pyforge, put(tmp_path, text), "--types", "string", *options)
        written = "\n".join(str(value) for column in table.columns for value in column.to_pylist())
        words = set(written.replace(";", " ").replace(":", " ").replace("=", " ").replace('"', " ").replace(",", " ").replace("(", " ")
                    .replace(")", " ").replace("[", " ").replace("]", " ").split())
        missing = [value for value in expected if value not in words]
        assert not missing, (options, missing)
        assert "accounted" not in said and "outside" not in said
