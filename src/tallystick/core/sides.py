"""One field as both sides have it: two values, and what each side can really keep of a value."""

from collections.abc import Callable
from dataclasses import dataclass

from tallystick.core.error import DataError
from tallystick.core.record import Side, Value, other, same

Hold = Callable[[Value], Value]


@dataclass(frozen=True, slots=True)
class Sides:
    """One value for the left and one for the right."""

    left: Value
    right: Value

    def on(self, side: Side) -> Value:
        """Give the value on ``side``."""
        return self.left if side == "left" else self.right


@dataclass(frozen=True, slots=True)
class Holds:
    """What each side can keep of this field."""

    left: Hold
    right: Hold

    def on(self, side: Side) -> Hold:
        """Give the function of ``side``."""
        return self.left if side == "left" else self.right


def equivalent(now: Sides, holds: Holds) -> bool:
    """Tell whether both sides hold the same up to what each of them can hold (R-6.3)."""
    return same(now.left, now.right) or is_loss(now, "right", holds) or is_loss(now, "left", holds)


def is_loss(now: Sides, side: Side, holds: Holds) -> bool:
    """Tell whether what ``side`` holds is merely what it can keep of the other side's value."""
    try:
        return same(now.on(side), holds.on(side)(now.on(other(side))))
    except DataError:
        return False
