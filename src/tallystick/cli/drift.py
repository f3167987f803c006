"""``tally drift``: which fields of the systems are not what is written about them any more."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tallystick.cli.start import Json, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.drift_done import Done
    from tallystick.cli.drift_look import ObjectDrift
    from tallystick.cli.output import Screen

_FEED: Final = 1000


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples(
        "tally drift",
        "tally drift crm --sample 1000",
        "tally drift crm --accept",
        "tally drift --map crm/companies.loyalty=tier",
        "tally drift --feed",
    )
    app.command(epilog=shown, short_help="Compare the systems' fields with what is written about them.")(drift)


def drift(
    ctx: typer.Context,
    systems: Annotated[
        list[str] | None, typer.Argument(metavar="SYSTEM", help="Systems; all if none is named.")
    ] = None,
    *,
    sample: Annotated[
        int, typer.Option("--sample", metavar="N", min=1, help="How many records to look at where nothing else tells.")
    ] = 200,
    accept: Annotated[
        bool, typer.Option("--accept", help="Write the new fields into systems/NAME.yaml; comments stay.")
    ] = False,
    mapped: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=FIELD",
            help="Map a field (SYSTEM/OBJECT.FIELD) to one of the other side: write it into the mapping.",
        ),
    ] = None,
    taken: Annotated[
        list[str] | None,
        typer.Option(
            "--renamed",
            metavar="FIELD=NAME",
            help="A field (SYSTEM/OBJECT.FIELD) is called NAME now: write that into the files.",
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="FIELD", help="Leave a change as it is (SYSTEM/OBJECT.FIELD); say no more."),
    ] = None,
    feed: Annotated[
        bool, typer.Option("--feed", "--history", help="Only show what was seen when, and what became of it.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Compare the fields of all mapped objects with what their systems show now: new, gone, changed, required.

    Of a database the catalogue is read, of other systems some records. Breaking is what touches a mapped field so that
    values may not pass any more, and a new field that is required; then the exit code says that a person must decide.
    """
    from tallystick.cli.drift_done import Said, carry_out
    from tallystick.cli.drift_look import look_for_drift
    from tallystick.cli.exits import DECIDE, DONE, SYSTEM
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    if feed:
        return _show_feed(screen, start.folder, start.environment, systems or [])
    with open_house(start.folder, start.environment, whole=True) as house:
        found = look_for_drift(house, systems or [], sample)
        done = carry_out(house, found, Said(accept, ignore or (), mapped or (), taken or ()), sample)
    screen.document({"objects": [each.document() for each in found], **done.document()})
    for each in found:
        _show(screen, each)
    _show_done(screen, done, taken or ())
    if any(each.failure for each in found):
        return SYSTEM
    return DECIDE if done.is_broken else DONE


def _show_done(screen: "Screen", done: "Done", taken: Sequence[str]) -> None:
    from tallystick.cli.drift_answer_text import answer_lines

    for path in done.accepted:
        screen.say(f"written: {path}")
    for path in done.ignored:
        screen.say(f"ignored: {path}")
    for word in taken:
        screen.say(f"renamed: {word}")
    for rename in done.renames:
        if rename.path not in done.renamed:
            screen.say(f"{rename.place}: {rename.words}")
            screen.say(f"  if it is: {rename.command}")
    for line in answer_lines(done.answers):
        screen.say(line)


def _show_feed(screen: "Screen", folder: Path, environment: str | None, systems: Sequence[str]) -> int:
    from tallystick.cli.exits import DONE
    from tallystick.cli.field_questions import help_document, help_lines
    from tallystick.cli.field_text import change_document, feed_rows
    from tallystick.wiring import open_state

    with open_state(folder, environment) as state:
        changes = state.store.look(lambda tx: tx.field_changes(_FEED))
        shown = [c for c in changes if not systems or c.system in systems]
        ends = {(c.system, c.object) for c in shown if c.is_open}
        sights = state.store.look(lambda tx: {end: tx.field_sights(*end) for end in ends})
        helps = [help_document(state.loaded, c, sights) for c in shown]
    screen.document({"feed": [change_document(c) | told for c, told in zip(shown, helps, strict=True)]})
    if not shown:
        screen.say("no field has changed since anybody looked")
    screen.table(["first seen", "field", "what", "seen by", "what became of it"], feed_rows(shown))
    for change, told in zip(shown, helps, strict=True):
        for line in help_lines(change.path, told):
            screen.say(line)
    return DONE


def _show(screen: "Screen", found: "ObjectDrift") -> None:
    from tallystick.cli.field_text import change_words

    screen.title(f"{found.system}/{found.object}")
    if found.failure:
        screen.say(f"  could not be looked at: {found.failure}")
        return
    if not found.changes:
        screen.say(f"  as written (by {found.source})")
    rows = [
        [
            change.path,
            change_words(change.change, change.was, change.now),
            ", ".join(found.users(change)) or "not mapped",
            "breaking" if found.is_breaking(change) else "",
        ]
        for change in found.changes
    ]
    screen.table(["field", "now", "mapped as", ""], rows, indent=2)
