"""``tally init``: begin a project."""

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli.start import Json, examples, start_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=examples("tally init", "tally init crm-and-erp"), short_help="Begin a project.")(init)


def init(
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="The project's folder. [this one]")] = None,
    *,
    name: Annotated[str, typer.Option("--name", help="The project's name. [the folder's]")] = "",
    as_json: Json = False,
) -> int:
    """Begin a project: the few files it needs, commented. Files that are there are left as they are."""
    from tallystick.cli.exits import DONE
    from tallystick.project.scaffold import scaffold_project

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    target = folder or start.given or Path()
    written = scaffold_project(target, name=name)
    screen.document({"folder": str(target), "written": [str(path) for path in written]})
    for path in written:
        screen.say(f"wrote {path}")
    if not written:
        screen.say(f"{target} is a project already; nothing was written")
    screen.say("Next: tally describe NAME --openapi FILE, or --database URL, for each of the two systems")
    return DONE
