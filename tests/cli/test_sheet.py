"""A mapping goes out as a sheet, is edited by people in their programs, and comes back without losing a word."""

import csv
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from tests.cli.conftest import MAPPING, World

from tallystick.cli import exits

COMMENTED = "# who is who\n" + MAPPING.replace("  phone:", "  # the switchboard\n  phone:")


@pytest.fixture
def sheet(world: World) -> Path:
    world.write("mappings/companies.yaml", COMMENTED)
    world.succeed("map", "export")
    return world.folder / "sheets" / "mappings.xlsx"


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Open the workbook, change it, save it."""
    workbook = load_workbook(path)
    change(workbook)
    workbook.save(path)


def cell(workbook: Any, tab: str, row: str, column: str) -> Any:
    """Find a cell by what stands in its row and above its column, as a person does."""
    sheet = workbook[tab]
    lines = list(sheet.iter_rows())
    heads = next(line for line in lines if any(c.value == column for c in line))
    at = next(c.column for c in heads if c.value == column)
    found = next(line for line in lines if any(str(c.value) == row for c in line[:4]))
    return sheet.cell(found[0].row, at)


def mapping_of(world: World) -> str:
    return (world.folder / "mappings/companies.yaml").read_text(encoding="utf-8")


def test_an_edit_in_the_sheet_comes_back_and_nothing_else_moves(world: World, sheet: Path) -> None:
    def change(workbook: Any) -> None:
        cell(workbook, "companies", "phone", "note").value = "without the extension"

    edit(sheet, change)
    shown = world.succeed("map", "merge", str(sheet), "--check")
    assert "companies/phone/note: (blank) -> 'without the extension'" in shown.out
    assert mapping_of(world) == COMMENTED
    world.succeed("map", "merge", str(sheet))
    merged = mapping_of(world)
    assert "note: without the extension" in merged
    assert [line for line in merged.splitlines() if line.lstrip().startswith("#")] == [
        "# who is who", "  # the switchboard",
    ]  # fmt: skip
    assert "Nothing to merge" in world.succeed("map", "merge", str(sheet)).out


def test_only_what_both_changed_is_a_conflict_and_then_nothing_is_written(world: World, sheet: Path) -> None:
    def change(workbook: Any) -> None:
        cell(workbook, "companies", "phone", "note").value = "from the sheet"
        cell(workbook, "companies", "name", "note").value = "only in the sheet"

    edit(sheet, change)
    phone = "phone: {left: phone, right: telephone}"
    world.write("mappings/companies.yaml", COMMENTED.replace(phone, f"{phone[:-1]}, note: from the files}}"))
    before = mapping_of(world)
    outcome = world.tally("map", "merge", str(sheet))
    assert outcome.code == exits.DECIDE
    assert "conflict: companies/phone/note" in outcome.out
    assert "now in the files 'from the files'" in outcome.out
    assert "in the sheet 'from the sheet'" in outcome.out
    assert mapping_of(world) == before
    world.succeed("map", "merge", str(sheet), "--take", "companies/phone/note=sheet")
    assert "from the sheet" in mapping_of(world)
    assert "only in the sheet" in mapping_of(world)


def test_what_the_linter_would_refuse_is_refused_with_its_cell(world: World, sheet: Path) -> None:
    def change(workbook: Any) -> None:
        cell(workbook, "companies", "phone", "right").value = "no_such_column"

    edit(sheet, change)
    outcome = world.tally("map", "merge", str(sheet))
    assert outcome.code == exits.WRONG
    assert "no_such_column" in outcome.err
    assert "companies!" in outcome.err
    assert mapping_of(world) == COMMENTED


def test_an_edited_sheet_is_not_overwritten(world: World, sheet: Path) -> None:
    edit(sheet, lambda workbook: setattr(cell(workbook, "companies", "phone", "note"), "value", "mine"))
    outcome = world.tally("map", "export")
    assert outcome.code == exits.DECIDE
    assert "1 edit that would be lost" in outcome.out
    world.succeed("map", "export", "--force")


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-1", "@SUM(A1)", "007", "1e5", "TRUE"])
def test_a_text_that_a_spreadsheet_would_calculate_stays_text(world: World, text: str) -> None:
    """Formula injection: what systems and people write into names is shown, never carried out."""
    phone = "phone: {left: phone, right: telephone}"
    world.write("mappings/companies.yaml", MAPPING.replace(phone, f'{phone[:-1]}, note: "{text}"}}'))
    world.succeed("map", "export")
    sheet = world.folder / "sheets" / "mappings.xlsx"
    found = cell(load_workbook(sheet), "companies", "phone", "note")
    assert (found.data_type, found.number_format) == ("s", "@")
    assert "Nothing to merge" in world.succeed("map", "merge", str(sheet)).out


def test_a_formula_in_the_sheet_is_told_and_not_calculated(world: World, sheet: Path) -> None:
    edit(sheet, lambda workbook: setattr(cell(workbook, "companies", "phone", "note"), "value", "=A1"))
    outcome = world.tally("map", "merge", str(sheet))
    assert outcome.code == exits.WRONG
    assert "formula" in outcome.err


def test_live_values_stand_beside_their_fields_masked(world: World) -> None:
    world.succeed("map", "export", "--samples", "2")
    shown = cell(load_workbook(world.folder / "sheets/mappings.xlsx"), "companies", "name", "left samples").value
    assert "M****r G**H" in shown
    world.succeed("map", "export", "--samples", "2", "--show-values")
    shown = cell(load_workbook(world.folder / "sheets/mappings.xlsx"), "companies", "name", "left samples").value
    assert "Müller GmbH" in shown


def test_a_folder_of_csv_files_does_the_same(world: World) -> None:
    folder = world.folder / "csv"
    world.succeed("map", "export", "--csv", str(folder))
    [file] = [path for path in folder.iterdir() if "companies" in path.name]
    with file.open(encoding="utf-8-sig", newline="") as text:
        dialect = csv.Sniffer().sniff(text.readline() + text.readline())
        text.seek(0)
        lines = list(csv.reader(text, dialect))
    heads = next(line for line in lines if "note" in line)
    next(line for line in lines if "phone" in line[:4])[heads.index("note")] = "from a CSV file"
    with file.open("w", encoding="utf-8-sig", newline="") as text:
        csv.writer(text, dialect).writerows(lines)
    told = world.succeed("map", "merge", str(folder)).out
    assert "companies/phone/note: (blank) -> 'from a CSV file'" in told
    assert "note: from a CSV file" in mapping_of(world)


def test_a_signature_stands_in_plans_until_the_mapping_changes(world: World, sheet: Path) -> None:
    told = world.succeed("map", "sign", str(sheet), "--by", "Erika Mustermann").out
    assert "Erika Mustermann" in told
    assert "signed off by Erika Mustermann" in world.tally("plan").out
    world.write(
        "mappings/companies.yaml", COMMENTED.replace("right: partner_name", "right: partner_name, invalid: truncate")
    )
    assert "signed" in world.tally("lint").out + world.tally("lint").err
    assert world.tally("map", "sign", str(sheet), "--by", "Erika Mustermann").code == exits.DECIDE


def test_libreoffice_keeps_all_that_matters(world: World, sheet: Path) -> None:
    """Saved by LibreOffice, the sheet merges as if nobody had touched it; an edit made before still arrives."""
    program = shutil.which("soffice")
    if program is None:
        message = "LibreOffice is missing: apt-get install libreoffice-calc"
        assert not os.environ.get("TALLY_REQUIRE_ALL"), message
        pytest.skip(message)
    saved = world.folder / "saved"
    command = [
        program, "--headless", "--norestore", f"-env:UserInstallation=file://{world.folder}/office",
        "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(saved),
    ]  # fmt: skip
    edit(
        sheet,
        lambda workbook: setattr(cell(workbook, "companies", "phone", "note"), "value", "kept as it is"),
    )
    subprocess.run([*command, str(sheet)], check=True, capture_output=True, timeout=120)
    told = world.succeed("map", "merge", str(saved / sheet.name), "--check", "--json").document
    assert [(c["row"], c["column"], c["after"]) for c in told["changes"]] == [
        ("companies/phone", "note", "kept as it is")
    ]
    world.succeed("map", "merge", str(saved / sheet.name))
    subprocess.run([*command, str(saved / sheet.name)], check=True, capture_output=True, timeout=120)
    assert "Nothing to merge" in world.succeed("map", "merge", str(saved / sheet.name)).out
