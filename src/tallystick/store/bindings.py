"""Bindings with their bases, and the ids that legs once had.

A binding is one row of facts; its two bases are one row of payload beside it. Whole batches are written by one
statement each, and a batch that a unique key refuses leaves nothing behind.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import bindparam, case, delete, func, select, update

from tallystick.core.binding import Binding, FormerId, Leg
from tallystick.core.record import SIDES, Side
from tallystick.store.driver import Driver
from tallystick.store.statement import Row, Statement, one_of, taking, upsert
from tallystick.store.tables import LIVE, base, binding, former_id, match_key

# From so many bindings on it matters which index is used.
_MANY: Final = 512

_FACTS: Final = tuple(c.name for c in binding.columns)
_BASES: Final = tuple(c.name for c in base.columns)
_FORMER: Final = tuple(c.name for c in former_id.columns)

_JOINED: Final = select(binding, *[c for c in base.columns if c.name != "binding"]).select_from(
    binding.outerjoin(base, base.c.binding == binding.c.id)
)
_BY_ID: Final = one_of(binding.c.id, _JOINED.where)
_BY_LEG: Final = {
    side: Statement(
        _JOINED.where(
            binding.c.pair == bindparam("pair"), binding.c[f"{side}_id"] == bindparam("record"), binding.c.ended == 0
        ),
        ("pair", "record"),
    )
    for side in SIDES
}
_REPLACE: Final = Statement(
    update(binding)
    .where(binding.c.id == bindparam("which"))
    .values({name: bindparam(name) for name in _FACTS if name != "id"}),
    (*_FACTS[1:], "which"),
)
_DROP_BASES: Final = one_of(base.c.binding, delete(base).where)


def _keeping_known(old: Any, given: Any) -> Mapping[str, Any]:
    changed: dict[str, Any] = {}
    for side in SIDES:
        payload, shape = f"{side}_payload", f"{side}_shape"
        changed[payload] = func.coalesce(given[payload], old[payload])
        changed[shape] = case((given[payload].is_(None), old[shape]), else_=given[shape])
    return changed


_PUT_BASES: Final = upsert(base, _BASES, _keeping_known)
_PUT_FORMER: Final = upsert(former_id, _FORMER, taking("binding", "left_base", "right_base", "shape", "since"))
_FORMER_OF: Final = one_of(
    former_id.c.id,
    select(former_id).where(former_id.c.pair == bindparam("pair"), former_id.c.side == bindparam("side")).where,
    ("pair", "side"),
)
_former_row: Final = attrgetter(*_FORMER)


class Bindings:
    """The part of a transaction that pairs records."""

    _driver: Driver

    def reserve_bindings(self, count: int) -> int:
        """Reserve ``count`` binding ids and give the first; an id is never given out twice."""
        return self._driver.reserve("binding", count)

    def insert_bindings(self, bindings: Sequence[Binding]) -> None:
        """Add new bindings with legs and bases.

        Raises:
            StoreError: a live leg has the id already (R-3.2), or the binding's id is taken; nothing was added.
        """
        with self._one_live_leg(bindings):
            self._driver.pour(binding, map(_facts, bindings))
            self._driver.pour(base, _payloads(bindings))
        if bindings and _doubles(bindings[0].id, bindings[-1].id):
            self._driver.note_growth((binding, base, match_key))

    def update_bindings(self, bindings: Sequence[Binding]) -> None:
        """Replace bindings wholly; a leg whose ``base`` is ``None`` keeps the base that is stored.

        An erased binding loses its bases whatever is given (R-17.5).

        Raises:
            StoreError: a binding is not there, or a live leg has the id already (R-3.2); nothing was changed.
        """
        with self._one_live_leg(bindings):
            changed = self._driver.write(_REPLACE, ((row[1:] + row[:1]) for row in map(_facts, bindings)))
            if changed != len(bindings):
                raise self._driver.fail(
                    "a binding to be updated is not there",
                    detail=f"{changed} of {len(bindings)} found",
                    hint="the state may have been put back while a run was going on; run again",
                )
            self._driver.write(_PUT_BASES, _payloads(bindings))
            self._driver.strike(_DROP_BASES, (), (b.id for b in bindings if b.state == "erased"))

    def bindings(self, ids: Sequence[int]) -> dict[int, Binding]:
        """Load bindings with their bases; ids that are not there are left out."""
        return {row[0]: _binding(row) for row in self._driver.pick(_BY_ID, (), ids)}

    def binding_of(self, pair: str, side: Side, record_id: str) -> Binding | None:
        """Find the live binding of a record, with its bases."""
        row = self._driver.row(_BY_LEG[side], (pair, record_id))
        return None if row is None else _binding(row)

    def add_former(self, rows: Sequence[FormerId]) -> None:
        """Remember ids that a leg once had; an id that was noted before takes the new note."""
        self._driver.write(_PUT_FORMER, map(_former_row, rows))

    def former(self, pair: str, side: Side, ids: Sequence[str]) -> dict[str, FormerId]:
        """Which of these ids belonged to a leg once."""
        return {row[2]: FormerId(*row) for row in self._driver.pick(_FORMER_OF, (pair, side), ids)}

    def _one_live_leg(self, bindings: Sequence[Binding]) -> Any:
        pairs = ", ".join(sorted({b.pair for b in bindings}))
        return self._driver.whole(
            f"a record of pair '{pairs}' is bound already, or a binding's id is taken",
            hint="each record belongs to one live binding a pair; plan again from what is stored",
        )


def _doubles(first: int, last: int) -> bool:
    return last >= _MANY and (first - 1).bit_length() != last.bit_length()


def _facts(b: Binding) -> Row:
    left, right = b.left, b.right
    return (
        b.id, b.state, left.raw_hash, right.raw_hash, b.pair, b.gen, b.flags, 0 if b.state in LIVE else b.id,
        left.id, left.version, left.modified, left.digest, left.absent_since,
        right.id, right.version, right.modified, right.digest, right.absent_since,
    )  # fmt: skip


def _payloads(bindings: Iterable[Binding]) -> Iterable[Row]:
    for b in bindings:
        left, right = b.left, b.right
        if (left.base is not None or right.base is not None) and b.state != "erased":
            # A shape says how to read a base; where there is none, there is nothing to say.
            left_shape = 0 if left.base is None else left.shape
            right_shape = 0 if right.base is None else right.shape
            yield b.id, left_shape, left.base, right_shape, right.base


def _binding(row: Row) -> Binding:
    (
        number, state, left_hash, right_hash, pair, gen, flags, _,
        left_id, left_version, left_modified, left_digest, left_absent,
        right_id, right_version, right_modified, right_digest, right_absent,
        left_shape, left_base, right_shape, right_base,
    ) = row  # fmt: skip
    return Binding(
        number,
        pair,
        state,
        Leg(left_id, left_version, left_modified, left_digest, left_hash, left_absent, left_base, left_shape or 0),
        Leg(
            right_id,
            right_version,
            right_modified,
            right_digest,
            right_hash,
            right_absent,
            right_base,
            right_shape or 0,
        ),
        gen,
        flags,
    )
