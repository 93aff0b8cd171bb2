"""Spark reads the input: every file either gives the table that the native engine gives, or is refused with the reason."""

import os

import pyarrow
import pyarrow.parquet
import pytest
from conftest import KINDS

from loading import overwrites_tables, read_back

FULL = bool(os.environ.get("PYFORGE_TEST_FULL"))

NUMBERS = "".join(f"{n},{n * 0.5},{'true' if n % 3 else 'False'}\n" for n in range(-500, 500))
# name: (the file, options of the conversion)
EQUAL = {
    "integers and text": ("id,name\n1,a\n2,b\n", {}),
    "the widest integers": ("a\n9223372036854775807\n-9223372036854775808\n0\n", {}),
    "leading zeros": ("a,b\n00123,1\n00456,2\n", {}),
    "integers beyond 64 bits": ("a,b\n1,1\n18446744073709551615,2\n", {}),
    "floats": ("a\n0.1\n1e5\n2E-3\n5e-324\n1.7976931348623157e308\n-0\n1.50\n0.12345678901234568\n", {}),
    "large whole floats": ("a\n10000000000000000000000\n1\n", {}),
    "words of floats": ("a,b\nNaN,1\ninf,2\n-inf,3\n1.5,4\n", {}),
    "truth in any case": ("a,b\ntrue,1\nFALSE,2\nTrue,3\n,4\n", {}),
    "dates": ("a,b\n2024-01-31,1\n0001-01-01,2\n9999-12-31,3\n1582-10-10,4\n", {}),
    "dates with slashes": ("a,b\n2024/01/31,1\n1999/12/01,2\n", {}),
    "dates, day first": ("a,b,c\n31/01/2024,31.01.2024,31-01-2024\n01/12/2023,01.12.2023,01-12-2023\n", {}),
    "dates, day first without zeros": ("a,b\n31/1/2024,31.1.2024\n1/12/2023,1.12.2023\n", {}),
    "dates, month first": ("a,b,c\n01/31/2024,01.31.2024,1-31-2024\n12/01/2023,12.01.2023,12-1-2023\n", {}),
    "dates of either order": ("a,b\n01/02/2024,1\n03/04/2023,2\n", {}),
    "timestamps": ("a,b\n2024-01-31 10:20:30,1\n1600-01-01 00:00:00,2\n0001-01-01 00:00:00,3\n9999-12-31 23:59:59,4\n", {}),
    "timestamps in a gap of the session's zone": ("a,b\n2024-03-10 02:30:00,1\n2024-11-03 01:30:00,2\n1883-11-18 12:01:00,3\n", {}),
    "timestamps with T": ("a,b\n2024-01-31T10:20:30,1\n2023-12-01T00:00:00,2\n", {}),
    "timestamps with fractions": ("a,b,c\n2024-01-31 10:20:30.5,2024-01-31 10:20:30.123456,2024-01-31 10:20:30.123456000\n"
                                  "2024-01-31 10:20:30,2024-01-31 10:20:30.000001,2024-01-31 10:20:30.500000000\n", {}),
    "timestamps of minutes": ("a,b\n2024-01-31 10:20,1\n2024-01-31 00:00,2\n", {}),
    "timestamps with zones": ("a,b\n2024-01-31T10:20:30Z,1\n2024-01-31T10:20:30+02:00,2\n1900-01-01T00:00:00-05:00,3\n0001-01-02T00:00:00Z,4\n", {}),
    "timestamps with zones in short": ("a,b\n2024-01-31 10:20:30+0200,1\n2024-01-31 10:20:30-05,2\n2024-01-31 10:20:30Z,3\n", {}),
    "timestamps with zones and fractions": ("a,b\n2024-01-31T10:20:30.123456Z,1\n2024-01-31T10:20:30.000001+05:30,2\n", {}),
    "times of day": ("a,b\n10:20:30,1\n23:59:59,2\n", {}),
    "what is no type": ("a,b,c,d\n$1.50,50%,+1,0x10\n$2,1%,-2,0x11\n", {}),
    "a word behind numbers": (f"a,b,c\n{NUMBERS}word,1.5,true\n", {}),
    "many numbers": (f"a,b,c\n{NUMBERS}", {}),
    "nulls and empty texts": ('a,b,c\nx,1,true\n,,\n"","",""\n" ",3,false\n', {}),
    "only nulls": ("a,b\n,1\n,2\n", {}),
    "only empty texts": ('a,b\n"",1\n"",2\n', {}),
    "one column": ("a\n1\n\n2\n\n", {}),
    "one column of texts": ('a\nx\n""\n"y"\n', {}),
    "blanks are kept": ("a,b\n x , 1\ny  ,2 \n", {}),
    "short rows": ("a,b,c\n1,2,3\n4,5\n6\n", {}),
    "surplus empty fields": ("a,b\n1,2,\n3,4,,\n", {}),
    "blank lines": ("a,b\n\n1,2\n\n\n3,4\n\n", {}),
    "no line end at the end": ("a,b\n1,2\n3,4", {}),
    "rows that end with CRLF": ("a,b\r\n1,x\r\n2,y\r\n", {}),
    "rows that end with LF or CRLF": ("a,b\r\n1,x\n2,y\r\n3,z\n", {}),
    "quotes": ('a,b\n"x, y","say ""hi"""\n"""","a"""\n', {}),
    "quotes in plain values": ('a,b\n5" pipe,it"s\n6" pipe,"x"\n', {}),
    "line ends in quotes": ('a,b\n"line 1\nline 2",1\n"\n",2\nplain,3\n', {}),
    "line ends in quotes and blank lines": ('a,b\n\n"l1\n\nl2",1\n\nplain,3\n\n', {}),
    "a line end in the header": ('"a\nb",c\n1,2\n3,4\n', {}),
    "quotes in the header": ('"a ""q""","b,c"\n1,2\n', {}),
    "backslashes": ("a,b\nC:\\new,\\\n\"C:\\dir\\x\",\\n\n", {}),
    "the header once more": ("a,b\nx,y\na,b\nz,w\n", {}),
    "names that Spark would change": ('A,a b,"x,y",;{}()=,ä.b,`c`\n1,2,3,4,5,6\n', {}),
    "names that differ in case": ("a,A\n1,2\n", {}),
    "names twice and none": ("a,a,\n1,2,3\nx,y,z\n", {}),
    "no header": ("1,2024-01-31\n2,2024-02-01\n", {}),
    "no header by option": ("x,y\nz,w\n", {"header": "no"}),
    "semicolons": ("a;b\n1;x,y\n2;z\n", {}),
    "tabs": ("a\tb\n1\tx y\n2\tz\n", {}),
    "pipes": ("a|b\n1|x\n2|y\n", {}),
    "another delimiter": ("a^b\n1^x\n2^y\n", {"delimiter": "^"}),
    "single quotes": ("a,b\n'x, y','1'\n'it''s','2'\n", {"quote": "'"}),
    "quotes as text": ('a,b\n"x",1\n"y,2\n', {"quote": "none"}),
    "words for null": ("a,b,c\nNA,1,x\n2,NULL,NA\n3,4,it's\n", {"null_values": "NA,NULL,it's"}),
    "words for null in quotes": ('a,b\n"NA",1\n2,"NA"\n', {"null_values": "NA"}),
    "all as text": ("a,b\n1,2024-01-31\n2,x\n", {"types": "string"}),
    "some declared as text": ("a,b\n1,2\n3,4\n", {"schema": "a:string"}),
    "some columns": ("a,b,c,d\n1,2,3,4\n5,6,7,8\n", {"columns": "d,b"}),
    "UTF-8": ("a,b\nGröße,日本\n😀,ß\n", {}),
    "a byte order mark": ("\ufeffa,b\n1,Größe\n2,x\n", {}),
    "a byte order mark and quotes over lines": ('\ufeff"a",b\n1,"x\ny"\n2,x\n', {}),
    "ISO-8859-1": ("a,b\n1,Größe\n2,naïve\n".encode("latin-1"), {"encoding": "iso-8859-1"}),
    "odd characters": ("a,b\nx\u2028y,1\nx\x0by\x0c,2\nx\x85y,3\n\u00a0,4\n", {}),
    "long values": ("a,b\n" + "x" * 200000 + ",1\ny,2\n", {}),
    "many columns": (",".join(f"c{n}" for n in range(3000)) + "\n" + (",".join(map(str, range(3000))) + "\n") * 3, {}),
}
# name: (the file, options, why Spark is refused)
REFUSED = {
    "a lone CR": ("a,b\r1,2\r3,4\r", {}, "ends with CR alone"),
    "CRLF in quotes": ('a,b\n"x\r\ny",1\n', {}, "CR in it"),
    "a CR in quotes": ('a,b\n"x\ry",1\n', {}, "CR in it"),
    "line ends in quotes in a file of CRLF": ('a,b\r\n"x\ny",1\r\nz,2\r\n', {}, "rows end with CRLF"),
    "text behind a quote": ('a,b\n"x"y,1\nz,2\n', {}, "behind the quote"),
    "long rows": ("a,b\n" + "1,2\n" * 20 + "3,4,5\n", {}, "set aside"),
    "rows of tabs": ("a\tb\n1\t2\n\t\n", {}, "blanks or tabs"),
    "a row of blanks": ("a\nx\n  \ny\n", {}, "blanks or tabs"),
    "a byte 0": ("a,b\nx\0y,1\n", {}, "bytes 0 or 1"),
    "comments": ("a,b\n#x\n1,2\n", {"comment": "#"}, "comments"),
    "an escape": ('a,b\n"x\\"y",1\n', {"escape": "\\"}, "escape"),
    "a delimiter of two": ("a||b\n1||2\n", {"delimiter": "||"}, "more than one byte"),
    "titles": ("title\na,b\n1,2\n", {"header": "2"}, "first line"),
    "skipped rows": ("title\na,b\n1,2\n", {"skip_rows": 1}, "first line"),
    "UTF-16": ("a,b\n1,Größe\n2,x\n".encode("utf-16"), {}, "no other encoding"),
    "windows-1252": ("a,b\n1,\u20ac\n2,x\n".encode("windows-1252"), {"encoding": "windows-1252"}, "no other encoding"),
    "a decimal comma": ("a;b\n1,5;2\n", {"decimal": ","}, "form of their own"),
    "declared numbers": ("a,b\n+1,2\n", {"schema": "a:int64"}, "declared"),
    "no rows": ("a,b\n", {}, "no rows"),
    "version 1.0": ("a,b\n1,2\n", {"compat": "1.0"}, "rules of its own"),
    "bytes that are not UTF-8": (b"a,b\n" + b"x,1\n" * 20 + b"\xc3\xa4,1\n" * 20 + b"\xff,2\n", {"on_error": "reject"}, "set aside"),
}


