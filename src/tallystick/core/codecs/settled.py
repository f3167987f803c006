"""Translations that are only used where they come to rest: what is read and written again reads the same (M-1, M-2).

Libraries for names, addresses and marked-up text have no inverse. A value is let through only after it was tried.
"""

from collections.abc import Callable
from typing import TypeVar

from tallystick.core.codecs.spelling import refuse

V = TypeVar("V")
R = TypeVar("R")


def read_settled(codec: str, raw: R, read: Callable[[R], V], write: Callable[[V], R]) -> V:
    """Read ``raw`` until reading what would be written changes nothing.

    Raises:
        InvalidValue: it changes again and again, so it would never be in step.
    """
    value = read(raw)
    for _ in range(3):
        if not value:
            return value
        again = read(write(value))
        if again == value:
            return value
        value = again
    raise refuse(codec, raw, "a value that keeps its form on the way there and back")


def write_settled(codec: str, value: V, read: Callable[[R], V], write: Callable[[V], R]) -> R:
    """Write ``value`` such that writing what will be read gives the same, and is not nothing.

    Raises:
        InvalidValue: it does not, so it would never be in step.
    """
    raw = write(value)
    again = read(raw)
    if again and write(again) == raw:
        return raw
    raise refuse(codec, value, "a value that keeps its form on the way there and back")
