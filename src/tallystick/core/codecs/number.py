"""Numbers as text: decimal comma, thousands separators, percent. Strict, exact, never through ``float``.

Strict means that grouping must be where grouping belongs: ``1.2345`` is no German number, while ``1.234`` is one
thousand two hundred and thirty-four because the mapping says so, not because it looks like it.
"""

import re
from dataclasses import dataclass, field
from decimal import MAX_EMAX, MIN_EMIN, ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal
from typing import Any, ClassVar, Final, Literal

from tallystick.core.codecs.spelling import refuse
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

Rounding = Literal["half_up", "half_even", "down", "up"]
MODES: Final[dict[str, str]] = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
}
MAX_DIGITS: Final = 1000
_MAX_SCALE: Final = 100
# Wide enough that nothing within MAX_DIGITS is ever rounded by the way.
EXACT: Final = Context(prec=3 * MAX_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN)
_SPACES: Final = " \u00a0\u2009\u202f"
_APOSTROPHES: Final = "'\u2019"


def exact(codec: str, value: Any) -> Decimal:
    """Give a number as ``Decimal``. Raises ``InvalidValue`` for what is none, is not finite or has no end of digits."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise refuse(codec, value, "a number")
    number = Decimal(value)
    if not number.is_finite() or number.adjusted() > MAX_DIGITS or number.as_tuple().exponent < -MAX_DIGITS:  # type: ignore[operator] # finite, so an int
        raise InvalidValue(f"{codec} expects a number of at most {MAX_DIGITS} digits")
    return number


def rounded(number: Decimal, scale: int, rounding: Rounding) -> Decimal:
    """Round to ``scale`` digits after the point."""
    return number.quantize(Decimal(1).scaleb(-scale), MODES[rounding], EXACT)


@dataclass(frozen=True, slots=True)
class Notation:
    """How a system spells numbers: decimal sign, thousands separator, sizes of the groups from the right."""

    decimal: str = "."
    group: str = ""
    sizes: tuple[int, int] = (3, 3)
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the grammar. Raises ``InvalidValue`` for signs that cannot be told apart."""
        if len(self.decimal) != 1 or self.decimal.isdigit() or self.decimal in "+-":
            raise InvalidValue("decimal must be one sign, such as ',' or '.'")
        if (
            len(self.group) > 1
            or self.group == self.decimal
            or self.group.isdigit()
            or (self.group and self.group in "+-")
        ):
            raise InvalidValue("group must be one sign other than decimal, such as '.' or ' ', or nothing")
        last, others = self.sizes
        sign = f"[{re.escape(self._alike())}]" if self.group else ""
        grouped = (
            f"|[1-9][0-9]{{0,{others - 1}}}(?:{sign}[0-9]{{{others}}})*{sign}[0-9]{{{last}}}" if self.group else ""
        )
        grammar = f"([-+\u2212]?)(0|[1-9][0-9]*{grouped})(?:{re.escape(self.decimal)}([0-9]+))?"
        object.__setattr__(self, "_pattern", re.compile(grammar))

    def read(self, text: str) -> Decimal | None:
        """Give the number that ``text`` spells, or ``None``."""
        found = self._pattern.fullmatch(text) if len(text) <= MAX_DIGITS else None
        if not found:
            return None
        sign, whole, fraction = found.groups()
        minus = "-" if sign in {"-", "\u2212"} else ""
        return Decimal(f"{minus}{re.sub('[^0-9]', '', whole)}.{fraction or ''}")

    def spell(self, number: Decimal, scale: int | None = None) -> str:
        """Write ``number``, with ``scale`` digits after the point or as many as it has; never a negative zero."""
        whole, _, fraction = format(abs(number), "f").partition(".")
        fraction = fraction.rstrip("0") if scale is None else fraction
        minus = "-" if number < 0 else ""
        return f"{minus}{self._grouped(whole)}{self.decimal if fraction else ''}{fraction}"

    def _grouped(self, whole: str) -> str:
        last, others = self.sizes
        if not self.group or len(whole) <= last:
            return whole
        parts = [whole[-last:]]
        rest = whole[:-last]
        while rest:
            parts.append(rest[-others:])
            rest = rest[:-others]
        return self.group.join(reversed(parts))

    def _alike(self) -> str:
        # Nobody can tell the spaces apart by eye, nor the two apostrophes of Switzerland.
        return next((kind for kind in (_SPACES, _APOSTROPHES) if self.group in kind), self.group)


def notation(codec: str, decimal: str, group: str, locale: str) -> Notation:
    """Make the notation from its signs, or from a locale such as ``de_DE``."""
    if not locale:
        return Notation(decimal or ".", group)
    if decimal or group:
        raise InvalidValue(f"{codec}: give either locale or decimal and group, not both")
    from babel import Locale, UnknownLocaleError  # slow to load and rarely needed

    try:
        found = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError) as cause:
        raise InvalidValue(f"{codec}: there is no locale '{locale}'", hint="for example de_DE, en_US, fr_CH") from cause
    signs = found.number_symbols.get("latn", {})
    last, others = found.decimal_formats[None].grouping
    return Notation(signs.get("decimal", "."), signs.get("group", ","), (last, others))


