"""Every real CSV converts to what an independent oracle reads, or is refused cleanly; and what stands in csv_expectations.tsv of it is true.

The oracle: a CSV reader of a few lines that Python's csv module has to agree with, given the dialect that the table commits to (and that
`pyforge info` has to find), then the rules of inference written a second time (oracle.py). The table also says where DuckDB and pandas
read another table by default, and why ours is right; that they do is tested too.

csv_expectations.tsv, a line a file, or several with other options:
  file       below PYFORGE_TEST_DATA/csv
  outcome    convert, refuse, or either (damaged on purpose: only that nothing breaks is tested)
  options    given to pyforge beyond the names; "-" = none
  encoding, delimiter, quote, header (yes, no, or the line it stands on), comment      "-" = none; "default" = utf-8 , " yes -
  rows, rejected     rows written, rows rejected
  duckdb, pandas     same, or the first of what differs: error, columns, rows, types, values, names
  why        why ours is right; "-" only where nothing differs
"""

import csv
import gzip
import json
import random
from pathlib import Path

import duckdb
import pandas
import pyarrow
import pyarrow.parquet
import pytest
from conftest import run_pyforge
from oracle import Field, assert_same_everywhere, infer, plain, quoted, read_rows, type_name

TABLE = Path(__file__).with_name("csv_expectations.tsv")
COLUMNS = ["file", "outcome", "options", "encoding", "delimiter", "quote", "header", "comment", "rows", "rejected", "duckdb", "pandas", "why"]
DEFAULTS = {"encoding": "utf-8", "delimiter": ",", "quote": '"', "header": "yes", "comment": "-"}


