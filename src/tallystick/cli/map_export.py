"""``tally map export``: mappings as a spreadsheet for the people whose fields they are."""

from pathlib import Path
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
    from tallystick.core.error import ProjectError
    from tallystick.project.load import load_project
    from tallystick.project.sheet.carrier import write_book
    from tallystick.project.sheet.gather import gather_cells
    from tallystick.project.sheet.snapshot import Snapshot, keep_snapshot
    from tallystick.project.sheet.tabs import Beside, make_book

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    if xlsx and csv:
        raise ProjectError("a sheet is either a workbook or a folder of CSV files", hint="name --xlsx or --csv")
    path = _checked(xlsx) if xlsx else csv or start.folder / DEFAULT
    loaded = load_project(start.folder, environment=start.environment)
    names = tuple(chosen_mappings(loaded, mappings))
    if not names:
        raise ProjectError("the project has no mapping", hint="propose one with `tally map draft`")
    lost = 0 if force else _unmerged(loaded, path)
    if lost:
        screen.document({"file": str(path), "written": False, "unmerged": lost})
        screen.say(f"{path} has {number(lost, 'edit')} that would be lost. Merge first: tally map merge {path}")
        screen.say("or throw them away with --force")
        return DECIDE
    snapshot = Snapshot(names, gather_cells(loaded, names))
    beside = Beside(_marks(loaded), _samples(start, names, samples, reveal=show_values) if samples else {})
    write_book(path, make_book(loaded, snapshot, beside))
    keep_snapshot(loaded.folder, snapshot.hash, snapshot)
    fields = sum(row.table == "fields" for row in snapshot.cells)
    screen.document({"file": str(path), "written": True, "mappings": names, "fields": fields, "hash": snapshot.hash})
    screen.say(f"wrote {path}: {number(len(names), 'mapping')}, {number(fields, 'field')}")
    screen.say(f"Edit it, then: tally map merge {path}")
    return DONE


def _checked(path: Path) -> Path:
    from tallystick.core.error import ProjectError
    from tallystick.project.sheet.carrier import is_workbook

    if not is_workbook(path):
        raise ProjectError(f"'{path}' is no name of a workbook", hint="let it end with .xlsx, or use --csv FOLDER")
    return path


def _unmerged(loaded: "LoadedProject", path: Path) -> int:
    """Count the edits in a sheet that is there and that the files do not have. Raises ``ProjectError``."""
    from tallystick.core.error import ProjectError
    from tallystick.project.sheet.carrier import read_book
    from tallystick.project.sheet.joining import join

    if not path.exists() or (path.is_dir() and not any(path.glob("*.csv"))):
        return 0
    try:
        joined = join(loaded, read_book(path))
    except ProjectError as error:
        raise ProjectError(
            f"{path} is there and cannot be merged, so that what was edited in it would be lost",
            error.problems,
            hint=f"{error.hint or error.message}; or overwrite it with --force",
        ) from error
    return len(joined.changed) + len(joined.merged.conflicts)


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
