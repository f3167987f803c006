"""Quantities in other units, exactly: a kilogram is a thousand grams, and no endless number is guessed."""

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Final

from tallystick.core.codecs.notation import (
    MAX_DIGITS,
    Notation,
    Rounding,
    check_scale,
    exact,
    notation,
    rounded,
)
from tallystick.core.codecs.spelling import nearest, refuse
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

# By what is measured: how many of the first unit each one is.
_UNITS: Final[dict[str, dict[str, str]]] = {
    "mass": {"g": "1", "mg": "1/1000", "kg": "1000", "t": "1000000", "lb": "453.59237", "oz": "28.349523125"},
    "length": {"m": "1", "mm": "1/1000", "cm": "1/100", "dm": "1/10", "km": "1000", "in": "0.0254", "ft": "0.3048",
               "yd": "0.9144", "mi": "1609.344"},
    "area": {"m²": "1", "mm²": "1/1000000", "cm²": "1/10000", "ha": "10000", "km²": "1000000", "ft²": "0.09290304",
             "acre": "4046.8564224"},
    "volume": {"l": "1", "ml": "1/1000", "cl": "1/100", "hl": "100", "m³": "1000", "cm³": "1/1000",
               "gal": "3.785411784", "fl oz": "0.0295735295625"},
    "time": {"s": "1", "ms": "1/1000", "min": "60", "h": "3600", "d": "86400", "week": "604800"},
    "data": {"B": "1", "kB": "1000", "MB": "1000000", "GB": "1000000000", "KiB": "1024", "MiB": "1048576",
             "GiB": "1073741824"},
    "energy": {"J": "1", "kJ": "1000", "Wh": "3600", "kWh": "3600000", "MWh": "3600000000"},
    "share": {"1": "1", "%": "1/100", "‰": "1/1000", "bp": "1/10000"},
}  # fmt: skip
_OTHER_SPELLINGS: Final = {
    "m2": "m²", "cm2": "cm²", "mm2": "mm²", "km2": "km²", "qm": "m²", "m3": "m³", "cbm": "m³", "cm3": "cm³",
    "L": "l", "mL": "ml", "kilo": "kg", "Std": "h", "Std.": "h", "Min": "min", "Min.": "min", "sec": "s", "lbs": "lb",
}  # fmt: skip
_SIZES: Final = {unit: (kind, Fraction(size)) for kind, units in _UNITS.items() for unit, size in units.items()}


@dataclass(frozen=True, slots=True)
class Unit:
    """A quantity that this side keeps in ``unit``; canonical is the number in ``to``, exactly.

    ``text`` is for texts with the unit in them, such as ``12,5 kg``; another unit of the same kind is converted. A
    quantity that has no end of digits in this side's unit is refused, unless ``scale`` says where to round it.

    >>> Unit("kg", "g").decode(Decimal("12.5")), Unit("kg", "g", text=True, decimal=",").encode(Decimal(12500))
    (Decimal('12500'), '12,5 kg')
    >>> Unit("in", "cm", scale=2).encode(Decimal(10))
    Decimal('3.94')
    """

    unit: str
    to: str
    text: bool = False
    decimal: str = ""
    group: str = ""
    locale: str = ""
    scale: int | None = None
    rounding: Rounding = "half_up"
    name: ClassVar[str] = "unit"
    _factor: Fraction = field(init=False, repr=False, compare=False)
    _notation: Notation = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Look up both units. Raises ``InvalidValue`` for unknown ones or ones that do not measure the same."""
        check_scale(self.name, self.scale)
        (kind, size), (other, whole) = _look_up(self.unit), _look_up(self.to)
        if kind != other:
            detail = f"'{self.unit}' is of {kind}, '{self.to}' of {other}"
            raise InvalidValue("unit: these do not measure the same", detail=detail, hint="take two of one kind")
        object.__setattr__(self, "_factor", size / whole)
        object.__setattr__(self, "_notation", notation(self.name, self.decimal, self.group, self.locale))

    @property
    def loss(self) -> Loss:
        """Lossy where it rounds."""
        return "lossless" if self.scale is None else "lossy"

    def decode(self, raw: Any) -> Value:
        """Give the quantity in the canonical unit."""
        if not self.text:
            return self._ended(Fraction(exact(self.name, raw)) * self._factor, self.to)
        number, factor = self._spelled(raw)
        if number is None or factor is None:
            raise refuse(self.name, raw, f"a quantity such as {self._notation.spell(Decimal('12.5'))} {self.unit}")
        return self._ended(Fraction(number) * factor, self.to)

    def encode(self, value: Value) -> Any:
        """Give the quantity in this side's unit."""
        quantity = Fraction(exact(self.name, value)) / self._factor
        number = self._ended(quantity, self.unit) if self.scale is None else _near(quantity, self.scale, self.rounding)
        return f"{self._notation.spell(number)} {self.unit}" if self.text else number

    def _spelled(self, raw: Any) -> tuple[Decimal | None, Fraction | None]:
        text = raw.strip() if isinstance(raw, str) else ""
        last = next((at for at in range(len(text) - 1, -1, -1) if text[at].isdigit()), -1)
        sign = text[last + 1 :].strip() or self.unit
        kind, size = _SIZES.get(_OTHER_SPELLINGS.get(sign, sign), ("", Fraction(1)))
        own_kind, own = _look_up(self.unit)
        factor = self._factor * size / own if kind == own_kind else None
        return self._notation.read(text[: last + 1]), factor

    def _ended(self, quantity: Fraction, unit: str) -> Decimal:
        ended = _decimal(quantity)
        if ended is None:
            hint = "set scale on the side that may round, and let the smaller unit be the one after to"
            raise InvalidValue(f"unit: the quantity has no end of digits in {unit}", hint=hint)
        return ended


def _look_up(unit: str) -> tuple[str, Fraction]:
    found = _SIZES.get(_OTHER_SPELLINGS.get(unit, unit))
    if found is None:
        meant = nearest(unit, _SIZES)
        hint = f"did you mean {meant}?" if meant else "for example kg, cm, l, h"
        raise InvalidValue(f"unit: there is no unit '{unit}'", hint=hint)
    return found


def _decimal(number: Fraction) -> Decimal | None:
    """Give a fraction as a number with an end, or ``None``: only twos and fives below the line have one."""
    rest, digits = number.denominator, 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest //= prime
            count += 1
        digits = max(digits, count)
    if rest != 1 or digits > MAX_DIGITS:
        return None
    scaled = number.numerator * (10**digits // number.denominator)
    return Decimal((int(scaled < 0), tuple(map(int, str(Decimal(abs(scaled))))), -digits)) if scaled else Decimal(0)


def _near(number: Fraction, scale: int, rounding: Rounding) -> Decimal:
    # One digit more, which tells what rounding needs to know: below, at or above the middle.
    shifted = abs(number) * 10 ** (scale + 1)
    whole, is_exact = shifted.numerator // shifted.denominator, shifted.denominator == 1
    close = Decimal(whole * 10 + (0 if is_exact else 1)).scaleb(-scale - 2)
    return rounded(close.copy_negate() if number < 0 else close, scale, rounding)
