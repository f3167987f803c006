"""Where reading stands: the dirty set, sweeps in progress, cursors, and what a pair was last run with."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, case, delete, select

from tallystick.core.binding import Cursor, Dirty, PairState, Window
from tallystick.core.record import Side
from tallystick.store.driver import Driver
from tallystick.store.statement import Change, Statement, taking, upsert
from tallystick.store.tables import cursor, dirty, pair_state, sweep_window


def _marking_again(old: Any, given: Any) -> dict[str, Any]:
    # ``place`` stays: a record that is marked ten times a minute must not fall behind all others.
    higher = case((given.attempts > old.attempts, given.attempts), else_=old.attempts)
    return {"reason": given.reason, "not_before": given.not_before, "attempts": higher, "seq": given.seq}


def _all_but_key(*columns: str) -> Change:
    return taking(*(name for name in columns if name not in {"pair", "side"}))


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
_SAVE_WINDOW: Final = upsert(sweep_window, _WINDOW, _all_but_key(*_WINDOW))
_SAVE_CURSOR: Final = upsert(cursor, _CURSOR, _all_but_key(*_CURSOR))
_SAVE_PAIR_STATE: Final = upsert(pair_state, _PAIR_STATE, _all_but_key(*_PAIR_STATE))
_WINDOW_OF: Final = Statement(
    select(sweep_window).where(sweep_window.c.pair == bindparam("pair"), sweep_window.c.side == bindparam("side")),
    ("pair", "side"),
)
_FORGET_WINDOW: Final = Statement(
    delete(sweep_window).where(sweep_window.c.pair == bindparam("pair"), sweep_window.c.side == bindparam("side")),
    ("pair", "side"),
)
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

    def window(self, pair: str, side: Side) -> Window | None:
        """The sweep in progress, if any."""
        row = self._driver.row(_WINDOW_OF, (pair, side))
        return None if row is None else Window(row[0], row[1], bool(row[2]), *row[3:])

    def save_window(self, window: Window) -> None:
        """Save how far a sweep came."""
        pair, side, full, *rest = _window_row(window)
        self._driver.write(_SAVE_WINDOW, [(pair, side, int(full), *rest)])

    def close_window(self, cursor: Cursor) -> None:
        """End a side's sweep: forget the window and move the cursor, both or neither (R-11.1)."""
        self._driver.write(_FORGET_WINDOW, [(cursor.pair, cursor.side)])
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
