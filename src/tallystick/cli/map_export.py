"""``tally map export``: mappings as a spreadsheet for the people whose fields they are."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tallystick.cli.start import Json, Names, Start, examples, start_of

if TYPE_CHECKING:
    from tallystick.core.record import Side
    from tallystick.project.load import LoadedProject
    from tallystick.project.sheet.book import Severity
    from tallystick.project.sheet.columns import Row

DEFAULT: Final = Path("sheets") / "mappings.xlsx"


def add_export(group: typer.Typer) -> None:
    """Add the verb to its group."""
    shown = examples(
        "tally map export",
        "tally map export companies --xlsx companies.xlsx --samples 3",
        "tally map export --csv sheets/csv",
        "tally map export --google https://docs.google.com/spreadsheets/d/ID/edit",
    )
    group.command(epilog=shown, short_help="Write mappings as a spreadsheet to edit.")(export)


def export(
    ctx: typer.Context,
    mappings: Names = None,
    *,
    xlsx: Annotated[
        Path | None, typer.Option("--xlsx", metavar="FILE", help="Where the workbook goes. [sheets/mappings.xlsx]")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FOLDER", help="Write a folder of CSV files instead.")
    ] = None,
    google: Annotated[
        str | None,
        typer.Option("--google", metavar="URL", help="Write into this Google spreadsheet instead (or google:ID)."),
    ] = None,
    samples: Annotated[
        int,
        typer.Option(
            "--samples",
            metavar="N",
            min=0,
            max=20,
            help="Show up to so many live values of both systems by each field.",
        ),
    ] = 0,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Show live values as they are; else all but their shape is hidden.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a sheet with edits that were not merged.")] = False,
    as_json: Json = False,
) -> int:
    """Write mappings as a sheet: a tab for each, and tabs for transforms, options, policies and owners.

    What is edited there comes back with `tally map merge`. Columns and tabs that people added to the file stay.
    Systems are only asked for samples, and only read.
    """
    from tallystick.cli.exits import DECIDE, DONE
    from tallystick.cli.near_mapping import chosen_mappings
    from tallystick.cli.output import number
    from tallystick.cli.sheet_place import check_place, write_sheet
    from tallystick.core.error import ProjectError
    from tallystick.project.load import load_project
    from tallystick.project.sheet.gather import gather_cells
    from tallystick.project.sheet.snapshot import Snapshot, keep_snapshot
    from tallystick.project.sheet.tabs import Beside, make_book

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    path = _chosen(xlsx, csv, google) or str(start.folder / DEFAULT)
    loaded = load_project(start.folder, environment=start.environment)
    check_place(loaded, path)
    names = tuple(chosen_mappings(loaded, mappings))
    if not names:
        raise ProjectError("the project has no mapping", hint="propose one with `tally map draft`")
    lost = 0 if force else _unmerged(loaded, path)
    if lost:
        screen.document({"file": path, "written": False, "unmerged": lost})
        screen.say(f"{path} has {number(lost, 'edit')} that would be lost. Merge first: tally map merge {quote(path)}")
        screen.say("or throw them away with --force")
        return DECIDE
    snapshot = Snapshot(names, gather_cells(loaded, names))
    beside = Beside(_marks(loaded), _samples(start, names, samples, reveal=show_values) if samples else {})
    write_sheet(loaded, path, make_book(loaded, snapshot, beside))
    keep_snapshot(loaded.folder, snapshot.hash, snapshot)
    fields = sum(row.table == "fields" for row in snapshot.cells)
    screen.document({"file": path, "written": True, "mappings": names, "fields": fields, "hash": snapshot.hash})
    screen.say(f"wrote {path}: {number(len(names), 'mapping')}, {number(fields, 'field')}")
    screen.say(f"Edit it, then: tally map merge {quote(path)}")
    return DONE


def _chosen(xlsx: Path | None, csv: Path | None, google: str | None) -> str:
    """Give the one place that was named; nothing where none was. Raises ``ProjectError`` for what is no place."""
    from tallystick.core.error import ProjectError
    from tallystick.project.sheet.carrier import is_workbook
    from tallystick.project.sheet.online import spreadsheet_id

    named = [str(each) for each in (xlsx, csv, google) if each]
    if len(named) > 1:
        raise ProjectError(
            "a sheet is either a workbook, a folder of CSV files or a Google spreadsheet",
            hint="name --xlsx, --csv or --google",
        )
    if xlsx and not is_workbook(xlsx):
        raise ProjectError(f"'{xlsx}' is no name of a workbook", hint="let it end with .xlsx, or use --csv FOLDER")
    if google and spreadsheet_id(google) is None:
        raise ProjectError(
            "--google wants the address of a spreadsheet",
            hint="copy it from the browser: https://docs.google.com/spreadsheets/d/ID/edit; or write google:ID",
        )
    return named[0] if named else ""


def _unmerged(loaded: "LoadedProject", path: str) -> int:
    """Count the edits in a sheet that is there and that the files do not have. Raises ``ProjectError``."""
    from tallystick.cli.sheet_place import find_sheet
    from tallystick.core.error import ProjectError
    from tallystick.project.sheet.joining import join

    try:
        found = find_sheet(loaded, path)
        joined = join(loaded, found) if found else None
    except ProjectError as error:
        raise ProjectError(
            f"{path} is there and cannot be merged, so that what was edited in it would be lost",
            error.problems,
            hint=f"{error.hint or error.message}; or overwrite it with --force",
        ) from error
    return len(joined.changed) + len(joined.merged.conflicts) if joined else 0


def _marks(loaded: "LoadedProject") -> "dict[tuple[Row, str], tuple[Severity, str]]":
    """Say of each cell what the linter says of it, errors before warnings."""
    from tallystick.project.lint import lint_project
    from tallystick.project.sheet.joining import cell_of

    found: dict[tuple[Row, str], tuple[Severity, str]] = {}
    for problem in sorted(lint_project(loaded), key=lambda p: p.severity):
        row, column = cell_of(loaded, {}, problem)
        if row is not None:
            severity, said = found.get((row, column), (problem.severity, ""))
            words = f"{problem.severity}: {problem.message}{f' ({problem.hint})' if problem.hint else ''}"
            found[row, column] = (severity, f"{said}\n{words}".strip())
    return found


def _samples(
    start: Start, names: tuple[str, ...], count: int, *, reveal: bool
) -> "dict[tuple[str, str, Side], list[str]]":
    from tallystick.cli.map_samples import live_samples

    return live_samples(start, names, count, reveal=reveal)