def rows_of_xml(*rows, root="root"):
    return "<%s>\n%s</%s>\n" % (root, "".join(f"  {row}\n" for row in rows), root)


ADDRESSES = [f"<p><n>{n}</n><address><city>City {n % 3}</city><zip code='{n:05}'/></address></p>" for n in range(40)]
# name: (the document, options of the conversion)
XML = {
    "texts and numbers": (rows_of_xml("<r><a>1</a><b>x</b></r>", "<r><a>2</a><b>y</b></r>"), {}),
    "what is not there": (rows_of_xml("<r><a>1</a></r>", "<r><b>y</b></r>", "<r><b>z</b><a>3</a></r>"), {}),
    "empty elements": (rows_of_xml("<r><a/><b>x</b></r>", "<r><a></a><b> </b></r>", "<r><a>z</a><b>\n</b></r>"), {}),
    "empty elements of numbers": (rows_of_xml("<r><a/><b>1</b></r>", "<r><a>5</a><b></b></r>"), {}),
    "attributes": (rows_of_xml("<r k='1' l=\"x y\"><a>1</a></r>", "<r l=''><a>2</a></r>", "<r k='3'><a>3</a></r>"), {}),
    "attributes of elements with text": (rows_of_xml("<r><a u='EUR'>1.50</a></r>", "<r><a>2.25</a></r>", "<r><b>x</b></r>"), {}),
    "attributes of empty elements": (rows_of_xml("<r><a u='EUR'>1.50</a></r>", "<r><a u='USD'/></r>", "<r><a/></r>"), {}),
    "attributes of empty texts": (rows_of_xml("<r><a u='EUR'>x</a></r>", "<r><a u='USD'/></r>", "<r><b>y</b></r>"), {}),
    "attributes left out": (rows_of_xml("<r k='1'><a u='1'>x</a></r>", "<r k='2'><a>y</a></r>"), {"preserve_attributes": False}),
    "nested": (rows_of_xml(*ADDRESSES), {}),
    "nested, named from the row on": (rows_of_xml(*ADDRESSES), {"flatten_strategy": "moderate", "flatten_nested": True}),
    "rows deep in the document": ("<a><b><c>" + "".join(ADDRESSES) + "</c></b></a>", {}),
    "rows of text": (rows_of_xml("<r>x</r>", "<r>y</r>", "<r/>", "<r> z </r>"), {}),
    "rows of text with attributes": (rows_of_xml("<r k='1'>x</r>", "<r k='2'>y</r>", "<r>z</r>", "<r k='4'/>"), {}),
    "empty rows with attributes": (rows_of_xml("<r k='1'>x</r>", "<r k='2'/>", "<r>z</r>", "<r l='4'/>"), {}),
    "a row named": (rows_of_xml("<r><a>1</a></r>", "<r><a>2</a></r>"), {"row_tag": "r"}),
    "one row": (rows_of_xml("<r><a>1</a></r>"), {"row_tag": "r"}),
    "references that all have": (rows_of_xml("<r><a>&lt;x&gt; &amp;amp; &quot;y&apos;</a></r>", "<r><a k='&lt;&quot;'>b</a></r>"), {}),
    "texts over lines": (rows_of_xml("<r><a>\n  line 1\n  line 2\n</a></r>", "<r><a>\tx\ty\t</a></r>"), {}),
    "markup over lines": ("<root\n><r\n k='1'\n><a\n>x</a\n></r\n><r><a>y</a></r></root>", {}),
    "declared": ("<?xml version='1.0' encoding='UTF-8'?>\n" + rows_of_xml("<r><a>größe</a></r>", "<r><a>日本 😀</a></r>"), {}),
    "names of many letters": (rows_of_xml("<réc><größe>1</größe><a.b-c_d>2</a.b-c_d></réc>", "<réc><größe>3</größe></réc>"), {}),
    "types": (rows_of_xml(*[f"<r><i>{n}</i><f>{n / 4}</f><d>2024-01-{n % 28 + 1:02}</d><t>2024-01-31T10:20:{n:02}</t><z>2024-01-31T10:20:{n:02}Z</z>"
                            f"<b>{'true' if n % 2 else 'False'}</b><l>{n:04}</l></r>" for n in range(50)]), {}),
    "all as text": (rows_of_xml("<r><a>1</a></r>", "<r><a>2</a></r>"), {"types": "string"}),
    "some columns": (rows_of_xml(*ADDRESSES), {"columns": "root_p_n"}),
    "quotes and signs in attributes": (rows_of_xml("""<r k='a"b' l="it's > 5"><a>1</a></r>""", "<r k='/>'><a>2</a></r>"), {}),
    "lists that hold one": (rows_of_xml("<r><a>1</a></r>", "<r><a>2</a></r>"), {"array_handling": "concatenate"}),
    "a late element": (rows_of_xml(*["<r><a>1</a></r>"] * 3000, "<r><a>2</a><late>x</late></r>"), {}),
    "many rows": (rows_of_xml(*[f"<r k='{n}'><a>value {n}</a><b>{n * 0.5}</b></r>" for n in range(60_000)]), {}),
}
# name: (the document, options, why Spark is refused)
XML_REFUSED = {
    "repeated elements": (rows_of_xml("<r><a>1</a><a>2</a></r>", "<r><a>3</a></r>"), {}, "repeated"),
    "repeated elements, joined": (rows_of_xml("<r><a>1</a><a>2</a></r>", "<r><a>3</a></r>"), {"array_handling": "concatenate"}, "repeated"),
    "comments": (rows_of_xml("<r><a>1</a></r>", "<!-- <r><a>0</a></r> -->", "<r><a>2</a></r>"), {}, "comments"),
    "CDATA": (rows_of_xml("<r><a><![CDATA[<r>]]></a></r>", "<r><a>2</a></r>"), {}, "CDATA"),
    "instructions": (rows_of_xml("<r><a>1</a></r>", "<?x <r>?>", "<r><a>2</a></r>"), {}, "instructions"),
    "entities": ("<!DOCTYPE root [<!ENTITY e 'x'>]>" + rows_of_xml("<r><a>&e;</a></r>", "<r><a>2</a></r>"), {}, "document type"),
    "characters": (rows_of_xml("<r><a>&#65;</a></r>", "<r><a>2</a></r>"), {}, "references"),
    "values around the rows": (rows_of_xml("<day>1</day>", "<r><a>1</a></r>", "<r><a>2</a></r>"), {}, "outside"),
    "attributes around the rows": ("<root day='1'><r><a>1</a></r><r><a>2</a></r></root>", {}, "outside"),
    "text beside elements": (rows_of_xml("<r>x<a>1</a></r>", "<r><a>2</a></r>"), {}, "both text and elements"),
    "prefixes": ("<root xmlns:p='urn:p'><r><p:a>1</p:a></r><r><p:a>2</p:a></r></root>", {}, "prefixes"),
    "names that differ in case": (rows_of_xml("<r><a>1</a><A>2</A></r>", "<r><a>3</a><A>4</A></r>"), {}, "case"),
    "rows in rows": (rows_of_xml("<r><a>1</a><r><a>2</a></r></r>", "<r><a>3</a></r>"), {}, "several elements"),
    "rows of two elements": (rows_of_xml("<r><a>1</a></r>", "<s><a>2</a></s>"), {"row_tag": "r,s"}, "several elements"),
    "several documents": (rows_of_xml("<r><a>1</a></r>", "<r><a>2</a></r>") * 2, {}, "several documents"),
    "blanks kept": (rows_of_xml("<r><a> 1</a></r>", "<r><a>2</a></r>"), {"keep_blanks": True}, "blanks"),
    "blanks around attributes": (rows_of_xml("<r k=' 1'><a>1</a></r>", "<r k='2'><a>2</a></r>"), {}, "blank"),
    "nested as one text": (rows_of_xml(*ADDRESSES), {"flatten_strategy": "moderate"}, "one text"),
    "lists": (rows_of_xml("<r><a>1</a></r>", "<r><a>2</a></r>"), {"nested": True}, "natively only"),
    "tables": (rows_of_xml("<r><a>1</a></r>", "<r><a>2</a></r>"), {"relational": True}, ""),
    "UTF-16": ((rows_of_xml("<r><a>1</a></r>", "<r><a>2</a></r>")).encode("utf-16"), {}, "not UTF-8"),
    "CRLF": (rows_of_xml("<r><a>1</a></r>", "<r><a>2</a></r>").replace("\n", "\r\n"), {}, "CR in it"),
    "empty elements beside attributes": (rows_of_xml("<r><a k='1'>x</a></r>", "<r><a/></r>"), {}, "nulls"),
    "version 1.0": (rows_of_xml("<r><a>1</a></r>", "<r><a>2</a></r>"), {"compat": "1.0"}, "rules of its own"),
}


