"""``tally why``: why a record is as it is, the true cause in the first line."""

from typing import Annotated

import typer

from tallystick.cli.start import Json, examples, start_of

_MOST_WORDS = 2


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples("tally why crm/companies/4711", "tally why companies 4711", "tally why 4711 --json")
    app.command(epilog=shown, short_help="Explain one record.")(why)


def why(
    ctx: typer.Context,
    record: Annotated[
        list[str], typer.Argument(metavar="RECORD", help="SYSTEM/OBJECT/ID, or MAPPING and ID, or just an ID.")
    ],
    *,
    as_json: Json = False,
) -> int:
    """Explain one record: how it is paired, what was agreed, what both sides hold now, what the next plan would do.

    Both sides are read, nothing is written. The first line is the cause in one sentence.
    """
    from tallystick.cli.exits import DONE
    from tallystick.cli.why_find import find_subjects
    from tallystick.cli.why_look import look_at
    from tallystick.cli.why_text import many_words, show_sight, sight_document
    from tallystick.core.error import ProjectError
    from tallystick.wiring import open_house

    if len(record) > _MOST_WORDS:
        raise ProjectError("one record at a time", hint="tally why MAPPING ID")
    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with open_house(start.folder, start.environment) as house:
        sights = [look_at(house, subject) for subject in find_subjects(house, record)]
    if not sights:
        raise ProjectError(
            f"nobody knows a record '{' '.join(record)}'",
            hint="write SYSTEM/OBJECT/ID, or MAPPING and ID, with the id as its system spells it",
        )
    screen.document({"records": [sight_document(s) for s in sights]})
    for sight in sights:
        show_sight(screen, sight)
    if len(sights) > 1:
        screen.note(many_words(sights))
    return DONE
