"""Writes the seeds in fuzz/corpus/xlsx_scan, xlsx_formats and xlsx_workbook: parts as Excel, LibreOffice and others write them, the same files
every time.

    python3 fuzz/make_xlsx_seeds.py
"""
import io
import pathlib
import struct
import zipfile

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = "http://purl.oclc.org/ooxml/officeDocument/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'


def relations(*targets, base=OFFICE):
    inner = "".join(f'<Relationship Id="rId{i}" Type="{base}/{kind}" Target="{target}"/>' for i, (kind, target) in enumerate(targets, 1))
    return f'{HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>'


def types(kind="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", part="/xl/workbook.xml"):
    return (f'{HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="{part}" ContentType="{kind}"/></Types>')


PARTS = {
    "[Content_Types].xml": types(),
    "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
    "xl/workbook.xml": f"""{HEAD}<workbook {MAIN} xmlns:r="{OFFICE}"><workbookPr date1904="1"/><sheets><sheet name="Data" sheetId="1" r:id="rId1"/><sheet
        name="A &amp; B" sheetId="2" state="hidden" r:id="rId2"/></sheets><definedNames><definedName name="one">Data!$B$4:$F$20</definedName><definedName
        name="_xlnm.Print_Area" localSheetId="1" hidden="1">'A &amp; B'!$A:$C</definedName></definedNames></workbook>""",
    "xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/sheet1.xml"), ("worksheet", "/xl/worksheets/sheet2.xml"),
                                            ("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")),
    "xl/worksheets/sheet1.xml": f'{HEAD}<worksheet {MAIN}><dimension ref="A1:C3"/><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row></sheetData></worksheet>',
    "xl/worksheets/sheet2.xml": f"{HEAD}<worksheet {MAIN}><sheetData/></worksheet>",
    "xl/worksheets/_rels/sheet1.xml.rels": relations(("table", "../tables/table1.xml")),
    "xl/tables/table1.xml": f'{HEAD}<table {MAIN} id="1" name="T" displayName="T" ref="A1:C3" totalsRowCount="1"><autoFilter ref="A1:C2"/></table>',
    "xl/styles.xml": f"""{HEAD}<styleSheet {MAIN}><numFmts count="1"><numFmt numFmtId="164" formatCode="[$-409]yyyy\\-mm\\-dd&quot;x&quot;"/></numFmts><cellXfs
        count="3"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="164"><alignment/></xf></cellXfs></styleSheet>""",
    "xl/sharedStrings.xml": f'{HEAD}<sst {MAIN} count="1"><si><t xml:space="preserve"> a_x000D_</t></si><si><r><t>b</t></r><rPh sb="0" eb="1"><t>c</t></rPh></si></sst>',
}

STRICT_BOOK = {
    "[Content_Types].xml": types(part="/Book.xml"),
    "_rels/.rels": relations(("officeDocument", "Book.xml"), base=STRICT),
    "Book.xml": f"""<w:workbook xmlns:w="http://purl.oclc.org/ooxml/spreadsheetml/main" xmlns:q="{STRICT}"><w:sheets><w:sheet name="S" q:id="rId1"/></w:sheets></w:workbook>""",
    "_rels/Book.xml.rels": relations(("worksheet", "../x%20y\\sheet.xml"), base=STRICT),
    "x y\\sheet.xml": '<x:worksheet xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main"><x:dimension ref="B2"/><x:sheetData/></x:worksheet>',
}

OTHERS = {
    "xlsb": types("application/vnd.ms-excel.sheet.binary.macroEnabled.main", "/xl/workbook.bin"),
    "docx": types("application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml", "/word/document.xml"),
}

FORMATS = ["General", "0.00E+00", "#,##0.00;[Red]-#,##0.00", "[$-409]m/d/yy h:mm AM/PM;@", "[$\u20ac-407]* #,##0.00_-", "[h]:mm:ss.000", 'yyyy"\u5e74"m"\u6708"',
           '[=0]"";d.m.yyyy', "[$-411]ggge\\.m\\.d", "mm:ss.0", "# ?/?", "@", "B2bbbb", "[Color 12][<1]0;aaaa", "yyyy-mm-ddThh:mm:ssZ"]
SERIALS = [0.0, 0.5, 1.0, 59.999999999, 60.0, 61.0, 45351.572916666664, 45351.0416666667, 2958465.99999, -1.5, 1e8, float("nan")]

XML = ['<a x="1" y=\'&lt;&#65;&#x42;\'>x&amp;y<b/><![CDATA[<c>]]><!-- d --><?e f?></a>', '<p:a xmlns:p="u" p:x="1" xmlns="v"><b xml:space="preserve"/></p:a>',
       "<!DOCTYPE a><a/>", "<a>" * 300, '<a xmlns:p="u" xmlns:q="u" p:x="1" q:x="1"/>']


def write(folder, name, content):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    (CORPUS / folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def as_parts(parts):
    return b"".join(b"\x01" + name.encode() + b"\n" + (text if isinstance(text, bytes) else text.encode()) for name, text in parts.items())


def as_archive(parts, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name), text, compress_type=method)
    return out.getvalue()


def compound(stream):
    """A compound file with one stream in its directory."""
    head = bytearray(512)
    head[:8] = bytes.fromhex("d0cf11e0a1b11ae1")
    struct.pack_into("<H", head, 30, 9)
    struct.pack_into("<IIII", head, 44, 1, 1, 0, 4096)
    struct.pack_into("<I", head, 76, 0)
    fat = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE).ljust(512, b"\xff")
    name = stream.encode("utf-16le") + b"\0\0"
    return bytes(head) + fat + (name.ljust(64, b"\0") + struct.pack("<H", len(name))).ljust(512, b"\0")


def main():
    write("xlsx_workbook", "parts", as_parts(PARTS))
    write("xlsx_workbook", "strict", as_parts(STRICT_BOOK))
    write("xlsx_workbook", "utf16", as_parts(PARTS | {"xl/workbook.xml": PARTS["xl/workbook.xml"].replace("UTF-8", "UTF-16").encode("utf-16")}))
    write("xlsx_workbook", "circle", as_parts(PARTS | {"xl/worksheets/_rels/sheet1.xml.rels": relations(("table", "sheet1.xml"), ("worksheet", "../workbook.xml"))}))
    write("xlsx_workbook", "stored", as_archive(PARTS, zipfile.ZIP_STORED))
    write("xlsx_workbook", "deflated", as_archive(STRICT_BOOK, zipfile.ZIP_DEFLATED))
    for name, content in OTHERS.items():
        write("xlsx_workbook", name, as_parts({"[Content_Types].xml": content, "_rels/.rels": relations(("officeDocument", "xl/workbook.bin"))}))
    write("xlsx_workbook", "ods", as_parts({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}))
    for stream in ("Workbook", "EncryptedPackage"):
        write("xlsx_workbook", stream.lower(), compound(stream))
    write("xlsx_workbook", "html", "<html><table>")
    write("xlsx_workbook", "xml2003", '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">')
    for i, text in enumerate(XML):
        write("xlsx_scan", f"small_{i}", text)
    for name, text in PARTS.items():
        write("xlsx_scan", name.replace("[", "").replace("]", "").replace("/", "_").lstrip("_."), text)
    for i, code in enumerate(FORMATS):
        write("xlsx_formats", f"code_{i:02}", code)
    for i, value in enumerate(SERIALS):
        write("xlsx_formats", f"serial_{i:02}", struct.pack("<d", value))


if __name__ == "__main__":
    main()
