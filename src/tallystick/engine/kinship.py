"""Records of a pair that point to others of the same pair: trees arrive and leave in one run (R-13.5).

A child's body needs its parent's id, and the parent of a new child may itself be new. So unpaired records are decided
wave by wave, parents first; a pairing that is only planned has a negative number, and what points to it is completed
when the parent is really there. Deletions go the other way, the deepest first.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from tallystick.core.mapping import Refs
from tallystick.core.plan import PHASES
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, Fields, Ref, Side, decode_fields, encode_fields, other
from tallystick.engine.draft import make_step, writing_refs
from tallystick.engine.line import Line, Seen, Step
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import Pair
from tallystick.engine.session import Session, SightRow


def with_kin(session: Session, pair: Pair, row: SightRow) -> SightRow:
    """Let a sighted record point to pairings of its own pair that this run has planned."""
    if not pair.refers_to_itself or row[3] is None:
        return row
    fields = decode_fields(row[3])
    known = tuple(_known(session, pair, v) for v in fields)
    return row if known == fields else (*row[:3], encode_fields(known), *row[4:])


def _known(session: Session, pair: Pair, value: object) -> object:
    if isinstance(value, Ref) and value.binding is None and value.pair == pair.name:
        number = session.own.get((value.pair, value.side, value.id))
        return value if number is None else Ref(value.pair, number)
    return value


def split_waiting(
    session: Session, pair: Pair, side: Side, rows: Sequence[SightRow]
) -> tuple[list[SightRow], list[SightRow]]:
    """Part unpaired records into those that can be decided and those whose parent is yet to be decided."""
    parents = {row[0]: _parents(pair, side, row) for row in rows}
    open_ones = session.scratch(pair).untaken(side, sorted({p for found in parents.values() for p in found}))
    waiting = {record for record, found in parents.items() if found & (open_ones - {record})}
    return [r for r in rows if r[0] not in waiting], [r for r in rows if r[0] in waiting]


def _parents(pair: Pair, side: Side, row: SightRow) -> set[str]:
    fields = decode_fields(row[3]) if row[3] is not None else ()
    refs = [v for v in fields if isinstance(v, Ref) and v.pair == pair.name and v.binding is None]
    return {v.id for v in refs if v.side == side}


def points_to_planned(encoded: Iterable[bytes | None]) -> bool:
    """Tell whether any of these records points to a pairing that is only planned."""
    return any(n < 0 for record in encoded if record for n in _numbers(decode_fields(record)))


def _numbers(fields: Fields) -> set[int]:
    return {v.binding for v in fields if isinstance(v, Ref) and v.binding is not None}


def realise(session: Session, pair: Pair, outcome: Outcome, lines: Sequence[Line]) -> Flow[list[Line]]:
    """Complete the lines that point to pairings which were only planned; leave those whose parent did not come."""
    if not any(line.is_pending for line in lines):
        return list(lines)
    ready: list[Line] = []
    for line in lines:
        if line.is_pending and not _replace_planned(line, session.real):
            outcome.leave(line, SIDES, "its parent is not there yet")
            continue
        ready.append(line)
    refs = yield from writing_refs(pair, [s.fields for line in ready if line.is_pending for s in line.steps])
    complete: list[Line] = []
    for line in ready:
        if line.is_pending:
            made = [_made_anew(pair, step, refs[step.side], line.seen(other(step.side)).id) for step in line.steps]
            if any(step is None for step in made):
                outcome.leave(line, SIDES, "its parent is not there yet")
                continue
            line.steps = tuple(step for step in made if step is not None)
        complete.append(line)
    return complete


def _replace_planned(line: Line, real: Mapping[int, int]) -> bool:
    blobs = [line.left.fields, line.right.fields, *(s.fields for s in line.steps)]
    planned = {n for b in blobs if b for n in _numbers(decode_fields(b)) if n < 0}
    if not planned <= real.keys():
        return False
    line.left, line.right = (_seen(seen, real) for seen in (line.left, line.right))
    line.steps = tuple(Step(s.side, s.op, _bound(s.fields, real), s.which, s.body, s.pre_version) for s in line.steps)
    return True


def _seen(seen: Seen, real: Mapping[int, int]) -> Seen:
    fields = _bound(seen.fields, real) if seen.fields else None
    return Seen(seen.id, seen.version, seen.modified, seen.raw_hash, fields, None)


def _bound(encoded: bytes, real: Mapping[int, int]) -> bytes:
    return encode_fields(
        Ref(v.pair, real.get(v.binding, v.binding)) if isinstance(v, Ref) and v.binding is not None else v
        for v in decode_fields(encoded)
    )


def _made_anew(pair: Pair, step: Step, refs: Refs, origin: str | None) -> Step | None:
    fields = decode_fields(step.fields)
    made, _ = make_step(pair.end(step.side), step.op, fields, step.which, refs, step.pre_version, origin=origin)
    return made


def order_deletions(session: Session, pair: Pair, outcome: Outcome) -> None:
    """Let the deletions of a tree begin with its leaves."""
    if outcome.falling:
        depth = depths(outcome.falling)
        deepest = max(depth.values())
        session.scratch(pair).order_lines(PHASES["delete"], {number: deepest - d for number, d in depth.items()})


def note_fall(session: Session, pair: Pair, outcome: Outcome, line: Line) -> None:
    """Note which records are to be deleted, and whom they point to."""
    session.falls.note(pair.name, line.binding, [(step.side, step.op) for step in line.steps])
    if pair.refers_to_itself and line.action in {"delete", "archive"}:
        encoded = line.seen(line.steps[0].side).fields
        fields = decode_fields(encoded) if encoded else ()
        refs = [v for v in fields if isinstance(v, Ref) and v.pair == pair.name and v.binding is not None]
        outcome.falling[line.binding] = {v.binding for v in refs if v.binding is not None}


def depths(parents: Mapping[int, Collection[int]]) -> dict[int, int]:
    """Give for each binding to be deleted how many of its ancestors are to be deleted too; a ring counts once."""
    found: dict[int, int] = {}
    for start in parents:
        path: list[int] = []
        here: int | None = start
        while here is not None and here not in found and here not in path:
            path.append(here)
            here = next((p for p in parents[here] if p in parents), None)
        depth = found.get(here, -1) if here is not None else -1
        for at in reversed(path):
            depth += 1
            found[at] = depth
    return found