def spread(cases, sample=None):
    """(case, kind of session): all with all in the full run, else a fixed sample of them, with one kind each in turn."""
    cases = list(cases)
    if FULL:
        return [(case, kind) for case in cases for kind in KINDS]
    if sample is not None and len(cases) > sample:
        cases = [cases[number * len(cases) // sample] for number in range(sample)]
    return [(case, KINDS[number % len(KINDS)]) for number, case in enumerate(cases)]


@pytest.fixture
def forge(package, session):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    return PyForgeDatabricks(spark_session=session)


def source(folder, content, name="in.csv"):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def parquet(path):
    return pyarrow.parquet.read_table(path)


def same_tables(ours, theirs):
    assert ours.schema.equals(theirs.schema), f"\n{ours.schema}\n{theirs.schema}"
    for name in theirs.column_names:
        for row, (a, b) in enumerate(zip(ours[name].to_pylist(), theirs[name].to_pylist())):
            assert a == b and type(a) is type(b) or (a != a and b != b), (name, row, a, b)
    assert ours.num_rows == theirs.num_rows


@pytest.mark.parametrize("case, session", spread(EQUAL, 40), indirect=["session"])
def test_the_same_parquet(package, forge, folder, case):
    content, options = EQUAL[case]
    path = source(folder, content)
    package.convert(path, folder / "native.parquet", engine="native", **options)
    done = forge.convert(path, folder / "spark.parquet", engine="spark", progress=False, **options)
    assert done, done.get("error")
    assert done["processing_engine"].startswith("spark"), done["attempts"]
    same_tables(parquet(folder / "spark.parquet"), parquet(folder / "native.parquet"))
    assert sorted(place.name for place in folder.iterdir()) == ["in.csv", "native.parquet", "spark.parquet"]


@pytest.mark.parametrize("case, session", spread(XML, 10), indirect=["session"])
def test_the_same_of_xml(spark, package, forge, folder, case):
    if spark.classic.version < "4":
        pytest.skip("this Spark has no reader of XML")
    content, options = XML[case]
    path = source(folder, content, "in.xml")
    package.convert(path, folder / "native.parquet", engine="native", **options)
    done = forge.convert(path, folder / "spark.parquet", engine="spark", progress=False, **options)
    assert done and done["processing_engine"].startswith("spark"), done.get("error")
    same_tables(parquet(folder / "spark.parquet"), parquet(folder / "native.parquet"))


@pytest.mark.parametrize("case", XML_REFUSED)
def test_what_is_refused_of_xml(spark, package, folder, case):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    content, options, why = XML_REFUSED[case]
    path = source(folder, content, "in.xml")
    refused = PyForgeDatabricks(spark_session=spark.classic).convert(path, folder / "out.parquet", engine="spark", progress=False, **options)
    assert not refused and why in refused["error"], refused.get("error")
    assert [place.name for place in folder.iterdir()] == ["in.xml"]


# name: the file that Spark is to read, made by pyarrow
def _decimals(values, precision, scale):
    from decimal import Decimal

    return pyarrow.array([None if value is None else Decimal(value) for value in values], pyarrow.decimal128(precision, scale))


def _times(unit, zone=None):
    return pyarrow.array([0, -1, 1_700_000_000, None, -62_135_596_800], pyarrow.int64()).cast(pyarrow.timestamp("s")).cast(pyarrow.timestamp(unit, zone))


PARQUET = {
    "integers": lambda: {f"i{bits}": pyarrow.array([0, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1, None], getattr(pyarrow, f"int{bits}")()) for bits in (8, 16, 32, 64)},
    "floats": lambda: {"f": pyarrow.array([0.5, None, 3.4e38], pyarrow.float32()), "d": [float("nan"), -0.0, float("inf")]},
    "texts": lambda: {"a b": ["x", None, ""], "A.b": ["\n", "\0", "größe"], "`q`": ["1", "2", "3"]},
    "truth": lambda: {"t": [True, False, None]},
    "bytes": lambda: {"b": [b"\0\xff", None, b""]},
    "dates": lambda: {"d": pyarrow.array([0, -719162, 2932896, None], pyarrow.int32()).cast(pyarrow.date32())},
    "timestamps": lambda: {"us": _times("us"), "ms": _times("ms")},
    "instants": lambda: {"us": _times("us", "UTC"), "ms": _times("ms", "UTC"), "zone": _times("us", "Europe/Berlin")},
    "decimals": lambda: {"a": _decimals(["1.50", None, "-0.01"], 5, 2), "b": _decimals(["123456789012.345678", "0", None], 18, 6), "c": _decimals(["9" * 38, "1", "-1"], 38, 0)},
    "dictionaries": lambda: {"a": pyarrow.array(["x", "y", None] * 100).dictionary_encode()},
    "many rows": lambda: {"n": list(range(50_000)), "t": [f"v{n}" for n in range(50_000)]},
    "no rows": lambda: {"a": pyarrow.array([], pyarrow.int64())},
}
PARQUET_REFUSED = {
    "unsigned": (lambda: {"a": pyarrow.array([1], pyarrow.uint32())}, "unsigned"),
    "times": (lambda: {"a": pyarrow.array([1], pyarrow.int64()).cast(pyarrow.time64("us"))}, "times of day"),
    "nanoseconds": (lambda: {"a": pyarrow.array([1000], pyarrow.int64()).cast(pyarrow.timestamp("ns"))}, "nanoseconds"),
    "setting": (lambda: {"a${b}": [1]}, "in its name"),
    "case": (lambda: {"a": [1], "A": [2]}, "Spark did not read"),
}


def parquet_source(folder, make):
    path = folder / "in.parquet"
    pyarrow.parquet.write_table(pyarrow.table(make()), path, row_group_size=20_000)
    return path


@pytest.mark.parametrize("case, session", spread(PARQUET, 6), indirect=["session"])
def test_the_same_of_parquet(package, forge, folder, case):
    path = parquet_source(folder, PARQUET[case])
    for out in ("parquet", "csv"):
        package.convert(path, folder / f"native.{out}", engine="native")
        done = forge.convert(path, folder / f"spark.{out}", engine="spark", progress=False)
        if case == "no rows":
            assert not done and "no rows" in done["error"]
            return
        assert done and done["processing_engine"].startswith("spark"), done.get("error")
        if out == "parquet":
            same_tables(parquet(folder / "spark.parquet"), parquet(folder / "native.parquet"))
        else:
            assert (folder / "spark.csv").read_bytes() == (folder / "native.csv").read_bytes()


@pytest.mark.parametrize("case", PARQUET_REFUSED)
def test_what_is_refused_of_parquet(spark, package, folder, case):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    make, why = PARQUET_REFUSED[case]
    refused = PyForgeDatabricks(spark_session=spark.classic).convert(parquet_source(folder, make), folder / "out.parquet", engine="spark", progress=False)
    assert not refused and why in refused["error"], refused.get("error")
    assert [place.name for place in folder.iterdir()] == ["in.parquet"]


@pytest.mark.parametrize("case, session", spread(EQUAL, 8), indirect=["session"])
def test_the_same_csv(package, forge, folder, case):
    """CSV to CSV keeps each text as it stands."""
    content, options = EQUAL[case]
    path = source(folder, content)
    package.convert(path, folder / "native.csv", engine="native", **options)
    done = forge.convert(path, folder / "spark.csv", engine="spark", progress=False, **options)
    assert done and done["processing_engine"].startswith("spark"), done.get("error")
    assert (folder / "spark.csv").read_bytes() == (folder / "native.csv").read_bytes()


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(package, spark, folder, case):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    content, options, why = REFUSED[case]
    path = source(folder, content)
    forge = PyForgeDatabricks(spark_session=spark.classic)
    refused = forge.convert(path, folder / "spark.parquet", engine="spark", progress=False, **options)
    assert not refused and why in refused["error"], refused.get("error")
    assert [place.name for place in folder.iterdir()] == ["in.csv"]
    done = forge.convert(path, folder / "auto.parquet", force_pyspark=True, progress=False, **options)
    assert done and done["processing_engine"] == "native" and any(why in text for text in done["warnings"]), done["warnings"]


def test_the_plan_is_explained(package, spark, folder):
    from pyforge_cli import _api, _pyforge
    from pyforge_cli.extensions.databricks.session import session_given

    path, out = source(folder, "id;day\n1;31/01/2024\n2;01/02/2024\n"), folder / "out.parquet"
    with session_given(spark.classic):
        told = package.explain(path, out, engine="spark")
        text = _pyforge.explain(_api._source(path), _api._sink(out), _api.settings({"engine": "spark"}), *_api._messages({}), None, False)
    assert told["engine"] == "spark" and told["remote"]["refusal"] is None
    assert told["remote"]["read"]["options"]["sep"] == ";" and told["remote"]["read"]["schema"] == "c0 STRING, c1 STRING"
    assert told["remote"]["expressions"][0] == "CAST(NULLIF(c0, '') AS BIGINT)" and told["remote"]["rows_written"] == 2
    assert "reads csv, sep ';'" in text and "id = CAST(NULLIF(c0, '') AS BIGINT)" in text and "writes parquet, mode" in text
    assert package.explain(path, out)["remote"] is None
    assert [place.name for place in folder.iterdir()] == ["in.csv"]


WIDE = ("id,name,when,at,instant,share,yes,a b\n"
        "1,x,31/01/2024,2024-01-31 10:20:30,2024-01-31T10:20:30+02:00,0.5,true,007\n"
        "2,,01/02/2024,1883-11-18 12:01:00,0001-01-02T00:00:00Z,,FALSE,8\n"
        "3,\"q \"\"z\"\"\",,,,1e300,,\n")


def as_written(package, session, target, spark_reads, path, **options):
    """What is in the table after a conversion to it; (its result, the table)"""
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    how = {"engine": "spark"} if spark_reads else {}
    done = PyForgeDatabricks(spark_session=session).convert(path, progress=False, **how, **options)
    assert done, done.get("error")
    return done, read_back(session, target)


@pytest.mark.parametrize("place, session", spread(["delta", "table"]), indirect=["session"])
def test_tables_are_the_same(package, session, table, folder, place):
    from pyforge_cli.extensions.databricks.tables import path_target, table_target

    path, read = source(folder, WIDE), []
    for spark_reads in (False, True):
        name, out = table(), folder / f"out{spark_reads}.delta"
        options = {"table": name} if place == "table" else {"output_path": out, "output_format": "delta"}
        done, rows = as_written(package, session, table_target(name) if place == "table" else path_target(out), spark_reads, path, **options)
        read.append((rows, done["columns"], done["row_count"], [text for text in done["warnings"] if "engine" not in text]))
    (ours, columns, count, warnings), (theirs, *of_theirs) = read
    assert [columns, count, warnings] == of_theirs and count == 3
    same_tables(theirs.sort_by("id"), ours.sort_by("id"))


@pytest.mark.parametrize("session", KINDS if FULL else ["serverless"], indirect=True)
def test_what_a_table_gets_more(package, session, table, folder):
    """Appended to a table whose columns have other types the file is read natively, and a note says so."""
    from pyforge_cli.extensions.databricks.tables import table_target

    name = table()
    path = source(folder, "id,share\n1,0.5\n2,1.5\n")
    as_written(package, session, table_target(name), True, path, table=name)
    path.write_text("id,share\n3,2.5\n")
    done, rows = as_written(package, session, table_target(name), True, path, table=name, mode="append")
    assert not any("natively" in text for text in done["warnings"]) and rows.num_rows == 3
    path.write_text("id,share\n4,3\n")
    done, rows = as_written(package, session, table_target(name), True, path, table=name, mode="append")
    assert any("other types than the values show" in text for text in done["warnings"]), done["warnings"]
    assert sorted(rows["share"].to_pylist()) == [0.5, 1.5, 2.5, 3.0]
    if overwrites_tables(session):
        done, rows = as_written(package, session, table_target(name), True, path, table=name, mode="overwrite")
        assert rows.num_rows == 1


@pytest.mark.parametrize("session", KINDS if FULL else ["classic"], indirect=True)
def test_a_refused_file_is_a_table_all_the_same(package, session, table, folder):
    from pyforge_cli.extensions.databricks.tables import table_target

    name = table()
    path = source(folder, 'id,text\n1,"a\r\nb"\n2,c\n')
    done, rows = as_written(package, session, table_target(name), True, path, table=name)
    assert any("read natively, and not by Spark" in text and "CR in it" in text for text in done["warnings"]), done["warnings"]
    assert sorted(rows["text"].to_pylist()) == ["a\r\nb", "c"]


SAID = {"gone": "Spark did not read", "rows": "rows where", "nulls": "nulls in the column 'name'", "type": "does not have the columns"}


@pytest.mark.parametrize("fault, session", spread(SAID), indirect=["session"])
def test_when_spark_does_otherwise(package, session, table, folder, monkeypatch, fault):
    """A server that fails, or gives another table than was read: the native engine has the file, and a table gets what it read."""
    from pyforge_cli.extensions.databricks import PyForgeDatabricks, reading
    from pyforge_cli.extensions.databricks.tables import table_target

    whole, said = reading.frame, SAID[fault]

    def frame(spark, plan, path, whole_instants):
        made = whole(spark, plan, path, whole_instants)
        if fault == "gone":
            return made.selectExpr("no_such_column")
        if fault == "rows":
            return made.limit(1)
        return made.selectExpr("c0", "CAST(NULL AS STRING) AS c1" if fault == "nulls" else "1.5D AS c1")

    monkeypatch.setattr(reading, "frame", frame)
    path, forge = source(folder, "id,name\n1,a\n2,b\n"), PyForgeDatabricks(spark_session=session)
    done = forge.convert(path, folder / "out.parquet", force_pyspark=True, progress=False)
    assert done and done["processing_engine"] == "native" and said in done["attempts"][0]["reason"], done["attempts"]
    assert parquet(folder / "out.parquet").to_pydict() == {"id": [1, 2], "name": ["a", "b"]}
    refused = forge.convert(path, folder / "other.parquet", engine="spark", progress=False)
    assert not refused and said in refused["error"]
    assert sorted(place.name for place in folder.iterdir()) == ["in.csv", "out.parquet"]
    name = table()
    done, rows = as_written(package, session, table_target(name), True, path, table=name)
    assert any("read natively, and not by Spark" in text for text in done["warnings"]) and rows.num_rows == 2


@pytest.mark.parametrize("kind", ["classic", "connect"])
def test_a_cancel_ends_the_reading(spark, shared_connect, package, folder, monkeypatch, kind):
    import threading
    import time

    from pyforge_cli.extensions.databricks import reading
    from pyforge_cli.extensions.databricks.session import session_given

    began, whole = threading.Event(), reading.frame

    def frame(*how):
        began.set()
        return whole(*how).selectExpr("c0", "c1 || coalesce(java_method('java.lang.Thread', 'sleep', 20000L), '') AS c1")

    def progress(state):
        if began.is_set() and time.monotonic() - start > 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(reading, "frame", frame)
    path, start = source(folder, "id,name\n1,a\n2,b\n"), time.monotonic()
    with session_given(spark.classic if kind == "classic" else shared_connect), pytest.raises(KeyboardInterrupt):
        package.convert(path, folder / "out.parquet", engine="spark", progress=progress)
    assert time.monotonic() - start < 15
    assert [place.name for place in folder.iterdir()] == ["in.csv"]
