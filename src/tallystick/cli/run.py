"""``tally run``: plan and apply in one go, under brakes."""

from typing import Annotated

import typer

from tallystick.cli.selection import Field, OfSide, Records, RecordsFile, Wanted, Where
from tallystick.cli.start import PATIENCE_SECONDS, By, Full, Json, Names, Patience, Release, examples, start_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples(
        "tally run",
        "tally run companies --full",
        "tally run --release deletes:companies:right:14",
        "tally run companies --records 17,18 --side left",
        "tally run companies --field vat_id",
    )
    app.command(epilog=shown, short_help="Plan and carry out at once, under brakes.")(run)


def run(
    ctx: typer.Context,
    mappings: Names = None,
    *,
    full: Full = False,
    first_contact: Annotated[
        bool, typer.Option("--first-contact", help="Carry out the first plan of a mapping without having seen it.")
    ] = False,
    release: Release = None,
    by: By = None,
    records: Records = None,
    records_file: RecordsFile = None,
    side: OfSide = None,
    where: Where = None,
    field: Field = None,
    patience: Patience = PATIENCE_SECONDS,
    as_json: Json = False,
) -> int:
    """Bring both sides in step: plan and carry out at once, what no brake holds.

    A mapping that was never in step wants its first plan seen: `tally plan`, then `tally apply`.
    Limited to some records or to one field, the run leaves everything else to the next ordinary one.
    """
    from tallystick.cli.brakes import permit_of
    from tallystick.cli.carried_text import carried_document, show_carried
    from tallystick.cli.carry import carry
    from tallystick.cli.options_create import create_waiting
    from tallystick.cli.progress import shown_progress
    from tallystick.cli.selecting import limits_of
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    wanted = Wanted(records or (), records_file, side, where or (), field)
    with (
        shown_progress(screen) as sink,
        open_house(start.folder, start.environment, writing=True, sink=sink) as house,
    ):
        made = create_waiting(house, mappings or [])
        permit = permit_of(release, [p.name for p in house.pairs], by)
        limits = limits_of(house, mappings or [], wanted)
        carried = carry(
            house,
            "run",
            limits.mappings,
            full=full,
            released=frozenset({"first_contact"} if first_contact else ()),
            permit=permit,
            patience=patience,
            look=limits.look,
            options=limits.options,
        )
    screen.document(carried_document(carried) | ({"options_created": made} if made else {}))
    for line in made:
        screen.say(line)
    show_carried(screen, carried)
    return carried.code
