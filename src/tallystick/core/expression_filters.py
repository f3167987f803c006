"""The filters that an expression may use: few, pure, each with its own bound.

Blank stays blank in all of them. ``default`` is not here: it must see that its value is unknown.
"""

import re
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from tallystick.core import expression_runtime as runtime
from tallystick.core.codecs.spelling import describe
from tallystick.core.error import InvalidValue
from tallystick.core.expression_runtime import MAX_DIGITS, MAX_EXPONENT, MAX_TEXT, blank, joined, number, short, text
from tallystick.core.path import read
from tallystick.core.record import UNKNOWN

_WORD_STARTS: Final = re.compile(r"([-\s({\[<]+)")
_WHOLE: Final = re.compile(r"[-+]?[0-9]+")
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


def _on_text(function: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else short(function(text(value)))


def _title(value: str) -> str:
    return "".join(part[:1].upper() + part[1:].lower() for part in _WORD_STARTS.split(value))


def _trim(value: Any, characters: Any = None) -> Any:
    return None if value is None else text(value).strip(None if characters is None else text(characters))


def _replace(value: Any, old: Any, new: Any) -> Any:
    if value is None:
        return None
    whole, was, becomes = text(value), text(old), text(new)
    if not was:
        raise InvalidValue("replace needs a text to look for")
    if len(whole) + whole.count(was) * (len(becomes) - len(was)) > MAX_TEXT:
        raise InvalidValue(f"the expression makes a text of more than {MAX_TEXT} characters")
    return whole.replace(was, becomes)


def _length(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, str | list | dict | frozenset):
        return len(value)
    raise InvalidValue("length counts a text, a list or an object", detail=f"{describe(value)} came")


def _round(value: Any, digits: Any = 0, method: Any = "common") -> Any:
    if blank(value):
        return None
    modes = {"common": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}
    if method not in modes or isinstance(digits, bool) or not isinstance(digits, int) or abs(digits) > MAX_EXPONENT:
        raise InvalidValue("round takes a number of digits and 'common', 'ceil' or 'floor'")
    exact = Decimal(number(value))
    result = exact.quantize(Decimal(1).scaleb(-digits), modes[method], Context(prec=2 * MAX_DIGITS))
    return result if digits > 0 else int(result)


def _int(value: Any) -> Any:
    if blank(value):
        return None
    if isinstance(value, str):
        return int(number(Decimal(_spelled(value, _WHOLE, "int reads a whole number such as 42"))))
    return int(value) if isinstance(value, bool) else int(number(value))


def _to_decimal(value: Any) -> Any:
    if blank(value):
        return None
    if isinstance(value, str):
        return number(Decimal(_spelled(value, _DECIMAL, "number reads a number such as -12.50")))
    return Decimal(number(value))


def _spelled(value: str, form: re.Pattern[str], message: str) -> str:
    found = form.fullmatch(value.strip()) if len(value) <= MAX_DIGITS else None
    if not found:
        raise InvalidValue(message, detail=f"{describe(value)} came", hint="other spellings are the codec number's")
    return found[0]


def _join(value: Any, separator: Any = "") -> Any:
    if value is None:
        return None
    if not isinstance(value, list | frozenset):
        raise InvalidValue("join takes a list", detail=f"{describe(value)} came")
    several = sorted(value) if isinstance(value, frozenset) else value
    parts = [text(part) for part in several if not blank(part)]
    between = text(separator)
    if len(between) * len(parts) > MAX_TEXT:
        raise InvalidValue(f"the expression makes a text of more than {MAX_TEXT} characters")
    return joined(between.join(parts))


def _first(value: Any) -> Any:
    return _end(value, 0)


def _last(value: Any) -> Any:
    return _end(value, -1)


def _end(value: Any, position: int) -> Any:
    if value is None or isinstance(value, str | list):
        return value[position] if value else None
    raise InvalidValue("first and last take a text or a list", detail=f"{describe(value)} came")


def _split(value: Any, separator: Any = None) -> Any:
    if value is None:
        return []
    between = None if separator is None else text(separator)
    if between == "":
        raise InvalidValue("split needs a separator, or none for white space")
    return text(value).split(between)


def _abs(value: Any) -> Any:
    return None if blank(value) else runtime.negate(value) if number(value) < 0 else value


FILTERS: Final[dict[str, tuple[Callable[..., Any], int, int]]] = {
    # name: function, fewest and most arguments besides the value
    "upper": (_on_text(str.upper), 0, 0),
    "lower": (_on_text(str.lower), 0, 0),
    "title": (_on_text(_title), 0, 0),
    "capitalize": (_on_text(str.capitalize), 0, 0),
    "trim": (_trim, 0, 1),
    "replace": (_replace, 2, 2),
    "length": (_length, 0, 0),
    "count": (_length, 0, 0),
    "round": (_round, 0, 2),
    "int": (_int, 0, 0),
    "number": (_to_decimal, 0, 0),
    "float": (_to_decimal, 0, 0),
    "string": (text, 0, 0),
    "join": (_join, 0, 1),
    "first": (_first, 0, 0),
    "last": (_last, 0, 0),
    "split": (_split, 0, 1),
    "abs": (_abs, 0, 0),
    "only_digits": (_on_text(lambda value: re.sub("[^0-9]", "", value)), 0, 0),
    "compact": (_on_text(lambda value: "".join(value.split())), 0, 0),
}
"""The filters by name."""

_REACHABLE: Final = (
    read, runtime.known, runtime.item, runtime.piece, runtime.fallback, runtime.defined, runtime.blank,
    runtime.text, runtime.joined, runtime.add, runtime.subtract, runtime.multiply, runtime.divide, runtime.divide_whole,
    runtime.modulo, runtime.power, runtime.negate, runtime.positive, runtime.equal, runtime.below, runtime.at_most,
    runtime.contains,
)  # fmt: skip

NAMES: Final[dict[str, Any]] = {
    "str": str,
    "Decimal": Decimal,
    "UNKNOWN": UNKNOWN,
    **{function.__name__: function for function in _REACHABLE},
    **{f"filter_{name}": function for name, (function, _, _) in FILTERS.items()},
}
"""Every name that translated Python may use; nothing else is reachable from it."""
