"""Foresee what a system deletes by itself when this run deletes the record that others belong to (R-12.4).

    deleted here as well, or pointed elsewhere    its line goes first, then the record it belonged to
    as agreed, and the mapping says what then     a line of its own: counted, braked and kept like every deletion
    edited, out of scope, paired with nobody      the deletion is not carried out, a person is asked
    not seen in this run                          the deletion waits

Where the system can be asked who points to a record, it is asked; else what was agreed and seen has to do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tallystick.core import path
from tallystick.core.binding import Binding, LegFact
from tallystick.core.cascade import let_fall
from tallystick.core.error import DataError, Error
from tallystick.core.mapping import Refs
from tallystick.core.observation import Present, unchanged
from tallystick.core.ports import Flow, NotThere, Sighting
from tallystick.core.record import SIDES, Fields, Raw, Ref, Side, decode_fields, other
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.draft import Draft
from tallystick.engine.falling import Key
from tallystick.engine.kinship import note_fall, order_deletions
from tallystick.engine.line import Line, Seen, decode_line
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import End, Pair, resolve_refs
from tallystick.engine.session import LIVE, Session

BATCH: Final = 1000
MOST_ASKED: Final = 200  # records about which a system is asked who points to them, one request each
NAMED: Final = 5
GONE_WORD: Final = "paired with nobody"


@dataclass(slots=True)
class Hangers:
    """Who points to records that are to be deleted: paired ones by binding, with that record's; others by record."""

    paired: dict[int, int] = field(default_factory=dict)
    lone: dict[int, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """A reference of a pair: of which side, which field, to which mapping."""

    side: Side
    index: int
    target: str


def foresee(session: Session, pair: Pair, outcome: Outcome) -> Flow[None]:
    """Look for what would fall with the deletions planned so far; plan it, or spare what would bring it down."""
    for side in SIDES:
        for index, target in pair.end(side).cascading:
            known: set[int] = set()
            while fresh := session.falls.planned.get((target, side), set()) - known:
                known |= fresh
                yield from _foresee(session, pair, outcome, Link(side, index, target), fresh)
    order_deletions(session, pair, outcome)


def spare_unseen(session: Session, pair: Pair) -> None:
    """Let wait what might take records of a pair along that could not be observed."""
    for side in SIDES:
        for _, target in pair.end(side).cascading:
            for number in session.falls.planned.get((target, side), ()):
                session.falls.spare((target, side, number), "")


def _foresee(session: Session, pair: Pair, outcome: Outcome, link: Link, falling: set[int]) -> Flow[None]:
    numbers = sorted(falling)
    ids: Mapping[int, str] = yield from effects.look(lambda tx: tx.ids_of(link.target, link.side, numbers))
    end = pair.end(link.side)
    can_ask = path.render(end.places[link.index].path) in end.can.searchable and len(ids) <= MOST_ASKED
    if can_ask:
        hangers = yield from _ask_system(session, pair, link, ids)
    else:
        hangers = yield from _search_bases(session, pair, link, falling)
    why: dict[int, dict[str, list[str]]] = {
        number: {GONE_WORD: sorted(records)} for number, records in hangers.lone.items()
    }
    children = sorted(hangers.paired)
    for start in range(0, len(children), BATCH):
        chunk = children[start : start + BATCH]
        bindings = yield from effects.look(partial(_bindings, chunk))
        verdicts = yield from _judge(session, pair, outcome, link, bindings, hangers)
        for number, word in verdicts.items():
            record = bindings[number].leg(link.side).id or ""
            why.setdefault(hangers.paired[number], {}).setdefault(word, []).append(record)
    for number, words in sorted(why.items()):
        asked = {word: records for word, records in words.items() if word}
        session.falls.spare((link.target, link.side, number), _told(pair, link.side, asked) if asked else "")


def _told(pair: Pair, side: Side, words: Mapping[str, Sequence[str]]) -> str:
    end = pair.end(side)
    parts = []
    for word, records in sorted(words.items()):
        more = f" and {len(records) - NAMED} more" if len(records) > NAMED else ""
        parts.append(f"{', '.join(sorted(records)[:NAMED])}{more} ({word})")
    return f"{end.system} would delete of {end.object} as well: {'; '.join(parts)}"


# --- who points to it ------------------------------------------------------------------------------------------------


def _ask_system(session: Session, pair: Pair, link: Link, ids: Mapping[int, str]) -> Flow[Hangers]:
    """Ask the system who points to these records, and believe it only where the answer says so itself."""
    end, found = pair.end(link.side), Hangers()
    place = end.places[link.index].path
    asked = sorted(ids.items())
    flows = [end.connector.find(end.object, place, _spelled(end, place, record)) for _, record in asked]
    answers: Sequence[Sequence[Sighting] | Error] = yield from effects.call_all(end.system, flows)
    hits: dict[str, int] = {}
    for (number, record), answer in zip(asked, answers, strict=True):
        if isinstance(answer, Error):
            session.falls.spare((link.target, link.side, number), "")
            continue
        hits |= {s.id: number for s in answer if not s.deleted and str(path.read(s.record, place)) == record}
    facts: Mapping[str, LegFact] = yield from effects.look(lambda tx: tx.leg_facts(pair.name, link.side, sorted(hits)))
    for record, number in hits.items():
        fact = facts.get(record)
        if fact is not None and fact.state in LIVE:
            found.paired[fact.binding] = number
        else:
            found.lone.setdefault(number, []).append(record)
    return found


def _spelled(end: End, place: path.Path, record: str) -> object:
    declared = end.connector.schema(end.object).by_path.get(path.render(place))
    is_number = declared is not None and declared.type in {"integer", "number"}
    return int(record) if is_number and record.removeprefix("-").isdecimal() else record


def _search_bases(session: Session, pair: Pair, link: Link, falling: set[int]) -> Flow[Hangers]:
    """Look through everything that is paired, as it was agreed or seen in this run, and through what is not."""
    found, scratch = Hangers(), session.scratch(pair)
    linked = yield from effects.look(lambda tx: tx.linked_bindings(pair.name))
    numbers = [*linked, *sorted(session.dormant.get(pair.name, {}))]
    for start in range(0, len(numbers), BATCH):
        bindings: Mapping[int, Binding] = yield from effects.look(partial(_bindings, numbers[start : start + BATCH]))
        ids = [record for b in bindings.values() if (record := b.leg(link.side).id) is not None]
        rows = scratch.sights(link.side, ids)
        for number, binding in bindings.items():
            leg = binding.leg(link.side)
            row = rows.get(leg.id or "")
            seen = decode_fields(row[3]) if row is not None and row[3] else None
            target = _target(seen or pair.base(leg.base, leg.shape, pair.mapping.names), link)
            if target in falling:
                found.paired[number] = target
    for rows_of in scratch.unbound(link.side, BATCH):
        for row in rows_of:
            target = _target(decode_fields(row[3]) if row[3] else None, link)
            if target in falling:
                found.lone.setdefault(target, []).append(row[0])
    return found


def _target(fields: Fields | None, link: Link) -> int:
    value = fields[link.index] if fields else None
    return value.binding or 0 if isinstance(value, Ref) else 0


def _bindings(numbers: Sequence[int], tx: StoreTx) -> dict[int, Binding]:
    return tx.bindings(numbers)


# --- what becomes of it ----------------------------------------------------------------------------------------------


def _judge(
    session: Session, pair: Pair, outcome: Outcome, link: Link, bindings: Mapping[int, Binding], hangers: Hangers
) -> Flow[dict[int, str]]:
    """Let go first what goes by itself, plan what the mapping lets fall; give why the others stay, empty to wait."""
    falls = session.falls
    lines = {line.binding: line for line in map(decode_line, session.scratch(pair).lines_of(list(bindings)))}
    busy = session.unresolved[pair.name].bindings if pair.name in session.unresolved else set()
    verdicts: dict[int, str] = {}
    quiet: list[Binding] = []
    for number, binding in bindings.items():
        child: Key = (pair.name, link.side, number)
        parent: Key = (link.target, link.side, hangers.paired[number])
        if number in busy:
            verdicts[number] = ""
        elif number in lines and _gets_out_of_the_way(lines[number], link):
            falls.lean(child, parent)
        elif number in lines or binding.state != "linked" or number in session.open_bindings(pair):
            verdicts[number] = _word(lines.get(number), binding)
        else:
            quiet.append(binding)
    wish = pair.mapping.fields[link.index].policy.on_cascade
    asked_before = {n for n, items in _asked(session, link).items() if "cascade" in items}
    draft = Draft(session, pair, outcome)
    seen = yield from _read_both(session, pair, quiet)
    for binding in quiet:
        both = seen.get(binding.id)
        parent = (link.target, link.side, hangers.paired[binding.id])
        if both is None:
            verdicts[binding.id] = ""
            continue
        deletes = [s for s in SIDES if pair.end(s).can.delete]
        present = (both[0][1], both[1][1])
        decision = None if parent[2] in asked_before else let_fall(wish, link.side, present, deletes)
        if decision is None:
            verdicts[binding.id] = f"still there on {pair.end(other(link.side)).system}"
            continue
        refs = {s: Refs() for s in SIDES}
        line = draft.line(binding, decision, both[0][0], both[1][0], refs, ())
        line.steps = tuple(sorted(line.steps, key=lambda step: step.side != link.side))
        note_fall(session, pair, outcome, line)
        draft.add(line)
        if line.steps and line.steps[0].side == link.side:
            falls.lean((pair.name, link.side, binding.id), parent)
    yield from draft.save()
    return verdicts


def _gets_out_of_the_way(line: Line, link: Link) -> bool:
    """Whether a line deletes the record, or lets it point to somebody else, before anything falls."""
    for step in line.steps:
        if step.side == link.side and step.op == "delete":
            return True
        if step.side == link.side and step.op == "update" and link.index in step.which:
            return True
    return False


def _word(line: Line | None, binding: Binding) -> str:
    if binding.state != "linked":
        return "out of scope"
    if line is not None and any(step.op == "archive" for step in line.steps):
        return "to be archived only"
    if line is not None and line.asks:
        return "a question about it is open"
    return "edited" if line is not None else "it waits for somebody"


def _asked(session: Session, link: Link) -> dict[int, set[str]]:
    standing = session.standing.get(link.target)
    return {n: {q.kind for q in items} for n, items in standing.questions.items()} if standing else {}


def _read_both(
    session: Session, pair: Pair, bindings: Sequence[Binding]
) -> Flow[dict[int, tuple[tuple[Seen, Present], tuple[Seen, Present]]]]:
    """Read both records of these bindings; give those that are there and as agreed, the others wait (R-4.8)."""
    found: dict[Side, dict[int, tuple[Seen, Present]]] = {}
    for side in SIDES:
        end = pair.end(side)
        legs = [(b.id, b.leg(side)) for b in bindings if b.leg(side).id is not None]
        flows = [end.connector.get(end.object, leg.id or "") for _, leg in legs] if end.can.read_by_id else []
        answers: Iterable[Sighting | NotThere | Error] = (
            (yield from effects.call_all(end.system, flows)) if flows else ()
        )
        there = {n: a for (n, _), a in zip(legs, answers, strict=False) if isinstance(a, Sighting) and not a.deleted}
        records: list[Raw] = [s.record for s in there.values()]
        refs = yield from effects.look(partial(_refs, session, end, records))
        found[side] = {}
        for number, leg in legs:
            sighting = there.get(number)
            base = pair.base(leg.base, leg.shape, pair.mapping.names)
            if sighting is None or base is None or sighting.fault is not None or not end.in_scope(sighting.record):
                continue
            [fields] = end.read([sighting.record], refs)
            if isinstance(fields, DataError):
                continue
            if unchanged(fields, base):
                present = Present(sighting.id, fields, sighting.version, sighting.modified)
                encoded = leg.base if leg.shape == pair.shape else None
                seen = Seen(sighting.id, sighting.version, sighting.modified, leg.raw_hash, encoded, leg.digest)
                found[side][number] = seen, present
    left, right = found["left"], found["right"]
    return {n: (left[n], right[n]) for n in left.keys() & right.keys()}


def _refs(session: Session, end: End, records: Sequence[Raw], tx: StoreTx) -> Refs:
    return resolve_refs(tx, end, records, session.provisional)
