"""Every format gives the same records, keeps what it does not change, and names what it cannot read."""

import io
import json
import zipfile
from decimal import Decimal

import pytest

from tallystick.connectors.files_format import WritableFormat, open_format
from tallystick.core.error import Garbled, Refused, Unavailable
from tallystick.project.manifest import ObjectSpec

FIELDS = {"no": {"type": "text"}, "name": {"type": "text"}, "sum": {"type": "number"}, "count": {"type": "integer"}}


def reader(text, **file):
    spec = ObjectSpec.model_validate({"fields": FIELDS, "file": {"name": "x", **file}})
    found = open_format(spec.file, spec, "x")
    content = text if isinstance(text, bytes) else text.encode(file.get("encoding", "utf-8"))
    return found, list(found.read(io.BytesIO(content)))


def records(text, **file):
    return [entry.record for entry in reader(text, **file)[1] if entry.record is not None]


def faults(text, **file):
    return [(entry.line, entry.fault.column, entry.fault.why) for entry in reader(text, **file)[1] if entry.fault]


WANTED = [
    {"no": "007", "name": "Müller, KG", "sum": Decimal("1234.50"), "count": 3},
    {"no": "8", "name": None, "sum": Decimal("-0.1"), "count": None},
]


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ('no,name,sum,count\r\n007,"Müller, KG",1234.50,3\r\n8,,-.1,\r\n', {}),
        (
            "no;name;sum;count\n007;Müller, KG;1.234,50;3\n8;;0,1-;\n",
            {"delimiter": ";", "decimal": ",", "thousands": "."},
        ),
        (
            "\ufeffno;name;sum;count\n007;Müller, KG;1 234,50;3\n8;;-0,1;\n",
            {"delimiter": ";", "decimal": ",", "thousands": " "},
        ),
        (
            "Kunden\n\nno|name|sum|count\n007|Müller, KG|1,234.50|3\n8||-0.1|\n\n",
            {"delimiter": "|", "thousands": ",", "header": 3},
        ),
        (
            "007;Müller, KG;1234.50;3\n8;;-0.1;\n",
            {"delimiter": ";", "header": 0, "columns": ["no", "name", "sum", "count"]},
        ),
        ("no;name;sum;count\n007;Müller, KG;1234.50;3\n8;;-0.1;\n", {"delimiter": ";", "encoding": "cp850"}),
        ("no;name;sum;count;\r007;Müller, KG;1234.50;3;\r8;;-0.1;;\r", {"delimiter": ";", "encoding": "cp1252"}),
    ],
)
def test_delimited_text_of_many_countries(text, file):
    """Delimiter, quotes, decimal sign, groups, encoding, lines before the header, a delimiter at the end."""
    assert records(text, format="csv", **file) == WANTED


def test_other_formats_say_the_same():
    """Fixed width, XML, JSON with the list inside, and JSON Lines."""
    fixed = "no  name       sum     count\n007 Müller, KG 1234.50     3\n8                 -.1\n"
    assert records(fixed, format="fixed", widths=[4, 10, 9, 5]) == WANTED
    xml = (
        '<?xml version="1.0" encoding="iso-8859-1"?><a xmlns="urn:x"><head>1</head><list><c><no>007</no>'
        "<name>Müller, KG</name><sum>1234.50</sum><count>3</count></c>"
        "<c><no>8</no><name/><sum>-.1</sum><count></count></c></list></a>"
    )
    assert records(xml.encode("latin-1"), format="xml", records="c") == WANTED
    plain = [{**row, "sum": float(row["sum"])} for row in WANTED]
    assert records(json.dumps({"d": {"list": plain}}), format="json", records="d.list") == WANTED
    assert records("".join(json.dumps(row) + "\n" for row in plain), format="jsonl") == WANTED


def test_xml_keeps_attributes_lists_and_nesting():
    """Attributes get an @, repeated children are a list, and a record inside of a record is part of it."""
    xml = '<a><c id="1"><tag>x</tag><tag>y</tag><at><city>Ulm</city></at><c>inner</c></c></a>'
    assert records(xml, format="xml", records="c") == [
        {"@id": "1", "tag": ["x", "y"], "at": {"city": "Ulm"}, "c": "inner"}
    ]


def test_a_sheet_shows_what_its_cells_mean():
    """Text stays text, also where the sheet keeps it as a number; dates are ISO; empty rows are none."""
    book = workbook([["Report"], ["no", "name", "sum", "count"], [7, "Müller, KG", 1234.5, 3], [], ["8", "", -0.1, ""]])
    assert records(book, format="xlsx", header=2) == [{**WANTED[0], "no": "7"}, WANTED[1]]
    with pytest.raises(Garbled, match="no sheet 'B'"):
        reader(book, format="xlsx", sheet="B")


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ('no,name\n1,"ab', {"format": "csv"}),
        ("", {"format": "csv"}),
        ('{"no": "1"}\n{"no": "2', {"format": "jsonl"}),
        ('[{"no": "1"}, {"no": "2', {"format": "json"}),
        ('[{"no": "1"}', {"format": "json"}),
        ("<a><c><no>1</no></c><c><n", {"format": "xml", "records": "c"}),
        ("<a><c><no>1</no></c>", {"format": "xml", "records": "c"}),
        ("", {"format": "xml", "records": "c"}),
        ("no  n", {"format": "fixed", "widths": [4, 3], "header": 2}),
    ],
)
def test_what_breaks_off_is_not_complete(text, file):
    """A file that ends in the middle is tried again later, and is no answer."""
    with pytest.raises(Unavailable, match="not complete"):
        reader(text, **file)


