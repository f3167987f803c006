"""Where reading stands: the dirty set, sweeps in progress, cursors, and what a pair was last run with."""

from array import array
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, case, delete, select

from tallystick.core.binding import Cursor, Dirty, PairState, Window
from tallystick.core.record import Side
from tallystick.core.window import LISTED
from tallystick.store.driver import Driver
from tallystick.store.statement import Change, Statement, one_of, taking, upsert
from tallystick.store.tables import cursor, dirty, pair_state, sweep_seen, sweep_window


def _marking_again(old: Any, given: Any) -> dict[str, Any]:
    # ``place`` stays: a record that is marked ten times a minute must not fall behind all others.
    higher = case((given.attempts > old.attempts, given.attempts), else_=old.attempts)
    return {"reason": given.reason, "not_before": given.not_before, "attempts": higher, "seq": given.seq}


def _all_but_key(*columns: str) -> Change:
    return taking(*(name for name in columns if name not in {"pair", "side"}))


_KEY: Final = ("pair", "side")
_DIRTY: Final = tuple(c.name for c in dirty.columns)
_WINDOW: Final = tuple(c.name for c in sweep_window.columns)
_CURSOR: Final = tuple(c.name for c in cursor.columns)
_PAIR_STATE: Final = tuple(c.name for c in pair_state.columns)

_MARK: Final = upsert(dirty, _DIRTY, _marking_again)
_DUE: Final = Statement(
    select(*[c for c in dirty.columns if c.name != "place"])
    .where(dirty.c.pair == bindparam("pair"), dirty.c.side == bindparam("side"), dirty.c.not_before <= bindparam("now"))
    .order_by(dirty.c.place)
    .limit(bindparam("most")),
    ("pair", "side", "now", "most"),
)
_CLEAR: Final = Statement(
    delete(dirty).where(
        dirty.c.pair == bindparam("pair"),
        dirty.c.side == bindparam("side"),
        dirty.c.id == bindparam("id"),
        dirty.c.seq == bindparam("seq"),
    ),
    ("pair", "side", "id", "seq"),
)
_OF_SIDE: Final = (dirty.c.pair == bindparam("pair"), dirty.c.side == bindparam("side"))
_MARKED: Final = one_of(dirty.c.id, select(dirty.c.id).where(*_OF_SIDE).where, ("pair", "side"))
_UNLIST_ALL: Final = Statement(
    delete(dirty).where(*_OF_SIDE, dirty.c.reason == bindparam("reason")), ("pair", "side", "reason")
)
_UNLIST: Final = one_of(
    dirty.c.id,
    delete(dirty).where(*_OF_SIDE, dirty.c.reason == bindparam("reason")).where,
    ("pair", "side", "reason"),
)
_SAVE_WINDOW: Final = upsert(sweep_window, _WINDOW, _all_but_key(*_WINDOW))
_SAVE_CURSOR: Final = upsert(cursor, _CURSOR, _all_but_key(*_CURSOR))
_SAVE_PAIR_STATE: Final = upsert(pair_state, _PAIR_STATE, _all_but_key(*_PAIR_STATE))
_WINDOW_OF: Final = Statement(
    select(sweep_window).where(sweep_window.c.pair == bindparam("pair"), sweep_window.c.side == bindparam("side")),
    ("pair", "side"),
)
_FORGET_WINDOW: Final = [
    Statement(delete(table).where(table.c.pair == bindparam("pair"), table.c.side == bindparam("side")), _KEY)
    for table in (sweep_window, sweep_seen)
]
_SEEN: Final = Statement(
    select(sweep_seen.c.hashes)
    .where(sweep_seen.c.pair == bindparam("pair"), sweep_seen.c.side == bindparam("side"))
    .order_by(sweep_seen.c.number),
    _KEY,
)
_ADD_SEEN: Final = upsert(sweep_seen, ("pair", "side", "number", "hashes"), taking("hashes"))
_CURSOR_OF: Final = Statement(
    select(cursor).where(cursor.c.pair == bindparam("pair"), cursor.c.side == bindparam("side")), ("pair", "side")
)
_PAIR_STATE_OF: Final = Statement(select(pair_state).where(pair_state.c.pair == bindparam("pair")), ("pair",))

