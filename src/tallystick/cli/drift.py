"""``tally drift``: which fields of the systems are not what is written about them any more."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tallystick.cli.start import Json, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.drift_look import ObjectDrift
    from tallystick.cli.output import Screen

_WORDS: Final[Mapping[str, str]] = {
    "new": "new: {now}",
    "gone": "gone: {was} before",
    "retyped": "{now}, {was} before",
    "shorter": "at most {now} characters",
    "longer": "at most {now} characters",
    "fewer_options": "without the options {was}",
    "more_options": "with further options {now}",
    "required": "required now",
    "read_only": "read-only now",
}


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples("tally drift", "tally drift crm --sample 1000", "tally drift crm --accept")
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
    as_json: Json = False,
) -> int:
    """Compare the fields of all mapped objects with what their systems show now: new, gone, changed, required.

    Of a database the catalogue is read, of other systems some records. Breaking is what touches a mapped field so that
    values may not pass any more, and a new field that is required; then the exit code says that a person must decide.
    """
    from tallystick.cli.drift_look import accept_new, look_for_drift
    from tallystick.cli.exits import DECIDE, DONE, SYSTEM
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with open_house(start.folder, start.environment, whole=True) as house:
        found = look_for_drift(house, systems or [], sample)
        accepted = accept_new(house, found, everything=accept)
    screen.document({"objects": [each.document() for each in found], "accepted": accepted})
    for each in found:
        _show(screen, each)
    for line in accepted:
        screen.say(f"written: {line}")
    if any(each.failure for each in found):
        return SYSTEM
    return DECIDE if any(each.is_breaking(c) for each in found for c in each.changes) else DONE


def _show(screen: "Screen", found: "ObjectDrift") -> None:
    screen.title(f"{found.system}/{found.object}")
    if found.failure:
        screen.say(f"  could not be looked at: {found.failure}")
        return
    if not found.changes:
        screen.say(f"  as written (by {found.source})")
    rows = [
        [
            change.path,
            _WORDS[change.change].format(was=change.was, now=change.now),
            ", ".join(found.users(change)) or "not mapped",
            "breaking" if found.is_breaking(change) else "",
        ]
        for change in found.changes
    ]
    screen.table(["field", "now", "mapped as", ""], rows, indent=2)
