"""The legs of bindings, a column at a time: what a sweep compares with, without loading a single base."""

from array import array
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, bindparam, func, literal_column, select, update

from tallystick.core.binding import LegFact
from tallystick.core.record import SIDES, Side
from tallystick.core.runs import Runs
from tallystick.store.driver import Driver
from tallystick.store.statement import Row, Statement, one_of
from tallystick.store.tables import binding

_PIECE: Final = 8_192  # hashes that the database writes at once
_numbers: Final = msgspec.json.Decoder(list[int]).decode

_PAIR: Final = binding.c.pair == bindparam("which_pair")
# The same, in a form that no index is taken for.
_PAIR_CHECKED: Final = func.coalesce(binding.c.pair, "") == bindparam("which_pair")
# Spelled into the text: SQLite uses a partial index only where it can read the state, not for a parameter.
_LINKED: Final = binding.c.state == literal_column("'linked'")
_LINKED_OR_HALF: Final = binding.c.state.in_([literal_column("'linked'"), literal_column("'half'")])


class _Side:
    """The statements of one side."""

    def __init__(self, side: Side) -> None:
        def column(name: str) -> ColumnElement[Any]:
            return binding.c[f"{side}_{name}"]

        record, raw, absent = column("id"), column("raw_hash"), column("absent_since")
        pair = ("which_pair",)
        self.facts = one_of(
            record,
            select(
                record, binding.c.ended, binding.c.id, binding.c.state, column("digest"), raw, column("version"), absent
            )
            .where(_PAIR)
            .where,
            pair,
        )
        hashed = select(binding.c.id, raw).where(_PAIR, _LINKED, raw.is_not(None))
        self.hashes = Statement(hashed.order_by(binding.c.id), pair)
        piece = hashed.where(binding.c.id > bindparam("after")).order_by(binding.c.id).limit(_PIECE).subquery()
        self.packed_next = Statement(
            select(func.json_group_array(piece.c[raw.name]), func.min(piece.c.id), func.max(piece.c.id)),
            (*pair, "after"),
        )
        # In the order of the table itself, which costs half as much where it holds hardly any other rows.
        self.packed_here = Statement(
            select(func.json_group_array(raw))
            .where(_PAIR_CHECKED, _LINKED, raw.is_not(None))
            .where(binding.c.id.between(bindparam("first"), bindparam("last"))),
            (*pair, "first", "last"),
        )
        self.packed_ids = Statement(
            hashed.with_only_columns(binding.c.id)
            .where(binding.c.id.between(bindparam("first"), bindparam("last")))
            .order_by(binding.c.id),
            (*pair, "first", "last"),
        )
        self.hashes_sorted = Statement(hashed.order_by(raw), pair)
        # Not "record IS NOT NULL": SQLite would take that for a range and walk the index of ids in its random order.
        self.without_hash = Statement(select(binding.c.id, record).where(_PAIR, _LINKED, raw.is_(None)), pair)
        changed = ("raw_hash", "version", "modified")
        self.touch = Statement(
            update(binding)
            .where(_PAIR, record == bindparam("which"))
            .values(
                {f"{side}_{name}": bindparam(name) for name in changed}
                | {f"{side}_absent_since": None, "flags": func.replace(binding.c.flags, side[0], "")}
            ),
            (*changed, "which_pair", "which"),
        )
        self.absent = Statement(
            update(binding)
            .where(_PAIR, record == bindparam("which"), absent.is_(None))
            .values({f"{side}_absent_since": bindparam("since")}),
            ("since", "which_pair", "which"),
        )
        self.missed = Statement(select(record, raw).where(_PAIR, absent.is_not(None)), pair)
        self.found = Statement(
            update(binding).where(_PAIR, record == bindparam("which")).values({f"{side}_absent_since": None}),
            ("which_pair", "which"),
        )
        # By the binding's id alone: with the pair in the question SQLite would rather walk the whole pair.
        self.ids_of = one_of(
            binding.c.id, select(binding.c.id, record).where(_PAIR_CHECKED, _LINKED_OR_HALF).where, pair
        )
        self.resolve = one_of(record, select(record, binding.c.id).where(_PAIR, _LINKED_OR_HALF).where, pair)
        self.sample = Statement(
            select(binding.c.id, record)
            .where(_PAIR, _LINKED, binding.c.id >= bindparam("first"), absent.is_(None))
            .order_by(binding.c.id)
            .limit(1),
            ("which_pair", "first"),
        )


