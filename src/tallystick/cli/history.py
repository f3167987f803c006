"""``tally history``: what was written, run by run, or to one record."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.start import Json, Start, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.output import Screen
    from tallystick.core.record import Side
    from tallystick.project.model import MappingSpec

_MOST_WORDS = 2


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples(
        "tally history",
        "tally history --limit 100 --json",
        "tally history crm/companies/4711",
        "tally history companies 4711",
    )
    app.command(epilog=shown, short_help="Show what was written, by run or to one record.")(history)


def history(
    ctx: typer.Context,
    record: Annotated[
        list[str] | None,
        typer.Argument(metavar="RECORD", help="SYSTEM/OBJECT/ID, or MAPPING and ID, or just an ID; all runs if none."),
    ] = None,
    *,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many runs or writes to show.")] = 20,
    as_json: Json = False,
) -> int:
    """Show the runs, newest first, with what each wrote; or every write to one record and what people said about it.

    Of a record also the values are shown, old and new, as far as they are kept. Nothing is changed.
    """
    from tallystick.cli.exits import DONE

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    if record:
        _show_record(start, screen, record, limit)
    else:
        _show_runs(start, screen, limit)
    return DONE


def _show_runs(start: Start, screen: "Screen", limit: int) -> None:
    from tallystick.cli.history_text import run_documents, show_runs
    from tallystick.wiring import open_state

    with open_state(start.folder, start.environment) as state:
        runs = state.store.look(lambda tx: tx.runs(limit))
        counts = state.store.look(lambda tx: tx.count_ledger([run.id for run in runs]))
        names = _names(state.loaded.mappings)
    screen.document({"runs": run_documents(runs, counts)})
    show_runs(screen, runs, counts, names)


def _names(mappings: "Mapping[str, MappingSpec]") -> "dict[str, dict[Side, str]]":
    from tallystick.cli.words import side_names

    return {
        name: side_names(f"{m.left.system}/{m.left.object}", f"{m.right.system}/{m.right.object}")
        for name, m in mappings.items()
    }


def _show_record(start: Start, screen: "Screen", words: Sequence[str], limit: int) -> None:
    from tallystick.cli.history_look import look_back
    from tallystick.cli.history_text import record_document, show_record
    from tallystick.cli.why_find import find_subjects
    from tallystick.core.error import ProjectError
    from tallystick.wiring import open_house

    if len(words) > _MOST_WORDS:
        raise ProjectError("one record at a time", hint="tally history MAPPING ID")
    with open_house(start.folder, start.environment) as house:
        pasts = [look_back(house, subject, limit) for subject in find_subjects(house, words)]
    if not pasts:
        raise ProjectError(
            f"nobody knows a record '{' '.join(words)}'",
            hint="write SYSTEM/OBJECT/ID, or MAPPING and ID, with the id as its system spells it",
        )
    screen.document({"records": [record_document(past) for past in pasts]})
    for past in pasts:
        show_record(screen, past)
