"""The reference pages say what the code says."""

from pathlib import Path

from tallystick.cli.reference import reference_pages, write_pages

FOLDER = Path(__file__).parents[2] / "docs" / "reference"


def test_the_committed_pages_are_up_to_date() -> None:
    outdated = [
        name
        for name, text in reference_pages().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != text
    ]
    assert not outdated, "run `make docs`"


def test_pages_are_written_once(tmp_path: Path) -> None:
    assert {p.name for p in write_pages(tmp_path)} == set(reference_pages())
    assert write_pages(tmp_path) == []
