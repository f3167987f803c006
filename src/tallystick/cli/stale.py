"""What changed since a plan was made: for each of its lines that no longer stands, what was seen then and what is now.

The values of then are those that the plan's file shows; those of now come from the run's own observation, or, where a
record is as it was agreed, from the agreed values.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.cli.carry import Survey
from tallystick.cli.output import Screen, brief, number
from tallystick.cli.plan_file import PlanFile, spell
from tallystick.cli.words import SideNames
from tallystick.core.plan import PHASES, Operation, shown
from tallystick.core.record import SIDES, UNKNOWN, Side, decode_fields, other
from tallystick.engine.line import decode_line
from tallystick.engine.pair import Pair
from tallystick.engine.session import Session
from tallystick.engine.showing import operations_of
from tallystick.wiring import House

MOST: Final = 1000
_BATCH: Final = 1000
_KINDS: Final = {
    "gone": "was deleted",
    "missing": "is not shown any more",
    "out": "no longer belongs to the mapping",
    "bad": "cannot be read",
}


@dataclass(frozen=True, slots=True)
class Moved:
    """A value that is not what the plan was decided on."""

    field: str
    side: Side
    record: str
    planned: Any
    now: Any


@dataclass(frozen=True, slots=True)
class StaleLine:
    """A line of the plan that no longer stands: ``states`` says of a record what became of it."""

    line: Mapping[str, Any]
    moved: Sequence[Moved] = ()
    states: Sequence[tuple[Side, str, str]] = ()
    instead: Sequence[Operation] = ()


@dataclass(slots=True)
class Stale:
    """Gathers the stale lines of a plan while the run's scratch paper is still there."""

    plan: PlanFile
    house: House
    approved: frozenset[int]
    lines: list[StaleLine] = field(default_factory=list)

    def review(self, session: Session, surveys: Mapping[str, Survey]) -> None:
        """Look at every line that was approved and is not planned any more, as far as the plan's file shows it."""
        for pair in self.house.pairs:
            if pair.name in surveys and pair.name in self.plan.lines:
                mine = self.approved & set(self.plan.lines[pair.name])
                lost = mine - set(surveys[pair.name].prints) - self.plan.applied
                wanted = _named(self.plan.shown, pair.name, {spell(p) for p in lost})
                if wanted:
                    self.lines += self._compare(session, pair, wanted)

    def _compare(self, session: Session, pair: Pair, wanted: Sequence[Mapping[str, Any]]) -> Iterator[StaleLine]:
        instead = _new_lines(session, pair, {record for line in wanted for record in _records(line).items()})
        for line in wanted:
            records = _records(line)
            now = {side: self._now(session, pair, side, record) for side, record in records.items()}
            states = [(side, records[side], kind) for side, (kind, _) in now.items() if kind in _KINDS]
            values = {side: found for side, (_, found) in now.items()}
            found = [o for record in records.items() for o in instead.get(record, ())]
            yield StaleLine(line, list(_moved(line, records, values)), states, list(dict.fromkeys(found)))

    def _now(self, session: Session, pair: Pair, side: Side, record: str) -> tuple[str, dict[str, Any]]:
        """Give how a record was seen, and its values by field."""
        row = session.scratch(pair).sights(side, [record]).get(record)
        if row is not None and row[2] != "same":
            return row[2], dict(zip(pair.mapping.names, decode_fields(row[3]), strict=False)) if row[3] else {}
        binding = self.house.store.look(lambda tx: tx.binding_of(pair.name, side, record))
        base = pair.base(binding.leg(side).base, binding.leg(side).shape, pair.mapping.names) if binding else None
        return "same", dict(zip(pair.mapping.names, base, strict=True)) if base else {}


def _named(shown_plan: Mapping[str, Any], pair: str, prints: set[str]) -> Sequence[Mapping[str, Any]]:
    """Find the plan's own lines of these fingerprints, where the file shows them."""
    operations = shown_plan.get("operations")
    return [
        line
        for line in (operations if isinstance(operations, list) else [])
        if isinstance(line, dict) and line.get("mapping") == pair and line.get("fingerprint") in prints
    ][:MOST]


