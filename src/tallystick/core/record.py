"""Values and records: what both systems' data look like once read.

A *raw* record is what a system said: decoded JSON, numbers exact (``int`` or ``Decimal``, never ``float``).
A *canonical* record is a tuple of canonical values, one per field of the mapping and in its order.
Blank (``None``), unknown (``UNKNOWN``: not in the answer) and a value are three things (R-6.2); unknown never
counts as changed and is never written (R-4.6).
"""

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from enum import Enum
from typing import Any, Final, Literal

import msgspec
import xxhash

Side = Literal["left", "right"]
SIDES: Final[tuple[Side, Side]] = ("left", "right")


def other(side: Side) -> Side:
    """Give the opposite side."""
    return "right" if side == "left" else "left"


class Unknown(Enum):
    """The type of ``UNKNOWN``; an enum so that type checkers narrow ``value is UNKNOWN``."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        """Spell it as code does."""
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its ISO 4217 code. Equal amounts compare equal whatever their trailing zeros."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A pointer to a record of another pair.

    Bound (``binding`` set, ``side`` and ``id`` empty) it means the same on both sides. Unbound it remembers
    which side said it and that side's id, so that it can be resolved later; an unbound reference is never written.
    """

    pair: str
    binding: int | None
    side: str = ""
    id: str = ""

    @property
    def waits_for(self) -> str:
        """Name the record whose pairing resolves this reference: ``pair/side/id``; empty for a bound one."""
        return "" if self.binding is not None else f"{self.pair}/{self.side}/{self.id}"


# Any is for JSON values that pass through unread; everything a codec makes is one of the others.
Value = str | int | Decimal | bool | date | datetime | Money | Ref | frozenset[str] | None | Unknown | Any
Raw = dict[str, Any]
Fields = tuple[Value, ...]


def same(a: Value, b: Value) -> bool:
    """Tell whether two canonical values are equal; ``True`` is not ``1``."""
    return a is b or (a == b and (type(a) is bool) == (type(b) is bool))


_UNROUNDED: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


def _tagged(value: Any) -> Any:
    if type(value) in _PLAIN_TYPES:
        return value
    tag = _TAG.get(type(value))
    if tag is not None:
        return tag(value)
    if isinstance(value, dict):
        inner = {k: _tagged(v) for k, v in value.items()}
        return {"$j": inner} if any(k.startswith("$") for k in inner) else inner
    if isinstance(value, list | tuple):
        return [_tagged(v) for v in value]
    return next((tag(value) for kind, tag in _TAG.items() if isinstance(value, kind)), value)


def _plain(number: Decimal) -> str:
    # 1.0 and 1.00 are the same number and must have the same digest. The default context would round to 28 digits,
    # and writing 1E+999999999 out would take a gigabyte.
    text = str(number)
    if text[-1] in "123456789" and "E" not in text:
        return text
    return str(number.normalize(_UNROUNDED)) if number else "0"


_TAG: Final[dict[type, Callable[[Any], Any]]] = {
    Decimal: lambda v: {"$d": _plain(v)},
    datetime: lambda v: {"$t": (v if v.tzinfo is UTC else v.astimezone(UTC)).isoformat()},
    date: lambda v: {"$D": v.isoformat()},
    Money: lambda v: {"$m": [_plain(v.amount), v.currency]},
    Ref: lambda v: {"$r": [v.pair, v.binding, v.side, v.id]},
    frozenset: lambda v: {"$s": sorted(v)},
    Unknown: lambda _: {"$u": 1},
}
_UNTAG: dict[str, Callable[[Any], Value]] = {
    "$d": Decimal,
    "$t": datetime.fromisoformat,
    "$D": date.fromisoformat,
    "$m": lambda v: Money(Decimal(v[0]), v[1]),
    "$r": lambda v: Ref(*v),
    "$s": frozenset,
    "$u": lambda _: UNKNOWN,
    "$j": lambda v: {k: _untagged(x) for k, x in v.items()},
}


def _untagged(value: Any) -> Value:
    if type(value) is dict:
        if len(value) == 1:
            for tag, inner in value.items():
                untag = _UNTAG.get(tag)
                if untag is not None:
                    return untag(inner)
        return {k: _untagged(v) for k, v in value.items()}
    if type(value) is list:
        return [_untagged(v) for v in value]
    return value


_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode
_PLAIN_TYPES: Final = frozenset({str, int, bool, type(None)})


def encode_fields(fields: Iterable[Value]) -> bytes:
    """Write a canonical record as bytes: equal records give equal bytes, and ``decode_fields`` gives them back."""
    return _encode([v if (kind := type(v)) in _PLAIN_TYPES else _TAG.get(kind, _tagged)(v) for v in fields])


def decode_fields(encoded: bytes) -> Fields:
    """Read what ``encode_fields`` wrote."""
    return tuple([v if type(v) in _PLAIN_TYPES else _untagged(v) for v in _decode(encoded)])


def decode_raw(encoded: bytes) -> Any:
    """Decode a system's JSON exactly: big integers stay integers, fractions become ``Decimal``.

    Raises:
        msgspec.DecodeError: the text is not JSON.
    """
    return _decode(encoded)


def encode_raw(record: Any) -> bytes:
    """Write a raw record as JSON; ``Decimal`` becomes a JSON number with all its digits."""
    return _RAW.encode(record)


_RAW: Final = msgspec.json.Encoder(decimal_format="number")


def fingerprint(encoded: bytes) -> int:
    """Hash bytes to a signed 64-bit integer, the widest that every store can index."""
    h: int = xxhash.xxh3_64_intdigest(encoded)
    return h - (1 << 64) if h >= 1 << 63 else h


def fingerprints(rows: Iterable[bytes]) -> "array[int]":
    """Hash many rows, each as ``fingerprint`` does; type ``q``."""
    return array("q", array("Q", map(xxhash.xxh3_64_intdigest, rows)).tobytes())


def digest(fields: Sequence[Value]) -> int:
    """Fingerprint of a canonical record."""
    return fingerprint(encode_fields(fields))
