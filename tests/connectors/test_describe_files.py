"""A folder of exports becomes a manifest: what is in the files is found, stated with its evidence, and can be read."""

import os

import pytest
from tests.connectors.test_files_formats import workbook

from tallystick.connectors.describe.file_text import guess_encoding
from tallystick.connectors.describe.files import describe_files, pattern_of
from tallystick.connectors.describe.text import manifest_yaml
from tallystick.connectors.files import open_system
from tallystick.connectors.files_open import open_place
from tallystick.core.error import ProjectError
from tallystick.project.manifest import Manifest
from tallystick.project.text import parse_text


class PlainSecrets:
    """Every reference is its own secret."""

    def resolve(self, reference):
        return reference


@pytest.fixture
def described(tmp_path):
    """Put files into a folder, describe them, and give the manifest and all their records."""

    def describe(files, only=""):
        for name, content in files.items():
            path = tmp_path / name
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            os.utime(path, (1_700_000_000, 1_700_000_000))
        manifest = describe_files("drop", str(tmp_path), open_place(str(tmp_path), "drop"), only)
        written = parse_text(manifest_yaml(manifest), "drop.yaml")
        assert Manifest.model_validate(written.value) == manifest
        connector, transport = open_system("drop", manifest, PlainSecrets())
        rows = {}
        try:
            for name in connector.objects():
                page = transport.run(connector.read(name))
                rows[name] = [connector.sight(name, row).record for row in page.rows]
        finally:
            transport.close()
        return manifest, rows

    return describe


CUSTOMERS = "Kundennr;Firma;Umsatz;Mitarbeiter;PLZ;Seit\r\n" + "".join(
    f"{1000 + at};Müller & Söhne {at};{at}.234,5{at % 10};{at};0{4000 + at};0{1 + at % 9}.03.2024\r\n"
    for at in range(1, 30)
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "cp850", "utf-16"])
def test_what_spreadsheets_and_programs_write_is_understood(described, encoding):
    """Encoding, delimiter, decimal sign, groups, types and id, each with its evidence; codes stay text."""
    manifest, rows = described({"kunden.csv": CUSTOMERS.encode(encoding)})
    spec = manifest.objects["kunden"]
    file = spec.file
    assert (spec.id, file.delimiter, file.decimal, file.thousands, file.header) == ("Kundennr", ";", ",", ".", 1)
    types = {path: field.type for path, field in spec.fields.items()}
    assert types == {
        "Kundennr": "text", "Firma": "text", "Umsatz": "number", "Mitarbeiter": "integer", "PLZ": "text", "Seit": "text"
    }  # fmt: skip
    assert spec.fields["Seit"].format == "dd.MM.yyyy"
    assert rows["kunden"][0]["Firma"] == "Müller & Söhne 1"
    assert str(rows["kunden"][0]["Umsatz"]) == "1234.51"
    for key in ("id", "file.encoding", "file.delimiter", "file.header", "file.decimal"):
        fact = manifest.facts[f"objects.kunden.{key}"]
        assert fact.label == "inferred"
        assert fact.because
    assert any("patience" in note for note in manifest.notes)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Привет, мир. Это обычный текст.\n".encode("cp1251"), "cp1251"),
        ("Größe;Maße;für;über;Straße\n".encode("cp850"), "cp850"),
        ("Größe;Maße;für;über;Straße; 5 €\n".encode("cp1252"), "cp1252"),
        ("plain", "utf-8"),
        ("Žluťoučký kůň, příliš žluté\n".encode("cp1250"), "cp1250"),
        ("a;b\n1;ü\n".encode("utf-16-le"), "utf-16-le"),
        ("a;b\n1;ü\n".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_old_encodings_are_told_apart_by_the_words_they_make(text, wanted):
    """What decodes without an error is not yet right."""
    assert guess_encoding(text if isinstance(text, bytes) else text.encode()).value == wanted


def test_other_formats_and_names_with_dates(described):
    """Rows of files are one object; sheets are one each; lists inside of documents are found."""
    book = workbook([["Bericht"], ["no", "name"], ["A1", "x"], ["A2", "y"]])
    manifest, rows = described({
        "stock-2026-11-20.csv": "sku,stock\nA,1\nB,2\n",
        "stock-2026-11-21.csv": "sku,stock\nA,1\nB,3\n",
        "stock-2026-11-21.csv.done": "",
        "stock-2026-11-20.csv.done": "",
        "lines.jsonl": '{"id": 1, "at": {"city": "Ulm"}}\n{"id": 2, "at": {"city": "Bonn"}}',
        "doc.json": '{"meta": {"page": 1}, "data": {"items": [{"key": "a", "tags": [{"x": 1}]}, {"key": "b"}]}}',
        "doc.xml": '<r><head><d>1</d></head><cs><c id="1"><n>A</n></c><c id="2"><n>B</n></c></cs></r>',
        "wide.txt": "NUM  NAME      SUM\n1    Anna       12\n2    Bertold     3\n3    Carl       44\n",
        "book.xlsx": book,
        "counted.csv": "no;name\n1;a\n2;b\nEND;2;x\n",
        "readme.md": "nothing",
        "empty.csv": "",
    })  # fmt: skip
    files = {name: spec.file for name, spec in manifest.objects.items()}
    assert set(files) == {"stock", "lines", "doc", "doc_2", "wide", "book", "counted"}
    assert (files["stock"].name, files["stock"].complete.marker) == ("stock-{date}.csv", "{name}.done")
    assert rows["stock"] == [{"sku": "A", "stock": 1}, {"sku": "B", "stock": 3}]
    assert not files["lines"].complete.final_newline
    assert (files["doc"].records, files["doc_2"].records) == ("data.items", "c")
    assert rows["wide"][1] == {"NUM": "2", "NAME": "Bertold", "SUM": 3}
    assert (files["book"].header, rows["book"][1]) == (2, {"no": "A2", "name": "y"})
    assert len(rows["counted"]) == 2
    assert files["counted"].complete.trailer


def test_a_file_without_names_or_without_an_id(described):
    """Columns without names are numbered; two columns make an id; what has none is left out with a reason."""
    manifest, rows = described({"a.csv": "1,x,5\n1,y,5\n2,x,5\n", "b.csv": "name,kind\na,1\na,1\n"})
    assert manifest.objects["a"].id == "column_1,column_2"
    assert len(rows["a"]) == 3
    assert "b" not in manifest.objects
    assert any("b.csv" in note for note in manifest.notes)


def test_one_file_of_many(described):
    """Only what was asked for is described, and nothing is no answer."""
    manifest, _ = described({"a.csv": "id,x\n1,2\n", "b.csv": "id,x\n1,2\n"}, "b.csv")
    assert list(manifest.objects) == ["b"]
    with pytest.raises(ProjectError, match="no file of records"):
        described({}, "c.csv")


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("customers-2026-11-22.csv", "customers-{date}.csv"),
        ("20261122_kunden.csv", "{date}_kunden.csv"),
        ("kunden_22.11.2026.csv", "kunden_{date}.csv"),
        ("kunden-20261122T1015.csv", "kunden-{date}.csv"),
        ("batch-000017.json", "batch-{number}.json"),
        ("sap4711.csv", "sap4711.csv"),
    ],
)
def test_a_date_in_a_name_may_be_another_tomorrow(name, pattern):
    """Only dates, and numbers at the end."""
    assert pattern_of(name) == pattern
