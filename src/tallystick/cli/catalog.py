"""``tally catalog``: the ready manifests that come along, and one of them in full."""

from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.start import Json, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.output import Screen


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples("tally catalog", "tally catalog hubspot", "tally describe crm --from hubspot")
    app.command(epilog=shown, short_help="List the ready systems; show one.")(catalog)


def catalog(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A system of the catalogue. [all are listed]")] = "",
    *,
    as_json: Json = False,
) -> int:
    """List the ready manifests of widely used systems, or show one in full.

    They were written from public documentation and are not yet confirmed live: run `tally testkit` against a test
    account before anything is synchronised. `tally describe NAME --from READY` copies one into a project.
    """
    from tallystick.cli.exits import DONE
    from tallystick.project.ready import BECAUSE, read_ready, ready_names

    screen = start_of(ctx).screen(as_json=as_json)
    if name:
        _show(screen, name)
        return DONE
    found = [read_ready(each) for each in ready_names()]
    screen.document({
        "systems": [
            {"name": each.name, "title": each.manifest.title, "objects": list(each.manifest.objects),
             "variables": list(each.variables)}
            for each in found
        ]
    })  # fmt: skip
    heads = ("name", "system", "objects", "needs")
    rows = [
        (each.name, each.manifest.title, ", ".join(each.manifest.objects), ", ".join(each.variables)) for each in found
    ]
    screen.table(heads, rows)
    screen.say(f"All are {BECAUSE}. Next: tally describe NAME --from READY, then tally testkit NAME")
    return DONE


def _show(screen: "Screen", name: str) -> None:
    from tallystick.cli.card import card_document
    from tallystick.project.ready import read_ready

    ready = read_ready(name)
    screen.document({
        "name": ready.name,
        "guidance": list(ready.guidance),
        "variables": list(ready.variables),
        "card": card_document(ready.manifest),
        "text": ready.text,
    })  # fmt: skip
    for line in ready.text.splitlines():
        screen.say(line)
