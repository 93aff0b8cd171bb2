"""Workbooks made to hang a reader, and those that would lose something without a word."""

import datetime
import random

import openpyxl
import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.parquet as parquet
import pytest
import xlsx_make
from test_xlsx_read import header, read, refused

MICRO = datetime.timedelta(microseconds=1)


def cells(*values):
    return "".join(f'<row r="{number}">{value}</row>' for number, value in enumerate(values, 2))


# ---- work that grows with the square of what a file has would not end before the tests do


def test_references_without_end(pyforge, tmp_path):
    count = 3_000_000
    book = xlsx_make.book(tmp_path / "b.xlsx", header("a") + cells(f'<c t="str"><v>{"&amp;" * count}</v></c>'))
    table, _ = read(pyforge, book)
    assert table.column("a").to_pylist() == ["&" * count]


def test_references_without_end_in_a_shared_string(pyforge, tmp_path):
    count = 3_000_000
    book = xlsx_make.book(tmp_path / "b.xlsx", header("a") + cells('<c t="s"><v>0</v></c>'), texts=["&lt;" * count])
    table, _ = read(pyforge, book)
    assert table.column("a").to_pylist() == ["<" * count]


def relations(entries):
    return "".join(f'<Relationship Id="{name}" Type="{xlsx_make.RELATIONS}/{kind}" Target="{target}"/>' for name, kind, target in entries)


def test_one_table_sixty_thousand_times(pyforge, tmp_path):
    table = f'<table xmlns="{xlsx_make.MAIN}" id="1" displayName="T" ref="A1:A2"><!--{"x" * 2_000_000}--></table>'
    rels = f'<Relationships xmlns="{xlsx_make.PACKAGE}/relationships">{relations([(f"r{n}", "table", "../tables/t.xml") for n in range(60_000)])}</Relationships>'
    book = xlsx_make.book(tmp_path / "b.xlsx", header("a") + cells("<c><v>1</v></c>"),
                          extra={"xl/tables/t.xml": table, "xl/worksheets/_rels/sheet1.xml.rels": rels})
    result, _ = read(pyforge, book, "--range", "T")
    assert result.column("a").to_pylist() == [1]


def test_as_many_missing_parts_as_odd_names(pyforge, tmp_path):
    rels = f'<Relationships xmlns="{xlsx_make.PACKAGE}/relationships">{relations([(f"r{n}", "table", f"../tables/none{n}.xml") for n in range(60_000)])}</Relationships>'
    extra = {f"xl\\tables\\none_{n}.xml": "" for n in range(60_000)}
    extra["xl/worksheets/_rels/sheet1.xml.rels"] = rels
    book = xlsx_make.book(tmp_path / "b.xlsx", header("a") + cells("<c><v>1</v></c>"), extra=extra)
    assert read(pyforge, book)[0].column("a").to_pylist() == [1]


@pytest.mark.parametrize("rows", ["<row " * 200_000 + "></row>", '<row a="' * 200_000, "<row " * 200_000, "<!-- -->" + "<row " * 200_000 + "></row>"])
def test_tags_without_end(pyforge, tmp_path, rows):
    assert "row" in refused(pyforge, xlsx_make.book(tmp_path / "b.xlsx", header("a") + rows))


def test_shared_strings_without_end(pyforge, tmp_path):
    texts = f'<sst xmlns="{xlsx_make.MAIN}"><si><t>a</t></si>{"<si " * 400_000}</sst>'
    assert "shared string 2" in refused(pyforge, xlsx_make.book(tmp_path / "b.xlsx", header("a"), texts=texts))


def test_names_of_cells_in_many_sheets(pyforge, tmp_path):
    """Each name is compared with few sheets, although all begin with the same 2,000 letters."""
    count, same = 4000, "n" * 2000
    listed = "".join(f'<sheet name="{same}{n}" sheetId="{n}" r:id="r{n}"/>' for n in range(1, count + 1))
    names = "".join(f"<definedName name='_n{n}'>{same}{n}!$A$1:$A$2</definedName>" for n in range(count, count + 10_000))
    extra = {f"xl/worksheets/s{n}.xml": xlsx_make.sheet("") for n in range(1, count)}
    extra[f"xl/worksheets/s{count}.xml"] = xlsx_make.sheet(header("a") + cells("<c><v>1</v></c>"))
    extra["xl/workbook.xml"] = f'<workbook xmlns="{xlsx_make.MAIN}" xmlns:r="{xlsx_make.RELATIONS}"><sheets>{listed}</sheets><definedNames>{names}</definedNames></workbook>'
    extra["xl/_rels/workbook.xml.rels"] = xlsx_make.relations([(f"r{n}", "worksheet", f"worksheets/s{n}.xml") for n in range(1, count + 1)])
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "b.xlsx", extra=extra), "--range", f"_n{count}")
    assert table.column("a").to_pylist() == [1]


