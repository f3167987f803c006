"""What a Google spreadsheet shows is read as people see it, and a rewrite leaves other people's things alone."""

import dataclasses
from collections.abc import Iterator

import pytest
from tests.systems.google_server import Google, serve_google

from tallystick.connectors.google_sheet import GoogleSheet, open_google_sheet
from tallystick.core.error import ProjectError, Throttled
from tallystick.project.load import load_project
from tallystick.project.model import Google as Spec
from tallystick.project.sheet.book import Book, Unreadable
from tallystick.project.sheet.gather import gather_cells
from tallystick.project.sheet.joining import join
from tallystick.project.sheet.online import OnlineTab, Spreadsheet, cell_text, found_book, spreadsheet_id
from tallystick.project.sheet.online_plan import plan_rewrite
from tallystick.project.sheet.snapshot import Snapshot
from tallystick.project.sheet.tabs import make_book

OWN = "the-sheet"
LOADED_BY_PEOPLE = [
    ({}, ""),
    ({"stringValue": "=1+1"}, "=1+1"),
    ({"stringValue": "a\r\nb"}, "a\nb"),
    ({"numberValue": 7}, "7"),
    ({"numberValue": 7.0}, "7"),
    ({"numberValue": 0.1}, "0.1"),
    ({"numberValue": -1e21}, "-1000000000000000000000"),
    ({"boolValue": True}, "true"),
]
DAYS = [
    ("DATE", 46023, "2026-01-01"),
    ("DATE_TIME", 46023.5, "2026-01-01 12:00:00"),
    ("TIME", 0.75, "18:00:00"),
    ("DATE", -5, "-5"),
    ("DATE", 1e12, "1000000000000"),
    ("NUMBER", 46023, "46023"),
]
NAMES = [
    ("https://docs.google.com/spreadsheets/d/1Ab-_9/edit?usp=sharing#gid=0", "1Ab-_9"),
    ("https://docs.google.com/spreadsheets/d/1Ab-_9", "1Ab-_9"),
    ("https://docs.google.com/spreadsheets/u/1/d/1Ab-_9/edit", "1Ab-_9"),
    ("https://docs.google.com/a/example.com/spreadsheets/d/1Ab-_9/edit", "1Ab-_9"),
    ("docs.google.com/spreadsheets/d/1Ab-_9/edit", "1Ab-_9"),
    ("google:1Ab-_9", "1Ab-_9"),
    ("sheets/mappings.xlsx", None),
    ("google.xlsx", None),
]


@pytest.mark.parametrize(("entered", "text"), LOADED_BY_PEOPLE)
def test_a_cell_is_read_as_a_person_sees_it(entered, text) -> None:
    assert cell_text({"userEnteredValue": entered} if entered else {}) == text


@pytest.mark.parametrize(("kind", "number", "text"), DAYS)
def test_a_number_that_is_shown_as_a_day_is_read_as_that_day(kind, number, text) -> None:
    cell = {"userEnteredValue": {"numberValue": number}, "effectiveFormat": {"numberFormat": {"type": kind}}}
    assert cell_text(cell) == text


@pytest.mark.parametrize("entered", [{"formulaValue": "=A1"}, {"errorValue": {"type": "REF"}}])
def test_what_is_calculated_is_no_value(entered) -> None:
    assert isinstance(cell_text({"userEnteredValue": entered, "effectiveValue": {"numberValue": 2}}), Unreadable)


@pytest.mark.parametrize(("named", "own"), NAMES)
def test_a_spreadsheet_is_known_by_every_address_that_a_browser_shows(named, own) -> None:
    assert spreadsheet_id(named) == own


@pytest.fixture
def google() -> Iterator[Google]:
    with serve_google() as google:
        google.begin(OWN)
        yield google


@pytest.fixture
def sheet(google: Google, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleSheet]:
    class Secrets:
        def resolve(self, _: str) -> str:
            return google.key_file()

    opened = open_google_sheet(OWN, Spec(key="${env:KEY}", address=google.address), Secrets())
    yield opened
    opened.close()


