"""What was written, in words and as JSON: run by run, and write by write of one record."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tallystick.cli.history_look import Past
from tallystick.cli.moment import moment
from tallystick.cli.output import Screen
from tallystick.cli.value_text import brief_value
from tallystick.cli.why_text import DOES, SAID
from tallystick.cli.words import SideNames, reason_words, side_names
from tallystick.cli.wrote import Counts, counted_words, writes_only
from tallystick.core.binding import Run
from tallystick.core.history import Entry
from tallystick.core.plan import shown
from tallystick.core.record import SIDES, UNKNOWN, Side, Value


def show_runs(
    screen: Screen, runs: Sequence[Run], counts: Mapping[str, Counts], names: Mapping[str, Mapping[Side, str]]
) -> None:
    """Show the runs, newest first, each with what it wrote."""
    rows: list[tuple[str, ...]] = []
    for run in runs:
        wrote = counted_words(writes_only(counts.get(run.id, {})), names) or ["nothing"]
        took = f"{run.ended - run.started:,.1f} s" if run.ended is not None else ""
        rows.append((run.id, moment(run.started), run.kind, took, run.outcome or "did not end", wrote[0]))
        rows += [("", "", "", "", "", line) for line in wrote[1:]]
    screen.table(("run", "started", "kind", "took", "outcome", "wrote"), rows)
    if not runs:
        screen.say("no run yet: tally plan")


def run_documents(runs: Sequence[Run], counts: Mapping[str, Counts]) -> list[dict[str, Any]]:
    """Write the runs as JSON."""
    return [
        {
            "run": run.id,
            "kind": run.kind,
            "started": run.started,
            "ended": run.ended,
            "outcome": run.outcome,
            "written": [
                {"mapping": pair, "side": side, "operation": op, "count": count}
                for (pair, side, op), count in sorted(writes_only(counts.get(run.id, {})).items())
            ],
        }
        for run in runs
    ]


def show_record(screen: Screen, past: Past) -> None:
    """Show what was done to a record, newest first."""
    names = _names(past)
    ends = [f"{past.pair.end(s).system}/{past.pair.end(s).object}/{past.ids[s] or '-'}" for s in SIDES]
    screen.title(f"{past.pair.name}: {ends[0]} <-> {ends[1]}")
    for entry in past.entries:
        row = entry.row
        screen.say(
            f"  {moment(row.at)}  {names[row.side]} {row.record} {DOES.get(row.op, row.op)}: {_why(entry, names)}"
        )
        for line in _changes(entry):
            screen.say(f"    {line}")
        by = past.signers.get(row.run)
        screen.say(f"    run {row.run}{f', by {by}' if by else ''}")
    if not past.entries:
        screen.say("  nothing was ever written to it")
    if past.is_cut:
        screen.note("there is more: --limit N")


def _names(past: Past) -> dict[Side, str]:
    left, right = past.pair.left, past.pair.right
    return side_names(f"{left.system}/{left.object}", f"{right.system}/{right.object}")


def _why(entry: Entry, names: SideNames) -> str:
    return entry.row.reason if entry.row.op in SAID else reason_words(entry.row.reason, names)


def _changes(entry: Entry) -> Iterator[str]:
    if entry.row.op == "create" and not entry.moved:
        yield "(what was written is not kept)"
    for moved in entry.moved:
        match entry.row.op:
            case "create":
                yield f"{moved.field}: {_cell(moved.new)}"
            case "delete":
                yield f"{moved.field}: was {_cell(moved.old)}"
            case _:
                yield f"{moved.field}: {_cell(moved.old)} -> {_cell(moved.new)}"


def _cell(value: Value) -> str:
    return "(not kept)" if value is UNKNOWN else brief_value(value)


def record_document(past: Past) -> dict[str, Any]:
    """Write what was done to a record as JSON; a value that is not kept is left out of its change."""
    names = _names(past)
    return {
        "mapping": past.pair.name,
        "records": {
            side: {"system": past.pair.end(side).system, "object": past.pair.end(side).object, "id": past.ids[side]}
            for side in SIDES
        },
        "is_cut": past.is_cut,
        "entries": [
            {
                "at": entry.row.at,
                "run": entry.row.run,
                "by": past.signers.get(entry.row.run) or None,
                "side": entry.row.side,
                "record": entry.row.record,
                "operation": entry.row.op,
                "reason": entry.row.reason,
                "words": _why(entry, names),
                "changes": [
                    {"field": m.field}
                    | {name: shown(v) for name, v in (("old", m.old), ("new", m.new)) if v is not UNKNOWN}
                    for m in entry.moved
                ],
            }
            for entry in past.entries
        ],
    }
