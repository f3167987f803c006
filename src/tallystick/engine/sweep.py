"""A sweep in progress: what of it is kept, so that a run that dies in it is no loss and another can go on (R-11.2).

While a side is listed, what was listed so far becomes durable whenever the lease is renewed, in that transaction: who
is there and unchanged by its bytes, everybody else as a mark to be read again, and the place in the listing. Records
without partner leave their match keys too, so that a later run finds them though it does not see them. A sweep that
ends within a third of a lease keeps nothing, because nothing would be gained.
"""

from dataclasses import replace

from tallystick.core.binding import Dirty, Window
from tallystick.core.error import AccessError, DataError, Error
from tallystick.core.matching import unpack_keys
from tallystick.core.ports import Flow, Page, Position
from tallystick.core.record import Side, fingerprint
from tallystick.core.state import StoreTx
from tallystick.core.window import LISTED, Sweep, goes_on
from tallystick.engine import effects
from tallystick.engine.pair import End, Pair
from tallystick.engine.pulled import NO_PAGE, Progress, Pulled
from tallystick.engine.session import WHOLE, Session

BATCH = 5_000


def begin(session: Session, pair: Pair, side: Side, sweep: Sweep) -> Flow[tuple[Sweep, Progress]]:
    """Choose between going on with a sweep that broke off and beginning again."""
    window = yield from effects.look(lambda tx: tx.window(pair.name, side))
    if window is None:
        return sweep, Progress()
    if goes_on(window, sweep, pair.end(side).can, _configuration(pair), asked=session.full):
        return replace(sweep, since=window.since, reason="the last run did not reach the end"), Progress(window)
    restarts = window.restarts + 1 if (window.full, window.mapping) == (sweep.full, _configuration(pair)) else 0
    again = replace(window, position=None, restarts=restarts)
    fence = session.fences.get(pair.name)

    def forget(tx: StoreTx) -> None:
        if fence is not None:
            fence.check(tx)
        tx.forget_window(pair.name, side)
        if sweep.full:
            # Whoever was marked by the part that is given up is listed again, now or by who goes on with this one.
            tx.unmark_listed(pair.name, side)
        if restarts:
            tx.save_window(again)

    if fence is not None:
        yield from effects.commit(forget)
    return sweep, Progress(restarts=restarts)


def _configuration(pair: Pair) -> int:
    return pair.mapping_print ^ pair.scope_print


def first_page(pair: Pair, pulled: Pulled) -> Flow[tuple[Position | None, Page]]:
    """Give the page to begin with and its position: the one where an earlier run had to stop, or the very first."""
    end = pair.end(pulled.side)
    since, window = pulled.sweep.since, pulled.progress.earlier
    if window is not None:
        place = yield from _find_place(end, since, window)
        if place is not None:
            _go_on_from(pulled, window)
            at, page = place
            return at, page if page is not None else (yield from effects.call(end.system, _read(end, since, at)))
        pulled.progress = Progress(restarts=window.restarts + 1)
    first = yield from effects.call(end.system, _read(end, since, pulled.sweep.token))
    # Later answers tell a later time; only the first is sure not to be past anything that was overlooked.
    pulled.snow0, pulled.token = first.vouched, first.token
    return None, first


def _find_place(end: End, since: float | None, window: Window) -> Flow[tuple[Position, Page | None] | None]:
    """Give the position to go on from, with its page if that was read.

    Nothing where the system no longer knows the place, or where a counted listing has others there now: rows before it
    came or went, so some would be skipped.
    """
    place = window.position or ""
    try:
        page: Page = yield from effects.call(end.system, _read(end, since, place))
    except AccessError:
        raise
    except Error as failure:
        if failure.recovery == "retry":
            raise
        return None
    if end.can.list_order != "offset":
        return place, page
    return (page.next, None) if page.next is not None and _print_ids(end, page) == window.ids else None


def _read(end: End, since: float | None, position: Position | None) -> Flow[Page]:
    return end.connector.read(end.object, since, position)


def _go_on_from(pulled: Pulled, window: Window) -> None:
    pulled.listed, pulled.distinct, pulled.pages = window.listed, window.distinct, window.pages
    pulled.newest, pulled.snow0, pulled.started = window.high, window.snow0, window.started
    pulled.token = window.token
    pulled.progress.marked, pulled.progress.restarts = window.marked, window.restarts