@pytest.fixture
def book(write) -> Book:
    loaded = load_project(write())
    return make_book(loaded, Snapshot(("companies",), gather_cells(loaded, ["companies"])))


def titles(google: Google) -> list[str]:
    return [grid.properties["title"] for grid in google.sheets[OWN].grids.values()]


@pytest.mark.parametrize("title", ["LISTS", "companies"])
def test_a_tab_of_other_people_keeps_a_name_that_one_of_ours_would_have(google, sheet, book, title) -> None:
    google.sheets[OWN].grids[0].properties["title"] = title
    google.type(OWN, title, (0, 0), stringValue="not yours")
    for _ in range(2):
        sheet.rewrite(lambda there: plan_rewrite(there, book))
        assert google.text(OWN, title, (0, 0)) == "not yours"
        assert f"{title.lower()} (2)" in [each.lower() for each in titles(google)]
        assert len(titles(google)) == 1 + len(book.tabs) + 2
    lists = next(each for each in titles(google) if each.startswith("lists"))
    rules = [
        cell["dataValidation"]
        for grid in google.sheets[OWN].grids.values()
        for cell in grid.cells.values()
        if "dataValidation" in cell
    ]
    assert {rule["condition"]["values"][0]["userEnteredValue"].partition("!")[0] for rule in rules} == {f"='{lists}'"}


def test_copies_of_a_tab_and_tabs_of_other_mappings_go_with_the_next_export(google, sheet, book) -> None:
    sheet.rewrite(lambda there: plan_rewrite(there, book))
    before = titles(google)
    more = dataclasses.replace(book.tabs[0], mark="tally:fields:orders", title="orders")
    both = dataclasses.replace(book, tabs=[*book.tabs, more])
    sheet.rewrite(lambda there: plan_rewrite(there, both))
    assert sorted(titles(google)) == sorted([*before, "orders"])
    sheet.rewrite(lambda there: plan_rewrite(there, book))
    assert titles(google) == before


def test_rows_that_were_sorted_and_columns_that_were_moved_are_known_again(google, sheet, book, write) -> None:
    sheet.rewrite(lambda there: plan_rewrite(there, book))
    grid = google.grid(OWN, "companies")
    rows, columns = grid.size
    turned = {row: rows - 1 - row if row else 0 for row in range(rows)}
    moved = {column: columns - column if column else 0 for column in range(columns)}
    grid.cells = {(turned[r], moved[c]): cell for (r, c), cell in grid.cells.items()}
    joined = join(load_project(write()), found_book(sheet.look()))
    assert not joined.changed
    assert not joined.merged.conflicts


def test_a_cell_that_would_be_cut_is_refused_with_its_place_before_anything_is_written(google, sheet, book) -> None:
    book.tabs[0].lines[0].cells["note"] = "x" * 32_001
    with pytest.raises(ProjectError, match=r"companies!\w+2: a cell can hold 32,000"):
        sheet.rewrite(lambda there: plan_rewrite(there, book))
    assert titles(google) == ["Sheet1"]


def test_the_base_of_a_workbook_that_was_imported_counts(book) -> None:
    rows = [["hash", book.base.hash], ["base", f"b:{book.base.packed()}"]]
    cells = tuple(tuple({"userEnteredValue": {"stringValue": text}} for text in row) for row in rows)
    found = found_book(Spreadsheet("Imported", (OnlineTab(1, "tally", 10, 10, "hash", cells),)))
    assert (found.hash, found.packed) == (book.base.hash, book.base.packed())


def test_a_tab_of_millions_of_rows_is_not_fetched(google, sheet, book) -> None:
    sheet.rewrite(lambda there: plan_rewrite(there, book))
    google.grid(OWN, "companies").properties["gridProperties"]["rowCount"] = 50_001
    with pytest.raises(ProjectError, match="50,001 rows"):
        sheet.look()


def test_a_quota_that_stays_spent_says_when_to_come_back(google, sheet) -> None:
    google.long_wait = True
    google.refusals.append((OWN, 429, "Quota exceeded"))
    with pytest.raises(Throttled, match="no more requests") as caught:
        sheet.look()
    assert caught.value.wait_seconds == 3600
    assert "few minutes" in caught.value.hint
