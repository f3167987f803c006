"""What a system makes of a value it is given: known shapes of loss (R-7.2, R-7.3).

A stored value that differs from the sent one by a known shape is the system's doing, not a person's edit, and becomes
the base. Anything else that is read later counts as an edit.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from tallystick.core.error import DataError
from tallystick.core.record import UNKNOWN, Fields, Money, Value, same

# It begins with + or 0, which a number that is counted with does not; points and commas would be decimal signs.
_PHONE = re.compile(r"[+0(][0-9 ()/\-]*")
_SHORTEST_PHONE = 4
_SHORTEST_CUT = 4  # a shorter common beginning proves nothing about truncation


def shape_of_loss(sent: Value, stored: Value) -> str | None:
    """Name how ``stored`` comes from ``sent`` with its parameter (``truncated to 40``); ``None`` if by no known way."""
    if same(sent, stored):
        return "equal"
    if isinstance(sent, str) and (isinstance(stored, str) or stored is None):
        return _text_shape(sent, stored or "")
    if isinstance(sent, datetime) and isinstance(stored, datetime):
        return _instant_shape(sent, stored)
    if isinstance(sent, Money) and isinstance(stored, Money) and sent.currency == stored.currency:
        return _number_shape(sent.amount, stored.amount)
    if isinstance(sent, dict) and isinstance(stored, dict):
        return _shape_of_parts(sent, stored)
    if isinstance(sent, int | Decimal) and isinstance(stored, int | Decimal):
        return _number_shape(Decimal(sent), Decimal(stored))
    return None


def _shape_of_parts(sent: dict[str, Value], stored: dict[str, Value]) -> str | None:
    shapes = {part: shape_of_loss(sent.get(part), stored.get(part)) for part in sorted({*sent, *stored})}
    if any(shape is None for shape in shapes.values()):
        return None
    return ", ".join(f"{part} {shape}" for part, shape in shapes.items() if shape != "equal") or "equal"


def is_own_doing(sent: Value, stored: Value, hold: Callable[[Value], Value]) -> bool:
    """Tell whether what a system stored is what became of the value it was sent, by our own codecs and its own habits.

    ``hold`` gives what our codecs on that side leave of a value, before the system loses some of it.
    """
    if shape_of_loss(sent, stored) is not None:
        return True
    try:
        spelled = hold(sent)
    except DataError:
        return False
    return shape_of_loss(spelled, stored) is not None


def holds_what_was_sent(sent: Fields, found: Fields) -> bool:
    """Tell whether a record holds every value that was sent, as far as systems keep values; and any at all."""
    said = [(s, f) for s, f in zip(sent, found, strict=True) if s is not UNKNOWN]
    return any(s is not None for s, _ in said) and all(shape_of_loss(s, f) for s, f in said)


def _text_shape(sent: str, stored: str) -> str | None:
    if stored == sent.strip():
        return "trimmed"
    if " ".join(stored.split()) == " ".join(sent.split()):
        return "whitespace collapsed"
    if unicodedata.normalize("NFKC", sent) == unicodedata.normalize("NFKC", stored):
        return "unicode normalised"
    if sent.strip().casefold() == stored.strip().casefold():
        return "case folded"
    if _is_same_phone(sent, stored):
        return "telephone number re-formatted"
    if len(stored) >= _SHORTEST_CUT and (sent.startswith(stored) or sent.strip().startswith(stored)):
        return f"truncated to {len(stored)}"
    return None


def _is_same_phone(sent: str, stored: str) -> bool:
    """Whether both are the same digits of a telephone number in other groups; ``+`` and ``00`` mean the same."""
    if not (_PHONE.fullmatch(sent.strip()) and _PHONE.fullmatch(stored.strip())):
        return False
    digits = [re.sub(r"[^0-9]", "", re.sub(r"^\s*\+", "00", text)) for text in (sent, stored)]
    return digits[0] == digits[1] and len(digits[0]) >= _SHORTEST_PHONE


def _number_shape(sent: Decimal, stored: Decimal) -> str | None:
    if not (sent.is_finite() and stored.is_finite()):
        return None
    exponent = stored.normalize().as_tuple().exponent
    digits = max(0, -exponent) if isinstance(exponent, int) else 0
    unit = Decimal(1).scaleb(-digits)
    return f"rounded to {digits}" if abs(sent - stored) < unit and sent != stored else None


def _instant_shape(sent: datetime, stored: datetime) -> str | None:
    for name, unit in (("milliseconds", 0.001), ("seconds", 1), ("minutes", 60)):
        if abs((sent - stored).total_seconds()) < unit and stored.timestamp() % unit == 0:
            return f"precision reduced to {name}"
    return None
