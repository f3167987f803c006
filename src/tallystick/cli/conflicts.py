"""``tally conflicts``: the open questions one by one with both values; say which side is right; bring a loser back."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.start import PATIENCE_SECONDS, Json, Patience, Release, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.carry import Carried
    from tallystick.cli.output import Screen

Causes = Annotated[
    list[str] | None,
    typer.Argument(metavar="CAUSE", help="As listed: MAPPING, MAPPING/KIND or MAPPING/KIND/FIELD."),
]
Record = Annotated[
    list[str] | None,
    typer.Option(
        "--record", metavar="ID", help="Only this record, by its id on either side; may be given several times."
    ),
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=0, help="How many to show.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be written.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(rich_markup_mode=None)
    shown = examples("tally conflicts", "tally conflicts --json")
    group.callback(invoke_without_command=True, epilog=shown)(conflicts)
    shown = examples("tally conflicts list companies/conflict", "tally conflicts list --record 4711")
    group.command("list", epilog=shown, short_help="Show open questions with both values.")(list_conflicts)
    shown = examples(
        "tally conflicts take left companies/conflict/phone --record 4711",
        "tally conflicts take erp companies/initial --dry-run",
        "tally conflicts take right --all",
    )
    group.command("take", epilog=shown, short_help="Say which side is right.")(take)
    shown = examples("tally conflicts flip --record 4711 --field phone", "tally conflicts flip companies --record 4711")
    group.command("flip", epilog=shown, short_help="Bring back the value that lost.")(flip)
    app.add_typer(group, name="conflicts", short_help="Decide between two values.")


def conflicts(ctx: typer.Context, *, as_json: Json = False) -> int:
    """Show the questions that one side answers, the oldest first: what both sides hold, what was agreed, since when."""
    if ctx.invoked_subcommand is None:
        return list_conflicts(ctx, None, as_json=as_json)
    return 0


def list_conflicts(
    ctx: typer.Context, causes: Causes = None, *, record: Record = None, limit: Limit = 20, as_json: Json = False
) -> int:
    """Show the questions that one side answers, the oldest first: what both sides hold, what was agreed, since when.

    Both sides are read, nothing is changed.
    """
    from tallystick.cli.conflicts_look import face
    from tallystick.cli.conflicts_text import face_document, show_face
    from tallystick.cli.contested import choose, find_contested
    from tallystick.cli.exits import DONE
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with open_house(start.folder, start.environment) as house:
        found = choose(house.store.look(lambda tx: find_contested(tx, house.pairs)), causes or [], record or [])
        faces = face(house, found[:limit])
        now = house.now()
    screen.document({"conflicts": [face_document(f) for f in faces], "total": len(found)})
    for each in faces:
        show_face(screen, each, now)
    if not found:
        screen.say("no question is open that one side could answer")
    elif len(found) > len(faces):
        screen.say(f"and {len(found) - len(faces):,} more: --limit N")
    return DONE


def take(
    ctx: typer.Context,
    side: Annotated[str, typer.Argument(metavar="SIDE", help="left, right, or the name of a system.")],
    causes: Causes = None,
    *,
    record: Record = None,
    everything: Annotated[bool, typer.Option("--all", help="Every open question.")] = False,
    dry_run: DryRun = False,
    release: Release = None,
    patience: Patience = PATIENCE_SECONDS,
    limit: Limit = 10,
    as_json: Json = False,
) -> int:
    """Say which side is right, and carry it out at once: its value goes to the other side, the loser is kept.

    Of a deletion, taking the side that deleted deletes the other record too; taking the other makes it again.
    An answer counts for what was asked: where a side changed since, it is asked again. `tally conflicts flip` and
    `tally undo` go back.
    """
    from tallystick.cli.brakes import check_brakes
    from tallystick.cli.contested import choose, find_contested
    from tallystick.cli.exits import DONE
    from tallystick.cli.progress import shown_progress
    from tallystick.cli.take import take_side
    from tallystick.core.error import ProjectError
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    released = check_brakes(release)
    if not causes and not record and not everything:
        raise ProjectError("nothing was named", hint="name a cause or a record as `tally conflicts` lists it, or --all")
    with (
        shown_progress(screen) as sink,
        open_house(start.folder, start.environment, writing=not dry_run, sink=sink) as house,
    ):
        found = choose(house.store.look(lambda tx: find_contested(tx, house.pairs)), causes or [], record or [])
        if not found:
            screen.document({"answered": [], "refused": {}})
            screen.say("no question is open that one side could answer")
            return DONE
        named = [*(causes or []), *(f"--record {r}" for r in record or []), *(["--all"] if everything else [])]
        command = " ".join(["tally conflicts take", side, *named])
        taken = take_side(house, side, found, is_dry=dry_run, released=released, patience=patience, command=command)
    screen.document(taken.document())
    return _tell(screen, taken.carried, taken.refused, limit, is_dry=dry_run)


def flip(
    ctx: typer.Context,
    mapping: Annotated[
        str | None, typer.Argument(metavar="MAPPING", help="Where the id fits several mappings.")
    ] = None,
    *,
    record: Annotated[
        list[str],
        typer.Option("--record", metavar="ID", help="The record, as `tally why` takes it; may be given several times."),
    ],
    fields: Annotated[
        list[str] | None, typer.Option("--field", metavar="F", help="Only this field; may be given several times.")
    ] = None,
    dry_run: DryRun = False,
    release: Release = None,
    patience: Patience = PATIENCE_SECONDS,
    limit: Limit = 10,
    as_json: Json = False,
) -> int:
    """Bring back the value that lost the last settled conflict of a record, whoever settled it.

    It is written to the side where it was overwritten, as a user would write it; the next run carries it over.
    What was changed since is left alone, and said.
    """
    from tallystick.cli.brakes import check_brakes
    from tallystick.cli.flip import flip_records
    from tallystick.cli.progress import shown_progress
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    released = check_brakes(release)
    with (
        shown_progress(screen) as sink,
        open_house(start.folder, start.environment, writing=not dry_run, sink=sink) as house,
    ):
        named = [*([mapping] if mapping else []), *(f"--record {r}" for r in record)]
        command = " ".join(["tally conflicts flip", *named, *(f"--field {f}" for f in fields or ())])
        flipped = flip_records(
            house, mapping, record, fields or [], is_dry=dry_run, released=released, patience=patience, command=command
        )
    screen.document(flipped.document())
    code = _tell(screen, flipped.carried, flipped.refused, limit, is_dry=dry_run)
    if flipped.written:
        screen.say("The next run carries it over: tally run")
    return code


def _tell(screen: "Screen", carried: "Carried", refused: "dict[str, str]", limit: int, *, is_dry: bool) -> int:
    from tallystick.cli.carried_text import show_carried
    from tallystick.cli.exits import DECIDE, worst
    from tallystick.cli.one_matter import show_planned

    if is_dry:
        show_planned(screen, carried, limit)
    else:
        show_carried(screen, carried)
    for line in _refusals(refused, limit):
        screen.say(line)
    return worst([carried.code, DECIDE]) if refused else carried.code


def _refusals(refused: "dict[str, str]", limit: int) -> Sequence[str]:
    told = [f"{name} stays as it is: {why}" for name, why in list(refused.items())[:limit]]
    return told if len(refused) <= limit else [*told, f"and {len(refused) - limit:,} more stay as they are"]
