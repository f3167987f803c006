"""Read one side: page by page, stop at once for what did not change, put the rest on the scratch paper.

The fast path sees only bytes, a page at a time: a row whose hash is the one last observed is done. The others are
decoded, read through the mapping and compared with the leg's digest; those that differ in nothing that is mapped only
get their new hash.
Nothing here decides, and in a plan nothing here is remembered (I-29).
"""

import math
from array import array
from collections.abc import Sequence
from functools import partial
from itertools import compress
from typing import Final

import msgspec

from tallystick.core.binding import LegFact
from tallystick.core.error import DataError, Error, Garbled, StoreError
from tallystick.core.event import PageRead
from tallystick.core.ports import Flow, Page, Position, Sighting
from tallystick.core.record import Side, fingerprint, fingerprints
from tallystick.core.state import StoreTx
from tallystick.core.window import Sweep, can_shift, judge_completeness
from tallystick.engine import effects
from tallystick.engine.asked import asked_deletions
from tallystick.engine.fence import keep_lease
from tallystick.engine.known import Known
from tallystick.engine.pair import End, Pair, unreadable_record
from tallystick.engine.pulled import Progress, Pulled
from tallystick.engine.session import Session
from tallystick.engine.sight import look_up, note, without_id
from tallystick.engine.sweep import first_page, note_end, recall, save, save_break

LOADS_FOR_ONE_DECODED: Final = 32  # to decode and look up one row costs as much as to load the hashes of so many


def pull(session: Session, pair: Pair, side: Side, sweep: Sweep, progress: Progress | None = None) -> Flow[Pulled]:
    """Sweep one side onto the scratch paper; ``progress`` goes on where an earlier run had to stop.

    A failure of the system ends the sweep and stands in ``failure``; what was read until then counts, absence does not.
    """
    pulled = Pulled(side, sweep, started=(yield from effects.now()), progress=progress or Progress())
    if can_shift(pair.end(side).can, sweep):
        pulled.ids = {}
    try:
        ended = yield from _pages(session, pair, pulled)
    except StoreError:
        raise
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
        in_one_go=pulled.in_one_go,
    )
    return pulled


def _pages(session: Session, pair: Pair, pulled: Pulled) -> Flow[bool]:
    """Read page after page, side by side where it is known how many follow; tell whether the end was reached."""
    end = pair.end(pulled.side)
    since = pulled.sweep.since
    at, page = yield from first_page(pair, pulled)
    pulled.loads_at = _when_to_load(session, pair, pulled, page)
    previous: int | None = None
    waiting: list[str] = list(page.ahead)
    try:
        while True:
            previous = _refuse_repeat(end, page, previous)
            yield from _page(session, pair, pulled, page, at)
            if page.next is None:
                yield from note_end(session, pair, pulled)
                return True
            if waiting:
                chunk, waiting = [page.next, *waiting[: end.can.in_flight - 1]], waiting[end.can.in_flight - 1 :]
                pages = yield from _side_by_side(end, since, chunk)
                for position, early in zip(chunk, pages[:-1], strict=False):
                    previous = _refuse_repeat(end, early, previous)
                    yield from _page(session, pair, pulled, early, position)
                at, page = chunk[-1], pages[-1]
                if waiting and page.next == waiting[0]:
                    waiting = waiting[1:]
            else:
                at = page.next
                page = yield from effects.call(end.system, end.connector.read(end.object, since, at))
                waiting = list(page.ahead)
    except StoreError:
        raise
    except Error:
        yield from save_break(session, pair, pulled)
        raise


def _when_to_load(session: Session, pair: Pair, pulled: Pulled, page: Page) -> float:
    """Say from how many rows on it costs less to load what is known of all records than to decode the rows."""
    if session.thorough:
        return 0
    if session.fresh_shape(pair):
        return math.inf
    if pulled.sweep.full:
        return 0
    standing = session.standing.get(pair.name)
    return math.inf if page.next is None or standing is None else standing.linked / LOADS_FOR_ONE_DECODED


def _load(session: Session, pair: Pair, pulled: Pulled) -> Flow[None]:
    """Load what was last observed of a side."""
    pulled.loads_at = math.inf
    by_hash = session.thorough or not pulled.in_one_go
    pulled.known = yield from effects.look(partial(_known, session, pair, pulled.side, by_hash=by_hash))
    if not pulled.in_one_go:
        yield from recall(pair, pulled)


def _sort(session: Session, pair: Pair, pulled: Pulled) -> Flow[None]:
    """Load it once more in order of hash, because the listing comes in quite another order than the bindings."""
    earlier = pulled.known
    pulled.known = yield from effects.look(partial(_known, session, pair, pulled.side, by_hash=True))
    pulled.known.inherit(earlier)


