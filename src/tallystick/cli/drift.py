"""``tally drift``: which fields of the systems are not what is written about them any more."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tallystick.cli.start import Json, examples, start_of

if TYPE_CHECKING:
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
    from tallystick.cli.drift_answer import answer_policies, map_named
    from tallystick.cli.drift_answer_text import answer_lines
    from tallystick.cli.drift_look import accept_new, look_for_drift
    from tallystick.cli.drift_renamed import look_for_renames, take_renames
    from tallystick.cli.exits import DECIDE, DONE, SYSTEM
    from tallystick.cli.field_feed import decide_changes, ignore_changes, keep_drift, without_ignored
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    if feed:
        return _show_feed(screen, start.folder, start.environment, systems or [])
    with open_house(start.folder, start.environment, whole=True) as house:
        found = look_for_drift(house, systems or [], sample)
        keep_drift(house, found)
        renames = look_for_renames(house, found, sample)
        renamed = take_renames(house, taken or [], found)
        decide_changes(house, renamed, "renamed")
        ignored = ignore_changes(house, ignore or [])
        heard = without_ignored(house, found)
        accepted = accept_new(house, heard, everything=accept)
        decide_changes(house, accepted, "accepted")
        answers = answer_policies(house, heard)
        answers.mapped += map_named(house, mapped or [], found)
        decide_changes(house, [m.path for m in answers.mapped], "mapped")
    screen.document({
        "objects": [each.document() for each in found],
        "accepted": accepted,
        "ignored": ignored,
        "mapped": [each.document() for each in answers.mapped],
        "suggested": [each.document() for each in answers.suggested],
        "not_mapped": answers.refused,
        "renames": [each.document() for each in renames],
        "renamed": renamed,
    })  # fmt: skip
    for each in found:
        _show(screen, each)
    for path in accepted:
        screen.say(f"written: {path}")
    for path in ignored:
        screen.say(f"ignored: {path}")
    for word in taken or ():
        screen.say(f"renamed: {word}")
    for rename in renames if not renamed else ():
        screen.say(f"{rename.system}/{rename.object}: {rename.words}")
        screen.say(f"  if it is: {rename.command}")
    for line in answer_lines(answers):
        screen.say(line)
    if any(each.failure for each in found):
        return SYSTEM
    still = [
        c for d in heard for c in d.changes if d.is_breaking(c) and f"{d.system}/{d.object}.{c.path}" not in renamed
    ]
    return DECIDE if still else DONE


def _show_feed(screen: "Screen", folder: Path, environment: str | None, systems: Sequence[str]) -> int:
    from tallystick.cli.exits import DONE
    from tallystick.cli.field_text import change_document, feed_rows
    from tallystick.wiring import open_state

    with open_state(folder, environment) as state:
        changes = state.store.look(lambda tx: tx.field_changes(_FEED))
    shown = [c for c in changes if not systems or c.system in systems]
    screen.document({"feed": [change_document(c) for c in shown]})
    if not shown:
        screen.say("no field has changed since anybody looked")
    screen.table(["first seen", "field", "what", "seen by", "what became of it"], feed_rows(shown))
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
