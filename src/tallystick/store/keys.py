"""Match keys: which records of a side share a key, without loading any record (SYNC-SPEC 9)."""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import bindparam, delete, select

from tallystick.core.record import Side
from tallystick.store.driver import Driver
from tallystick.store.statement import one_of, taking, upsert
from tallystick.store.tables import match_key

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
        wanted: dict[int, dict[int, None]] = {}
        for rule, hashed in keys:
            wanted.setdefault(rule, {})[hashed] = None
        return [
            (found_rule, hashed, record)
            for rule, hashes in wanted.items()
            for found_rule, hashed, record in self._driver.pick(_FIND, (pair, side, rule), hashes)
        ]
