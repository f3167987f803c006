"""The one source of chance: everything random in a simulation comes from here, so that a seed is the whole story."""

import random  # noqa: TID251 - the seeded source itself
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A seeded source of chance. Equal seeds give equal throws, on every machine and in every process."""

    def __init__(self, seed: int | str) -> None:
        self._source = random.Random(f"tally-{seed}")
        self.roll = self._source.random
        self.between = self._source.uniform

    def hits(self, probability: float) -> bool:
        """Throw: true with this probability. Nothing is thrown for what cannot happen."""
        return probability > 0 and self.roll() < probability

    def one(self, of: Sequence[T]) -> T:
        """Pick one."""
        return of[int(self.roll() * len(of))]

    def number(self, low: int, high: int) -> int:
        """Pick a whole number, both ends included."""
        return low + int(self.roll() * (high - low + 1))

    def shuffled(self, of: Sequence[T]) -> list[T]:
        """Give the same things in another order."""
        order = list(of)
        self._source.shuffle(order)
        return order
