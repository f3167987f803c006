"""``tally map sign``: somebody answers for the mappings as they are."""

from shlex import quote
from typing import Annotated

import typer

from tallystick.cli.sheet_place import SHEET_ABOUT
from tallystick.cli.start import Json, examples, start_of


def add_sign(group: typer.Typer) -> None:
    """Add the verb to its group."""
    shown = examples("tally map sign sheets/mappings.xlsx --by 'Erika Mustermann'")
    group.command(epilog=shown, short_help="Sign the mappings of a sheet off.")(sign)


def sign(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="SHEET", help=SHEET_ABOUT)],
    *,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who signs.")],
    as_json: Json = False,
) -> int:
    """Record in sheets/signed.yaml who signed which mapping off, with a hash of what it says.

    The sheet must say what the files say. Each plan and run names the signature; a mapping that changes has none.
    """
    from tallystick.cli.exits import DECIDE, DONE
    from tallystick.cli.moment import moment
    from tallystick.cli.output import number, visible
    from tallystick.cli.sheet_place import read_sheet, sheet_name
    from tallystick.core.error import ProjectError
    from tallystick.project.load import load_project
    from tallystick.project.sheet.joining import join
    from tallystick.project.sign_off import SIGNED, sign
    from tallystick.wiring import open_state

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    person = visible(by.strip())
    if not person:
        raise ProjectError("a signature needs a name", hint="--by 'Erika Mustermann'")
    loaded = load_project(start.folder, environment=start.environment)
    joined = join(loaded, read_sheet(loaded, file))
    behind = len(joined.merged.conflicts) or len(list(joined.differences))
    if behind:
        screen.document({"file": file, "signed": {}, "differences": behind})
        screen.say(f"{file} and the files differ in {number(behind, 'cell')}, so it is not what would be signed.")
        screen.say(f"Bring them together: tally map merge {quote(file)}, then tally map export")
        return DECIDE
    with open_state(start.folder, start.environment) as state:
        at = moment(state.now())
    made = sign(loaded, joined.mappings, by=person, at=at, sheet=sheet_name(file))
    screen.document({"file": SIGNED, "signed": {name: one.document() for name, one in made.items()}})
    for name, one in made.items():
        screen.say(f"{name}: {one.words}")
    screen.say(f"wrote {SIGNED}")
    return DONE