def test_a_merged_range_of_whole_sheets(pyforge, tmp_path):
    rows = header("a") + '<row r="2"><c r="A2"><v>7</v></c></row><row r="1048576"><c r="A1048576"><v>1</v></c></row>'
    merged = '<mergeCells><mergeCell ref="A2:XFD1048576"/></mergeCells>'
    book = xlsx_make.book(tmp_path / "b.xlsx", *[xlsx_make.sheet(rows, after=merged)] * 12)
    done = pyforge("convert", book, tmp_path / "out", "--to", "parquet", "--sheets", "all", "--fill-merged", "--columns", "a", "--header", "1")
    assert done.returncode == 0, done.stderr.decode()
    assert compute.sum(parquet.read_table(tmp_path / "out").column("a")).as_py() == (7 * 1_048_574 + 1) * 12


def styles(attributes="", inside="", code="0"):
    return (f'<styleSheet xmlns="{xlsx_make.MAIN}"{attributes}><numFmts><numFmt numFmtId="200" formatCode="{code}"/></numFmts>'
            f'<cellXfs><xf numFmtId="200"/></cellXfs>{inside}</styleSheet>')  # fmt: skip


def test_a_format_of_one_letter(pyforge, tmp_path):
    extra = {"xl/styles.xml": styles(code="x" * 10_000_000)}
    assert read(pyforge, xlsx_make.book(tmp_path / "b.xlsx", header("a") + cells("<c><v>1</v></c>"), extra=extra))[0].column("a").to_pylist() == [1]


@pytest.mark.parametrize("extra, reason", [
    (styles("".join(f' xmlns:p{n}="u"' for n in range(1000)), "<b/>" * 100), "more namespaces"),
    (styles("", "<b " + " ".join(f'x{n}=""' for n in range(500)) + "/>"), "more attributes"),
])
def test_more_than_any_part_has(pyforge, tmp_path, extra, reason):
    assert reason in refused(pyforge, xlsx_make.book(tmp_path / "b.xlsx", header("a"), extra={"xl/styles.xml": extra}))


# ---- structure


@pytest.mark.parametrize("part, reason", [
    ("<sheetData>%s</sheetData><sheetData><row><c><v>5</v></c></row></sheetData>", "<sheetData> comes a second time"),
    ("<sheetData>%s</sheetData>" + "<!--%s-->" % ("x" * 20000) + "<sheetData/>", "<sheetData> comes a second time"),
    ("<sheetData/><sheetData>%s</sheetData>", "<sheetData> comes a second time"),
    ("<cols><sheetData>%s</sheetData></cols>", "<sheetData> stands inside an element that has none"),
])
def test_rows_in_the_wrong_place(pyforge, tmp_path, part, reason):
    rows = header("a") + cells("<c><v>1</v></c>")
    sheet = f'<worksheet xmlns="{xlsx_make.MAIN}">{part.replace("%s", rows)}</worksheet>'
    assert reason in refused(pyforge, xlsx_make.book(tmp_path / "b.xlsx", sheet))


@pytest.mark.parametrize("row, reason", [
    ("<row><c><v>7</v></c></row>", "a row stands inside of a row"),
    ("<c><c><v>7</v></c></c>", "neither a value nor a formula"),
    ("<c><x><v>7</v></x></c>", "neither a value nor a formula"),
    ("<c><is><t>a</t></is><v>7</v></c>", "a cell has two values"),
    ("<x><c><v>7</v></c></x>", "something that is no cell stands in its place"),
    ('<c t="inlineStr"><is><x><t>a</t></x></is></c>', "an element that is no part of one"),
    ('<c t="inlineStr"><is><r><t>a</t><c/></r></is></c>', "an element that is no part of one"),
])
def test_elements_where_none_may_be(pyforge, tmp_path, row, reason):
    assert reason in refused(pyforge, xlsx_make.book(tmp_path / "b.xlsx", header("a") + cells(row)))