def expectations():
    with TABLE.open(newline="") as file:
        lines = [line for line in file if line.strip() and not line.startswith("##")]
    rows = list(csv.DictReader(lines, fieldnames=COLUMNS, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    for row in rows:
        for name, value in DEFAULTS.items():
            row[name] = value if row[name] == "default" else row[name].replace("\\t", "\t")
    return rows


EXPECTATIONS = expectations()


def only(*outcomes):
    return [pytest.param(row, id=row["file"] + ("" if row["options"] == "-" else " " + row["options"]))
            for row in EXPECTATIONS if row["outcome"] in outcomes]


def content_of(path):
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def settled_names(names):
    """Names as pyforge makes them fit: no blanks around, empty ones by their place, repeated ones numbered."""
    settled = []
    for place, name in enumerate(names, 1):
        name = name.strip(" \t") or f"column_{place}"
        candidate, number = name, 1
        while candidate in settled:
            number += 1
            candidate = f"{name}_{number}"
        settled.append(candidate)
    return settled


def without_empty_end(fields, width):
    """Delimiters at the end of a line that is too long hold nothing, so nothing is lost with them."""
    while len(fields) > width and not fields[-1] and not fields[-1].quoted:
        fields = fields[:-1]
    return fields


def as_text(values):
    """The rule of --types string."""
    return "string", [None if value is None else str(value) for value in values]


def oracle_table(row, content, decide=infer):
    """Names and [(type, values)] of the columns, and the number of rows that are too long."""
    some = {name: None if row[name] == "-" else row[name] for name in ("quote", "comment")}
    skip = int(row["header"]) - 1 if row["header"].isdigit() else 0
    rows = read_rows(content, row["encoding"], row["delimiter"], skip=skip, **some)
    if row["header"] == "no":
        width = len(rows[0])
        names = [f"column_{place}" for place in range(1, width + 1)]
    else:
        names = settled_names(rows.pop(0))
        width = len(names)
    rows = [without_empty_end(fields, width) for fields in rows]
    if "--ragged extend" in row["options"]:
        width = max(map(len, rows))
        names = settled_names(names + [""] * (width - len(names)))
    kept = [fields for fields in rows if len(fields) <= width]
    columns = []
    for place in range(width):
        fields = [fields[place] if place < len(fields) else Field("") for fields in kept]
        columns.append(decide([field if field or field.quoted else None for field in fields]))
    return names, columns, len(rows) - len(kept)


def convert(path, output, *options):
    done = run_pyforge("convert", path, output, "--json", "--quiet", *options)
    return done, json.loads(done.stdout)


def assert_table_is(table, names, columns):
    assert table.schema.names == names
    for name, (kind, values) in zip(names, columns):
        column = table[name]
        assert type_name(column.type) == kind, f"{name}: {column.type}, expected {kind} for {[value for value in values if value is not None][:5]}"
        got = plain(column)
        for place, (ours, expected) in enumerate(zip(got, values)):
            assert ours == expected, f"{name}, row {place + 1}: {ours!r}, expected {expected!r}"
        assert len(got) == len(values)


def test_table_names_every_file(test_data):
    there = {path.relative_to(test_data / "csv").as_posix() for path in (test_data / "csv").rglob("*") if path.is_file()}
    assert there == {row["file"] for row in EXPECTATIONS}


def test_table_keeps_what_the_manifest_demands(test_data):
    """must-convert: by default, or, where that is refused for a reason, with the options that the reason names."""
    demanded = {}
    for line in (test_data / "manifest.tsv").read_text().splitlines():
        if line.startswith("csv/"):
            file, *_, expectation = line.split("\t")
            demanded[file.removeprefix("csv/")] = expectation
    for file in {row["file"] for row in EXPECTATIONS}:
        rows = [row for row in EXPECTATIONS if row["file"] == file]
        demand = demanded.get(file, "either")
        if demand == "must-convert":
            assert any(row["outcome"] == "convert" for row in rows), file
            assert all(row["outcome"] == "convert" or row["why"] != "-" for row in rows), f"{file}: refused without a reason"
        if demand == "must-error-cleanly":
            assert rows[0]["outcome"] == "refuse", file


@pytest.mark.parametrize("row", only("convert"))
def test_converts_as_the_oracle_reads(row, test_data, tmp_path):
    path = test_data / "csv" / row["file"]
    names, columns, rejected = oracle_table(row, content_of(path))
    options = [] if row["options"] == "-" else row["options"].split()
    done, result = convert(path, tmp_path / "out.parquet", *options)
    assert done.returncode == (3 if rejected else 0), done.stderr.decode()
    table = assert_same_everywhere(tmp_path / "out.parquet")
    assert_table_is(table, names, columns)
    assert (table.num_rows, rejected) == (int(row["rows"]), int(row["rejected"]))
    assert result["row_count"] == table.num_rows and result["rows_rejected"] == rejected
    assert result["rows_read"] == result["row_count"] + result["rows_rejected"] + result["rows_left_out"]
    assert (tmp_path / "out.parquet.rejects.csv").exists() == bool(rejected)


@pytest.mark.parametrize("row", only("convert"))
def test_info_tells_the_dialect(row, test_data):
    path = test_data / "csv" / row["file"]
    options = [] if row["options"] == "-" else row["options"].split()
    done = run_pyforge("info", path, "--format", "json", *options)
    assert done.returncode == 0, done.stderr.decode()
    info = json.loads(done.stdout)
    encodings = {"utf-8": {"utf-8", "ascii"}, "latin-1": {"windows-1252", "iso-8859-1", "latin-1"}}
    assert info["encoding"].lower() in encodings.get(row["encoding"], {row["encoding"]})
    assert info["rows"] == int(row["rows"])
    assert info["column_count"] == len(info["columns"])
    assert info["has_header"] == (row["header"] != "no")
    if info["column_count"] > 1:
        # With one column any delimiter that does not occur is as good as another.
        assert info["delimiter"].replace("\\t", "\t") == row["delimiter"]


def assert_refused(done, output):
    assert done.returncode in (1, 4), done.stderr.decode()
    assert not output.exists()
    assert done.stderr.strip() and b"Traceback" not in done.stderr
    assert [path for path in output.parent.iterdir()] == [], "something was left behind"


@pytest.mark.parametrize("row", only("refuse"))
def test_refuses_cleanly(row, test_data, tmp_path):
    options = [] if row["options"] == "-" else row["options"].split()
    done = run_pyforge("convert", test_data / "csv" / row["file"], tmp_path / "out.parquet", "--quiet", *options)
    assert_refused(done, tmp_path / "out.parquet")


@pytest.mark.parametrize("row", only("either"))
def test_damaged_input_breaks_nothing(row, test_data, tmp_path):
    output = tmp_path / "out.parquet"
    done = run_pyforge("convert", test_data / "csv" / row["file"], output, "--quiet")
    if done.returncode in (0, 3):
        assert_same_everywhere(output)
    else:
        assert_refused(done, output)


# ---- what others read


def duckdb_table(path):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    # The path may hold characters that are patterns; none of these files has them.
    return connection.sql(f"SELECT * FROM read_csv('{path}')").to_arrow_table()


def pandas_table(path):
    return pyarrow.Table.from_pandas(pandas.read_csv(path), preserve_index=False)


def first_difference(read, path, names, columns):
    """What is the first thing that a reader sees otherwise than the oracle."""
    try:
        table = read(path)
    except Exception:  # whatever it raises, it did not read the file
        return "error"
    if table.num_columns != len(names):
        return "columns"
    if table.num_rows != len(columns[0][1]):
        return "rows"
    if [type_name(field.type) for field in table.schema] != [kind for kind, _ in columns]:
        return "types"
    if any(plain(table.column(place)) != values for place, (_, values) in enumerate(columns)):
        return "values"
    return "same" if table.schema.names == names else "names"


@pytest.mark.parametrize("row", only("convert"))
def test_differences_from_others_are_known(row, test_data):
    path = test_data / "csv" / row["file"]
    names, columns, _ = oracle_table(row, content_of(path))
    found = {reader: first_difference(read, path, names, columns) for reader, read in (("duckdb", duckdb_table), ("pandas", pandas_table))}
    assert found == {"duckdb": row["duckdb"], "pandas": row["pandas"]}
    assert (row["why"] == "-") == (set(found.values()) == {"same"}), "a difference needs a reason, and only a difference"


# ---- made up columns


def random_text(kind, draw):
    whole = draw.randrange(10 ** draw.choice((1, 3, 8, 15, 19)))
    stamp = f"{draw.randrange(1900, 2100)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 30):02}"
    clock = f"{draw.randrange(24):02}:{draw.randrange(60):02}:{draw.randrange(60):02}"
    return {
        "int": lambda: f"{draw.choice(('', '-'))}{whole}",
        "money": lambda: f"{whole % 10**9}.{draw.randrange(100):02}",
        "double": lambda: repr(draw.uniform(-1, 1) * 10.0 ** draw.randrange(-12, 18)),
        "digits": lambda: f"0.{draw.randrange(10**draw.choice((15, 16, 17, 18, 19)))}",
        "exponent": lambda: f"{draw.randrange(1, 99)}{draw.choice('eE')}{draw.randrange(-330, 330)}",
        "zeros": lambda: f"{whole:0{draw.randrange(1, 6)}}",
        "sign": lambda: f"{draw.choice('+-')}{whole}",
        "bool": lambda: draw.choice(("true", "false", "True", "FALSE")),
        "date": lambda: stamp,
        "slashes": lambda: f"{draw.randrange(1, 32):02}/{draw.randrange(1, 14):02}/{draw.randrange(1990, 2030)}",
        "dots": lambda: f"{draw.randrange(1, 32)}.{draw.randrange(1, 13)}.{draw.randrange(1990, 2030)}",
        "stamp": lambda: f"{stamp} {clock}",
        "fraction": lambda: f"{stamp}T{clock}.{draw.randrange(10**draw.randrange(1, 10))}",
        "zone": lambda: f"{stamp}T{clock}{draw.choice(('Z', '+02:00', '-0530', '+14'))}",
        "minutes": lambda: f"{stamp} {clock[:5]}",
        "word": lambda: draw.choice(("NaN", "inf", "-inf", "NA", "null", "nan", "-0", "1.", ".5", " 1", "1 ", "x", "1_000", "0x10")),
        "text": lambda: draw.choice(("a,b", 'say "hi"', "two\nlines", "naïve", "日本", "'", "\t")),
        "empty": lambda: draw.choice(("", quoted(""))),
    }[kind]()


def csv_field(field):
    if getattr(field, "quoted", False) or any(sign in field for sign in ',"\n\r'):
        return quoted(field), '"' + field.replace('"', '""') + '"'
    return Field(field), str(field)


@pytest.mark.parametrize("seed", range(8))
def test_random_columns(seed, tmp_path):
    """Columns of one kind of text, or of one with a few of another, in a hundred arrangements; the seed is in the name."""
    draw = random.Random(seed)
    kinds = ["int", "money", "double", "digits", "exponent", "zeros", "sign", "bool", "date", "slashes", "dots", "stamp", "fraction", "zone",
             "minutes", "word", "text", "empty"]
    rows, columns, texts = draw.choice((1, 2, 30, 400)), [], []
    for _ in range(60):
        main, other = draw.choice(kinds), draw.choice(kinds + ["empty"] * 12)
        rare = draw.choice((0, 0, 0.02, 0.3))
        fields = [csv_field(random_text(other if draw.random() < rare else main, draw)) for _ in range(rows)]
        columns.append([field for field, _ in fields])
        texts.append([text for _, text in fields])
    names = [f"c{place}" for place in range(len(columns))]
    lines = [",".join(names)] + [",".join(text) for text in zip(*texts)]
    path = tmp_path / "random.csv"
    path.write_bytes(("\n".join(lines) + "\n").encode())
    done, _ = convert(path, tmp_path / "out.parquet", "--header", "yes")
    assert done.returncode == 0, done.stderr.decode()
    expected = [infer([field if field or field.quoted else None for field in column]) for column in columns]
    assert_table_is(assert_same_everywhere(tmp_path / "out.parquet"), names, expected)


def closes_its_quotes(text):
    """Whether no quote is open at the end: such a file is refused, and csv modules take the rest as one field."""
    inside, at, start = False, 0, True
    while at < len(text):
        sign = text[at]
        if inside and sign == '"':
            if text.startswith('"', at + 1):
                at += 1
            else:
                inside = False
        elif not inside and start and sign == '"':
            inside = True
        start = not inside and sign in ",\r\n"
        at += 1
    return not inside


def random_records(draw, size, quotes):
    signs = ["a", "bc", " ", "ü", ",", ",", "\n", "\r\n", "\r", ",\n"] + ['"', '""', ',"', '",', '"\n'] * quotes
    text = "h\n" + "".join(draw.choice(signs) for _ in range(size))
    return text if closes_its_quotes(text) else text + '"\n'


@pytest.mark.parametrize("size,times", [(12, 120), (300, 40), (400_000, 1)])
@pytest.mark.parametrize("quotes", [0, 1, 2])
def test_random_records(size, times, quotes, tmp_path):
    """Any order of quotes, delimiters and line ends reads as Python's csv module reads it."""
    draw = random.Random(f"{size} {quotes}")
    row = {"delimiter": ",", "quote": '"', "comment": "-", "header": "yes", "encoding": "utf-8", "options": "--ragged extend"}
    path, output = tmp_path / "random.csv", tmp_path / "out.parquet"
    for _ in range(times):
        text = random_records(draw, size, quotes)
        path.write_bytes(text.encode())
        done = run_pyforge("convert", path, output, "--force", "--quiet", "--delimiter", ",", "--quote", '"', "--header", "yes", "--ragged",
                           "extend", "--types", "string", "--max-columns", "1000000")
        assert done.returncode == 0, (text[:400], done.stderr.decode())
        names, columns, _ = oracle_table(row, text.encode(), as_text)
        assert_table_is(pyarrow.parquet.ParquetFile(output).read(), names, columns)


def test_late_contradiction_is_repaired(tmp_path):
    """A text, a float and an empty text in quotes after more rows than one block holds, in columns of integers."""
    rows = 400_000
    path = tmp_path / "late.csv"
    with path.open("w") as file:
        file.write("a,b,c,d\n")
        for row in range(rows):
            file.write(f"{row},{row},{row},{row}\n")
        file.write('none,2.5,"",7\n')
    done, result = convert(path, tmp_path / "out.parquet")
    assert done.returncode == 0, done.stderr.decode()
    assert result["columns_repaired"] == 2
    table = assert_same_everywhere(tmp_path / "out.parquet")
    assert [type_name(field.type) for field in table.schema] == ["string", "float64", "int64", "int64"]
    assert table["a"].to_pylist() == [str(row) for row in range(rows)] + ["none"]
    assert table["b"].to_pylist() == [float(row) for row in range(rows)] + [2.5]
    assert table["c"].to_pylist() == list(range(rows)) + [None]
    assert table["d"].to_pylist() == list(range(rows)) + [7]
