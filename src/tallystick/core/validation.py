"""What a system declares about a field, checked before the system refuses it.

``fit`` is for values on their way into a system, ``readable`` for values that come out of one. Both name the rule, the
limit and the size of what came, never the value itself.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from tallystick.core.codecs.spelling import describe
from tallystick.core.error import InvalidValue
from tallystick.core.pattern import MATCHABLE, pattern_of
from tallystick.core.record import Money, Ref
from tallystick.core.schema import Field, Type

_SCALARS: Final = (str, int, Decimal, bool)
READABLE: Final[dict[Type, tuple[type, ...]]] = {
    "text": _SCALARS,
    "integer": _SCALARS,
    "number": _SCALARS,
    "boolean": _SCALARS,
    "date": _SCALARS,
    "instant": _SCALARS,
    "local_time": _SCALARS,
    "list": (list,),
    "object": (dict,),
    "any": (object,),
}
"""The JSON types that a field of each type may be read as: kinds of scalars are told apart by codecs, not here."""
_WRITABLE: Final[dict[Type, tuple[type, ...]]] = {
    **READABLE,
    "text": (str,),
    "integer": (int,),
    "number": (int, Decimal),
    "boolean": (bool,),
}
_EXPECTED: Final[dict[Type, str]] = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "instant": "a point in time",
    "local_time": "a time",
    "list": "a list",
    "object": "an object",
    "any": "anything",
}
_WIDEST: Final = 1000


def readable(spec: Field | None, raw: Any) -> Any:
    """Give ``raw`` itself. Raises ``InvalidValue`` where it cannot be a value of the declared type at all."""
    if spec is None or isinstance(raw, READABLE[spec.type]):
        return raw
    raise InvalidValue(f"{spec.path} is declared as {_EXPECTED[spec.type]}", detail=f"{describe(raw)} came")


def plain(value: Any) -> Any:
    """Give a canonical value as JSON has it; times become ISO, sets sorted lists.

    Raises:
        InvalidValue: JSON has no one spelling for it; a codec must say how it is written.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.isoformat()
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Money | Ref):
        kind = "an amount with currency" if isinstance(value, Money) else "a reference"
        raise InvalidValue(f"{kind} cannot be written here", hint="give the field a codec, or a reference")
    return value


def fit(spec: Field | None, raw: Any) -> Any:
    """Give ``raw`` as the field takes it: a whole ``Decimal`` becomes an ``int`` where whole numbers are declared.

    Raises:
        InvalidValue: it breaks a rule.
    """
    if spec is None:
        return raw
    raw = _typed(spec, raw)
    if isinstance(raw, str):
        _check_text(spec, raw)
    elif isinstance(raw, int | Decimal) and not isinstance(raw, bool):
        _check_range(spec, raw)
    if spec.options:
        _check_options(spec, raw)
    return raw


def shorten(spec: Field | None, raw: Any) -> Any:
    """Cut a text to the length that the field takes."""
    if spec is not None and spec.max_length is not None and isinstance(raw, str):
        return raw[: spec.max_length]
    return raw


def limit(value: float) -> Decimal:
    """Give a declared limit as it was written: 0.1 is one tenth."""
    return Decimal(repr(value))


def _typed(spec: Field, raw: Any) -> Any:
    is_bool = isinstance(raw, bool)
    if spec.type == "integer" and isinstance(raw, Decimal):
        whole = raw == raw.to_integral_value() and raw.adjusted() < _WIDEST
        raw = int(raw) if whole else raw
    if isinstance(raw, _WRITABLE[spec.type]) and (not is_bool or spec.type in {"boolean", "any"}):
        return raw
    hint = "give the field a codec that writes this type"
    raise InvalidValue(f"{spec.path} takes {_EXPECTED[spec.type]}", detail=f"{describe(raw)} came", hint=hint)


def _check_text(spec: Field, raw: str) -> None:
    length = len(raw)
    if spec.max_length is not None and length > spec.max_length:
        raise InvalidValue(
            f"{spec.path} is too long",
            detail=f"at most {spec.max_length} characters, {length} came",
            hint="shorten it where it comes from, or set invalid: truncate",
        )
    if spec.min_length is not None and length < spec.min_length:
        raise InvalidValue(f"{spec.path} is too short", detail=f"at least {spec.min_length} characters, {length} came")
    if spec.pattern and length <= MATCHABLE:
        pattern = pattern_of(spec.pattern)
        if pattern is not None and not pattern.search(raw):
            detail = f"it must match {spec.pattern}; {describe(raw)} came"
            raise InvalidValue(f"{spec.path} has the wrong form", detail=detail)


def _check_range(spec: Field, raw: int | Decimal) -> None:
    if spec.minimum is not None and raw < limit(spec.minimum):
        raise InvalidValue(f"{spec.path} is too small", detail=f"at least {spec.minimum:g}")
    if spec.maximum is not None and raw > limit(spec.maximum):
        raise InvalidValue(f"{spec.path} is too large", detail=f"at most {spec.maximum:g}")


def _check_options(spec: Field, raw: Any) -> None:
    keys = {option.key for option in spec.options}
    for one in raw if isinstance(raw, list) else [raw]:
        key = str(one) if isinstance(one, int) and not isinstance(one, bool) else one
        if not isinstance(key, str) or key not in keys:
            raise InvalidValue(
                f"{spec.path} takes one of {len(keys)} options",
                detail=f"another came ({describe(one)})",
                hint="translate the options in the mapping",
            )
