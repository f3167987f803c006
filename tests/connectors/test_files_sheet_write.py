"""A workbook is written cell by cell: what is read back is what was written, and all else is as it was."""

import io
import os
import re
import shutil
import subprocess
import zipfile
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font
from openpyxl.worksheet.table import Table

from tallystick.connectors.files_format import RewritableFormat, open_format
from tallystick.core.error import Garbled, ProjectError, Refused
from tallystick.project.manifest import ObjectSpec

SPRING = datetime.fromisoformat("2026-03-04T05:06:07")
FIELDS = {"no": {"type": "text"}, "name": {"type": "text"}, "sum": {"type": "number"}}


def opened(content, fields=None, **file):
    """Read a workbook for writing; give its format and what is kept of its rows."""
    file = {"name": "x", "format": "xlsx", "write": "replace", **file}
    spec = ObjectSpec.model_validate({"fields": fields or FIELDS, "file": file})
    found = open_format(spec.file, spec, "x")
    assert isinstance(found, RewritableFormat)
    entries = list(found.read(io.BytesIO(content)))
    return found, [entry.source for entry in entries]


def written(found, content, sources):
    """Give the workbook with these rows."""

    def again():
        yield from sources

    return b"".join(found.rewrite(io.BytesIO(content), again))


def records(content, fields=None, **file):
    found, sources = opened(content, fields, **file)
    return [found.decode(source) for source in sources]


def saved(book):
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.fixture
def lively():
    """A workbook as people make them: title, colours, dates, formulas, a gap, a chart, another sheet."""
    book = openpyxl.Workbook()
    other = book.active
    other.title = "Notes"
    other["A1"], other["B1"] = "=Customers!E4", "keep me"
    sheet = book.create_sheet("Customers")
    sheet["B1"] = "Our customers"
    for at, name in enumerate(("no", "name", "sum", "double", "since"), 2):
        sheet.cell(3, at, name).font = Font(bold=True)
    rows = (
        ("007", "Müller", 1.5, "=D4*2", date(2026, 1, 2)),
        ("8", "B", 2, "=D5*2", datetime.fromisoformat("2026-03-04T05:06:07")),
    )
    for line, values in zip((4, 6), rows, strict=True):
        for at, value in enumerate(values, 2):
            sheet.cell(line, at, value)
    sheet["D4"].number_format, sheet["B4"].font = "0.00", Font(color="FF0000")
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=4, min_row=4, max_row=6))
    sheet.add_chart(chart, "H2")
    return saved(book)


SHEET = {"sheet": "Customers", "header": 3}


def parts_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name) for name in book.namelist()}


def test_what_is_not_changed_keeps_every_part(lively):
    """Charts, styles, other sheets, and the very cells of the rows that stay."""
    found, sources = opened(lively, **SHEET)
    after = parts_of(written(found, lively, sources))
    changed = {name for name, part in parts_of(lively).items() if after[name] != part}
    assert changed <= {"xl/workbook.xml"}, "which is told to compute anew"
    assert b'fullCalcOnLoad="1"' in after["xl/workbook.xml"]


def test_cells_are_changed_rows_removed_and_added_in_the_styles_of_the_last_one(lively):
    found, [first, _] = opened(lively, **SHEET)
    changed = found.change(first, {"name": "=1+1", "sum": Decimal("2.25"), "since": "2027-08-09"})
    made = found.make({"no": "0099", "name": " x\ny ", "sum": 3, "since": "2027-08-09T10:11:12"})
    content = written(found, lively, [changed, made])
    assert records(content, **SHEET) == [
        {"no": "007", "name": "=1+1", "sum": Decimal("2.25"), "double": None, "since": "2027-08-09"},
        {"no": "0099", "name": " x\ny ", "sum": 3, "double": None, "since": "2027-08-09T10:11:12"},
    ]
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["Customers"]
    assert sheet["C4"].value == "=1+1"
    assert sheet["C4"].data_type == "s", "a text is never a formula"
    assert (sheet["B4"].font.color.rgb, sheet["D4"].number_format) == ("00FF0000", "0.00")
    assert sheet["E4"].value == "=D4*2"
    assert [cell.value for cell in sheet[6]] == [None] * len(sheet[6]), "the row of the one that went is empty"
    assert (sheet["B7"].value, sheet["F7"].value) == ("0099", datetime.fromisoformat("2027-08-09T10:11:12"))
    assert sheet.dimensions.endswith("7")
    assert (book["Notes"]["A1"].value, book["Notes"]["B1"].value) == ("=Customers!E4", "keep me")
    assert len(sheet._charts) == 1


def test_what_a_formula_makes_is_not_overwritten(lively):
    found, [first, _] = opened(lively, **SHEET)
    with pytest.raises(Refused, match="computed by a formula"):
        found.change(first, {"double": 7})


def test_rows_that_keep_a_formula_of_others_are_not_removed(lively):
    parts = parts_of(lively)
    name = "xl/worksheets/sheet2.xml"
    parts[name] = parts[name].replace(b"<f>D4*2</f>", b'<f t="shared" ref="E4:E6" si="0">D4*2</f>')
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as book:
        for each, part in parts.items():
            book.writestr(each, part)
    content = stream.getvalue()
    found, [_, second] = opened(content, **SHEET)
    with pytest.raises(Refused, match="line 4 cannot be removed"):
        written(found, content, [second])


