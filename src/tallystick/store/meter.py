"""Holds the calls of a system against its quota of a day. What is counted is durable before a call is made.

Calls are taken from the store by the block, so that not every one costs a transaction; what was not made is given back
in the end. A process that dies leaves its block counted: too much is counted then, never too little.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tallystick.core.quota import Quota, calls_within, first_hour, hour_of, seconds_to_room
from tallystick.core.state import StoreTx
from tallystick.store.store import SqlStore

_BLOCKS_OF_A_DAY: Final = 200
_LARGEST_BLOCK: Final = 50
_LOOK_AGAIN: Final = 3600.0  # a system that says its quota is spent, and not until when


@dataclass(slots=True)
class _Told:
    """What the system itself said: ``left`` of ``limit`` calls, less what we made since; ``until`` seconds UTC."""

    left: int
    limit: int
    until: float


class CallMeter:
    """The calls of one account within a day, shared with every process that has the same store.

    ``per_day`` may be ``None``: then only what the system itself says counts. ``reserve`` is a share from 0 to 1.
    """

    def __init__(
        self, store: SqlStore, account: str, per_day: int | None, reserve: float, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._account = account
        self._quota = Quota(per_day, reserve) if per_day is not None else None
        self._reserve = reserve
        self._clock = clock
        self._block = max(1, min(_LARGEST_BLOCK, (per_day or 0) // _BLOCKS_OF_A_DAY))
        self._ahead = 0
        self._hour = 0
        self._slots: dict[int, int] | None = None
        self._told: _Told | None = None
        self._turn = threading.Lock()

    def wait(self, *, can_wait: bool) -> float:
        """Give the seconds until a call may be made, 0 for now. What ``can_wait`` leaves the reserve alone."""
        with self._turn:
            now = self._clock()
            return max(self._own_wait(now, can_wait=can_wait), self._told_wait(now, can_wait=can_wait))

    def take(self) -> None:
        """Count one call. It is durable when this returns."""
        with self._turn:
            now = self._clock()
            if self._told is not None:
                self._told.left -= 1
            if self._quota is None:
                return
            if self._hour != hour_of(now):
                self._give_back()
                self._hour = hour_of(now)
            if self._ahead == 0:
                self._reserve_block(self._quota, now)
            self._ahead -= 1

    def hear(self, left: int, limit: int, reset: float | None) -> None:
        """Take the system's own word: ``left`` of ``limit`` calls of the day, that ends in ``reset`` seconds."""
        with self._turn:
            now = self._clock()
            self._told = _Told(left, limit, now + (_LOOK_AGAIN if reset is None else reset))

    def left(self) -> int | None:
        """Give how many calls of the day are left, the reserve included; ``None`` where nobody knows."""
        with self._turn:
            known = [self._quota.per_day - self._made(self._clock())] if self._quota is not None else []
            known += [self._told.left] if self._told is not None and self._clock() < self._told.until else []
            return max(0, min(known)) if known else None

    def close(self) -> None:
        """Give back what was counted and not made."""
        with self._turn:
            self._give_back()

    def _own_wait(self, now: float, *, can_wait: bool) -> float:
        if self._quota is None:
            return 0.0
        most = self._quota.most(can_wait=can_wait)
        if self._made(now) < most:
            return 0.0
        self._slots = self._store.look(lambda tx: tx.calls(self._account, first_hour(now)))
        if self._made(now) < most:
            return 0.0
        made = self._slots | {self._hour: self._slots.get(self._hour, 0) - self._ahead}
        return seconds_to_room(made, now, most)

    def _told_wait(self, now: float, *, can_wait: bool) -> float:
        told = self._told
        if told is None or now >= told.until:
            return 0.0
        kept = round(told.limit * self._reserve) if can_wait else 0
        return told.until - now if told.left <= kept else 0.0

    def _made(self, now: float) -> int:
        if self._slots is None:
            self._slots = self._store.look(lambda tx: tx.calls(self._account, first_hour(now)))
        return calls_within(self._slots, now) - self._ahead

    def _reserve_block(self, quota: Quota, now: float) -> None:
        def work(tx: StoreTx) -> tuple[int, dict[int, int]]:
            tx.forget_calls(self._account, first_hour(now))
            slots = tx.calls(self._account, first_hour(now))
            block = max(1, min(self._block, quota.per_day - calls_within(slots, now)))
            tx.add_calls(self._account, self._hour, block)
            return block, slots | {self._hour: slots.get(self._hour, 0) + block}

        self._ahead, self._slots = self._store.commit(work)

    def _give_back(self) -> None:
        ahead, self._ahead, self._slots = self._ahead, 0, None
        if ahead:
            self._store.commit(lambda tx: tx.add_calls(self._account, self._hour, -ahead))