def _records(line: Mapping[str, Any]) -> dict[Side, str]:
    """Give the ids of a line by side."""
    side = next((s for s in SIDES if s == line.get("side")), SIDES[0])
    ids = ((side, line.get("target")), (other(side), line.get("source")))
    return {s: record for s, record in ids if isinstance(record, str)}


def _new_lines(session: Session, pair: Pair, wanted: set[tuple[Side, str]]) -> dict[tuple[Side, str], list[Operation]]:
    """Give what is planned about these records now."""
    found: dict[tuple[Side, str], list[Operation]] = {}
    for bodies in session.scratch(pair).lines(sorted(set(PHASES.values())), _BATCH):
        for body in bodies:
            line = decode_line(body)
            about = {(s, i) for s in SIDES if (i := line.seen(s).id) is not None} & wanted
            for record in about:
                found.setdefault(record, []).extend(operations_of(pair.name, pair.mapping.names, line))
    return found


def _moved(
    line: Mapping[str, Any], records: Mapping[Side, str], values: Mapping[Side, Mapping[str, Any]]
) -> Iterator[Moved]:
    """Compare what each side held when the line was planned with what it holds now."""
    target = next((s for s in SIDES if s == line.get("side")), SIDES[0])
    for change in line.get("changes") or ():
        name = change.get("field")
        for side, planned in ((target, change.get("old")), (other(target), change.get("new"))):
            if line.get("action") in {"delete", "archive"} and side != target:
                continue  # nothing was written from there
            now = values.get(side, {}).get(name, UNKNOWN)
            # A merged set stands on neither side as it is planned.
            if side in records and now is not UNKNOWN and not isinstance(planned, list) and shown(now) != planned:
                yield Moved(name, side, records[side], planned, shown(now))


def show_stale(
    screen: Screen, count: int, lines: Sequence[StaleLine], names: Mapping[str, SideNames], most: int
) -> None:
    """Say which lines no longer stand and why."""
    screen.say(f"{number(count, 'line')} of the plan no longer fit what is there and were left alone:")
    for stale in lines[:most]:
        line, of_pair = stale.line, names[stale.line["mapping"]]
        where = " ".join(str(line[key]) for key in ("mapping", "action", "side") if line.get(key))
        screen.say(f"  {where}: {' -> '.join(str(line[k]) for k in ('source', 'target') if line.get(k))}")
        for text in _why(stale, of_pair):
            screen.say(f"    {text}")
    if count > len(lines[:most]):
        screen.say(f"  and {count - len(lines[:most]):,} more")


def _why(stale: StaleLine, names: SideNames) -> Iterator[str]:
    for side, record, kind in stale.states:
        yield f"{names[side]} {record} {_KINDS[kind]}"
    for moved in stale.moved:
        yield f"{moved.field} in {names[moved.side]}: was {brief(moved.planned)}, now {brief(moved.now)}"
    for operation in stale.instead:
        fields = ", ".join(c.field for c in operation.changes) if operation.action == "update" else ""
        yield f"planned now: {operation.action} in {names[operation.side]}{f' ({fields})' if fields else ''}"
    if not stale.instead and not stale.states:
        yield "nothing is to be done about it any more"


def stale_document(stale: StaleLine) -> dict[str, Any]:
    """Write a stale line as JSON, with what changed since."""
    line = {key: stale.line.get(key) for key in ("mapping", "action", "side", "source", "target", "fingerprint")}
    return line | {
        "changed": [
            {"field": m.field, "side": m.side, "record": m.record, "planned": m.planned, "now": m.now}
            for m in stale.moved
        ],
        "records": [{"side": side, "record": record, "state": kind} for side, record, kind in stale.states],
        "instead": [
            {
                "action": o.action,
                "side": o.side,
                "fields": [c.field for c in o.changes],
                "fingerprint": spell(o.fingerprint),
            }
            for o in stale.instead
        ],
    }
