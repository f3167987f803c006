"""A mapping goes out into a Google spreadsheet, is edited there, and comes back; against a stand-in on loopback."""

from collections.abc import Iterator

import pytest
from tests.cli.conftest import MAPPING, World
from tests.systems.google_server import EMAIL, Google, serve_google

from tallystick.cli import exits

OWN = "1AbC_dEf-42"
URL = f"https://docs.google.com/spreadsheets/d/{OWN}/edit?usp=sharing#gid=7"


@pytest.fixture
def google() -> Iterator[Google]:
    with serve_google() as google:
        google.begin(OWN)
        yield google


@pytest.fixture
def shop(world: World, google: Google) -> World:
    """A project that names the service account, its key out of Git's sight."""
    world.write(".tally/google.json", google.key_file())
    (world.folder / ".tally/google.json").chmod(0o600)
    settings = (world.folder / "tally.yaml").read_text(encoding="utf-8")
    account = f"google: {{key: '${{file:.tally/google.json}}', address: '{google.address}'}}\n"
    world.write("tally.yaml", settings + account)
    return world


def note(google: Google, row: str = "phone", head: str = "note") -> tuple[int, int]:
    return google.find(OWN, "companies", row, head)


def mapping_of(world: World) -> str:
    return (world.folder / "mappings/companies.yaml").read_text(encoding="utf-8")


def test_an_edit_made_online_comes_back_and_can_be_signed(shop: World, google: Google) -> None:
    shop.succeed("map", "export", "--google", URL)
    google.type(OWN, "companies", note(google), stringValue="=without the extension")
    shown = shop.succeed("map", "merge", URL, "--check")
    assert "companies/phone/note: (blank) -> '=without the extension'" in shown.out
    assert mapping_of(shop) == MAPPING
    shop.succeed("map", "merge", f"google:{OWN}")
    assert 'note: "=without the extension"' in mapping_of(shop)
    assert "Nothing to merge" in shop.succeed("map", "merge", URL).out
    shop.succeed("map", "sign", URL, "--by", "Erika")
    signed = (shop.folder / "sheets/signed.yaml").read_text(encoding="utf-8")
    assert f"google:{OWN}" in signed
    assert "Erika" in signed


def test_what_both_changed_is_a_conflict_that_names_its_cell_online(shop: World, google: Google) -> None:
    shop.succeed("map", "export", "--google", URL)
    google.type(OWN, "companies", note(google), stringValue="from the sheet")
    phone = "phone: {left: phone, right: telephone}"
    shop.write("mappings/companies.yaml", MAPPING.replace(phone, f"{phone[:-1]}, note: from the files}}"))
    before = mapping_of(shop)
    outcome = shop.tally("map", "merge", URL)
    assert outcome.code == exits.DECIDE
    assert "conflict: companies/phone/note (Mappings!companies!" in outcome.out
    assert f"tally map merge '{URL}' --take yaml" in outcome.out
    assert mapping_of(shop) == before
    assert shop.tally("map", "sign", URL, "--by", "Erika").code == exits.DECIDE
    shop.succeed("map", "merge", URL, "--take", "sheet")
    assert "note: from the sheet" in mapping_of(shop)