@pytest.mark.parametrize("text, reason", [
    ("<si><t>a</t></si><x><si><t>b</t></si></x>", "something stands in the place of a string"),
    ("<si><t>a</t></si><si><x><t>b</t></x></si>", "an element that is no part of one"),
])
def test_strings_where_none_may_be(pyforge, tmp_path, text, reason):
    texts = f'<sst xmlns="{xlsx_make.MAIN}">{text}</sst>'
    said = refused(pyforge, xlsx_make.book(tmp_path / "b.xlsx", header("a") + cells('<c t="s"><v>0</v></c>'), texts=texts))
    assert reason in said and "shared string 2" in said


def test_what_a_text_may_have(pyforge, tmp_path):
    text = "<r><rPr><b/></rPr><t>a</t></r><r/><t>b</t><rPh sb='0' eb='1'><t>c</t></rPh><phoneticPr fontId='1'/><extLst/>"
    assert read(pyforge, xlsx_make.book(tmp_path / "b.xlsx", header("a") + cells(f'<c t="inlineStr"><is>{text}</is></c>')))[0].column("a").to_pylist() == ["ab"]


@pytest.mark.parametrize("length", [1, 4000, 4040, 4080, 20_000])
def test_what_only_looks_like_rows(pyforge, tmp_path, length):
    fill = "x" * length
    after = f"<!--{fill}<sheetData>--><?a {fill}<sheetData/>?><headerFooter><oddHeader><![CDATA[{fill}<sheetData>]]></oddHeader></headerFooter>"
    book = xlsx_make.book(tmp_path / "b.xlsx", xlsx_make.sheet(header("a") + cells("<c><v>1</v></c>"), after=after))
    assert read(pyforge, book)[0].column("a").to_pylist() == [1]
    book = xlsx_make.book(tmp_path / "c.xlsx", xlsx_make.sheet(header("a") + cells("<c><v>1</v></c>"), after=after + "<sheetData/>"))
    assert "<sheetData> comes a second time" in refused(pyforge, book)


def test_what_extensions_add_is_passed_over(pyforge, tmp_path):
    cell = '<c><v>7</v><extLst><ext><y>1</y></ext></extLst><z:more xmlns:z="urn:z"><z:v>8</z:v></z:more></c>'
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "b.xlsx", header("a") + cells(cell)))
    assert table.column("a").to_pylist() == [7]


def test_blanks_in_attributes(pyforge, tmp_path):
    rows = header("a") + '<row r = " 2 "><c r = " A2 " s\n=\n" 1 "><v>45000</v></c></row>'
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "b.xlsx", rows))
    assert table.column("a").to_pylist() == [datetime.date(2023, 3, 15)]


@pytest.mark.parametrize("word, year", [("True", 2027), (" 1 ", 2027), ("TRUE", 2027), ("on", 2027), ("false", 2023), ("0", 2023), ("", 2023)])
def test_date_system(pyforge, tmp_path, word, year):
    book = xlsx_make.book(tmp_path / "b.xlsx", header("a") + cells('<c s="1"><v>45000</v></c>'), settings=f'<workbookPr date1904="{word}"/>')
    assert read(pyforge, book)[0].column("a").to_pylist()[0].year == year


def test_no_date_system(pyforge, tmp_path):
    book = xlsx_make.book(tmp_path / "b.xlsx", header("a") + cells('<c s="1"><v>45000</v></c>'), settings='<workbookPr date1904="perhaps"/>')
    assert 'date1904 is "perhaps"' in refused(pyforge, book)


# ---- microseconds


def moments(count):
    """Timestamps of all sizes: many at the borders of seconds, milliseconds and days."""
    chance = random.Random(7)
    first, last = datetime.datetime(1900, 3, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)
    fine = datetime.datetime(2079, 6, 5)  # later a double does not tell all microseconds
    for number in range(count):
        top = fine if number % 3 else last
        moment = first + datetime.timedelta(days=chance.randrange((top - first).days), microseconds=chance.randrange(86400) * 1_000_000)
        if top is fine:
            moment += chance.choice([0, 1, -1, 2, -2, 3, 999, 1000, 1001, 500_000, chance.randrange(1_000_000)]) * MICRO
        else:
            moment += chance.choice([0, 1000, 999_000, 500_000]) * MICRO
        yield max(moment, first)