_OF: Final = {side: _Side(side) for side in SIDES}
_DORMANT: Final = Statement(
    select(binding.c.id, binding.c.left_id, binding.c.right_id).where(
        _PAIR, binding.c.state == literal_column("'dormant'")
    ),
    ("which_pair",),
)
_FORGET: Final = one_of(binding.c.id, update(binding).values({f"{side}_raw_hash": None for side in SIDES}).where)
_COUNT: Final = Statement(select(func.count()).select_from(binding).where(_PAIR, _LINKED), ("which_pair",))
_LINKED_IDS: Final = Statement(select(binding.c.id).where(_PAIR, _LINKED).order_by(binding.c.id), ("which_pair",))
_ENDS: Final = [
    Statement(select(binding.c.id).where(_PAIR, _LINKED).order_by(order).limit(1), ("which_pair",))
    for order in (binding.c.id, binding.c.id.desc())
]


class Legs:
    """The part of a transaction that answers for many records at once."""

    _driver: Driver

    def leg_facts(self, pair: str, side: Side, ids: Sequence[str]) -> dict[str, LegFact]:
        """What is known of these records, by id; unbound ids are left out.

        Ended bindings (tomb, unlinked, erased) count, but a live one of the same id, or else the newest, goes first.
        """
        rows = self._driver.pick(_OF[side].facts, (pair,), ids)
        facts = {row[0]: LegFact(*row[2:]) for row in rows}
        if len(facts) != len(rows):
            rows.sort(key=_liveness)
            facts = {row[0]: LegFact(*row[2:]) for row in rows}
        return facts

    def raw_hashes(self, pair: str, side: Side, *, by_hash: bool = False) -> "tuple[Sequence[int], array[int]]":
        """Two columns: the linked bindings with a raw hash on a side, and these hashes, type ``q``.

        They come in order of binding (as ``Runs``: 8 bytes a record in all), or of hash, which costs four times as
        much (16 bytes a record).
        """
        if not by_hash:
            return self._packed_hashes(pair, side) if self._driver.packs else self._listed_hashes(pair, side)
        bindings, hashes = array("q"), array("q")
        for both in self._driver.numbers(_OF[side].hashes_sorted, (pair,)):
            bindings.extend(both[::2])
            hashes.extend(both[1::2])
        return bindings, hashes

    def _listed_hashes(self, pair: str, side: Side) -> "tuple[Runs, array[int]]":
        bindings, hashes = Runs(), array("q")
        for both in self._driver.numbers(_OF[side].hashes, (pair,)):
            bindings.extend(both[::2])
            hashes.extend(both[1::2])
        return bindings, hashes

    def _packed_hashes(self, pair: str, side: Side) -> "tuple[Runs, array[int]]":
        """Let the database write the hashes as text, thousands at a time: to make rows of them costs twice as much."""
        bindings, hashes, of_side = Runs(), array("q"), _OF[side]
        first, last, is_dense = 1, 0, False
        while True:
            if is_dense:
                first, last = last + 1, last + _PIECE
                [(column,)] = self._driver.rows(of_side.packed_here, (pair, first, last))
            else:
                [(column, first, last)] = self._driver.rows(of_side.packed_next, (pair, last))
            piece = array("q", _numbers(column))
            if not (piece or is_dense):
                return bindings, hashes
            hashes += piece
            if last - first + 1 == len(piece):
                bindings.add_run(first, len(piece))
            elif piece:
                bindings.extend([number for (number,) in self._driver.rows(of_side.packed_ids, (pair, first, last))])
            # Where many others stand between, the pair's own rows are looked for by its index.
            is_dense = (last - first) < 2 * len(piece)

    def legs_without_hash(self, pair: str, side: Side) -> list[tuple[int, str]]:
        """(binding, id) of the linked legs that have an id but no raw hash."""
        rows = self._driver.rows(_OF[side].without_hash, (pair,))
        return [(number, record) for number, record in rows if record is not None]

    def touch_legs(
        self, pair: str, side: Side, rows: Iterable[tuple[str, int | None, str | None, float | None]]
    ) -> None:
        """Set (id, raw_hash, version, modified) of bound legs; unbound ids are passed over.

        The leg is there and as it was agreed, so ``absent_since`` and the mark that its base is pending are cleared.
        """
        self._driver.write(_OF[side].touch, ((raw, version, at, pair, record) for record, raw, version, at in rows))

    def forget_hashes(self, bindings: Sequence[int]) -> None:
        """Forget the bytes last observed of both legs of these bindings, so that the next listing reads them."""
        self._driver.strike(_FORGET, (), bindings)

    def mark_absent(self, pair: str, side: Side, ids: Sequence[str], since: float) -> None:
        """Note when these bound records were first found missing; an earlier note stays."""
        self._driver.write(_OF[side].absent, ((since, pair, record) for record in ids))

    def missed_legs(self, pair: str, side: Side) -> list[tuple[str, int | None]]:
        """(id, raw hash) of the records that were found missing and are not yet known to be deleted."""
        return [(record, raw) for record, raw in self._driver.rows(_OF[side].missed, (pair,)) if record is not None]

    def clear_absent(self, pair: str, side: Side, ids: Sequence[str]) -> None:
        """Note that these bound records are there after all."""
        self._driver.write(_OF[side].found, ((pair, record) for record in ids))

    def dormant(self, pair: str) -> dict[int, tuple[str | None, str | None]]:
        """The dormant bindings with their ids, (left, right)."""
        return {number: (left, right) for number, left, right in self._driver.rows(_DORMANT, (pair,))}

    def count_linked(self, pair: str) -> int:
        """How many bindings are linked."""
        return int(self._driver.rows(_COUNT, (pair,))[0][0])

    def linked_bindings(self, pair: str) -> "array[int]":
        """All linked bindings, ascending, type ``q``: 8 bytes a binding."""
        return array("q", chain.from_iterable(self._driver.scan(_LINKED_IDS, (pair,))))

    def ids_of(self, pair: str, side: Side, bindings: Sequence[int]) -> dict[int, str]:
        """The ids that these bindings have on a side, where they have one and are linked or half."""
        rows = self._driver.pick(_OF[side].ids_of, (pair,), bindings)
        return {number: record for number, record in rows if record is not None}

    def resolve_ids(self, pair: str, side: Side, ids: Sequence[str]) -> dict[str, int]:
        """The bindings of these ids on a side, where they are linked or half."""
        return dict(self._driver.pick(_OF[side].resolve, (pair,), ids))

    def sample_ids(self, pair: str, side: Side, count: int) -> list[str]:
        """Some ids of linked records of a side that were there when last seen, at most ``count`` (canary, R-4.4).

        They are spread over old and new bindings, so that one deleted batch cannot be the whole sample; equal states
        give equal samples.
        """
        ends = [self._driver.row(end, (pair,)) for end in _ENDS]
        low, high = (0 if end is None else int(end[0]) for end in ends)
        found: list[str] = []
        first = low
        while len(found) < count:
            row = self._driver.row(_OF[side].sample, (pair, first))
            if row is None:
                break
            found.append(row[1])
            first = max(row[0] + 1, low + (high - low + 1) * len(found) // count)
        return found


def _liveness(row: Row) -> tuple[bool, int]:
    return row[1] == 0, row[1]