def test_an_export_keeps_edits_other_tabs_and_columns_and_the_names_that_people_gave(
    shop: World, google: Google
) -> None:
    google.type(OWN, "Sheet1", (0, 0), stringValue="ours since long")
    shop.succeed("map", "export", "--google", URL)
    mine = google.grid(OWN, "companies").properties["sheetId"]
    width = 1 + max(c for r, c in google.grid(OWN, "companies").cells if r == 0)
    line, _ = note(google)
    google.type(OWN, "companies", (0, width), stringValue="asked whom")
    google.type(OWN, "companies", (line, width), stringValue="Mr Smith")
    google.grid(OWN, "companies").properties["title"] = "Firmen"
    google.type(OWN, "Firmen", google.find(OWN, "Firmen", "phone", "note"), stringValue="mine")
    outcome = shop.tally("map", "export", "--google", URL)
    assert outcome.code == exits.DECIDE
    assert "1 edit" in outcome.out
    assert google.text(OWN, "Firmen", google.find(OWN, "Firmen", "phone", "note")) == "mine"

    fields = "  name: {left: name, right: partner_name}\n"
    shop.write("mappings/companies.yaml", MAPPING.replace(fields, "").replace("  phone:", fields + "  phone:"))
    shop.succeed("map", "export", "--google", URL, "--force")
    assert google.text(OWN, "Sheet1", (0, 0)) == "ours since long"
    assert google.grid(OWN, "Firmen").properties["sheetId"] == mine
    assert google.text(OWN, "Firmen", google.find(OWN, "Firmen", "phone", "asked whom")) == "Mr Smith"
    assert google.text(OWN, "Firmen", google.find(OWN, "Firmen", "phone", "note")) == ""
    assert "Nothing to merge" in shop.succeed("map", "merge", URL).out


def test_cells_are_texts_lists_are_offered_and_slips_are_warned_of(shop: World, google: Google) -> None:
    shop.succeed("map", "export", "--google", URL)
    shop.succeed("map", "export", "--google", URL)
    grid = google.grid(OWN, "companies")
    said = [cell["userEnteredValue"] for cell in grid.cells.values() if "userEnteredValue" in cell]
    assert {kind for value in said for kind in value} == {"stringValue"}
    assert {c["userEnteredFormat"]["numberFormat"]["type"] for (_, at), c in grid.cells.items() if at < 5} == {"TEXT"}
    assert grid.columns[0]["hiddenByUser"] is True
    rule = grid.cells[note(google, head="left")]["dataValidation"]
    assert rule["strict"] is False
    assert grid.cells[note(google, head="direction")]["dataValidation"]["strict"] is True
    assert {one["warningOnly"] for one in grid.protections.values()} == {True}
    line, key = note(google, head="field")
    ranges = [one["range"] for one in grid.protections.values()]

    def is_guarded(row: int, column: int) -> bool:
        return any(
            r["startRowIndex"] <= row < r["endRowIndex"] and r["startColumnIndex"] <= column < r["endColumnIndex"]
            for r in ranges
        )

    assert is_guarded(line, key)
    assert not is_guarded(*note(google))
    assert not is_guarded(grid.size[0] - 2, key)
    assert len({str(r) for r in ranges}) == len(ranges)
    assert [t.properties["title"] for t in google.sheets[OWN].grids.values() if t.properties.get("hidden")] == [
        "lists", "tally",
    ]  # fmt: skip


def test_a_formula_is_refused_with_its_cell_and_numbers_and_days_are_read_as_shown(shop: World, google: Google) -> None:
    shop.succeed("map", "export", "--google", URL)
    google.type(OWN, "companies", note(google), formulaValue="=1+1")
    outcome = shop.tally("map", "merge", URL)
    assert outcome.code != 0
    assert "the cell holds a formula" in outcome.err
    assert "Mappings!companies!" in outcome.err
    google.type(OWN, "companies", note(google), numberValue=46023)
    google.grid(OWN, "companies").cells[note(google)]["userEnteredFormat"] = {"numberFormat": {"type": "DATE"}}
    google.type(OWN, "companies", note(google, "name"), numberValue=12)
    shown = shop.succeed("map", "merge", URL, "--check").out
    assert "companies/phone/note: (blank) -> '2026-01-01'" in shown
    assert "companies/name/note: (blank) -> '12'" in shown


