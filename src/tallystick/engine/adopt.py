"""Decide the records that are paired with nobody: find their counterpart, or say what shall become of them.

    one counterpart, unique on both sides    link, and merge what differs by the ``initial`` policy
    several, or a contradiction              a question; nobody is linked by a guess
    its key belongs to a paired record       a question: duplicate, never a third copy
    nobody                                   ``on_unmatched``: create, ignore or ask
    no key at all                            ``on_keyless``

First contact is nothing special: it is all records being unpaired.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tallystick.core.binding import QueueKind
from tallystick.core.matching import Keys, Match, doubts, unpack_keys
from tallystick.core.observation import Present
from tallystick.core.policy import OnUnmatched
from tallystick.core.ports import Flow
from tallystick.core.reconcile import reconcile
from tallystick.core.record import SIDES, Fields, Side, decode_fields, other
from tallystick.engine import effects
from tallystick.engine.births import Births, are_plain
from tallystick.engine.crowd import gather
from tallystick.engine.decide import BATCH
from tallystick.engine.draft import Draft, WriteRefs, make_step, to_fault, writing_refs
from tallystick.engine.kinship import points_to_planned, split_waiting, with_kin
from tallystick.engine.line import Ask, Line, Seen
from tallystick.engine.lone import read_lone
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import Pair
from tallystick.engine.session import PRESENT, Session, SightRow
from tallystick.engine.unread import Unread, unpack_unread
from tallystick.engine.verify import read_records
from tallystick.engine.witness import Meeting


@dataclass(frozen=True, slots=True)
class Lone:
    """A record that is paired with nobody: where and how it was seen, its values and keys, what cannot be read."""

    side: Side
    seen: Seen
    fields: Fields
    keys: Keys
    unread: Unread = ()


def decide_unbound(session: Session, pair: Pair, outcome: Outcome) -> Flow[None]:
    """Decide every record that was seen and is paired with nobody."""
    yield from read_lone(session, pair, outcome)
    for side in SIDES:
        if pair.refers_to_itself:
            yield from _decide_in_waves(session, pair, outcome, side)
            continue
        for rows in session.scratch(pair).unbound(side, BATCH):
            yield from _decide_batch(session, pair, outcome, side, rows)


def _decide_in_waves(session: Session, pair: Pair, outcome: Outcome, side: Side) -> Flow[None]:
    """Decide the records of a tree, parents first; what waits for each other in a ring goes last, all at once."""
    scratch, wave, stuck = session.scratch(pair), 0, False
    while True:
        decided = waiting = 0
        for rows in scratch.unbound(side, BATCH):
            ready, later = (list(rows), []) if stuck else split_waiting(session, pair, side, rows)
            known = [with_kin(session, pair, row) for row in ready]
            yield from _decide_batch(session, pair, outcome, side, known, wave)
            scratch.take(side, [row[0] for row in ready])
            decided, waiting = decided + len(ready), waiting + len(later)
        if not waiting:
            return
        stuck = not decided
        wave += 1


def _decide_batch(
    session: Session, pair: Pair, outcome: Outcome, side: Side, rows: Sequence[SightRow], wave: int = 0
) -> Flow[None]:
    keys = {row[0]: unpack_keys(row[8]) for row in rows if row[2] in PRESENT}
    crowd = yield from gather(session, pair, keys)
    matches = {record: crowd.match(pair, side, record, own) for record, own in keys.items()}
    former = yield from effects.look(lambda tx: tx.former(pair.name, side, list(matches)))
    linked = [m.candidates[0] for m in matches.values() if m.kind == "link"]
    yield from read_records(session, pair, other(side), linked)
    partners = {i: with_kin(session, pair, r) for i, r in session.scratch(pair).sights(other(side), linked).items()}
    refs = yield from writing_refs(pair, [r[3] for r in (*rows, *partners.values()) if r[3]])
    draft = Draft(session, pair, outcome, wave)
    both = {side: list(matches), other(side): linked}
    draft.holders = yield from session.contention.find_holders(pair, both)
    births = Births(draft, side, refs[other(side)]) if are_plain(session, pair, outcome, side) else None
    taken: list[str] = []
    for row in rows:
        found = matches.get(row[0])
        is_alone = births is not None and found is not None and found.kind == "none" and row[0] not in former
        if births is not None and is_alone and births.plan(row, keys[row[0]]):
            continue
        fields = decode_fields(row[3] or b"[]") if found is not None else ()
        if not _is_asked(draft, side, row, fields, matches, partners):
            outcome.count(side, "unasked")
        elif row[0] in former:
            _ask(draft, side, _seen(row), "reappeared", "it was deleted, and made again as another record")
        elif found is not None:
            lone = Lone(side, _seen(row), fields, keys[row[0]], unpack_unread(row[9]))
            taken += _decide_one(draft, lone, found, partners, refs)
    if births is not None:
        births.close()
    session.scratch(pair).take(other(side), taken)
    session.scratch(pair).put_aside(side, outcome.alone)
    outcome.alone.clear()
    yield from draft.save()


def _is_asked(
    draft: Draft, side: Side, row: SightRow, fields: Fields, matches: Mapping[str, Match], partners: dict[str, SightRow]
) -> bool:
    """Whether the run is about a record that is paired with nobody, or about its counterpart; not if about a field."""
    found = matches.get(row[0])
    partner = partners.get(found.candidates[0]) if found is not None and found.kind == "link" else None
    ids = [(side, row[0]), *([(other(side), partner[0])] if partner else [])]
    seen = [fields, *([decode_fields(partner[3])] if partner and partner[3] else [])]
    return draft.only is None and draft.is_asked(ids, seen)


def _decide_one(
    draft: Draft, lone: Lone, found: Match, partners: dict[str, SightRow], refs: WriteRefs
) -> Sequence[str]:
    """Decide one record; give the id of its partner if the two were linked, which decides the partner too."""
    side, seen = lone.side, lone.seen
    partner = partners.get(found.candidates[0]) if found.kind == "link" else None
    if _waits(draft, lone) or (partner is not None and _waits(draft, _partner(other(side), partner))):
        _leave(draft, lone, "unbound.wait", "an earlier write is unresolved")
        return ()
    doubt = _doubt(draft, lone) or (_doubt(draft, _partner(other(side), partner)) if partner is not None else "")
    if doubt and found.kind == "link":
        _leave(draft, lone, "unbound.doubt", "one that had its key is not shown")
        return ()
    if doubt and _may_create(draft.pair, side, found):
        _ask(draft, side, seen, "unmatched", doubt)
        return ()
    if found.kind == "link" and partner is not None:
        _link(draft, lone, partner, refs)
        return found.candidates
    _decide_alone(draft, lone, found, refs)
    return ()


def _decide_alone(draft: Draft, lone: Lone, found: Match, refs: WriteRefs) -> None:
    """Decide a record that is linked to nobody now."""
    outcome, side, seen = draft.outcome, lone.side, lone.seen
    match found.kind:
        case "link":
            _leave(draft, lone, "unbound.partner", "partner unreadable")
        case "none" if _may_be_there(outcome, side, seen) and _wish(draft.pair, side) == "create":
            _leave(draft, lone, "unbound.shift", "its counterpart may not have been listed")
        case "none":
            _unmatched(draft, lone, _wish(draft.pair, side), refs)
        case "keyless" if draft.pair.mapping.policy.on_keyless == "create":
            _unmatched(draft, lone, "create", refs)
        case "keyless":
            _ask(draft, side, seen, "keyless", _keyless_words(draft.pair, lone, found))
        case "duplicate":
            words = _named(draft.pair, found.rule)
            _ask(draft, side, seen, "duplicate", f"{words} belongs to {_list(found.candidates)} already")
        case _:
            _ask(draft, side, seen, "match", f"{_named(draft.pair, found.rule)} fits {_list(found.candidates)}")


def _leave(draft: Draft, lone: Lone, reason: str, why: str) -> None:
    """Leave a record for the next run."""
    line = _alone("", reason, lone.side, lone.seen)
    draft.outcome.count(lone.side, "deferred")
    draft.outcome.leave(line, [lone.side], why)
    _witness(draft, lone.side, line)


def _doubt(draft: Draft, lone: Lone) -> str:
    """Say who may hold a record's key unseen; empty if nobody (R-4.4)."""
    open_writes = draft.session.unresolved.get(draft.pair.name)
    doubted = open_writes.doubted if open_writes is not None else {}
    held = next((doubted[key] for key in lone.keys.items() if key in doubted), None)
    if held is None or held == (lone.side, lone.seen.id):
        return ""
    system = draft.pair.end(held[0]).system
    return f"{held[1]} in {system} had its key; it is not shown any more, nor anybody who vouches for our access there"


