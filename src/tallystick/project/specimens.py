"""Made-up values that show what a translation loses: a linter tries them, so that it can say "for example".

They are chosen for what often gets lost: white space, letters, digits, zones, order, formatting, the end of a text.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from unicodedata import normalize

from tallystick.core.codecs.spelling import describe
from tallystick.core.error import DataError
from tallystick.core.interpret import is_blank
from tallystick.core.mapping import Codec
from tallystick.core.record import Money, same

_LONG: Final = "Donaudampfschifffahrtsgesellschaft " * 60
_SHOWN: Final = 48

TEXTS: Final = (
    "  ACME   GmbH ", "Müller & Söhne", "Straße", "MU\u0308LLER", "\ufb01ne wine", "Łódź", "007", "0000004711",
    "A-12/3", "+49 30 / 123-45 67", "+493012345678",
    "<p>Dear <b>Erika</b>,<br>hello</p>", "b; a; b", "b, a", "1.234,567",
    "1234.567", "-0.125", "12.50 €", "Deutschland", "German", "Erika von der Heide", "Muster, Erika",
    "Anna Maria Schmidt",
    "Herr Dr. Max Muster", "Hr.", "Professor Doktor", "Musterstr.  12 a", "Hof 2\nMusterweg  1\n10115 Berlin",
    "de 136.695.976", "de89 3704 0044 0532 0130 00", "978-3-16-148410-0", "Erika@ACME.Example",
    "HTTP://ACME.example:80/",
    "ja", "Yes", "1", "X", "2025-07-01T12:00:00.123456+02:00", "2025-10-26T00:30:00Z", "01.07.2025 14:00", "2025-07-01",
    _LONG,
)  # fmt: skip
NUMBERS: Final = (
    Decimal("1.005"),
    Decimal("-12.3456789"),
    Decimal("0.1"),
    4711,
    1_751_364_000,
    Decimal("1751364000.5"),
)
VALUES: Final[tuple[Any, ...]] = (
    *TEXTS,
    *NUMBERS,
    datetime(2025, 7, 1, 10, 20, 30, 123456, tzinfo=UTC),
    datetime(2025, 10, 26, 0, 30, tzinfo=UTC),
    datetime(2025, 10, 26, 1, 30, tzinfo=UTC),
    date(2025, 7, 1),
    True,
    False,
    ["b", "a", "b"],
    frozenset({"a", "b"}),
    Money(Decimal("1.005"), "EUR"),
    Money(Decimal("12.50"), "USD"),
    {"title": "Dr.", "first": " Anna", "last": "Maria Schmidt"},
    {"first": "Anna", "last": "Maria Schmidt"},
    {"street": "Musterstr. 12", "number": "a"},
    {"amount": Decimal("12.50"), "currency": "€"},
)


def example_of_loss(codec: Codec) -> str:
    """Say by an example what a codec loses, or nothing where none of the values shows it."""
    for pool in (tuple(getattr(codec, "specimens", ())), VALUES):
        for value in pool:
            back = _there_and_back(codec.encode, codec.decode, value)
            if back is not None and not same(back, value):
                return f"{spell(value)} comes back as {_told_apart(value, back)}"
        for raw in pool:
            back = _there_and_back(codec.decode, codec.encode, raw)
            if back is not None and not same(back, raw):
                return f"{spell(raw)} is written back as {_told_apart(raw, back)}"
    return ""


def _told_apart(value: Any, back: Any) -> str:
    # Two spellings of one letter look alike.
    is_alike = isinstance(value, str) and isinstance(back, str) and normalize("NFC", value) == normalize("NFC", back)
    return f"{spell(back)} in other code points" if is_alike else spell(back)


def _there_and_back(there: Any, back: Any, value: Any) -> Any:
    try:
        between = there(value)
        return None if is_blank(between) else back(between)
    except DataError:
        return None
    except Exception:  # noqa: BLE001 - a codec from elsewhere may break on values it was not made for
        return None


def raws_for(kind: str, options: tuple[str, ...], codecs: tuple[Codec, ...]) -> Iterator[Any]:
    """Give values as a place of this type may hold them: what its codecs write, else what the type says."""
    if options:
        yield from options
    elif codecs:
        yield from filter(None, (_spelled(codecs, value) for value in VALUES))
    else:
        yield from _BY_TYPE.get(kind, ())


def _spelled(codecs: tuple[Codec, ...], value: Any) -> Any:
    try:
        for codec in reversed(codecs):
            value = codec.encode(value)
    except Exception:  # noqa: BLE001 - most values are not for most codecs
        return None
    return value


_BY_TYPE: Final[dict[str, tuple[Any, ...]]] = {
    "text": TEXTS,
    "any": (*TEXTS, *NUMBERS),
    "integer": (4711, -1),
    "number": NUMBERS,
    "boolean": (True, False),
    "date": ("2025-07-01",),
    "instant": ("2025-07-01T12:00:00.123456+02:00", "2025-10-26T00:30:00Z"),
    "local_time": ("2025-07-01T12:00:00",),
    "list": (["b", "a", "b"],),
}


def spell(value: Any) -> str:
    """Write a made-up value for people; never to be used for somebody's data."""
    match value:
        case str():
            return (
                "'" + value.replace("\n", "\\n") + "'"
                if len(value) <= _SHOWN
                else f"{describe(value)} ('{value[:20]}...')"
            )
        case datetime() | date():
            return value.isoformat()
        case Money():
            return f"{value.amount} {value.currency}"
        case frozenset():
            return ", ".join(sorted(value))
        case list() | tuple():
            return f"[{', '.join(map(spell, value))}]"
        case dict():
            return f"{{{', '.join(f'{key}: {spell(inner)}' for key, inner in value.items())}}}"
        case bool():
            return str(value).lower()
        case _:
            return str(value)
