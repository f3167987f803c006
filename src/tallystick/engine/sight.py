"""Note what was seen of a side on the scratch paper: what is new or differs with its values, the rest as the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from tallystick.core.binding import LegFact, Quarantined, Superseded
from tallystick.core.error import DataError, UnknownOption
from tallystick.core.mapping import Refs
from tallystick.core.matching import pack_keys
from tallystick.core.ports import Flow, Sighting
from tallystick.core.record import UNKNOWN, Fields, Raw, Side, encode_fields, fingerprint
from tallystick.core.state import StoreTx
from tallystick.core.window import is_over
from tallystick.engine import effects
from tallystick.engine.asked import waits_as_listed
from tallystick.engine.pair import End, Pair, resolve_refs, unreadable_record
from tallystick.engine.pulled import Pulled
from tallystick.engine.session import LIVE, PRESENT, Session, SightRow
from tallystick.engine.unread import Unread, pack_unread, unread_of

Sighted = Sequence[tuple[Sighting, int | None]]
_UNTOLD = encode_fields((UNKNOWN,))[1:-1]


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of records that were seen: their legs, what they refer to, which states of them are over."""

    facts: dict[str, LegFact]
    refs: Refs
    over: dict[str, list[Superseded]]


def look_up(
    session: Session, pair: Pair, side: Side, sightings: Sequence[Sighting], began: float | None = None
) -> Flow[Known]:
    """Ask the store about records that were seen; ``began`` is when their listing did, which may show them as then."""
    end, provisional = pair.end(side), session.provisional
    shown_at = began if began is not None else (yield from effects.now())

    def work(tx: StoreTx) -> Known:
        facts = tx.leg_facts(pair.name, side, [s.id for s in sightings])
        over: dict[str, list[Superseded]] = {}
        # Only a system whose reads may lag can show a state that is over, and only for so long.
        rows = (
            tx.superseded(pair.name, side, list(facts), shown_at - end.can.consistency) if end.can.consistency else ()
        )
        for row in rows:
            over.setdefault(row.id, []).append(row)
        return Known(facts, resolve_refs(tx, end, [s.record for s in sightings], provisional), over)

    return (yield from effects.look(work))


def note(session: Session, pair: Pair, pulled: Pulled, sightings: Sighted, known: Known) -> None:
    """Put sightings on the scratch paper: what is new or differs with its values, the rest as the same."""
    end = pair.end(pulled.side)
    scratch = session.scratch(pair)
    pulled.distinct += len({s.id for s, _ in sightings} - scratch.seen(pulled.side, [s.id for s, _ in sightings]))
    shown = [not s.deleted and end.in_scope(s.record) and not _rests(end, known.facts.get(s.id), s.record)
             for s, _ in sightings]  # fmt: skip
    read = iter(end.read([s.record for (s, _), is_in in zip(sightings, shown, strict=True) if is_in], known.refs))
    rows: list[SightRow] = []
    keys: list[tuple[int, int, str]] = []
    for (sighting, print_of), is_in in zip(sightings, shown, strict=True):
        _advance(pulled, sighting)
        row = _row(session, pair, pulled, sighting, print_of, next(read) if is_in else None, known, keys)
        if row is not None:
            rows.append(row)
    scratch.add_sights(pulled.side, rows)
    ended = [r[0] for r in rows if r[2] in PRESENT and (f := known.facts.get(r[0])) is not None and f.state == "tomb"]
    if ended:
        scratch.put_aside(pulled.side, ended)
    scratch.add_keys(pulled.side, keys)


