"""Spark reads the input: every file either gives the table that the native engine gives, or is refused with the reason."""

import pyarrow
import pyarrow.parquet
import pytest

from loading import overwrites_tables, read_back

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


@pytest.mark.parametrize("case", EQUAL)
def test_the_same_parquet(package, forge, folder, case):
    content, options = EQUAL[case]
    path = source(folder, content)
    package.convert(path, folder / "native.parquet", engine="native", **options)
    done = forge.convert(path, folder / "spark.parquet", engine="spark", progress=False, **options)
    assert done, done.get("error")
    assert done["processing_engine"].startswith("spark"), done["attempts"]
    same_tables(parquet(folder / "spark.parquet"), parquet(folder / "native.parquet"))
    assert sorted(place.name for place in folder.iterdir()) == ["in.csv", "native.parquet", "spark.parquet"]


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