def save(session: Session, pair: Pair, pulled: Pulled, tx: StoreTx) -> None:
    """Keep how far the sweep came, unless there is nothing to go on from.

    A run over one matter lists a side for a few records only; what it read is nobody's progress.
    """
    if session.mode not in WHOLE:
        return
    end, sweep = pair.end(pulled.side), pulled.sweep
    at, page = pulled.reached
    counted = end.can.list_order == "offset"
    place = at if counted else page.next
    if page.next is None or place is None:
        return
    window = Window(
        pair.name, pulled.side, sweep.full, sweep.since, place, pulled.snow0, pulled.newest,
        listed=pulled.listed, distinct=pulled.distinct, pages=pulled.pages, started=pulled.started,
        mapping=_configuration(pair), ids=_print_ids(end, page) if counted else 0, token=pulled.token,
    )  # fmt: skip
    _keep(session, pair, pulled, window, tx)


def save_break(session: Session, pair: Pair, pulled: Pulled) -> Flow[None]:
    """The system failed in the middle: what it gave until then need not be listed again."""
    fence = session.fences.get(pair.name)
    if fence is None or pulled.reached[1] is NO_PAGE:
        return

    def work(tx: StoreTx) -> None:
        fence.check(tx)
        save(session, pair, pulled, tx)

    yield from effects.commit(work)


def note_end(session: Session, pair: Pair, pulled: Pulled) -> Flow[None]:
    """A sweep that one run could read whole may begin again, should that run die later: its life is long enough.

    Otherwise a first load that dies while it writes would go on with single reads of all that it listed.
    """
    fence = session.fences.get(pair.name)
    if fence is None or not pulled.in_one_go or not pulled.progress.saves:
        return

    def work(tx: StoreTx) -> None:
        fence.check(tx)
        window = tx.window(pair.name, pulled.side)
        if window is not None:
            tx.save_window(replace(window, restarts=0))

    yield from effects.commit(work)


def _keep(session: Session, pair: Pair, pulled: Pulled, window: Window, tx: StoreTx) -> None:
    side, progress = window.side, pulled.progress
    if pulled.in_one_go and progress.saves == 0:
        tx.forget_window(pair.name, side)
    hashes = pulled.known.newly_shown()
    for rows in session.scratch(pair).sheet(side, BATCH):
        same = [(row[0], row[6], row[4], row[5]) for row in rows if row[2] == "same"]
        tx.touch_legs(pair.name, side, same)
        hashes.extend(raw_hash for _, raw_hash, _, _ in same if raw_hash is not None)
        marks = [Dirty(pair.name, side, row[0], LISTED) for row in rows if row[2] != "same"]
        tx.mark_dirty(marks)
        progress.marked += len(marks)
        lone = [(row[0], unpack_keys(row[8])) for row in rows if row[1] is None]
        tx.put_lone(pair.name, side, [(record, rule, h) for record, keys in lone for rule, h in keys.items()])
    tx.put_quarantine([replace(f, since=pulled.started) for f in pulled.faults[progress.parked :]])
    tx.save_window(replace(window, marked=progress.marked, restarts=progress.restarts), hashes)
    session.scratch(pair).turn(side)
    progress.parked = len(pulled.faults)
    progress.saves += 1


def _print_ids(end: End, page: Page) -> int:
    """Fingerprint the ids on a page, in their order; a row that has none counts with its bytes."""
    ids: list[bytes] = []
    for row in page.rows:
        try:
            ids.append(end.connector.sight(end.object, row).id.encode())
        except DataError:
            ids.append(row)
    return fingerprint(b"\x00".join(ids))


def recall(pair: Pair, pulled: Pulled) -> Flow[None]:
    """Flag the known records that the earlier part of the sweep has shown."""
    pulled.known.flag((yield from effects.look(lambda tx: tx.seen_hashes(pair.name, pulled.side))))


def unmark(session: Session, pair: Pair, side: Side, *, everybody: bool, unpaired: bool, tx: StoreTx) -> None:
    """Remove the marks that the sweep made, as far as they were decided since.

    ``everybody``: the side was listed whole and in one go, so what any sweep had marked was seen. Otherwise what this
    run noted: the paired records, and the ``unpaired`` ones if they were decided too.
    """
    if everybody:
        tx.unmark_listed(pair.name, side)
        return
    for rows in session.scratch(pair).noted(side, BATCH):
        tx.unmark_listed(pair.name, side, [record for record, binding in rows if unpaired or binding is not None])
