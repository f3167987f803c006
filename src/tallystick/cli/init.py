"""``tally init``: begin a project."""

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli.start import Json, examples, start_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        epilog=examples("tally init", "tally init crm-and-erp", "tally init shop --from shopify --from weclapp"),
        short_help="Begin a project.",
    )(init)


def init(
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="The project's folder. [this one]")] = None,
    *,
    name: Annotated[str, typer.Option("--name", help="The project's name. [the folder's]")] = "",
    ready: Annotated[
        list[str] | None,
        typer.Option(
            "--from", metavar="READY", help="Copy this system of `tally catalog`; may be given several times."
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Begin a project: the few files it needs, commented. Files that are there are left as they are."""
    from tallystick.cli.exits import DONE
    from tallystick.cli.keep import keep_text
    from tallystick.project.ready import read_ready
    from tallystick.project.scaffold import scaffold_project

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    target = folder or start.given or Path()
    systems = [read_ready(each) for each in dict.fromkeys(ready or [])]  # before anything is written
    written = list(scaffold_project(target, name=name))
    for each in systems:
        kept = keep_text(target / "systems" / f"{each.name}.yaml", each.text, force=False)
        written += [kept.path] if kept.is_written else []
    screen.document({"folder": str(target), "written": [str(path) for path in written]})
    for path in written:
        screen.say(f"wrote {path}")
    if not written:
        screen.say(f"{target} is a project already; nothing was written")
    for each in systems:
        screen.say(f"{each.name} needs {', '.join(each.variables)}; systems/{each.name}.yaml says how to get them")
    if systems:
        screen.say("Next: tally testkit SYSTEM, against a test account")
        return DONE
    screen.say("Next: tally describe NAME --openapi FILE, or --database URL, for each of the two systems")
    return DONE
