"""Workbooks from parts written by hand, for what no library writes."""

import zipfile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# Cell styles 0 to 5: General, a date, a timestamp, a time, a duration, text.
FORMATS = [0, 14, 22, 21, 46, 49]


def letters(column):
    """Of a column, from 1: "A", "AA"."""
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def styles():
    cells = "".join(f'<xf numFmtId="{number}"/>' for number in FORMATS)
    return f'<styleSheet xmlns="{MAIN}"><cellXfs count="{len(FORMATS)}">{cells}</cellXfs></styleSheet>'


def shared(texts):
    """texts: XML of what stands in each <si>, or plain texts."""
    items = "".join(f"<si>{text}</si>" if text.startswith("<") else f"<si><t>{text}</t></si>" for text in texts)
    return f'<sst xmlns="{MAIN}">{items}</sst>'


def sheet(rows, attributes="", after=""):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<worksheet xmlns="{MAIN}"{attributes}><sheetData>{rows}</sheetData>{after}</worksheet>'


def workbook(names, settings=""):
    sheets = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, 1))
    return f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{settings}<sheets>{sheets}</sheets></workbook>'


def relations(entries):
    body = "".join(f'<Relationship Id="{name}" Type="{RELATIONS}/{kind}" Target="{target}"/>' for name, kind, target in entries)
    return f'<Relationships xmlns="{PACKAGE}/relationships">{body}</Relationships>'


def book(path, *sheets, texts=None, settings="", extra=None, compression=zipfile.ZIP_DEFLATED):
    """sheets: whole parts, or the rows of one. texts: the shared strings. extra: parts by name, instead of those made here."""
    names = [f"S{number}" for number in range(1, len(sheets) + 1)]
    entries = [(f"rId{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
    entries.append(("rId900", "styles", "styles.xml"))
    types = [f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{KIND}.worksheet+xml"/>' for n in range(1, len(sheets) + 1)]
    types.append(f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>')
    types.append(f'<Override PartName="/xl/styles.xml" ContentType="{KIND}.styles+xml"/>')
    parts = {"xl/workbook.xml": workbook(names, settings), "xl/styles.xml": styles()}
    for number, part in enumerate(sheets, 1):
        whole = part if "<worksheet" in part or "sheetData" in part else sheet(part)
        parts[f"xl/worksheets/sheet{number}.xml"] = whole
    if texts is not None:
        entries.append(("rId901", "sharedStrings", "sharedStrings.xml"))
        types.append(f'<Override PartName="/xl/sharedStrings.xml" ContentType="{KIND}.sharedStrings+xml"/>')
        parts["xl/sharedStrings.xml"] = texts if isinstance(texts, str) else shared(texts)
    parts["xl/_rels/workbook.xml.rels"] = relations(entries)
    parts["_rels/.rels"] = relations([("rId1", "officeDocument", "xl/workbook.xml")])
    parts["[Content_Types].xml"] = (
        f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{"".join(types)}</Types>'
    )
    parts.update(extra or {})
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name in ["[Content_Types].xml", *[name for name in parts if name != "[Content_Types].xml"]]:
            archive.writestr(name, parts[name])
    return path