def test_a_table_grows_with_its_rows():
    book = openpyxl.Workbook()
    for row in (["no", "name"], ["1", "A"], ["2", "B"]):
        book.active.append(row)
    book.active.add_table(Table(displayName="People", ref="A1:B3"))
    content = saved(book)
    found, sources = opened(content)
    after = written(found, content, [*sources, found.make({"no": "3", "name": "C"})])
    assert openpyxl.load_workbook(io.BytesIO(after)).active.tables["People"].ref == "A1:B4"


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ({"sum": Decimal("12345678901234.5678")}, "15 digits"), ({"sum": "x"}, "holds numbers"),
        ({"name": "a\x0b"}, r"U\+000B"), ({"name": "x" * 32_768}, "32,767"), ({"name": ["a"]}, "neither list"),
        ({"nowhere": 1}, "no column"),
    ],
)  # fmt: skip
def test_what_a_cell_cannot_hold_is_refused_by_its_field(lively, patch, why):
    found, [first, _] = opened(lively, **SHEET)
    with pytest.raises(Refused, match=why) as caught:
        found.change(first, patch)
    assert caught.value.field in patch


def test_a_workbook_that_would_not_hold_it_is_never_given(lively, monkeypatch):
    """It is read back before it takes the place of the old one."""
    found, [first, second] = opened(lively, **SHEET)
    changed = found.change(first, {"name": "New"})
    monkeypatch.setattr("tallystick.connectors.files_sheet_write._text", lambda value: "other")
    with pytest.raises(Garbled, match="row 1: name"):
        written(found, lively, [changed, second])


TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff"), min_size=1)
ROW = st.fixed_dictionaries({"no": TEXT}, optional={
    "name": st.none() | TEXT | st.sampled_from(["_x0041_", "_x005F_", "2026-01-02", "=A1", "1E5", "true", "a\tb\nc"]),
    "sum": st.none() | st.integers(-(2**53), 2**53) | st.decimals(-(10**9), 10**9, places=4),
    "free": st.none() | st.booleans() | TEXT | st.integers(-(10**9), 10**9),
})  # fmt: skip


def told(rows):
    """Tell truth values from numbers, which are equal for Python."""
    return [{name: (type(value) is bool, value) for name, value in row.items()} for row in rows]


@settings(deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=4), patch=ROW, gone=st.booleans())
@example(rows=[{"no": "_x005F_x0041_"}], patch={"no": "\r", "name": None}, gone=False)
def test_whatever_is_written_is_read_back(rows, patch, gone):
    """Hostile text, blanks, numbers; in new rows, in changed ones, beside removed ones."""
    fields = {**FIELDS, "free": {}}
    book = openpyxl.Workbook()
    book.active.append(list(fields))
    empty = saved(book)
    found, none = opened(empty, fields)
    assert none == []
    content = written(found, empty, [found.make(row) for row in rows])
    expected = [dict.fromkeys(fields) | row for row in rows]
    assert told(records(content, fields)) == told(expected)
    found, [first, *others] = opened(content, fields)
    again = written(found, content, [*([] if gone else [found.change(first, patch)]), *others])
    left = [*([] if gone else [expected[0] | patch]), *expected[1:]]
    assert told(records(again, fields)) == told(left)


def saved_by_libreoffice(path, kind):
    """Let another program open a workbook and save it; give what it saved."""
    if shutil.which("soffice") is None:
        message = "LibreOffice is missing: apt-get install libreoffice-calc"
        assert not os.environ.get("TALLY_REQUIRE_ALL"), message
        pytest.skip(message)
    command = ["soffice", f"-env:UserInstallation=file://{path.parent}/home", "--headless", "--convert-to", kind]
    theirs = path.parent / "theirs"
    subprocess.run([*command, "--outdir", str(theirs), str(path)], check=True, capture_output=True, timeout=120)
    return (theirs / f"{path.stem}.{kind}").read_bytes()


def test_libreoffice_opens_what_was_written(lively, tmp_path):
    """Saved by another program again, it holds the same rows; and what that program saves can be written."""
    found, [first, _] = opened(lively, **SHEET)
    made = found.make({"no": "0099", "name": "A <& B", "sum": Decimal("3.5"), "since": "2027-08-09"})
    ours = tmp_path / "ours.xlsx"
    ours.write_bytes(written(found, lively, [found.change(first, {"name": "Größer"}), made]))
    content = saved_by_libreoffice(ours, "xlsx")
    seen = records(content, **SHEET)
    assert [(row["no"], row["name"], row["sum"], row["since"]) for row in seen] == [
        ("007", "Größer", Decimal("1.5"), "2026-01-02"), ("0099", "A <& B", Decimal("3.5"), "2027-08-09"),
    ]  # fmt: skip
    assert seen[0]["double"] == 3, "it computed"
    found, [first, second] = opened(content, **SHEET)
    after = written(found, content, [found.change(first, {"sum": 9, "since": "2030-01-01"}), second])
    assert [row["since"] for row in records(after, **SHEET)] == ["2030-01-01", "2027-08-09"]
    assert re.search(rb"fullCalcOnLoad", parts_of(after)["xl/workbook.xml"])


@pytest.mark.parametrize("kind", ["ods", "xls"])
def test_other_kinds_of_workbooks_are_only_read(lively, tmp_path, kind):
    """Said before anything is planned, with what to do."""
    path = tmp_path / "ours.xlsx"
    path.write_bytes(lively)
    content = saved_by_libreoffice(path, kind)
    with pytest.raises(ProjectError, match="only be read"):
        opened(content, **SHEET)
