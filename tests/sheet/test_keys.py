"""What names a row is kept to the last character, whatever it looks like."""

import pytest

from tallystick.project.load import load_project
from tallystick.project.sheet.carrier import read_book, write_book
from tallystick.project.sheet.gather import gather_cells
from tallystick.project.sheet.joining import join
from tallystick.project.sheet.snapshot import Snapshot
from tallystick.project.sheet.tabs import make_book


@pytest.mark.parametrize("carrier", ["csv", "sheet.xlsx"])
@pytest.mark.parametrize("key", ["a\\n", "a", "008", " a "])
def test_an_option_stays_itself_whatever_its_key_looks_like(write, carrier, key) -> None:
    folder = write()
    mapping = folder / "mappings" / "companies.yaml"
    text = mapping.read_text(encoding="utf-8")
    assert "active: A   #" in text
    mapping.write_text(text.replace("active: A   #", f'"{key}": A   #'), encoding="utf-8")
    loaded = load_project(folder)
    snapshot = Snapshot(("companies",), gather_cells(loaded, ["companies"]))
    write_book(folder / carrier, make_book(loaded, snapshot))
    joined = join(loaded, read_book(folder / carrier))
    assert not joined.changed
    assert not joined.merged.conflicts
