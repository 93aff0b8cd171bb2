"""Writes the seeds of fuzz_xml_reader and fuzz_xml_cut into fuzz/corpus: python3 fuzz/make_xml_seeds.py"""
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent

ROWS = "".join(f"<r k='{n}'><x>{n}</x><y>t{n}</y></r>" for n in range(6))
DOCUMENTS = {
    "rows": f"<a>{ROWS}</a>",
    "lists": "<a><r><x>1</x><x>2</x><y><z>3</z><z/></y></r><r><x>4</x></r></a>",
    "around": "<?xml version='1.0'?><a v='1'><t>T</t><g n='x'><r><k>1</k></r><r><k>2</k></r></g><g n='y'><r><k>3</k></r></g><end>E</end></a>",
    "mixed": "<a><r>text <b>bold</b> more</r><r><![CDATA[<x> ]] ]]></r><r><!-- <r> -->c<?p <r>?></r></a>",
    "entities": "<!DOCTYPE a [<!ENTITY e 'v<b>w</b>'><!ENTITY f '&e;&e;'>]><a><r><x>&f;</x></r><r><x>&amp;&#65;&unknown;</x></r></a>",
    "spaces": "<p:a xmlns:p='u' xmlns='w'><p:r><p:x>1</p:x><x q:nil='true' xmlns:q='http://www.w3.org/2001/XMLSchema-instance'/></p:r><p:r/></p:a>",
    "documents": "<a><r>1</r><r>2</r></a><?xml version='1.0' encoding='utf-8'?><a><r>3</r></a>\n<b/>",
    "late": "<a>" + "<r><x>1</x></r>" * 8 + "<r><x>1</x><new w='1'>2</new></r><s>5</s></a>",
    "deep": "<a>" + "<b>" * 30 + "<r>1</r><r>2</r>" + "</b>" * 30 + "</a>",
    "broken": "<a><r><x>1</x></r><r><x>2</y></r><r><x>3</x></r></a>",
    "quotes": "<a><r k=\"a>b\" l='c\"d/>'/><r k='</r>'>&lt;</r></a>",
}


def write(folder, options, name, body):
    to = ROOT / "corpus" / folder
    to.mkdir(parents=True, exist_ok=True)
    (to / name).write_bytes(options + body)


for name, text in DOCUMENTS.items():
    for number, options in enumerate((b"\0\0\0", b"\x23\x01\0", b"\x40\xc6\0", b"\xff\0\0", b"\3\0\1", b"\3\0\x82")):
        write("xml_reader", options, f"{name}_{number}", text.encode())
    write("xml_cut", b"\x07", name, text.encode())
write("xml_reader", b"\0\0\0", "utf16", "<?xml version='1.0' encoding='UTF-16'?><a><r>é</r><r>2</r></a>".encode("utf-16"))
write("xml_reader", b"\0\0\0", "latin1", "<?xml version='1.0' encoding='ISO-8859-1'?><a><r>é</r><r>2</r></a>".encode("latin-1"))
