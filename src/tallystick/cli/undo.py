"""``tally undo``: take back what a run wrote, as far as nobody built on it since."""

from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.start import PATIENCE_SECONDS, Json, Patience, Release, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.carry import Carried
    from tallystick.cli.output import Screen

Record = Annotated[
    list[str] | None,
    typer.Option(
        "--record", metavar="ID", help="Only this record, by its id on either side; may be given several times."
    ),
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=0, help="How many lines of each mapping to show.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples(
        "tally undo last",
        "tally undo 20260301-101500-ab12 --yes",
        "tally undo last --record 4711 --yes",
        "tally undo last --yes --release deletes",
    )
    app.command(epilog=shown, short_help="Take back what a run wrote.")(undo)


def undo(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or: last, the newest that wrote anything.")],
    *,
    record: Record = None,
    yes: Annotated[bool, typer.Option("--yes", help="Carry it out; without, it is only shown.")] = False,
    release: Release = None,
    patience: Patience = PATIENCE_SECONDS,
    limit: Limit = 10,
    as_json: Json = False,
) -> int:
    """Take back what a run wrote: values get back what they were, what it made goes, what it deleted is made again.

    Without --yes it is only shown. What somebody changed since is left alone and becomes a question. What is taken back
    is not carried over again; only a new change moves anything. An undo is a run and can be undone.
    """
    from tallystick.cli.brakes import check_brakes
    from tallystick.cli.carry import carry
    from tallystick.cli.progress import shown_progress
    from tallystick.cli.wrote import check_records, find_run
    from tallystick.core.error import ProjectError
    from tallystick.engine.undo import Undoing
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    released = check_brakes(release)
    records = record or []
    with (
        shown_progress(screen) as sink,
        open_house(start.folder, start.environment, writing=yes, sink=sink) as house,
    ):
        found = house.store.look(lambda tx: find_run(tx, run))
        house.store.look(lambda tx: check_records(tx, found.run, records))
        known = [pair.name for pair in house.pairs if pair.name in found.pairs]
        lost = sorted(set(found.pairs) - set(known))
        if not known:
            raise ProjectError(
                f"the run '{found.run}' wrote in {', '.join(lost)}, which the project no longer has",
                hint="put the mapping back, then undo the run",
            )
        carried = carry(
            house,
            "undo" if yes else "plan",
            known,
            released=released,
            patience=patience,
            look=Undoing(found.run, records).observe,
            command=" ".join(["tally undo", found.run, *(f"--record {r}" for r in records), "--yes"]),
        )
    for pair in lost:
        screen.note(f"what the run wrote in {pair} stays: the project no longer has this mapping")
    if yes:
        return _tell_done(screen, carried, found.run)
    return _tell_plan(screen, carried, found.run, limit)


def _tell_plan(screen: "Screen", carried: "Carried", run: str, limit: int) -> int:
    from tallystick.cli.one_matter import show_planned
    from tallystick.cli.output import number
    from tallystick.cli.plan_text import plan_document

    made = carried.result.plan
    screen.document({"undo": run, "carried_out": False, "plan": plan_document(carried)})
    screen.say(f"What taking back the run {run} would do:")
    show_planned(screen, carried, limit)
    if made.writes:
        screen.say(f"{number(made.writes, 'write')}. Carry it out: {carried.command}")
    elif not carried.result.failures:
        screen.say(
            "Nothing can be taken back." if made.lines else "Nothing to take back: everything is as it was before."
        )
    return carried.code


def _tell_done(screen: "Screen", carried: "Carried", run: str) -> int:
    from tallystick.cli.carried_text import carried_document, show_carried
    from tallystick.cli.exits import DECIDE, worst
    from tallystick.cli.output import number

    asked = sum(n for found in carried.surveys.values() for (kind, _), n in found.asks.items() if kind == "undo")
    screen.document({"undo": run, "carried_out": True, "asked": asked} | carried_document(carried))
    show_carried(screen, carried)
    if asked:
        screen.say(f"{number(asked, 'part')} of the run could not be taken back: tally conflicts")
    return worst([carried.code, DECIDE]) if asked else carried.code
