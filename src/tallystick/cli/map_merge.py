"""``tally map merge``: what people edited in a sheet, merged three ways with the files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tallystick.cli.sheet_place import SHEET_ABOUT
from tallystick.cli.start import Json, examples, start_of

if TYPE_CHECKING:
    from tallystick.core.error import Problem
    from tallystick.project.load import LoadedProject
    from tallystick.project.sheet.joining import Joined
    from tallystick.project.sheet.merge import Choose, Conflict, Take


def add_merge(group: typer.Typer) -> None:
    """Add the verb to its group."""
    shown = examples(
        "tally map merge sheets/mappings.xlsx --check",
        "tally map merge sheets/mappings.xlsx --take companies/name/direction=sheet",
        "tally map merge sheets/csv --take yaml",
        "tally map merge https://docs.google.com/spreadsheets/d/ID/edit",
    )
    group.command(epilog=shown, short_help="Bring what was edited in a sheet into the files.")(merge)


def merge(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="SHEET", help=SHEET_ABOUT)],
    *,
    check: Annotated[bool, typer.Option("--check", help="Only show what would be merged; write nothing.")] = False,
    take: Annotated[
        list[str] | None,
        typer.Option(
            "--take",
            metavar="[CELL=]sheet|yaml",
            help="Whose value counts where both sides changed a cell: for all, or for one (mapping/field/column).",
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Bring a sheet into the files. A cell that one side changed since the export takes that side's value.

    Where both changed the same cell, each to something else, all three values are shown and nothing at all is written
    until it is settled. What the linter would refuse is refused with its cell. Comments and order of the files stay.
    """
    from tallystick.cli.exits import DECIDE, DONE
    from tallystick.cli.output import number
    from tallystick.cli.sheet_place import read_sheet
    from tallystick.core.error import ProjectError
    from tallystick.project.load import load_project
    from tallystick.project.sheet.joining import join, write_joined

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    loaded = load_project(start.folder, environment=start.environment)
    asked: list[Conflict] = []
    joined = join(loaded, read_sheet(loaded, file), _chooser(take or (), asked))
    _refuse_strangers(take or (), asked)
    conflicts = joined.merged.conflicts
    new = [] if conflicts else _new_problems(loaded, joined)
    wrong = [p for p in new if p.severity == "error"]
    if wrong:
        message = f"with the sheet the project would have {number(len(wrong), 'new problem')}; nothing was written"
        raise ProjectError(message, wrong, hint="correct these cells, save the sheet, and merge again")
    is_written = bool(joined.texts) and not (check or conflicts)
    if not (check or conflicts):
        write_joined(start.folder, joined)
    screen.document(_document(file, joined, is_written=is_written, warnings=new))
    for line in (*_change_lines(joined), *_conflict_lines(joined, file), *_warning_lines(new)):
        screen.say(line)
    if conflicts:
        return DECIDE
    if not joined.changed:
        screen.say("Nothing to merge: the files say what the sheet says.")
    elif is_written:
        screen.say(f"wrote {', '.join(joined.texts)}. Look at what it does: tally plan")
    return DONE


def _chooser(takes: Sequence[str], asked: "list[Conflict]") -> "Choose":
    """Settle conflicts as a person said; what is asked for is noted. Raises ``ProjectError`` for another word."""
    from tallystick.core.error import ProjectError

    said: dict[str, Take] = {}
    for text in takes:
        title, _, word = text.rpartition("=")
        if word not in {"sheet", "yaml"}:
            raise ProjectError(f"'{text}' does not say whose value counts", hint="--take sheet, or --take CELL=yaml")
        said[title] = "sheet" if word == "sheet" else "yaml"

    def choose(conflict: "Conflict") -> "Take | None":
        asked.append(conflict)
        return said.get(conflict.title, said.get(""))

    return choose


def _refuse_strangers(takes: Sequence[str], asked: "Sequence[Conflict]") -> None:
    from tallystick.core.error import ProjectError
    from tallystick.project.near import suggest

    known = [conflict.title for conflict in asked]
    for text in takes:
        title = text.rpartition("=")[0]
        if title and title not in known:
            hint = suggest(title, known, what="conflicts") if known else "there are no conflicts: leave --take out"
            raise ProjectError(f"'{title}' is no conflict of this merge", hint=hint)


def _new_problems(loaded: "LoadedProject", joined: "Joined") -> "list[Problem]":
    """Say what would be wrong or doubtful in the files after the merge that is not now, each at its cell."""
    from tallystick.project.sheet.joining import at_cell, trial

    if not joined.texts:
        return []
    before = {(p.file, p.message) for p in _lint(loaded.folder, loaded.environment)}
    with trial(loaded, joined.texts) as folder:
        after = _lint(folder, loaded.environment)
    return [at_cell(loaded, joined, p) for p in after if (p.file, p.message) not in before]


def _lint(folder: Path, environment: str) -> "Sequence[Problem]":
    from tallystick.core.error import ProjectError
    from tallystick.project.lint import lint_project
    from tallystick.project.load import load_project

    try:
        return lint_project(load_project(folder, environment=environment))
    except ProjectError as error:
        return error.problems


def _change_lines(joined: "Joined") -> Iterator[str]:
    from tallystick.cli.output import brief

    for row, column, old, new in joined.changed:
        if not column:
            yield f"{row.title}: {'new' if new == 'there' else 'removed'}"
        elif (row.entity, "") not in {(r, c) for r, c, _, _ in joined.changed}:
            yield f"{row.title}/{column}: {brief(old or None)} -> {brief(new or None)}"


def _conflict_lines(joined: "Joined", file: str) -> Iterator[str]:
    from tallystick.cli.output import brief, number

    conflicts = joined.merged.conflicts
    for conflict in conflicts:
        yield f"conflict: {conflict.title} ({joined.sheet.place(conflict.row, conflict.column)})"
        exported = "(not known)" if conflict.base is None else brief(conflict.base or None)
        yield f"    exported {exported}, now in the files {brief(conflict.yaml or None)}"
        yield f"    and in the sheet {brief(conflict.sheet or None)}"
    if conflicts:
        first = conflicts[0].title
        yield f"{number(len(conflicts), 'conflict')}; nothing was written. Whose value counts, in one cell or in all?"
        yield f"  tally map merge {quote(file)} --take '{first}=sheet'"
        yield f"  tally map merge {quote(file)} --take yaml"


def _warning_lines(problems: "Sequence[Problem]") -> Iterator[str]:
    for problem in problems:
        yield f"{problem.file}: warning: {problem.message}"


def _document(file: str, joined: "Joined", *, is_written: bool, warnings: "Sequence[Problem]") -> dict[str, Any]:
    from tallystick.cli.complaint import problem_document

    return {
        "file": file,
        "written": list(joined.texts) if is_written else [],
        "changes": [
            {"row": row.title, "column": column, "before": old, "after": new}
            for row, column, old, new in joined.changed
        ],
        "conflicts": [
            {
                "cell": c.title,
                "place": joined.sheet.place(c.row, c.column),
                "exported": c.base,
                "yaml": c.yaml,
                "sheet": c.sheet,
            }
            for c in joined.merged.conflicts
        ],
        "settled": joined.merged.settled,
        "warnings": [problem_document(p) for p in warnings],
    }