def _row(
    session: Session, pair: Pair, pulled: Pulled, sighting: Sighting, print_of: int | None,
    fields: Fields | DataError | None, known: Known, keys: list[tuple[int, int, str]],
) -> SightRow | None:  # fmt: skip
    """Make the row of one sighting; ``fields`` is nothing for a record that is deleted or out of scope."""
    fact = known.facts.get(sighting.id)
    times = sighting.version, sighting.modified, print_of
    if fact is not None and waits_as_listed(session, pair, pulled.side, fact, print_of):
        pulled.waiting.append((fact.binding, sighting.id))
    if fields is None:
        if fact is None or fact.state not in LIVE:
            pulled.filtered += 1
            return None
        return (sighting.id, fact.binding, "gone" if sighting.deleted else "out", None, *times, None, None, None)
    fields = sighting.fault or fields
    unread: Unread = ()
    if isinstance(fields, DataError):
        unread = unread_of(pair.mapping.names, fields)
        if unread and may_go_on(pair, fact, unread):
            fields = fields.rest
    if isinstance(fields, DataError):
        fault = unreadable_record(pair.end(pulled.side), sighting.id, fields)
        pulled.faults.append(_unusable(pair, pulled.side, sighting.id, fault, fact, print_of))
        # Whoever has its key is not alone, even while the record itself cannot be used.
        own = pair.keys.keys(fields.rest) if fields.rest else {}
        keys += [(rule, h, sighting.id) for rule, h in own.items()]
        return (sighting.id, fact.binding if fact else None, "bad", None, *times, None, pack_keys(own), None)
    encoded, faults = encode_fields(fields), pack_unread(unread) if unread else None
    # Another value that cannot be read is another record.
    seal = fingerprint(encoded) if faults is None else fingerprint(encoded + faults)
    agreed = fact.digest if fact is not None and fact.state in LIVE else None
    if fact is not None and is_over(sighting, seal, known.over.get(sighting.id, ()), agreed):
        # It is there, but what it says is not believed; it is read again. Nobody else remembers the key of one
        # whose pairing ended.
        own = {} if fact.state in LIVE else pair.keys_seen(pulled.side, sighting, fields)
        keys += [(rule, h, sighting.id) for rule, h in own.items()]
        return (sighting.id, fact.binding, "bad", None, *times, None, pack_keys(own) if own else None, None)
    if fact is not None and _only_touched(session, pair, fact, seal):
        pulled.unchanged += 1
        told = encoded if session.thorough and _UNTOLD in encoded else None
        return (sighting.id, fact.binding, "same", told, *times, seal, None, None)
    if fact is not None and fact.state == "tomb" and pair.mapping.policy.on_restore != "ignore":
        session.revived.setdefault(pair.name, set()).add(fact.binding)
    own = pair.keys_seen(pulled.side, sighting, fields)
    keys += [(rule, h, sighting.id) for rule, h in own.items()]
    kind = "lacks" if pair.end(pulled.side).lacking(sighting.record) else "here"
    return (sighting.id, fact.binding if fact else None, kind, encoded, *times, seal, pack_keys(own), faults)


def may_go_on(pair: Pair, fact: LegFact | None, unread: Unread) -> bool:
    """Tell whether what can be read of a record is enough to go on with."""
    if any(isinstance(fault, UnknownOption) and fault.is_grave for _, fault in unread):
        return False
    return fact is not None or not pair.is_keyed(unread)


def _rests(end: End, fact: LegFact | None, record: Raw) -> bool:
    """Whether a record is still as we archived it when its partner was deleted: that is no return (I-6)."""
    return fact is not None and fact.state == "tomb" and end.is_archived(record)


def _only_touched(session: Session, pair: Pair, fact: LegFact, seal: int) -> bool:
    """Whether a record differs from its base in nothing that is mapped, and nobody waits for an answer about it."""
    return (
        fact.state == "linked"
        and fact.digest == seal
        and fact.binding not in session.open_bindings(pair)
        and not session.fresh_shape(pair)
    )


def _advance(pulled: Pulled, sighting: Sighting) -> None:
    if sighting.modified is not None and (pulled.newest is None or sighting.modified > pulled.newest):
        pulled.newest = sighting.modified


def without_id(pair: Pair, side: Side, fault: DataError, print_of: int) -> Quarantined:
    """Park a row that has no readable id, under a name made of its bytes."""
    name = f"row-{print_of & 0xFFFFFFFF:08x}"
    return Quarantined(
        pair.name, side, name, fault.field, fault.code, fault.message, fault.hint, mapping=pair.mapping_print
    )


def _unusable(
    pair: Pair, side: Side, record_id: str, fault: DataError, fact: LegFact | None, print_of: int | None
) -> Quarantined:
    left, right = (print_of, None) if side == "left" else (None, print_of)
    detail = f"{fault.message} ({fault.detail})" if fault.detail else fault.message
    return Quarantined(
        pair.name, side, record_id, fault.field, fault.code, detail, fault.hint,
        binding=fact.binding if fact else None, left_seen=left, right_seen=right, mapping=pair.mapping_print,
        option=fault.option if isinstance(fault, UnknownOption) else "",
    )  # fmt: skip