def _may_be_there(outcome: Outcome, side: Side, seen: Seen) -> bool:
    """Whether the other side may have a counterpart that it did not show (R-11.8)."""
    return other(side) in outcome.shifting or (side, seen.id or "") in outcome.unsure


def _wish(pair: Pair, side: Side) -> OnUnmatched:
    policy = pair.mapping.policy
    return policy.on_unmatched_left if side == "left" else policy.on_unmatched_right


def _may_create(pair: Pair, side: Side, found: Match) -> bool:
    """Whether a record may be made on the other side, if not now then by whoever answers the question."""
    if found.kind == "keyless":
        return pair.mapping.policy.on_keyless == "create"
    return found.kind == "none" and _wish(pair, side) != "ignore"


def _partner(side: Side, row: SightRow) -> Lone:
    fields = decode_fields(row[3] or b"[]")
    return Lone(side, _seen(row), fields, unpack_keys(row[8]), unpack_unread(row[9]))


def _waits(draft: Draft, lone: Lone) -> bool:
    """Whether an earlier create whose outcome is unknown is about this record, or may have made it (T-62)."""
    open_writes = draft.session.unresolved.get(draft.pair.name)
    if open_writes is None:
        return False
    return open_writes.may_have_made(lone.side, lone.seen.id or "", lone.keys.items(), lone.fields)


