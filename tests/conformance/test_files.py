"""The files connector keeps the contract, over each format that can be written."""

import io
from decimal import Decimal
from typing import ClassVar

import openpyxl
import pytest

from tallystick.connectors.files import open_system
from tallystick.project.manifest import Manifest
from tallystick.testing.conformance import ConnectorConformance

FIELDS = {
    "no": {"unique": True},
    "name": {},
    "note": {},
    "employees": {"type": "integer"},
    "revenue": {"type": "number"},
}


class PlainSecrets:
    """Every reference is its own secret."""

    def resolve(self, reference):
        return reference


class FilesConformance(ConnectorConformance):
    """What both formats share."""

    object_name = "companies"
    text_field = "name"
    unique_field = "no"
    nullable_field = "note"
    integer_field = "employees"
    number_field = "revenue"
    file: ClassVar = {}
    content: ClassVar = b""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path / "out going"
        self.folder.mkdir()
        (self.folder / self.file["name"]).write_bytes(self.content)

    def reopen(self):
        spec = {"id": "no", "fields": FIELDS, "file": {"write": "replace", "complete": {"renamed": True}, **self.file}}
        manifest = {"protocol": "files", "url": str(self.folder), "objects": {self.object_name: spec}}
        return open_system("drop", Manifest.model_validate(manifest), PlainSecrets())

    def open(self):
        return self.reopen()

    def body(self, number):
        return {"no": f"C{number}", "name": f"Company {number}", "employees": number, "revenue": Decimal("1.50")}

    def bad_body(self):
        return {"no": "C1", "nowhere": "x"}


class TestCsv(FilesConformance):
    """A semicolon-separated file as spreadsheets of many countries write it."""

    file: ClassVar = {"name": "companies.csv", "format": "csv", "delimiter": ";", "decimal": ",", "thousands": "."}
    content: ClassVar = b"no;name;note;employees;revenue\r\n"
    keeps_empty_text = False


class TestWideCsv(FilesConformance):
    """The same in UTF-16 with a byte order mark, every cell quoted, and a line that counts the rows."""

    file: ClassVar = {
        "name": "companies.txt",
        "format": "tsv",
        "complete": {"trailer": r"#(?P<rows>\d+)"},
    }
    content: ClassVar = '\ufeff"no"\t"name"\t"note"\t"employees"\t"revenue"\n#000\n'.encode("utf-16-le")
    keeps_empty_text = False


class TestJsonLines(FilesConformance):
    """One JSON object a line."""

    file: ClassVar = {"name": "companies.jsonl", "format": "jsonl"}


class TestJson(FilesConformance):
    """One list in one document."""

    file: ClassVar = {"name": "companies.json", "format": "json"}
    content: ClassVar = b"[]"


class TestXml(FilesConformance):
    """One document with namespaces, a comment, and something else beside the records, in an encoding of one byte."""

    file: ClassVar = {"name": "companies.xml", "format": "xml", "records": "company"}
    content: ClassVar = (
        b'<?xml version="1.0" encoding="ISO-8859-1"?>\n'
        b'<c:export xmlns:c="urn:crm">\n  <!-- of today -->\n  <c:head made="1"/>\n  <c:companies/>\n</c:export>\n'
    )
    keeps_empty_text = False


class TestXlsx(FilesConformance):
    """The second sheet of a workbook, its headings below a title."""

    file: ClassVar = {"name": "companies.xlsx", "format": "xlsx", "sheet": "Companies", "header": 2}
    keeps_empty_text = False
    # More digits than a workbook keeps are refused, see the connector's own tests.
    integers = (0, -1, 2**53 - 1)
    numbers = (Decimal("0.1"), Decimal("-12.50"), Decimal("123456789012.345"))

    @property
    def content(self):
        """Make the workbook as its program saves it."""
        book = openpyxl.Workbook()
        sheet = book.create_sheet("Companies")
        sheet["A1"] = "All companies"
        for at, name in enumerate(FIELDS, 1):
            sheet.cell(2, at, name)
        saved = io.BytesIO()
        book.save(saved)
        return saved.getvalue()