def check_scale(codec: str, scale: int | None) -> None:
    """Refuse a number of digits that is none."""
    if scale is not None and not 0 <= scale <= _MAX_SCALE:
        raise InvalidValue(f"{codec}: scale must be between 0 and {_MAX_SCALE}")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as text, in the given notation or that of ``locale``. ``scale`` rounds and pads, in both directions.

    >>> codec = Number(decimal=",", group=".", scale=2)
    >>> codec.decode("1.234,50"), codec.encode(Decimal("-1234.5"))
    (Decimal('1234.50'), '-1.234,50')
    """

    decimal: str = ""
    group: str = ""
    locale: str = ""
    scale: int | None = None
    rounding: Rounding = "half_up"
    name: ClassVar[str] = "number"
    _notation: Notation = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the notation. Raises ``InvalidValue`` for settings that contradict each other."""
        check_scale(self.name, self.scale)
        object.__setattr__(self, "_notation", notation(self.name, self.decimal, self.group, self.locale))

    @property
    def loss(self) -> Loss:
        """Lossy where it rounds."""
        return "lossless" if self.scale is None else "lossy"

    def decode(self, raw: Any) -> Value:
        """Give the number; a JSON number is taken as it is."""
        number = self._notation.read(raw.strip()) if isinstance(raw, str) else exact(self.name, raw)
        if number is None:
            raise refuse(self.name, raw, f"a number such as {self._sample()}")
        return number if self.scale is None else rounded(number, self.scale, self.rounding)

    def encode(self, value: Value) -> Any:
        """Give the number as text; equal numbers give equal text."""
        number = exact(self.name, value)
        number = number if self.scale is None else rounded(number, self.scale, self.rounding)
        return self._notation.spell(number, self.scale)

    def _sample(self) -> str:
        return self._notation.spell(Decimal("-1234.56"))


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number as text. Leading zeros are refused: they would be lost (see ``zero_padded``).

    >>> Integer().decode("4711"), Integer(group=".").encode(1234567)
    (4711, '1.234.567')
    """

    group: str = ""
    name: ClassVar[str] = "integer"
    loss: ClassVar[Loss] = "lossless"
    _notation: Notation = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the notation; the decimal sign is whichever the separator is not."""
        object.__setattr__(self, "_notation", Notation("," if self.group == "." else ".", self.group))

    def decode(self, raw: Any) -> Value:
        """Give the whole number."""
        number = self._notation.read(raw.strip()) if isinstance(raw, str) else exact(self.name, raw)
        if number is None or (isinstance(raw, str) and self._notation.decimal in raw):
            raise refuse(self.name, raw, "a whole number without leading zeros")
        return self._whole(number)

    def encode(self, value: Value) -> Any:
        """Give the whole number as text."""
        return self._notation.spell(Decimal(self._whole(exact(self.name, value))))

    def _whole(self, number: Decimal) -> int:
        if number != number.to_integral_value():
            raise refuse(self.name, number, "a whole number", hint="round it first: {codec: round, scale: 0}")
        return int(number)


@dataclass(frozen=True, slots=True)
class Percent:
    """A share, canonically 0.125, as ``12,5 %``; with ``sign: ""`` and ``as_number`` as the JSON number 12.5.

    >>> Percent(decimal=",", sign=" %").decode("12,5 %"), Percent().encode(Decimal("0.125"))
    (Decimal('0.125'), '12.5%')
    """

    decimal: str = ""
    group: str = ""
    locale: str = ""
    sign: str = "%"
    as_number: bool = False
    name: ClassVar[str] = "percent"
    loss: ClassVar[Loss] = "lossless"
    _notation: Notation = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the notation."""
        object.__setattr__(self, "_notation", notation(self.name, self.decimal, self.group, self.locale))

    def decode(self, raw: Any) -> Value:
        """Give the share; the sign may be missing."""
        if isinstance(raw, str):
            bare = raw.strip().removesuffix(self.sign.strip()).rstrip() if self.sign.strip() else raw.strip()
            number = self._notation.read(bare)
        else:
            number = exact(self.name, raw)
        if number is None:
            raise refuse(self.name, raw, f"a percentage such as 12{self._notation.decimal}5{self.sign}")
        return number.scaleb(-2, EXACT)

    def encode(self, value: Value) -> Any:
        """Give the percentage."""
        number = exact(self.name, value).scaleb(2, EXACT)
        return number if self.as_number else self._notation.spell(number) + self.sign


@dataclass(frozen=True, slots=True)
class Round:
    """Round a JSON number, in both directions, so that what is smaller than the last digit is no difference.

    >>> Round(2).decode(Decimal("10.005"))
    Decimal('10.01')
    """

    scale: int
    rounding: Rounding = "half_up"
    name: ClassVar[str] = "round"
    loss: ClassVar[Loss] = "lossy"
    _last: Decimal = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a scale that is none."""
        check_scale(self.name, self.scale)
        object.__setattr__(self, "_last", Decimal(1).scaleb(-self.scale))

    def decode(self, raw: Any) -> Value:
        """Give the rounded number."""
        return exact(self.name, raw).quantize(self._last, MODES[self.rounding], EXACT)

    def encode(self, value: Value) -> Any:
        """Give the rounded number."""
        return exact(self.name, value).quantize(self._last, MODES[self.rounding], EXACT)