_window_row: Final = attrgetter(*_WINDOW)
_cursor_row: Final = attrgetter(*_CURSOR)
_mark_key: Final = attrgetter("pair", "side", "id", "seq")
_names: Final = msgspec.json.Decoder(tuple[str, ...])


class Positions:
    """The part of a transaction that knows how far was read and what is left to look at."""

    _driver: Driver

    def mark_dirty(self, marks: Sequence[Dirty]) -> None:
        """Note records to be looked at; marks of one record coalesce (R-11.15).

        Every mark gets a ``seq`` of its own, whatever the given one. A mark that exists takes the new reason and time,
        keeps the higher number of attempts and its place in the order of ``dirty``.
        """
        first = self._driver.reserve("dirty", len(marks))
        self._driver.write(
            _MARK,
            (
                (m.pair, m.side, m.id, m.reason, m.not_before, m.attempts, seq, seq)
                for seq, m in enumerate(marks, first)
            ),
        )

    def dirty(self, pair: str, side: Side, now: float, limit: int) -> list[Dirty]:
        """The marks that are due, at most ``limit``; those that wait longest come first."""
        return [Dirty(*row) for row in self._driver.rows(_DUE, (pair, side, now, limit))]

    def clear_dirty(self, marks: Sequence[Dirty]) -> None:
        """Remove marks whose ``seq`` is unchanged (R-11.16); a mark that was renewed stays."""
        self._driver.write(_CLEAR, map(_mark_key, marks))

    def marked(self, pair: str, side: Side, ids: Sequence[str]) -> set[str]:
        """Tell which of these records are marked, whether the mark is due or not."""
        return {row[0] for row in self._driver.pick(_MARKED, (pair, side), ids)}

    def unmark_listed(self, pair: str, side: Side, ids: Sequence[str] | None = None) -> None:
        """Remove the marks that a sweep in progress made: of these records, or of all of a side.

        A mark that was renewed for another reason stays (R-11.16).
        """
        if ids is None:
            self._driver.write(_UNLIST_ALL, [(pair, side, LISTED)])
        else:
            self._driver.strike(_UNLIST, (pair, side, LISTED), ids)

    def window(self, pair: str, side: Side) -> Window | None:
        """The sweep in progress, if any."""
        row = self._driver.row(_WINDOW_OF, (pair, side))
        return None if row is None else Window(row[0], row[1], bool(row[2]), *row[3:])

    def save_window(self, window: Window, seen: "array[int] | None" = None) -> None:
        """Save how far a sweep came; ``seen`` adds raw hashes of known records that it has shown."""
        pair, side, full, *rest = _window_row(window)
        self._driver.write(_SAVE_WINDOW, [(pair, side, int(full), *rest)])
        if seen:
            number = self._driver.reserve("sweep_seen", 1)
            self._driver.write(_ADD_SEEN, [(pair, side, number, seen.tobytes())])

    def seen_hashes(self, pair: str, side: Side) -> "array[int]":
        """The raw hashes that the sweep in progress has shown, in no order; a number may come twice."""
        found = array("q")
        for (hashes,) in self._driver.rows(_SEEN, (pair, side)):
            found.frombytes(hashes)
        return found

    def forget_window(self, pair: str, side: Side) -> None:
        """Give up a sweep in progress; its marks stay."""
        for statement in _FORGET_WINDOW:
            self._driver.write(statement, [(pair, side)])

    def close_window(self, cursor: Cursor) -> None:
        """End a side's sweep: forget the window and move the cursor, both or neither (R-11.1)."""
        self.forget_window(cursor.pair, cursor.side)
        self._driver.write(_SAVE_CURSOR, [_cursor_row(cursor)])

    def cursor(self, pair: str, side: Side) -> Cursor | None:
        """How far a side was read."""
        row = self._driver.row(_CURSOR_OF, (pair, side))
        return None if row is None else Cursor(*row)

    def pair_state(self, pair: str) -> PairState | None:
        """What the pair was last run with."""
        row = self._driver.row(_PAIR_STATE_OF, (pair,))
        if row is None:
            return None
        pair, mapping, scope, not_before, names = row
        return PairState(pair, mapping, scope, not_before, _names.decode(names))

    def save_pair_state(self, state: PairState) -> None:
        """Remember what the pair is run with."""
        names = msgspec.json.encode(state.names).decode()
        self._driver.write(_SAVE_PAIR_STATE, [(state.pair, state.mapping, state.scope, state.not_before, names)])