def test_every_microsecond_comes_back(pyforge, tmp_path):
    stamps = list(moments(20_000)) + [datetime.datetime(2024, 2, 28, 23, 59, 59, 999999), datetime.datetime(1900, 3, 1, 0, 0, 0, 1)]
    times = [stamp.time() for stamp in stamps[:-2]] + [datetime.time(23, 59, 59, 999999), datetime.time(0, 0, 0, 1)]
    table = pa.table({"stamp": pa.array(stamps, pa.timestamp("us")), "time": pa.array(times, pa.time64("us"))})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert pyforge("convert", tmp_path / "a.parquet", tmp_path / "a.xlsx").returncode == 0
    again, _ = read(pyforge, tmp_path / "a.xlsx")
    assert again.schema.types == table.schema.types
    assert again.column("stamp").to_pylist() == stamps
    assert again.column("time").to_pylist() == times
    # openpyxl rounds to what it can hold
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx", read_only=True).active
    for (stamp, time), want, clock in zip(sheet.iter_rows(min_row=2, values_only=True), stamps, times):
        assert abs(stamp - want) < datetime.timedelta(milliseconds=1)
        if isinstance(time, datetime.time):
            day = datetime.datetime(2000, 1, 1)
            assert abs(datetime.datetime.combine(day, time) - datetime.datetime.combine(day, clock)) < datetime.timedelta(milliseconds=1)


def test_times_of_openpyxl_come_back(pyforge, tmp_path):
    chance = random.Random(3)
    times = [datetime.time(23, 59, 59, 999999), datetime.time(10, 0, 0, 1), datetime.time(9, 59, 59, 999998), datetime.time(0, 0, 0, 1)]
    times += [datetime.time(chance.randrange(24), chance.randrange(60), chance.randrange(60), chance.randrange(1_000_000)) for _ in range(3000)]
    book = openpyxl.Workbook()
    book.active.append(["t"])
    for time in times:
        book.active.append([time])
    book.save(tmp_path / "t.xlsx")
    assert read(pyforge, tmp_path / "t.xlsx")[0].column("t").to_pylist() == times


def test_the_end_of_a_day_stays_in_it(pyforge, tmp_path):
    """openpyxl writes 16 digits, of which the last microsecond of a day takes all."""
    days = [datetime.date(1990, 1, 1) + datetime.timedelta(days=17 * number) for number in range(1800)]
    stamps = [datetime.datetime.combine(day, datetime.time.max) for day in days]
    book = openpyxl.Workbook()
    book.active.append(["t"])
    for stamp in stamps:
        book.active.append([stamp])
    book.save(tmp_path / "t.xlsx")
    assert read(pyforge, tmp_path / "t.xlsx")[0].column("t").to_pylist() == stamps


def test_microseconds_of_17_digits(pyforge, tmp_path):
    """What the double of a timestamp tells, two microseconds from a second and from 1990 to 2079, is not taken for that second."""
    chance = random.Random(11)
    rows, want = [], []
    for _ in range(3000):
        moment = datetime.datetime(1990, 1, 1) + datetime.timedelta(days=chance.randrange(32000), seconds=chance.randrange(86400))
        moment += chance.choice([-2, 0, 2, 3, -3, 1_234, -100]) * MICRO
        since = moment - datetime.datetime(1899, 12, 30)
        rows.append(f'<c s="2"><v>{since // MICRO / 86_400_000_000:.12f}</v></c>')
        want.append(moment)
    assert read(pyforge, xlsx_make.book(tmp_path / "b.xlsx", header("a") + cells(*rows)))[0].column("a").to_pylist() == want


def test_arithmetic_of_excel_gives_seconds(pyforge, tmp_path):
    """Sums and differences of serial days, as formulas leave them, with 17 digits."""
    rows, want = [], []
    for number in range(2000):
        second = number * 43 % 86400
        rows.append(f'<c s="2"><v>{45000 + second / 86400 + 1 / 86400:.17g}</v></c>')
        want.append(datetime.datetime(2023, 3, 15) + datetime.timedelta(seconds=second + 1))
    assert read(pyforge, xlsx_make.book(tmp_path / "b.xlsx", header("a") + cells(*rows)))[0].column("a").to_pylist() == want