def _keyless_words(pair: Pair, lone: Lone, found: Match) -> str:
    """Say why a record has no key: it has a wrong one, one that too many share, or none at all."""
    told = doubts(pair.mapping, lone.fields)
    if found.rule >= 0:
        told.append(f"too many records share its {_named(pair, found.rule)}")
    return "; ".join(told) or "it has no value for any match rule"


def _named(pair: Pair, rule: int) -> str:
    return pair.mapping.match[rule].title if rule >= 0 else "its external id"


def _list(candidates: Sequence[str], shown: int = 5) -> str:
    more = f" and {len(candidates) - shown} more" if len(candidates) > shown else ""
    return ", ".join(candidates[:shown]) + more


def _seen(row: SightRow) -> Seen:
    return Seen(row[0], row[4], row[5], row[6], row[3], row[7])


def _alone(action: str, reason: str, side: Side, seen: Seen) -> Line:
    nobody = Seen(None)
    left, right = (seen, nobody) if side == "left" else (nobody, seen)
    return Line(action, reason, "deferred", 0, "", left, right)


def _link(draft: Draft, lone: Lone, partner: SightRow, refs: WriteRefs) -> None:
    side, seen = lone.side, lone.seen
    here, there = _present(lone), _present(_partner(other(side), partner))
    left, right = (here, there) if side == "left" else (there, here)
    left_seen, right_seen = (seen, _seen(partner)) if side == "left" else (_seen(partner), seen)
    decision = reconcile("linked", (None, None), (left, right), draft.pair.pairing)
    line = draft.uncontested(None, decision, (left_seen, right_seen), refs, decision.agree, (None, None))
    line.action = line.action or "link"
    if draft.session.witness is not None:
        draft.session.witness.met(Meeting(None, (None, None), (left, right), decision, line, SIDES, stands=False))
    _mark_kin(draft, line)
    if not draft.session.writes:
        draft.session.pretend(draft.pair.name, left_seen.id, right_seen.id)
    draft.outcome.note_drift(draft.pair, line)
    draft.outcome.count_decision(decision, SIDES)
    draft.add(line)


