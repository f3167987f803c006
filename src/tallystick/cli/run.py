"""``tally run``: plan and apply in one go, under brakes."""

from typing import Annotated

import typer

from tallystick.cli.start import PATIENCE_SECONDS, Full, Json, Names, Patience, Release, examples, start_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples("tally run", "tally run companies --full", "tally run --release deletes")
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
    patience: Patience = PATIENCE_SECONDS,
    as_json: Json = False,
) -> int:
    """Bring both sides in step: plan and carry out at once, what no brake holds.

    A mapping that was never in step wants its first plan seen: `tally plan`, then `tally apply`.
    """
    from tallystick.cli.brakes import check_brakes
    from tallystick.cli.carried_text import carried_document, show_carried
    from tallystick.cli.carry import carry
    from tallystick.cli.progress import shown_progress
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    released = check_brakes(release) | ({"first_contact"} if first_contact else frozenset())
    with (
        shown_progress(screen) as sink,
        open_house(start.folder, start.environment, writing=True, sink=sink) as house,
    ):
        carried = carry(house, "run", mappings or [], full=full, released=released, patience=patience)
    screen.document(carried_document(carried))
    show_carried(screen, carried)
    return carried.code
