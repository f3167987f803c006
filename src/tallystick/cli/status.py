"""``tally status``: how each mapping stands, from our own state alone; no system is asked."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tallystick.cli.start import Json, Names, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.output import Screen
    from tallystick.core.binding import Run
    from tallystick.core.state import StoreTx
    from tallystick.project.model import MappingSpec


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples("tally status", "tally status companies --json")
    app.command(epilog=shown, short_help="Show how each mapping stands.")(status)


def status(
    ctx: typer.Context,
    mappings: Names = None,
    *,
    runs: Annotated[int, typer.Option("--runs", metavar="N", min=0, help="How many of the last runs to show.")] = 5,
    as_json: Json = False,
) -> int:
    """Show for each mapping what is linked, what waits for whom, and when each side was last read.

    No system is asked and nothing is changed.
    """
    from tallystick.cli.exits import DONE
    from tallystick.cli.field_text import open_drift, open_drift_line
    from tallystick.cli.near_mapping import chosen_mappings
    from tallystick.wiring import open_state

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with open_state(start.folder, start.environment) as state:
        names = chosen_mappings(state.loaded, mappings)
        specs = state.loaded.mappings
        now = state.now()
        stands = state.store.look(lambda tx: [_stand(tx, name, specs[name], now) for name in names])
        last = state.store.look(lambda tx: tx.runs(runs)) if runs else []
        ends = {(end.system, end.object) for name in names for end in (specs[name].left, specs[name].right)}
        changed = [c for c in state.store.look(lambda tx: tx.standing_field_changes()) if c.is_open]
        drift = open_drift(c for c in changed if (c.system, c.object) in ends)
    screen.document({
        "project": state.loaded.project.name,
        "environment": state.loaded.environment,
        "mappings": stands,
        "drift": drift,
        "runs": [_run_document(r) for r in last],
    })  # fmt: skip
    _show(screen, stands, open_drift_line(drift), last, now)
    return DONE


def _stand(tx: "StoreTx", name: str, spec: "MappingSpec", now: float) -> dict[str, Any]:
    from tallystick.cli.again import again_document, looked_at_again
    from tallystick.cli.unknown_options import unknown_options
    from tallystick.core.record import SIDES

    parked = tx.quarantine(name)
    cursors = {side: tx.cursor(name, side) for side in SIDES}
    known = tx.pair_state(name)
    return {
        "mapping": name,
        "left": f"{spec.left.system}/{spec.left.object}",
        "right": f"{spec.right.system}/{spec.right.object}",
        "linked": tx.count_linked(name),
        "questions": dict(Counter(q.kind for q in tx.queue(name))),
        "parked": dict(Counter(q.code for q in parked)),
        "unknown_options": [o.document() for o in unknown_options(parked)],
        **again_document(looked_at_again(tx, name, now)),
        "unknown_writes": len(tx.open_intents(name)),
        "not_before": known.not_before if known and known.not_before else None,
        "read": {
            side: {"until": c.high, "in_full": c.full_at, "records": c.full_count} if c else None
            for side, c in cursors.items()
        },
    }


def _run_document(run: "Run") -> dict[str, Any]:
    return {
        "run": run.id,
        "kind": run.kind,
        "started": run.started,
        "ended": run.ended,
        "outcome": run.outcome,
        "counts": run.counts,
    }


def _show(screen: "Screen", stands: Sequence[dict[str, Any]], drift: str, last: "Sequence[Run]", now: float) -> None:
    from tallystick.cli.moment import ago, moment

    if not stands:
        screen.say("the project has no mapping yet")
    for stand in stands:
        _show_stand(screen, stand, now)
    if drift:
        screen.say(drift)
    if last:
        screen.title("last runs")
    rows = [(moment(r.started), r.kind, _outcome(r), _seconds(r), r.id) for r in last]
    screen.table(("started", "kind", "outcome", "took", "run"), rows, indent=2)
    if stands and not last:
        screen.say("no run yet: tally plan")
    elif last:
        screen.note(f"the last run was {ago(last[0].started, now)}")


def _show_stand(screen: "Screen", stand: dict[str, Any], now: float) -> None:
    from tallystick.cli.again import again_lines
    from tallystick.cli.moment import ago, moment
    from tallystick.cli.output import number
    from tallystick.cli.unknown_options import option_lines
    from tallystick.cli.words import QUESTIONS, side_names

    names = side_names(stand["left"], stand["right"])
    screen.title(f"{stand['mapping']}: {stand['left']} <-> {stand['right']}")
    screen.say(f"  {number(stand['linked'], 'linked pair')}")
    for side, name in names.items():
        read = stand["read"][side]
        told = f"last compared in full {ago(read['in_full'], now)}" if read else "never read"
        count = f", {number(read['records'], 'record')}" if read and read["records"] is not None else ""
        screen.say(f"  {name}: {told}{count}")
    for kind, count in stand["questions"].items():
        screen.say(f"  {number(count, 'question')} for a person: {QUESTIONS.get(kind, kind)} ({kind})")
    for code, count in stand["parked"].items():
        screen.say(f"  {count:,} parked: {code}")
    for line in option_lines(stand["unknown_options"], names):
        screen.say(f"  {line}")
    for line in again_lines(stand, names):
        screen.say(f"  {line}")
    if stand["unknown_writes"]:
        screen.say(f"  {number(stand['unknown_writes'], 'write')} of unknown outcome; the next run looks")
    if stand["not_before"] and stand["not_before"] > now:
        screen.say(f"  a system asked to wait until {moment(stand['not_before'])}")


def _outcome(run: "Run") -> str:
    return run.outcome or "did not end"


def _seconds(run: "Run") -> str:
    return f"{run.ended - run.started:,.1f} s" if run.ended is not None else ""