def _known(session: Session, pair: Pair, side: Side, tx: StoreTx, *, by_hash: bool) -> Known:
    """Give the bytes that need no second look.

    Where somebody waits for an answer the base is not what a side holds; what cannot be read singly is read here then.
    What is marked as deleted is weighed against everybody else.
    """
    bindings, hashes = tx.raw_hashes(pair.name, side, by_hash=by_hash)
    waiting = asked_deletions(session, pair) if pair.end(side).can.read_by_id else session.open_bindings(pair)
    if waiting and not session.thorough:
        wanted = [number not in waiting for number in bindings]
        bindings, hashes = (array("q", compress(column, wanted)) for column in (bindings, hashes))
    return Known(bindings, hashes, by_hash)


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


def _page(session: Session, pair: Pair, pulled: Pulled, page: Page, at: Position | None) -> Flow[None]:
    pulled.pages += 1
    pulled.listed += len(page.rows)
    pulled.total = page.total if page.total is not None else pulled.total
    if pulled.listed >= pulled.loads_at:
        yield from _load(session, pair, pulled)
    changed = _keep_all(pulled, page.rows) if session.thorough else skip_unchanged(pulled, page.rows)
    for start in range(0, len(changed), 1000):
        yield from _read(session, pair, pulled, changed[start : start + 1000])
    if pulled.known.is_disordered:
        yield from _sort(session, pair, pulled)
    event = PageRead(pair.name, pulled.side, len(page.rows), pulled.listed, pulled.total)
    yield from effects.tell(event)
    pulled.reached = (at, page)
    yield from keep_lease(session.fences.get(pair.name), lambda tx: save(session, pair, pulled, tx))


def skip_unchanged(pulled: Pulled, rows: Sequence[bytes]) -> list[tuple[bytes, int]]:
    """Drop the rows whose bytes are the ones last observed, and note that these records are there."""
    prints = fingerprints(rows)
    missing, fresh = pulled.known.find(prints)
    pulled.distinct += fresh
    pulled.unchanged += len(rows) - len(missing)
    return [(rows[at], prints[at]) for at in missing]


def _keep_all(pulled: Pulled, rows: Sequence[bytes]) -> list[tuple[bytes, int]]:
    """Drop nothing, but note which of the records last observed are there."""
    prints = fingerprints(rows)
    pulled.known.find(prints)
    return list(zip(rows, prints, strict=True))


def _read(session: Session, pair: Pair, pulled: Pulled, rows: Sequence[tuple[bytes, int]]) -> Flow[None]:
    """Decode rows, read them through the mapping, and note what is new or differs."""
    end = pair.end(pulled.side)
    sightings: list[tuple[Sighting, int | None]] = []
    for row, print_of in rows:
        try:
            sightings.append((end.connector.sight(end.object, row), print_of))
        except (DataError, msgspec.DecodeError) as fault:
            pulled.undecodable += 1
            pulled.faults.append(without_id(pair, pulled.side, unreadable_record(end, "?", fault), print_of))
    session.fields.note(end, sightings)
    known = yield from look_up(session, pair, pulled.side, [s for s, _ in sightings], pulled.started)
    if not session.thorough:
        sightings = [s for s in sightings if not _is_known(pulled, known.facts.get(s[0].id), s[1])]
    if pulled.ids is not None:
        # Not those that are as they were: which of them are decoded depends on how the pages fell.
        pulled.ids |= {s.id: s.created for s, _ in sightings}
    note(session, pair, pulled, sightings, known)


def _is_known(pulled: Pulled, fact: LegFact | None, print_of: int | None) -> bool:
    """Whether a row is as it was last observed, and was only listed elsewhere; note that the record is there."""
    if fact is None:
        return False
    is_known, is_fresh = pulled.known.show(fact.binding, print_of)
    pulled.unchanged += is_known
    pulled.distinct += is_fresh
    return is_known


def absent_legs(session: Session, pair: Pair, pulled: Pulled) -> Flow[list[tuple[int, str]]]:
    """Name the linked records of a side that a full sweep did not show: (binding, id). No proof of anything yet."""
    unseen = pulled.known.unseen()

    def missing(tx: StoreTx) -> list[tuple[int, str]]:
        known = sorted(tx.ids_of(pair.name, pulled.side, unseen).items())
        return known + tx.legs_without_hash(pair.name, pulled.side)

    candidates = yield from effects.look(missing)
    ids = [i for _, i in candidates]
    noted = session.scratch(pair).seen(pulled.side, ids)
    if not pulled.in_one_go:
        # The earlier part showed these; they are still to be read.
        noted |= yield from effects.look(lambda tx: tx.marked(pair.name, pulled.side, ids))
    return [(b, i) for b, i in candidates if i not in noted]
