"""What the Python of a translated expression calls: every operation, filter and limit.

Everything here is pure and total: a value or ``InvalidValue``. An unknown value is not a value: what touches one
raises ``Missing``, which makes the whole expression unknown. ``None`` and ``""`` are blank: blank in a text is nothing,
blank in arithmetic gives blank, blank in an ordering comparison gives false. Numbers are ``int`` and ``Decimal`` with
at most ``MAX_DIGITS`` digits; no text grows beyond ``MAX_TEXT`` characters.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from typing import Any, Final, TypeGuard

from tallystick.core.codecs.spelling import describe
from tallystick.core.error import InvalidValue
from tallystick.core.record import UNKNOWN

MAX_TEXT: Final = 100_000
MAX_DIGITS: Final = 1000
_MAX_BITS: Final = 3322  # as many as 1,000 digits have
MAX_EXPONENT: Final = 100
_EXACT: Final = Context(prec=2 * MAX_DIGITS, traps=[Inexact, InvalidOperation, Overflow])
_DIVISION: Final = Context(prec=34, traps=[InvalidOperation, Overflow])


class Missing(Exception):
    """The expression touched a value that is not in the record."""


# --- reaching values ----------------------------------------------------------------------------------------------


def known(value: Any) -> Any:
    """Give the value itself. Raises ``Missing`` for unknown."""
    if value is UNKNOWN:
        raise Missing
    return value


def item(value: Any, key: Any) -> Any:
    """Give an item: of an object by key, of a list or text by position. Nothing of blank is blank."""
    if blank(value):
        return None
    try:
        if isinstance(value, dict) and isinstance(key, str):
            return value[key]
        if isinstance(value, list | str) and _is_whole(key):
            return value[key]
    except (KeyError, IndexError):
        pass
    raise Missing


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def piece(value: Any, start: Any, stop: Any, step: Any) -> Any:
    """Give a slice of a text or a list."""
    if value is None:
        return None
    whole = all(bound is None or _is_whole(bound) for bound in (start, stop, step))
    if not isinstance(value, str | list) or not whole or step == 0:
        raise InvalidValue("a slice takes a text or a list and whole numbers", detail=f"{describe(value)} came")
    return value[start:stop:step]


def fallback(value: Callable[[], Any], instead: Callable[[], Any], falsy: Any = False) -> Any:  # noqa: FBT002 - the filter's own argument
    """Give ``value``, or ``instead`` where it is unknown or blank; with ``falsy`` also where it is 0 or false."""
    try:
        found = value()
    except Missing:
        return instead()
    return instead() if blank(found) or (falsy and not found) else found


def defined(value: Callable[[], Any]) -> bool:
    """Tell whether ``value`` is known."""
    try:
        value()
    except Missing:
        return False
    return True


def blank(value: Any) -> bool:
    """Tell whether there is nothing."""
    return value is None or (value.__class__ is str and not value)


# --- text ---------------------------------------------------------------------------------------------------------


def text(value: Any) -> str:
    """Give a value as text: blank as nothing, numbers with a point, times in ISO, true and false in English."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(Decimal(number(value)))
        case Decimal():
            return format(number(value), "f")
        case datetime():
            return (value.astimezone(UTC) if value.tzinfo else value).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case _:
            raise InvalidValue("a list or an object is no text", detail=f"{describe(value)} came", hint="use join")


def joined(*parts: str) -> str:
    """Put texts together."""
    return short("".join(parts))


def short(value: str) -> str:
    """Give the text itself. Raises ``InvalidValue`` for one that is too long."""
    if len(value) > MAX_TEXT:
        raise InvalidValue(f"the expression makes a text of more than {MAX_TEXT} characters")
    return value


# --- arithmetic and comparison ------------------------------------------------------------------------------------


