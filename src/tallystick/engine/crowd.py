"""Who shares match keys with the records in hand: on the scratch paper and in the store, on both sides.

A key that too many records of a side share says nothing about who they are, so it counts as none (R-9.2).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tallystick.core.binding import LegFact
from tallystick.core.matching import Candidate, Keys, Match, match, unpack_keys
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, Side, other
from tallystick.engine import effects
from tallystick.engine.pair import Pair
from tallystick.engine.session import LIVE, Session


@dataclass(slots=True)
class Crowd:
    """Who shares keys with a batch of records: by (rule, hash) and side, only of keys that several records have.

    ``common`` are the keys that so many share that they say nothing (R-9.2).
    """

    by_key: dict[tuple[int, int], dict[Side, list[Candidate]]]
    common: frozenset[tuple[int, int]] = frozenset()

    def match(self, pair: Pair, side: Side, record_id: str, keys: Keys) -> Match:
        """Find the counterpart of a record of ``side``."""
        if not (self.by_key or self.common):
            return _match_nobody(pair, keys)
        telling = self.telling(keys)
        found = self._match(pair, side, record_id, telling)
        if found.kind == "keyless" and len(telling) < len(keys):
            return Match("keyless", rule=min(n for n in keys if n not in telling))
        return found

    def _match(self, pair: Pair, side: Side, record_id: str, keys: Keys) -> Match:
        shared = [found for key in keys.items() if (found := self.by_key.get(key)) is not None]
        if not shared:
            # Nearly all records of a first load.
            return _match_nobody(pair, keys)
        twins = {c.id: c for found in shared for c in found[side] if c.id != record_id}
        others = {c.id: c for found in shared for c in found[other(side)]}
        return match(pair.mapping.match, keys, list(twins.values()), list(others.values()))

    def telling(self, keys: Keys) -> Keys:
        """Leave out the keys that say nothing."""
        return {n: h for n, h in keys.items() if (n, h) not in self.common} if self.common else keys


def _match_nobody(pair: Pair, keys: Keys) -> Match:
    return _ALONE if max(keys, default=-1) >= 0 or not pair.mapping.match else _KEYLESS


KeyRows = Mapping[Side, Sequence[tuple[int, int, str]]]
_ALONE: Final = Match("none")
_KEYLESS: Final = Match("keyless")


def gather(session: Session, pair: Pair, keys: Mapping[str, Keys]) -> Flow[Crowd]:
    """Find everybody, on both sides, who shares a key with these records: on the scratch paper and in the store."""
    wanted = sorted({item for own in keys.values() for item in own.items()})
    if not wanted:
        return Crowd({})
    scratch = session.scratch(pair)
    stored = yield from effects.look(lambda tx: {s: tx.find_keys(pair.name, s, wanted) for s in SIDES})
    # Nearly all keys of a first load belong to one record alone, and need not be asked for.
    shared = sorted(scratch.find_repeated(wanted) | {(rule, h) for s in SIDES for rule, h, _ in stored[s]})
    noted = {s: scratch.find_keys(s, shared) for s in SIDES} if shared else {s: [] for s in SIDES}
    holders = Counter((rule, h) for s in SIDES for rule, h, _ in (*noted[s], *stored[s]))
    contested = {key for key, number in holders.items() if number > 1}
    if not contested:
        return Crowd({})
    common = _find_common(pair, holders, noted, stored)
    contested -= common
    ids = {s: sorted({i for rule, h, i in (*noted[s], *stored[s]) if (rule, h) in contested}) for s in SIDES}
    facts = yield from effects.look(lambda tx: {s: tx.leg_facts(pair.name, s, ids[s]) for s in SIDES})
    former = yield from effects.look(lambda tx: {s: tx.former(pair.name, s, ids[s]) for s in SIDES})
    numbers = sorted({f.binding for s in SIDES for f in facts[s].values() if f.state in LIVE})
    paired = yield from effects.look(lambda tx: [tx.ids_of(pair.name, s, numbers) for s in SIDES])
    by_key: dict[tuple[int, int], dict[Side, list[Candidate]]] = {key: {s: [] for s in SIDES} for key in contested}
    for s in SIDES:
        again = scratch.sights(s, ids[s])
        held: dict[str, dict[int, int]] = {}
        for rule, h, record in stored[s]:
            held.setdefault(record, {})[rule] = h
        for record in ids[s]:
            row = again.get(record)
            # What was seen in this run replaces what the store remembers of the same record, if any keys were seen.
            is_told = row is not None and (row[8] is not None or row[2] == "gone")
            own: Keys = unpack_keys(row[8]) if row is not None and is_told else held.get(record, {})
            if row is not None and row[9] is not None:
                own = {**held.get(record, {}), **own}
            own = {n: h for n, h in own.items() if (n, h) not in common}
            is_bad = (row is not None and row[2] == "bad") or record in former[s]
            candidate = _candidate(record, own, facts[s].get(record), paired, is_bad=is_bad)
            for key in own.items():
                if key in contested:
                    by_key[key][s].append(candidate)
    return Crowd(by_key, common)


def _find_common(
    pair: Pair, holders: Counter[tuple[int, int]], noted: KeyRows, stored: KeyRows
) -> frozenset[tuple[int, int]]:
    """Find the keys that more records of a side share than their rule lets say who they are."""
    rules = pair.mapping.match
    many = {(n, h) for (n, h), number in holders.items() if n >= 0 and rules[n].is_too_common(number)}
    found: set[tuple[int, int]] = set()
    for side in SIDES if many else ():
        records = {row for row in (*noted[side], *stored[side]) if row[:2] in many}
        counts = Counter((n, h) for n, h, _ in records)
        found |= {(n, h) for (n, h), count in counts.items() if rules[n].is_too_common(count)}
    return frozenset(found)


def _candidate(
    record: str, keys: Keys, fact: LegFact | None, paired: Sequence[Mapping[int, str]], *, is_bad: bool
) -> Candidate:
    """Nobody is linked to a record that cannot be read, or whose pairing ended: it came back, which is a question."""
    if fact is None:
        return Candidate(record, keys, is_barred=is_bad)
    if fact.state not in LIVE:
        return Candidate(record, keys, is_barred=True)
    both = tuple(of_side[fact.binding] for of_side in paired if fact.binding in of_side)
    return Candidate(record, keys, fact.binding, paired=both)
