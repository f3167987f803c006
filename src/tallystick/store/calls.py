"""How many calls were made to a system, by the hour: what a quota of a day is held against, whoever made them."""

from typing import Final

from sqlalchemy import bindparam, delete, select

from tallystick.store.driver import Driver
from tallystick.store.statement import Statement, upsert
from tallystick.store.tables import calls

_ADD: Final = upsert(calls, ("account", "hour", "number"), lambda old, given: {"number": old.number + given.number})
_MADE: Final = Statement(
    select(calls.c.hour, calls.c.number).where(
        calls.c.account == bindparam("account"), calls.c.hour >= bindparam("first")
    ),
    ("account", "first"),
)
_FORGET: Final = Statement(
    delete(calls).where(calls.c.account == bindparam("account"), calls.c.hour < bindparam("first")),
    ("account", "first"),
)


class Calls:
    """The part of a transaction that knows how many calls were made."""

    _driver: Driver

    def add_calls(self, account: str, hour: int, number: int) -> None:
        """Count calls of an hour (its number since 1970 UTC); a negative number gives back what was not made."""
        self._driver.write(_ADD, [(account, hour, number)])

    def calls(self, account: str, first: int) -> dict[int, int]:
        """The calls by hour, from the hour ``first`` on."""
        return {int(hour): int(number) for hour, number in self._driver.rows(_MADE, (account, first))}

    def forget_calls(self, account: str, first: int) -> None:
        """Remove what was counted before the hour ``first``."""
        self._driver.write(_FORGET, [(account, first)])