def _witness(draft: Draft, side: Side, line: Line) -> None:
    if draft.session.witness is not None:
        draft.session.witness.stood_alone(side, line)


def _mark_kin(draft: Draft, line: Line) -> None:
    """Give a new pairing the number that others of its own pair may point to before it is there."""
    if draft.pair.refers_to_itself:
        line.planned = draft.session.name_planned(draft.pair.name, line.left.id, line.right.id)
        line.is_pending = points_to_planned([line.left.fields, line.right.fields, *(s.fields for s in line.steps)])


def _present(lone: Lone) -> Present:
    return Present(lone.seen.id or "", lone.fields, lone.seen.version, lone.seen.modified, lone.unread)


def _unmatched(draft: Draft, lone: Lone, wish: OnUnmatched, refs: WriteRefs) -> None:
    side, seen = lone.side, lone.seen
    if wish == "ask":
        _ask(draft, side, seen, "unmatched", "nobody on the other side has its key")
        return
    if wish == "ignore":
        draft.outcome.count(side, "filtered")
        _witness(draft, side, _alone("", "unbound.ignore", side, seen))
        draft.outcome.alone.append(seen.id or "")
        return
    target = draft.pair.end(other(side))
    if _is_refused(draft, side, seen):
        draft.outcome.count(side, "quarantined")
        _witness(draft, side, _alone("", "unbound.refused", side, seen))
        return
    step, faults = make_step(target, "create", lone.fields, (), refs[target.side], None, seen.fields, seen.id)
    if lone.unread:
        names = draft.pair.mapping.names
        faults = [to_fault(target.side, names[i], fault) for i, fault in lone.unread] + [
            fault for fault in faults if fault.field not in {names[i] for i, _ in lone.unread}
        ]
        step = step if draft.pair.pairing.may_lack(lone.unread) else None
    line = _alone("create" if step else "", "unbound.create", side, seen)
    line.steps = (step,) if step else ()
    line.faults = tuple(faults)
    line.keys = tuple(lone.keys.items())
    line.disposition = "written" if step else "quarantined"
    draft.seal(line)
    _witness(draft, side, line)
    if step:
        _mark_kin(draft, line)
    if step and not draft.session.writes:
        ids = (seen.id, None) if side == "left" else (None, seen.id)
        draft.session.pretend(draft.pair.name, *ids)
    draft.outcome.count(side, line.disposition)
    draft.add(line)


def _is_refused(draft: Draft, side: Side, seen: Seen) -> bool:
    """Whether this very content was refused before under this mapping; it is not tried again by itself (R-14.1)."""
    standing = draft.session.standing.get(draft.pair.name)
    record = (side, seen.id or "")
    rows = standing.refused.get(record, ()) if standing and record not in standing.retry else ()
    return any(
        (q.left_seen if side == "left" else q.right_seen) == seen.digest and q.mapping == draft.pair.mapping_print
        for q in rows
    )


def _ask(draft: Draft, side: Side, seen: Seen, kind: QueueKind, detail: str) -> None:
    draft.outcome.count(side, "queued")
    draft.outcome.alone.append(seen.id or "")
    line = _alone("", f"unbound.{kind}", side, seen)
    line.disposition = "queued"
    line.asks = (Ask(kind, "", detail),)
    _witness(draft, side, line)
    standing = draft.session.standing.get(draft.pair.name)
    asked = standing.asked.get(line.subject, {}).get(kind) if standing else None
    draft.outcome.raised.add((line.subject, kind))
    if asked is not None and asked.detail == detail:
        return
    if kind in {"duplicate", "match"}:
        doubles = draft.outcome.tally.duplicates
        doubles[other(side)] = doubles.get(other(side), 0) + 1
    draft.seal(line)
    draft.add(line)
