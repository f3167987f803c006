"""``tally apply``: carry out the lines of an approved plan, and no others."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tallystick.cli.start import PATIENCE_SECONDS, Json, Patience, Release, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.carry import Carried
    from tallystick.cli.output import Screen
    from tallystick.cli.plan_file import PlanFile

_NAMED = 20


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples("tally apply", "tally apply monday.json --release deletes")
    app.command(epilog=shown, short_help="Carry out an approved plan.")(apply)


def apply(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="The plan. [.tally/plan.json]")] = None,
    *,
    release: Release = None,
    patience: Patience = PATIENCE_SECONDS,
    as_json: Json = False,
) -> int:
    """Carry out a plan that `tally plan` made: exactly its lines, as far as they still stand.

    Both sides are observed again. A line whose records changed since is stale: it is left alone and named.
    """
    from tallystick.cli.brakes import check_brakes
    from tallystick.cli.carry import carry
    from tallystick.cli.plan_file import DEFAULT, read_plan, write_plan
    from tallystick.cli.progress import shown_progress
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    path = file or start.folder / DEFAULT
    released = check_brakes(release)
    with (
        shown_progress(screen) as sink,
        open_house(start.folder, start.environment, writing=True, sink=sink) as house,
    ):
        plan = read_plan(path, house.loaded.project.name, house.loaded.environment)
        write_plan(path, plan.begun())
        carried = carry(
            house,
            "apply",
            list(plan.lines),
            full=plan.full,
            approved=plan.approved,
            released=released,
            patience=patience,
        )
        tried = {p for found in carried.surveys.values() for p in found.carried_out}
        write_plan(path, plan.with_applied(tried))
    return _tell(screen, carried, plan)


def lost_lines(carried: "Carried", plan: "PlanFile") -> list[int]:
    """Give the approved lines that no longer stand and were not carried out before, of pairs that could be observed."""
    return [
        print_
        for pair, approved in plan.lines.items()
        if pair in carried.surveys and pair not in carried.result.failures
        for print_ in sorted(set(approved) - set(carried.surveys[pair].prints) - plan.applied)
    ]


def _tell(screen: "Screen", carried: "Carried", plan: "PlanFile") -> int:
    from tallystick.cli.carried_text import carried_document, show_carried
    from tallystick.cli.exits import DECIDE, worst
    from tallystick.cli.output import number
    from tallystick.cli.plan_file import spell

    lost = lost_lines(carried, plan)
    stale = [] if plan.is_interrupted else lost
    new = sum(len(found.unapproved) for found in carried.surveys.values())
    named = _named(plan.shown, {spell(p) for p in stale})
    code = worst([carried.code, DECIDE] if stale else [carried.code])
    document = carried_document(carried) | {"stale": len(stale), "stale_lines": named, "not_in_plan": new}
    screen.document(document | {"outcome": "stale"} if stale and carried.outcome == "done" else document)
    show_carried(screen, carried)
    if stale:
        _show_stale(screen, len(stale), named)
    elif lost:
        words = number(len(lost), "line")
        screen.say(f"{words} of the plan were carried out before the last apply was interrupted, or no longer fit.")
    if new:
        screen.say(f"{number(new, 'line')} came up since the plan was made and are not part of it.")
    if lost or new:
        screen.say("See what is left: tally plan")
    return code


def _show_stale(screen: "Screen", count: int, named: Sequence[dict[str, Any]]) -> None:
    from tallystick.cli.output import number

    screen.say(f"{number(count, 'line')} of the plan no longer fit what is there and were left alone:")
    for line in named[:_NAMED]:
        where = " ".join(str(line[key]) for key in ("mapping", "action", "side") if line.get(key))
        screen.say(f"  {where}: {' -> '.join(str(line[k]) for k in ('source', 'target') if line.get(k))}")
    if count > len(named[:_NAMED]):
        screen.say(f"  and {count - len(named[:_NAMED]):,} more")


def _named(shown: Mapping[str, Any], prints: set[str]) -> Sequence[dict[str, Any]]:
    """Find the plan's own lines of these fingerprints, where the file shows them."""
    operations = shown.get("operations")
    return [
        {key: line.get(key) for key in ("mapping", "action", "side", "source", "target", "fingerprint")}
        for line in (operations if isinstance(operations, list) else [])
        if isinstance(line, dict) and line.get("fingerprint") in prints
    ]
