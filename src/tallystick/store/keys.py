"""Match keys: which records of a side share a key, without loading any record (SYNC-SPEC 9)."""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import bindparam, delete, select

from tallystick.core.record import Side
from tallystick.store.driver import Driver
from tallystick.store.statement import Statement, one_of, taking, upsert
from tallystick.store.tables import lone_key, match_key

_PUT: Final = upsert(match_key, ("pair", "side", "id", "rule", "hash"), taking("hash"))
_SIDE: Final = (match_key.c.pair == bindparam("pair"), match_key.c.side == bindparam("side"))
_DROP: Final = one_of(match_key.c.id, delete(match_key).where(*_SIDE).where, ("pair", "side"))
_FIND: Final = one_of(
    match_key.c.hash,
    select(match_key.c.rule, match_key.c.hash, match_key.c.id)
    .where(*_SIDE, match_key.c.rule == bindparam("rule"))
    .where,
    ("pair", "side", "rule"),
)

_LONE: Final = (lone_key.c.pair == bindparam("pair"), lone_key.c.side == bindparam("side"))
_PUT_LONE: Final = upsert(lone_key, ("pair", "side", "id", "rule", "hash"), taking("hash"))
_DROP_LONE: Final = one_of(lone_key.c.id, delete(lone_key).where(*_LONE).where, ("pair", "side"))
_DROP_ALL_LONE: Final = Statement(delete(lone_key).where(*_LONE), ("pair", "side"))
_FIND_LONE: Final = one_of(
    lone_key.c.hash,
    select(lone_key.c.rule, lone_key.c.hash, lone_key.c.id).where(*_LONE, lone_key.c.rule == bindparam("rule")).where,
    ("pair", "side", "rule"),
)
_ANY_LONE: Final = Statement(select(lone_key.c.id).where(lone_key.c.pair == bindparam("pair")).limit(1), ("pair",))


class Keys:
    """The part of a transaction that finds records by their match keys."""

    _driver: Driver

    def put_keys(self, pair: str, side: Side, rows: Iterable[tuple[str, int, int]]) -> None:
        """Add (record id, rule number, key hash) for records of a side; a record's key of the same rule is replaced."""
        self._driver.write(_PUT, ((pair, side, record, rule, hashed) for record, rule, hashed in rows))

    def drop_keys(self, pair: str, side: Side, ids: Sequence[str]) -> None:
        """Forget the keys of these records."""
        self._driver.strike(_DROP, (pair, side), ids)

    def find_keys(self, pair: str, side: Side, keys: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
        """(rule, hash, record id) of all records of a side with one of these (rule, hash), each once."""
        return self._find(_FIND, pair, side, keys)

    def put_lone(self, pair: str, side: Side, rows: Iterable[tuple[str, int, int]]) -> None:
        """Remember (record id, rule number, key hash) of records that are paired with nobody."""
        self._driver.write(_PUT_LONE, ((pair, side, record, rule, hashed) for record, rule, hashed in rows))

    def drop_lone(self, pair: str, side: Side, ids: Sequence[str] | None = None) -> None:
        """Forget the keys of these unpaired records, or of all of a side."""
        if ids is None:
            self._driver.write(_DROP_ALL_LONE, [(pair, side)])
        else:
            self._driver.strike(_DROP_LONE, (pair, side), ids)

    def find_lone(self, pair: str, side: Side, keys: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
        """(rule, hash, record id) of the unpaired records that had one of these (rule, hash); they may have changed."""
        return self._find(_FIND_LONE, pair, side, keys)

    def has_lone(self, pair: str) -> bool:
        """Whether the key of any unpaired record is remembered."""
        return self._driver.row(_ANY_LONE, (pair,)) is not None

    def _find(
        self, statement: Statement, pair: str, side: Side, keys: Sequence[tuple[int, int]]
    ) -> list[tuple[int, int, str]]:
        wanted: dict[int, dict[int, None]] = {}
        for rule, hashed in keys:
            wanted.setdefault(rule, {})[hashed] = None
        return [
            (found_rule, hashed, record)
            for rule, hashes in wanted.items()
            for found_rule, hashed, record in self._driver.pick(statement, (pair, side, rule), hashes)
        ]
