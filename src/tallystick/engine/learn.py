"""Learn the rules of a side from what it refused: read the refused records again, compare them with accepted ones.

A refused record is read at the time of asking, so that no value of it has to be kept; one that was changed since it was
refused tells nothing any more. What was accepted is what both sides agreed on: the bases of linked records.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tallystick.core.compile import compile_mapping
from tallystick.core.error import DataError
from tallystick.core.learned import Evidence, Guess, guess_rule, is_blank, rule_of
from tallystick.core.path import render
from tallystick.core.ports import Flow, Position, Sighting
from tallystick.core.record import UNKNOWN, Fields, Side, encode_fields, fingerprint, other
from tallystick.core.refusal_vocabulary import Kind
from tallystick.core.refusal_words import Complaint, own_words, understand
from tallystick.core.refused import REFUSED, RefusedReason, masked, without_values
from tallystick.core.rule import Rule
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.pair import End, Pair
from tallystick.engine.send import read_sightings

MOST_REFUSED: Final = 400
"""So many refused records of a side are read again, the newest ones, and of those refused in like words:"""
MOST_ALIKE: Final = 20
MOST_ACCEPTED: Final = 10_000
"""So many linked records are compared with, evenly spread."""
_MOST_LOOKED_AT: Final = 20_000
_NUMBERS: Final = re.compile(r"[\d.,]+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be learned of one field of a side: the rule that fits, if any does, and the evidence for it.

    ``said`` is what the system said, without values. ``refused`` and ``accepted`` count the records compared,
    ``examples`` are ids of refused ones, ``count`` all refusals so far, ``first`` and ``last`` when (seconds UTC).
    """

    pair: str
    side: Side
    field: str
    kind: Kind
    said: str
    guess: Guess | None
    rule: Rule | None
    refused: int
    accepted: int
    count: int
    first: float
    last: float
    examples: tuple[str, ...]
    reasons: tuple[RefusedReason, ...]

    @property
    def key(self) -> str:
        """The name that it is answered by: ``mapping/side/field/kind``."""
        return "/".join(part for part in (self.pair, self.side, self.field, self.kind) if part)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One refused record as it is now, with the words it was refused with."""

    record: str
    since: float
    fields: Fields
    complaint: Complaint
    at: int


def learn(pair: Pair, side: Side, *, lists: bool = True) -> Flow[list[Candidate]]:
    """Learn what ``side`` refuses. Asks the other system for the refused records, for nothing where there are none.

    ``lists`` lets it read all of a system that gives no single records; else nothing is learned there.
    """
    end, source = pair.end(side), pair.end(other(side))
    reasons = yield from effects.look(lambda tx: [r for r in tx.refusals(pair.name) if r.side == side])
    if not reasons or not (lists or source.can.read_by_id):
        return []
    told = yield from effects.look(lambda tx: _told(tx, pair, source.side, reasons))
    fields = yield from _read_again(pair, source, {record: seen for record, _, _, seen, _ in told})
    refusals = [
        _Refusal(record, since, fields[record], complaint, at)
        for record, since, field, _, text in told
        if record in fields
        for complaint, at in _complaints(pair, end, text, field, fields[record])
    ]
    accepted = yield from effects.look(lambda tx: _accepted(tx, pair, source))
    groups: dict[tuple[int, Kind], list[_Refusal]] = {}
    for refusal in refusals:
        kind = _kind_of(refusal.complaint, refusal.fields[refusal.at])
        groups.setdefault((refusal.at, kind), []).append(refusal)
    made = [_candidate(pair, side, at, kind, found, accepted, reasons) for (at, kind), found in groups.items()]
    return sorted((c for c in made if c is not None), key=lambda c: (-c.count, c.key))


def learned_rules(candidates: Sequence[Candidate]) -> list[Rule]:
    """Give the rules that fit."""
    return [candidate.rule for candidate in candidates if candidate.rule is not None]


def with_rules(pair: Pair, rules: Sequence[Rule]) -> Pair:
    """Give a pair whose writes are held against further rules as well; it is the same in all else."""
    if not rules:
        return pair
    mapping = replace(pair.mapping, rules=(*pair.mapping.rules, *rules))
    left, right = compile_mapping(mapping)
    return replace(pair, mapping=mapping, left=replace(pair.left, codec=left), right=replace(pair.right, codec=right))


_Told = tuple[str, float, str, int | None, str]


def _told(tx: StoreTx, pair: Pair, source: Side, reasons: Sequence[RefusedReason]) -> list[_Told]:
    """Give (record, since, the target's field, digest of what was refused, words) of what is still known."""
    parked = [q for q in tx.quarantine(pair.name) if q.side == source and q.code in REFUSED]
    found: list[_Told] = [
        (q.record, q.since, q.field, q.left_seen if source == "left" else q.right_seen, q.message) for q in parked
    ]
    known = {q.record for q in parked}
    found += [(r.record, r.last, r.field, r.seen, r.said) for r in reasons if r.record and r.record not in known]
    alike: Counter[tuple[str, str]] = Counter()
    chosen: list[_Told] = []
    for told in sorted(found, key=lambda told: -told[1])[:_MOST_LOOKED_AT]:
        group = (told[2], masked(_NUMBERS.sub("", told[4])))
        alike[group] += 1
        if alike[group] <= MOST_ALIKE:
            chosen.append(told)
    return chosen[:MOST_REFUSED]


def _read_again(pair: Pair, source: End, wanted: dict[str, int | None]) -> Flow[dict[str, Fields]]:
    """Read records by id, or else all and pick them out; those that are still as they were when they were refused."""
    sightings: list[Sighting] = []
    if source.can.read_by_id:
        flows = [source.connector.get(source.object, record) for record in wanted]
        answers: Sequence[Any] = (yield from effects.call_all(source.system, flows)) if flows else ()
        sightings = [found for found in answers if isinstance(found, Sighting)]
    else:
        sightings = yield from _pick_out(source, wanted)
    read = yield from read_sightings(pair, source, sightings)
    return {
        sighting.id: fields
        for sighting, fields in zip(sightings, read, strict=True)
        if not isinstance(fields, DataError)
        and (wanted[sighting.id] is None or wanted[sighting.id] == fingerprint(encode_fields(fields)))
    }


def _pick_out(source: End, wanted: Collection[str]) -> Flow[list[Sighting]]:
    found: dict[str, Sighting] = {}
    position: Position | None = None
    while len(found) < len(wanted):
        page = yield from effects.call(source.system, source.connector.read(source.object, None, position))
        for row in page.rows:
            try:
                sighting = source.connector.sight(source.object, row)
            except DataError:
                continue
            if sighting.id in wanted:
                found[sighting.id] = sighting
        if page.next is None or page.next == position:
            break
        position = page.next
    return list(found.values())


def _accepted(tx: StoreTx, pair: Pair, source: End) -> list[Fields]:
    """Give what was agreed of linked records as the source has it."""
    linked = tx.linked_bindings(pair.name)
    step = max(1, -(-len(linked) // MOST_ACCEPTED))
    state = tx.pair_state(pair.name)
    names = state.names if state is not None else pair.mapping.names
    legs = [binding.leg(source.side) for binding in tx.bindings(linked[::step]).values()]
    bases = (pair.base(leg.base, leg.shape, names) for leg in legs)
    return [base for base in bases if base is not None]


def _complaints(pair: Pair, end: End, text: str, field: str, fields: Fields) -> Iterator[tuple[Complaint, int]]:
    """Give what was said of each field of the mapping, read without the value that was refused."""
    paths = {render(place.path): i for i, place in enumerate(end.places) if place.path}
    paths |= {render(path): i for i, place in enumerate(end.places) for path, _ in place.inverse}
    for complaint in understand(text, field, paths):
        at = _index(pair, complaint.field, paths)
        if at is None:
            continue
        plain = without_values(text, [fields[at]])
        again = [c for c in understand(plain, field, paths) if c.field == complaint.field]
        yield (again[0] if again else complaint), at


def _index(pair: Pair, field: str, paths: dict[str, int]) -> int | None:
    """Translate the target's path to the mapping's field; of several columns the first that is mapped counts."""
    for name in field.split(","):
        steps = name.strip().split(".")
        for at in range(len(steps)):
            found = paths.get(".".join(steps[at:]))
            if found is not None:
                return found
        if name in pair.mapping.names:
            return pair.mapping.names.index(name)
    return None


def _kind_of(complaint: Complaint, value: Any) -> Kind:
    """Give the kind of a complaint as the value shows it: no value can only be missed, a value cannot be missing."""
    if complaint.kind in {"unique", "reference"}:
        return complaint.kind
    if is_blank(value):
        return "required"
    return "other" if complaint.kind == "required" else complaint.kind


def _candidate(
    pair: Pair, side: Side, at: int, kind: Kind, found: Sequence[_Refusal], accepted: Sequence[Fields],
    reasons: Sequence[RefusedReason],
) -> Candidate | None:  # fmt: skip
    names = pair.mapping.names
    mine = _reasons_of(pair, pair.end(side), at, reasons)
    dropped = max((r.dropped for r in mine if r.dropped is not None), default=None)
    if dropped is not None and not any(r.since > dropped for r in found):
        return None
    rows = tuple({r.record: r.fields for r in found if r.fields[at] is not UNKNOWN}.values())
    written = [rule for rule in pair.mapping.rules if rule.field == names[at] and side in rule.sides]
    if not rows or all(
        any(rule.is_broken(row[at], dict(zip(names, row, strict=True))) for rule in written) for row in rows
    ):
        return None  # nothing of it is left, or a person wrote it already
    complaints = tuple(dict.fromkeys(r.complaint for r in found))
    guess = guess_rule(kind, Evidence(names, at, rows, accepted, complaints))
    known = [row for row in accepted if row[at] is not UNKNOWN]
    return Candidate(
        pair.name, side, names[at], kind, own_words(mine[-1].said) if mine else "",
        guess, rule_of(names[at], guess.settings, names, side) if guess else None, len(rows), len(known),
        max(sum(r.count for r in mine), len(rows)), min((r.first for r in mine), default=found[0].since),
        max((r.last for r in mine), default=found[0].since), tuple(sorted({r.record for r in found})), tuple(mine),
    )  # fmt: skip


def _reasons_of(pair: Pair, end: End, at: int, reasons: Sequence[RefusedReason]) -> list[RefusedReason]:
    """Give the kept reasons that are about a field, oldest first."""
    paths = {render(place.path): i for i, place in enumerate(end.places) if place.path}
    return [
        reason
        for reason in sorted(reasons, key=lambda r: r.last)
        if any(_index(pair, c.field, paths) == at for c in understand(reason.said, reason.field, paths))
    ]