def number(value: Any) -> Any:
    """Give the number itself. Raises ``InvalidValue`` for what is none or has too many digits."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        hint = "turn text into a number: amount | number" if isinstance(value, str) else ""
        raise InvalidValue("the expression needs a number here", detail=f"{describe(value)} came", hint=hint)
    if isinstance(value, int):
        fits = value.bit_length() <= _MAX_BITS
    else:
        fits = value.is_finite() and abs(value.adjusted()) <= MAX_DIGITS and len(value.as_tuple().digits) <= MAX_DIGITS
    if not fits:
        raise InvalidValue(f"the expression makes a number of more than {MAX_DIGITS} digits")
    return value


def _exactly(a: Any, b: Any, whole: Callable[[Any, Any], Any], decimal: Callable[[Decimal, Decimal], Decimal]) -> Any:
    if blank(a) or blank(b):
        return None
    a, b = number(a), number(b)
    if isinstance(a, int) and isinstance(b, int):
        return number(whole(a, b))
    try:
        return number(decimal(Decimal(a), Decimal(b)))
    except DecimalException as cause:
        raise InvalidValue(f"the expression makes a number of more than {MAX_DIGITS} digits") from cause


def add(a: Any, b: Any) -> Any:
    """Add numbers, or put two texts together; blank beside a text is nothing, beside a number it gives blank."""
    if (a is None or isinstance(a, str)) and (b is None or isinstance(b, str)):
        return short((a or "") + (b or ""))
    return _exactly(a, b, lambda x, y: x + y, _EXACT.add)


def subtract(a: Any, b: Any) -> Any:
    """Subtract."""
    return _exactly(a, b, lambda x, y: x - y, _EXACT.subtract)


def multiply(a: Any, b: Any) -> Any:
    """Multiply numbers, or repeat a text a number of times within the limit."""
    for many, times in ((a, b), (b, a)):
        if isinstance(many, str) and many and isinstance(times, int) and not isinstance(times, bool):
            if len(many) * times > MAX_TEXT:
                raise InvalidValue(f"the expression makes a text of more than {MAX_TEXT} characters")
            return many * times
    return _exactly(a, b, lambda x, y: x * y, _EXACT.multiply)


def divide(a: Any, b: Any) -> Any:
    """Divide; the result has up to 34 digits."""
    return _divided(a, b, lambda x, y: _DIVISION.divide(Decimal(x), Decimal(y)))


def divide_whole(a: Any, b: Any) -> Any:
    """Divide and round down."""
    return _divided(a, b, lambda x, y: x // y if isinstance(x, int) and isinstance(y, int) else _floored(x, y))


def modulo(a: Any, b: Any) -> Any:
    """Give what is left after ``divide_whole``; texts are not formatted."""
    return _divided(a, b, lambda x, y: subtract(x, multiply(y, divide_whole(x, y))))


def _floored(a: Any, b: Any) -> Decimal:
    a, b = Decimal(a), Decimal(b)
    down = _EXACT.divide_int(a, b)
    rest = _EXACT.subtract(a, _EXACT.multiply(down, b))
    return down if not rest or (rest < 0) == (b < 0) else _EXACT.subtract(down, Decimal(1))


def _divided(a: Any, b: Any, division: Callable[[Any, Any], Any]) -> Any:
    if blank(a) or blank(b):
        return None
    if not number(b):
        raise InvalidValue("the expression divides by zero")
    try:
        return number(division(number(a), b))
    except DecimalException as cause:
        raise InvalidValue(f"the expression makes a number of more than {MAX_DIGITS} digits") from cause


def power(a: Any, b: Any) -> Any:
    """Raise to a whole power of at most 100."""
    if blank(a) or blank(b):
        return None
    base, exponent = number(a), number(b)
    if not isinstance(exponent, int) or abs(exponent) > MAX_EXPONENT:
        raise InvalidValue(f"an exponent must be a whole number of at most {MAX_EXPONENT}")
    if exponent < 0:
        return divide(1, power(base, -exponent))
    result = 1
    for _ in range(exponent):
        result = multiply(result, base)
    return result


def negate(a: Any) -> Any:
    """Change the sign."""
    return None if blank(a) else -number(a) if isinstance(a, int) else number(a).copy_negate()


def positive(a: Any) -> Any:
    """Give the number itself."""
    return None if blank(a) else number(a)


def equal(a: Any, b: Any) -> bool:
    """Tell whether two values are equal; all blanks are."""
    return bool(a == b) or (blank(a) and blank(b))


def below(a: Any, b: Any) -> bool:
    """Tell whether ``a < b``; numbers with numbers, texts with texts, times with times; never for blank."""
    if blank(a) or blank(b):
        return False
    if isinstance(a, str) and isinstance(b, str):
        return a < b
    if isinstance(a, date) and isinstance(b, date) and isinstance(a, datetime) == isinstance(b, datetime):
        return bool(a < b)
    return bool(number(a) < number(b))


def at_most(a: Any, b: Any) -> bool:
    """Tell whether ``a <= b``, under the conditions of ``below``."""
    return below(a, b) or (not blank(a) and not blank(b) and not below(b, a))


def contains(whole: Any, part: Any) -> bool:
    """Tell whether a text, list or object has a part; blank has none."""
    if blank(whole):
        return False
    if isinstance(whole, str):
        return text(part) in whole
    if isinstance(whole, dict):
        return isinstance(part, str) and part in whole
    if isinstance(whole, list | frozenset):
        return any(equal(one, part) for one in whole)
    raise InvalidValue("'in' looks into a text, a list or an object", detail=f"{describe(whole)} came")