def test_half_a_workbook_is_not_complete():
    """A workbook is readable only as a whole."""
    book = workbook([["no", "name"], ["1", "a"]])
    with pytest.raises(Unavailable, match="not complete"):
        reader(book[: len(book) // 2], format="xlsx")


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ('no,name\n1,"a"b\n', {"format": "csv"}),
        ("[1] x", {"format": "json"}),
        ('{"a": {}}', {"format": "json", "records": "b"}),
        ("<a><b></a>", {"format": "xml", "records": "c"}),
        (b"PK no zip", {"format": "xlsx"}),
        ("no\n1\n".encode("utf-16-le")[:-1], {"format": "csv", "encoding": "utf-16-le"}),
    ],
)
def test_what_is_none_of_its_format_is_garbled(text, file):
    """The error says where, and nothing of the file counts."""
    with pytest.raises((Garbled, Unavailable)):
        reader(text, **file)


def test_a_bad_row_is_named_by_line_and_column():
    """The others are read."""
    text = "no;name;sum;count\n1;a;1;2\n2;b\n3;c;x;1\n\n4;d;1;1.5\n5;e;1;2;3\n6;f;1;02\n"
    found = faults(text, format="csv", delimiter=";")
    assert [(line, column) for line, column, _ in found] == [(3, 2), (4, 3), (6, 4), (7, 5), (8, 4)]
    assert len(records(text, format="csv", delimiter=";")) == 4
    assert faults('{"no": 1}\nx\n[1]\n{}\n', format="jsonl")[0][:2] == (2, 1)
    assert faults("no   sum\n1    x\n", format="fixed", widths=[5, 3])[0][:2] == (2, 6)


def test_lines_are_counted_where_cells_have_line_ends():
    """The line of a row is the one it begins in."""
    text = 'no;name;sum;count\n1;"a\nb";1;2\n2;b;x;1\n'
    assert faults(text, format="csv", delimiter=";")[0][:2] == (4, 3)


@pytest.mark.parametrize(
    ("text", "file", "patch", "wanted"),
    [
        ('no;name;sum\n"1";a;"1.0"\n', {"delimiter": ";"}, {"name": "b;c"}, '1;"b;c";1.0\n'),
        ('"no","name"\r\n"1","a"\r\n', {}, {"name": 'x "y"'}, '"1","x ""y"""\r\n'),
        (
            "no;sum;x\n1;1.234,50;kept\n",
            {"delimiter": ";", "decimal": ",", "thousands": "."},
            {"sum": None},
            "1;;kept\n",
        ),
        ("no;sum\n1;5\n", {"delimiter": ";", "decimal": ","}, {"sum": Decimal("1234567.5")}, "1;1234567,5\n"),
    ],
)
def test_a_changed_row_is_spelled_as_its_file_is(text, file, patch, wanted):
    """Line ends, quotes and decimal sign stay; cells that were not changed keep their text."""
    found, [entry] = reader(text, format="csv", **file)
    assert isinstance(found, WritableFormat)
    assert found.change(entry.source, patch).decode() == wanted


@pytest.mark.parametrize(
    ("text", "file", "body", "field"),
    [
        ("no,name\n", {"format": "csv", "encoding": "cp1252"}, {"no": "1", "name": "株"}, "name"),
        ("no,name\n", {"format": "csv"}, {"no": "1", "nome": "x"}, "nome"),
        ("no,name\n", {"format": "csv"}, {"no": "1", "name": ["x"]}, "name"),
        ("no,sum\n", {"format": "csv"}, {"no": "1", "sum": "x"}, "sum"),
        ("no name\n", {"format": "fixed", "widths": [3, 4]}, {"no": "1", "name": "too long"}, "name"),
        ("", {"format": "jsonl"}, {"no": "1", "nome": "x"}, "nome"),
    ],
)
def test_what_a_file_cannot_hold_is_refused(text, file, body, field):
    """Nothing is cut, replaced or dropped in silence."""
    found, _ = reader(text, **file)
    assert isinstance(found, WritableFormat)
    with pytest.raises(Refused) as refused:
        found.make(body)
    assert refused.value.field == field


def test_bytes_that_are_no_text_are_kept():
    """They cost their own row, and are written back as they were."""
    found, entries = reader(b"no,name\n1,\xff\n2,b\n", format="csv")
    assert entries[0].source == b"1,\xff\n"
    assert isinstance(found, WritableFormat)
    assert found.change(entries[0].source, {"no": "3"}) == b"3,\xff\n"


def workbook(rows):
    """Make the smallest workbook that readers accept."""
    cells = []
    for number, row in enumerate(rows, 1):
        shown = ""
        for at, value in enumerate(row):
            name = f"{chr(65 + at)}{number}"
            if isinstance(value, str):
                shown += f'<c r="{name}" t="inlineStr"><is><t>{value}</t></is></c>' if value else ""
            else:
                shown += f'<c r="{name}"><v>{value}</v></c>'
        cells.append(f'<row r="{number}">{shown}</row>')
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"

    def link(kind, target):
        inside = f'<Relationship Id="r1" Type="{office}/{kind}" Target="{target}"/>'
        return f'<Relationships xmlns="{package}/relationships">{inside}</Relationships>'

    types = '<Default Extension="xml" ContentType="text/xml"/>'
    sheet = '<sheet name="A" sheetId="1" r:id="r1"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">{types}</Types>',
        "_rels/.rels": link("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{sheet}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": link("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(cells)}</sheetData></worksheet>',
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return made.getvalue()
