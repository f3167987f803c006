"""Limits between what was accepted and what was refused: those that systems name, those that people would choose."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

Settings = dict[str, Any]
# The lengths that people give columns.
_USUAL: Final = (
    1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 18, 20, 24, 25, 30, 32, 35, 36, 40, 45, 48, 50, 60, 63, 64, 70, 72, 75, 80, 90,
    100, 120, 125, 128, 140, 150, 160, 200, 240, 250, 254, 255, 256, 300, 320, 400, 500, 512, 1000, 1024, 2000, 2048,
    2500, 4000, 4096, 5000, 8000, 10_000, 32_000, 65_535,
)  # fmt: skip


def told_lengths(least: Decimal | None, most: Decimal | None, *, is_open: bool) -> Iterator[Settings]:
    """Give the lengths that a system named, as settings of a rule."""
    found: Settings = {}
    if least is not None and least >= 0:
        found["min_length"] = int(least) + is_open
    if most is not None and most >= 0:
        found["max_length"] = int(most) - is_open
    if found:
        yield found


def guessed_lengths(good: Sequence[int], bad: Sequence[int]) -> Iterator[Settings]:
    """Give a length between those that were accepted and those that were refused."""
    longest, shortest = max(good), min(good)
    if min(bad) > longest:
        yield {"max_length": next((n for n in _USUAL if longest <= n < min(bad)), longest)}
    if max(bad) < shortest:
        yield {"min_length": next((n for n in reversed(_USUAL) if max(bad) < n <= shortest), shortest)}


def told_range(
    least: Decimal | None, most: Decimal | None, *, is_open: bool, is_whole: bool
) -> Iterator[Settings]:  # fmt: skip
    """Give the range that a system named; an open limit of a broken number can only be said by an expression."""
    if is_open and not is_whole:
        sides = [f"value {sign} {_spelled(limit)}" for sign, limit in ((">", least), ("<", most)) if limit is not None]
        if sides:
            yield {"that": f"{{{{ {' and '.join(sides)} }}}}"}
        return
    found: Settings = {}
    if least is not None:
        found["minimum"] = _plain(least + is_open)
    if most is not None:
        found["maximum"] = _plain(most - is_open)
    if found:
        yield found


def guessed_range(good: Sequence[Decimal], bad: Sequence[Decimal], *, is_whole: bool) -> Iterator[Settings]:
    """Give a round limit between the numbers that were accepted and those that were refused."""
    highest, lowest = max(good), min(good)
    if min(bad) > highest:
        yield {"maximum": _plain(round_limit(highest, min(bad)))}
    if max(bad) < lowest:
        if max(bad) == 0 and lowest > 0:
            # Nought is refused where only what is positive is wanted, and that is what is wanted nearly always.
            yield {"minimum": 1} if is_whole else {"that": "{{ value > 0 }}"}
        elif max(bad) < 0 <= lowest:
            yield {"minimum": 0}
        else:
            yield {"minimum": _plain(-round_limit(-lowest, -max(bad)))}


def round_limit(low: Decimal, high: Decimal) -> Decimal:
    """Give the number from ``low`` up to, not including, ``high`` that is nearest to ``low`` and round."""
    if low:
        for digits in range(3):
            step = Decimal(1).scaleb(low.adjusted() - digits)
            limit = (low / step).to_integral_value(ROUND_CEILING) * step
            if low <= limit < high:
                return limit
    return low


def _plain(number: Decimal) -> int | Decimal:
    return int(number) if number == number.to_integral_value() else number.normalize()


def _spelled(number: Decimal) -> str:
    return f"{_plain(number):f}" if isinstance(_plain(number), Decimal) else str(_plain(number))