@pytest.mark.parametrize(
    ("what", "status"), [(":batchUpdate", 429), (":batchUpdate", 503), ("batchGet", 503), (OWN, 429)]
)
def test_a_refusal_that_passes_is_waited_for(shop: World, google: Google, what: str, status: int) -> None:
    google.refusals.append((what, status, "Quota exceeded for quota metric 'Write requests'"))
    shop.succeed("map", "export", "--google", URL)
    assert not google.refusals
    assert "Nothing to merge" in shop.succeed("map", "merge", URL).out


def test_an_update_whose_answer_is_lost_is_not_done_twice(shop: World, google: Google) -> None:
    google.lost_answers = 1
    shop.succeed("map", "export", "--google", URL)
    titles = [tab.properties["title"] for tab in google.sheets[OWN].grids.values()]
    assert len(titles) == len(set(titles)) == 8
    assert sorted(titles) == sorted(
        ["Sheet1", "companies", "transforms", "options", "policies", "owners", "lists", "tally"]
    )
    assert "Nothing to merge" in shop.succeed("map", "merge", URL).out


def test_who_may_not_is_told_whom_to_share_with(shop: World, google: Google) -> None:
    google.roles[OWN] = "none"
    outcome = shop.tally("map", "merge", URL)
    assert outcome.code != 0
    assert f"share the spreadsheet with {EMAIL}, as Editor" in outcome.err
    google.roles[OWN] = "reader"
    outcome = shop.tally("map", "export", "--google", URL)
    assert "may not edit this spreadsheet" in outcome.err
    assert EMAIL in outcome.err


def test_every_refusal_says_what_to_do_and_no_message_shows_the_key(shop: World, google: Google) -> None:
    disabled = "Google Sheets API has not been used in project 1 before or it is disabled."
    office = "This operation is not supported for this document"
    cases = [((OWN, 403, disabled), "switch the Google Sheets API on"), ((OWN, 400, office), "Save as Google Sheets")]
    said = []
    for refusal, words in cases:
        google.refusals.append(refusal)
        said.append(shop.tally("map", "merge", URL))
        assert words in said[-1].err
    said.append(shop.tally("map", "merge", "google:another"))
    assert "there is no such spreadsheet" in said[-1].err
    said.append(shop.tally("map", "merge", URL))
    assert "no tab of the file can be merged" in said[-1].err
    google.key_id = "revoked"
    said.append(shop.tally("map", "merge", URL))
    assert f"Google does not let the service account {EMAIL} in" in said[-1].err
    assert "make a new key" in said[-1].err
    assert all(each.code and "PRIVATE" not in each.err + each.out for each in said)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("", "names no service account"),
        ("google: {key: /keys/google.json}\n", "must be a reference"),
        ("google: {key: '${file:tally.yaml}'}\n", "cannot be resolved"),
        ("google: {key: '${env:GOOGLE_KEY}'}\n", "not the key file of a service account"),
    ],
)
def test_a_project_without_a_usable_key_is_told_so_before_anything_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch, setting: str, words: str
) -> None:
    monkeypatch.setenv("GOOGLE_KEY", '{"type": "authorized_user", "client_email": "hidden@example.com"}')
    settings = (world.folder / "tally.yaml").read_text(encoding="utf-8")
    world.write("tally.yaml", settings + setting)
    (world.folder / "tally.yaml").chmod(0o644)
    outcome = world.tally("map", "export", "--google", URL)
    assert outcome.code != 0
    assert words in outcome.err
    assert "hidden@" not in outcome.err


@pytest.mark.parametrize(
    "named",
    [
        "https://docs.google.com/document/d/1AbC_dEf-42/edit",
        "https://docs.google.com/spreadsheets/d/e/2PACX-1v/pubhtml",
        "https://example.com/spreadsheets/d/1AbC_dEf-42",
        "google:",
        "google:a/b",
    ],
)
def test_another_address_is_refused_and_sent_nowhere(shop: World, google: Google, named: str) -> None:
    outcome = shop.tally("map", "merge", named)
    assert outcome.code != 0
    assert "this is not the address of a Google spreadsheet" in outcome.err
    assert not google.calls
