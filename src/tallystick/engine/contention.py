"""Keep two mappings from writing one field of one record in turn: the second is asked about instead (R-13.2).

Three signs: another mapping writes something else there in this run; this one writes there for the first time although
another has agreed on something else; and it was asked about before and the two still differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tallystick.core import path
from tallystick.core.binding import Binding, QueueItem
from tallystick.core.contention import find_contests
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, UNKNOWN, Fields, Side, decode_fields, decode_raw, same
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.line import Line, Step
from tallystick.engine.pair import Pair

Field = tuple[str, Side, int]  # pair, side, index of the field
Holders = Mapping[tuple[str, Side, str], Binding]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a mapping writes to one place of one record in this run, as the system gets it."""

    pair: str
    value: object


@dataclass(slots=True)
class Contention:
    """Which fields of the run's pairs have rivals, and what was claimed so far."""

    rivals: dict[Field, list[tuple[Pair, Side, int]]] = field(default_factory=dict)
    _claims: dict[tuple[str, str, str, path.Path], Claim] = field(default_factory=dict)

    def note_pairs(self, pairs: Sequence[Pair]) -> None:
        """Find out which fields of these pairs several of them write."""
        by_name = {pair.name: pair for pair in pairs}
        for contest in find_contests([pair.mapping for pair in pairs]):
            one = (by_name[contest.mapping.name], contest.side, _index(contest.mapping.names, contest.field.name))
            two = (by_name[contest.rival.name], contest.its_side, _index(contest.rival.names, contest.its_field.name))
            if one[0].name != two[0].name:
                self.rivals.setdefault((one[0].name, *one[1:]), []).append(two)
                self.rivals.setdefault((two[0].name, *two[1:]), []).append(one)

    def is_about(self, pair: Pair) -> bool:
        """Whether any field of a pair has a rival."""
        return any(name == pair.name for name, _, _ in self.rivals)

    def find_holders(self, pair: Pair, ids: Mapping[Side, Sequence[str]]) -> Flow[Holders]:
        """Load the pairings in which rivals have these records, with what they agreed on."""
        wanted = {
            (rival.name, its_side, side)
            for (name, side, _), rivals in self.rivals.items()
            if name == pair.name
            for rival, its_side, _ in rivals
        }
        if not wanted:
            return {}
        return (yield from effects.look(lambda tx: _holders(wanted, ids, tx)))

    def claim(self, pair: Pair, line: Line) -> None:
        """Note what a planned line writes where rivals may write, too."""
        for step in line.steps:
            for i in _contested(self, pair, step):
                key = _key(pair, line, step, i)
                self._claims.setdefault(key, Claim(pair.name, path.read(decode_raw(step.body), key[3])))

    def contested(
        self, pair: Pair, line: Line, bases: Mapping[Side, Fields | None], asked: Sequence[QueueItem], holders: Holders
    ) -> dict[Side, dict[int, str]]:
        """Name the fields that a line may not write, by side, and why."""
        found: dict[Side, dict[int, str]] = {}
        standing = {q.field for q in asked if q.kind == "contention"}
        for step in line.steps:
            for i in _contested(self, pair, step):
                claim = self._claims.get(_key(pair, line, step, i))
                raw = path.read(decode_raw(step.body), pair.end(step.side).places[i].path)
                if claim is not None and claim.pair != pair.name and claim.value != raw:
                    found.setdefault(step.side, {})[i] = _why(claim.pair)
                    continue
                base = bases[step.side]
                is_first = base is None or base[i] is UNKNOWN
                if is_first or pair.mapping.names[i] in standing:
                    rival = self._holding_otherwise(pair, line, step, i, holders)
                    if rival:
                        found.setdefault(step.side, {})[i] = _why(rival)
        return found

    def _holding_otherwise(self, pair: Pair, line: Line, step: Step, i: int, holders: Holders) -> str:
        """Name a rival that agreed on another value for this place of this record."""
        value = decode_fields(step.fields)[i]
        for rival, its_side, its in self.rivals[pair.name, step.side, i]:
            binding = holders.get((rival.name, its_side, line.seen(step.side).id or ""))
            leg = binding.leg(its_side) if binding is not None else None
            base = rival.base(leg.base, leg.shape, rival.mapping.names) if leg is not None else None
            if base is not None and base[its] is not UNKNOWN and not same(base[its], value):
                return rival.name
        return ""


def _index(names: Sequence[str], name: str) -> int:
    return list(names).index(name)


def _why(rival: str) -> str:
    return f"the mapping '{rival}' writes something else to the same field of the same record"


def _contested(contention: Contention, pair: Pair, step: Step) -> list[int]:
    return [i for i in step.which if step.op == "update" and (pair.name, step.side, i) in contention.rivals]


def _key(pair: Pair, line: Line, step: Step, i: int) -> tuple[str, str, str, path.Path]:
    end = pair.end(step.side)
    return end.system, end.object, line.seen(step.side).id or "", end.places[i].path


def _holders(
    wanted: set[tuple[str, Side, Side]], ids: Mapping[Side, Sequence[str]], tx: StoreTx
) -> dict[tuple[str, Side, str], Binding]:
    found: dict[tuple[str, Side, str], Binding] = {}
    for rival, its_side, side in sorted(wanted):
        facts = tx.leg_facts(rival, its_side, list(ids.get(side, ())))
        numbers = {fact.binding: record for record, fact in facts.items() if fact.state == "linked"}
        for number, binding in tx.bindings(sorted(numbers)).items():
            found[rival, its_side, numbers[number]] = binding
    return found


def ids_by_side(
    rows: Mapping[tuple[int, Side], Sequence[object]], bindings: Mapping[int, Binding]
) -> dict[Side, list[str]]:
    """Give the ids of both records of these bindings, by side."""
    numbers = {number for number, _ in rows}
    return {
        side: sorted(record for n in numbers if n in bindings and (record := bindings[n].leg(side).id) is not None)
        for side in SIDES
    }
