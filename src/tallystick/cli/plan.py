"""``tally plan``: observe both sides, decide, show; write nothing to any system."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.start import Full, Json, Names, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.carry import Carried
    from tallystick.cli.output import Screen
    from tallystick.cli.plan_file import PlanFile
    from tallystick.wiring import House


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples("tally plan", "tally plan companies --full", "tally plan -o monday.json")
    app.command(epilog=shown, short_help="Show what a run would do; change nothing.")(plan)


def plan(
    ctx: typer.Context,
    mappings: Names = None,
    *,
    full: Full = False,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where the plan goes. [.tally/plan.json]")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="How many lines of each mapping to show.")
    ] = 10,
    as_json: Json = False,
) -> int:
    """Show what a run would do, and keep it for `tally apply`; no system is changed.

    The first plan of a mapping is its adoption plan: who stands on both sides, who only on one, who is ambiguous,
    what differs.
    """
    from tallystick.cli.carry import carry
    from tallystick.cli.plan_file import DEFAULT, write_plan
    from tallystick.cli.progress import shown_progress
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with shown_progress(screen) as sink, open_house(start.folder, start.environment, sink=sink) as house:
        carried = carry(house, "plan", mappings or [], full=full)
        kept = file or start.folder / DEFAULT
        write_plan(kept, _to_keep(house, carried, full=full))
    _tell(screen, carried, kept, limit)
    return carried.code


def _to_keep(house: "House", carried: "Carried", *, full: bool) -> "PlanFile":
    from tallystick.cli.moment import moment
    from tallystick.cli.plan_file import PlanFile
    from tallystick.cli.plan_text import plan_document

    made = carried.result.plan
    return PlanFile(
        project=house.loaded.project.name,
        environment=house.loaded.environment,
        run=made.run,
        made=moment(made.made),
        full=full,
        fingerprint=made.fingerprint,
        lines={name: tuple(found.prints) for name, found in carried.surveys.items()},
        shown=plan_document(carried),
    )


def _tell(screen: "Screen", carried: "Carried", kept: Path, limit: int) -> None:
    from tallystick.cli.carried_text import failure_lines
    from tallystick.cli.output import number
    from tallystick.cli.plan_file import spell
    from tallystick.cli.plan_text import any_failed, plan_document, samples, show_pair
    from tallystick.cli.words import waiting_words

    made = carried.result.plan
    screen.document({"plan": plan_document(carried), "file": str(kept)})
    for of_pair in made.pairs:
        show_pair(screen, of_pair, carried.surveys.get(of_pair.pair), samples(made.operations, of_pair.pair, limit))
    for line in failure_lines(carried):
        screen.say(line)
    left = carried.waiting.values()
    waiting = waiting_words(sum(w.questions for w in left), sum(w.parked for w in left))
    if made.is_empty and not any_failed(carried):
        screen.say("Nothing to do." if waiting else "Nothing to do: both sides agree.")
    elif not made.is_empty:
        screen.say(f"{number(made.lines, 'line')}, {number(made.writes, 'write')}. Plan {spell(made.fingerprint)}")
        screen.say(f"Carry out exactly this: tally apply {kept}")
    if waiting:
        screen.say(f"{waiting}: tally problems")
