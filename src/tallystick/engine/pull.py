"""Read one side: page by page, stop at once for what did not change, put the rest on the scratch paper.

The fast path sees only bytes: a row whose hash is the one last observed is done. The others are decoded, read through
the mapping and compared with the leg's digest; those that differ in nothing that is mapped only get their new hash.
Nothing here decides, and in a plan nothing here is remembered (I-29).
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from tallystick.core.binding import Cursor, LegFact, Quarantined
from tallystick.core.error import DataError, Error, Garbled
from tallystick.core.event import PageRead
from tallystick.core.mapping import Refs
from tallystick.core.matching import pack_keys
from tallystick.core.ports import Flow, Page, Sighting
from tallystick.core.record import Raw, Side, encode_fields, fingerprint
from tallystick.core.state import StoreTx
from tallystick.core.window import Completeness, Sweep, judge_completeness, next_high
from tallystick.engine import effects
from tallystick.engine.fence import keep_lease
from tallystick.engine.pair import End, Pair, resolve_refs, unreadable_record
from tallystick.engine.session import LIVE, Session, SightRow


@dataclass(slots=True)
class Pulled:
    """What reading a side came to. Counts are of listed rows."""

    side: Side
    sweep: Sweep
    listed: int = 0
    unchanged: int = 0
    filtered: int = 0
    undecodable: int = 0
    pages: int = 0
    total: int | None = None
    newest: float | None = None
    snow0: float | None = None
    started: float = 0
    completeness: Completeness = "unproven"
    failure: Error | None = None
    known: "array[int]" = field(default_factory=lambda: array("q"))
    seen: bytearray = field(default_factory=bytearray)
    distinct: int = 0
    faults: list[Quarantined] = field(default_factory=list)

    def shows(self, raw_hash: int | None) -> bool:
        """Whether a row with these bytes, as they were last observed, was listed."""
        if raw_hash is None:
            return False
        at = bisect_left(self.known, raw_hash)
        return at < len(self.known) and self.known[at] == raw_hash and bool(self.seen[at])

    def cursor(self, pair: str, before: Cursor | None) -> Cursor:
        """Where the next sweep may start."""
        full = self.sweep.full
        return Cursor(
            pair=pair,
            side=self.side,
            high=next_high(before, self.newest, self.snow0),
            full_at=self.started if full else (before.full_at if before else None),
            full_count=self.listed if full else (before.full_count if before else None),
        )


def pull(session: Session, pair: Pair, side: Side, sweep: Sweep) -> Flow[Pulled]:
    """Sweep one side onto the scratch paper.

    A failure of the system ends the sweep and stands in ``failure``; what was read until then counts, absence does not.
    """
    pulled = Pulled(side, sweep, started=(yield from effects.now()))
    try:
        ended = yield from _pages(session, pair, pulled)
    except Error as failure:
        pulled.failure = failure
        ended = False
    pulled.completeness = judge_completeness(
        ended=ended,
        order=pair.end(side).can.list_order,
        listed=pulled.listed,
        distinct=pulled.distinct,
        total=pulled.total if sweep.full else None,
        undecodable=pulled.undecodable,
    )
    return pulled


def _pages(session: Session, pair: Pair, pulled: Pulled) -> Flow[bool]:
    """Read page after page, side by side where it is known how many follow; tell whether the end was reached."""
    end = pair.end(pulled.side)
    since = pulled.sweep.since
    page: Page = yield from effects.call(end.system, end.connector.read(end.object, since))
    # To decode the few rows of a short window costs less than to load what is known of all records.
    if (pulled.sweep.full or page.next is not None) and not session.fresh_shape(pair):
        pulled.known = yield from effects.look(lambda tx: tx.raw_hashes(pair.name, pulled.side))
        pulled.seen = bytearray(len(pulled.known))
    previous: int | None = None
    waiting: list[str] = list(page.ahead)
    while True:
        previous = _refuse_repeat(end, page, previous)
        yield from _page(session, pair, pulled, page)
        if page.next is None:
            return True
        if waiting:
            chunk, waiting = [page.next, *waiting[: end.can.in_flight - 1]], waiting[end.can.in_flight - 1 :]
            pages = yield from _side_by_side(end, since, chunk)
            for early in pages[:-1]:
                previous = _refuse_repeat(end, early, previous)
                yield from _page(session, pair, pulled, early)
            page = pages[-1]
            if waiting and page.next == waiting[0]:
                waiting = waiting[1:]
        else:
            page = yield from effects.call(end.system, end.connector.read(end.object, since, page.next))


def _side_by_side(end: End, since: float | None, positions: Sequence[str]) -> Flow[Sequence[Page]]:
    """Read pages whose positions are known at once, in their order."""
    flows = [end.connector.read(end.object, since, p) for p in positions]
    pages: list[Page] = []
    for answer in (yield from effects.call_all(end.system, flows)):
        if isinstance(answer, Error):
            raise answer
        pages.append(answer)
    return pages


def _refuse_repeat(end: End, page: Page, previous: int | None) -> int | None:
    """A listing that gives the same page again would never end (R-11.9)."""
    if not page.rows:
        return previous
    print_of = fingerprint(b"\x00".join(page.rows))
    if print_of == previous:
        raise Garbled(
            "the listing repeats a page",
            detail="the same rows came twice in a row",
            hint="check the paging settings of this object in the manifest",
            place=f"{end.system}/{end.object}",
        )
    return print_of


def _page(session: Session, pair: Pair, pulled: Pulled, page: Page) -> Flow[None]:
    yield from keep_lease(session.fences.get(pair.name))
    pulled.pages += 1
    pulled.listed += len(page.rows)
    pulled.total = page.total if page.total is not None else pulled.total
    if pulled.snow0 is None:
        pulled.snow0 = page.server_time
    changed = _skip_unchanged(pulled, page.rows)
    for start in range(0, len(changed), 1000):
        yield from _read(session, pair, pulled, changed[start : start + 1000])
    event = PageRead(pair.name, pulled.side, len(page.rows), pulled.listed, pulled.total)
    yield from effects.tell(event)


def _skip_unchanged(pulled: Pulled, rows: Sequence[bytes]) -> list[tuple[bytes, int]]:
    """Drop the rows whose bytes are the ones last observed, and note that these records are there."""
    known, seen, size = pulled.known, pulled.seen, len(pulled.known)
    changed: list[tuple[bytes, int]] = []
    for row in rows:
        print_of = fingerprint(row)
        at = bisect_left(known, print_of)
        if at < size and known[at] == print_of:
            if not seen[at]:
                seen[at] = 1
                pulled.distinct += 1
            pulled.unchanged += 1
        else:
            changed.append((row, print_of))
    return changed


def _read(session: Session, pair: Pair, pulled: Pulled, rows: Sequence[tuple[bytes, int]]) -> Flow[None]:
    """Decode rows, read them through the mapping, and note what is new or differs."""
    end = pair.end(pulled.side)
    sightings: list[tuple[Sighting, int]] = []
    for row, print_of in rows:
        try:
            sightings.append((end.connector.sight(end.object, row), print_of))
        except (DataError, msgspec.DecodeError) as fault:
            pulled.undecodable += 1
            pulled.faults.append(_without_id(pair, pulled.side, unreadable_record(end, "?", fault), print_of))
    provisional = session.provisional

    def known_of(tx: StoreTx) -> tuple[dict[str, LegFact], Refs]:
        facts = tx.leg_facts(pair.name, pulled.side, [s.id for s, _ in sightings])
        return facts, resolve_refs(tx, end, [s.record for s, _ in sightings], provisional)

    facts, refs = yield from effects.look(known_of)
    note(session, pair, pulled, sightings, facts, refs)


def note(
    session: Session,
    pair: Pair,
    pulled: Pulled,
    sightings: Sequence[tuple[Sighting, int | None]],
    facts: dict[str, LegFact],
    refs: Refs,
) -> None:
    """Put sightings on the scratch paper: what is new or differs with its values, the rest as the same."""
    end = pair.end(pulled.side)
    scratch = session.scratch(pair)
    pulled.distinct += len({s.id for s, _ in sightings} - scratch.seen(pulled.side, [s.id for s, _ in sightings]))
    here = [
        (s, h)
        for s, h in sightings
        if not s.deleted and end.in_scope(s.record) and not _rests(end, facts.get(s.id), s.record)
    ]
    read = iter(end.read([s.record for s, _ in here], refs))
    inside = {s.id for s, _ in here}
    rows: list[SightRow] = []
    keys: list[tuple[int, int, str]] = []
    for sighting, print_of in sightings:
        fact = facts.get(sighting.id)
        _advance(pulled, sighting)
        if sighting.id not in inside:
            if fact is None or fact.state not in LIVE:
                pulled.filtered += 1
            else:
                kind = "gone" if sighting.deleted else "out"
                rows.append(
                    (sighting.id, fact.binding, kind, None, sighting.version, sighting.modified, print_of, None, None)
                )
            continue
        fields = next(read)
        if sighting.fault is not None:
            fields = sighting.fault
        if isinstance(fields, DataError):
            pulled.faults.append(
                _unusable(pair, pulled.side, sighting.id, unreadable_record(end, sighting.id, fields), fact, print_of)
            )
            if fact is not None:
                rows.append(
                    (sighting.id, fact.binding, "bad", None, sighting.version, sighting.modified, print_of, None, None)
                )
            continue
        encoded = encode_fields(fields)
        seal = fingerprint(encoded)
        if fact is not None and _only_touched(session, pair, fact, seal):
            pulled.unchanged += 1
            rows.append(
                (sighting.id, fact.binding, "same", None, sighting.version, sighting.modified, print_of, seal, None)
            )
            continue
        binding = fact.binding if fact is not None else None
        own = pair.keys.keys(fields)
        kind = "lacks" if end.sections and end.lacking(sighting.record) else "here"
        rows.append(
            (sighting.id, binding, kind, encoded, sighting.version, sighting.modified, print_of, seal, pack_keys(own))
        )
        keys += [(rule, h, sighting.id) for rule, h in own.items()]
    scratch.add_sights(pulled.side, rows)
    scratch.add_keys(pulled.side, keys)


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


def _without_id(pair: Pair, side: Side, fault: DataError, print_of: int) -> Quarantined:
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
    )  # fmt: skip


def absent_legs(session: Session, pair: Pair, pulled: Pulled) -> Flow[list[tuple[int, str]]]:
    """Name the linked records of a side that a full sweep did not show: (binding, id). No proof of anything yet."""
    unseen = [h for h, flag in zip(pulled.known, pulled.seen, strict=True) if not flag]

    def missing(tx: StoreTx) -> list[tuple[int, str]]:
        hashed = tx.legs_by_hash(pair.name, pulled.side, unseen) if unseen else []
        return hashed + tx.legs_without_hash(pair.name, pulled.side)

    candidates = yield from effects.look(missing)
    noted = session.scratch(pair).seen(pulled.side, [i for _, i in candidates])
    return [(b, i) for b, i in candidates if i not in noted]
