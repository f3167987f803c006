"""Numbers as text: decimal comma, thousands separators, percent; and rounding."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal

from tallystick.core.codecs.notation import (
    EXACT,
    MODES,
    Notation,
    Rounding,
    check_scale,
    exact,
    notation,
    rounded,
    shifted,
)
from tallystick.core.codecs.spelling import refuse
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

_AROUND: Final = {"before": ("-", ""), "after": ("", "-"), "brackets": ("(", ")")}


@dataclass(frozen=True, slots=True)
class Number:
    """A number as text, in the given notation or that of ``locale``. ``scale`` rounds and pads, in both directions.

    ``negative`` says where the minus stands: ``12,50-`` is ``after`` (as in SAP), ``(12,50)`` is ``brackets``.

    >>> codec = Number(decimal=",", group=".", scale=2)
    >>> codec.decode("1.234,50"), codec.encode(Decimal("-1234.5"))
    (Decimal('1234.50'), '-1.234,50')
    """

    decimal: str = ""
    group: str = ""
    locale: str = ""
    scale: int | None = None
    rounding: Rounding = "half_up"
    negative: Literal["before", "after", "brackets"] = "before"
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
        number = self._read(raw.strip()) if isinstance(raw, str) else exact(self.name, raw)
        if number is None:
            raise refuse(self.name, raw, f"a number such as {self._sample()}")
        return number if self.scale is None else rounded(number, self.scale, self.rounding)

    def encode(self, value: Value) -> Any:
        """Give the number as text; equal numbers give equal text."""
        number = exact(self.name, value)
        number = number if self.scale is None else rounded(number, self.scale, self.rounding)
        return self._spell(number, self.scale)

    def _read(self, text: str) -> Decimal | None:
        before, after = _AROUND[self.negative]
        is_framed = text.startswith(before) and text.endswith(after)
        inner = text[len(before) : len(text) - len(after)].strip() if is_framed else ""
        if self.negative == "before" or not inner[:1].isdigit():
            return self._notation.read(text)
        number = self._notation.read(inner)
        return None if number is None else number.copy_negate()

    def _spell(self, number: Decimal, scale: int | None) -> str:
        before, after = _AROUND[self.negative]
        spelled = self._notation.spell(number.copy_abs(), scale)
        return f"{before}{spelled}{after}" if number < 0 else spelled

    def _sample(self) -> str:
        return self._spell(Decimal("-1234.56"), None)


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
        return shifted(self.name, number, -2)

    def encode(self, value: Value) -> Any:
        """Give the percentage."""
        number = shifted(self.name, exact(self.name, value), 2)
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
    direct: ClassVar[bool] = True
    _last: Decimal = field(init=False, repr=False, compare=False)
    _mode: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a scale that is none."""
        check_scale(self.name, self.scale)
        object.__setattr__(self, "_last", Decimal(1).scaleb(-self.scale))
        object.__setattr__(self, "_mode", MODES[self.rounding])

    def decode(self, raw: Any) -> Value:
        """Give the rounded number."""
        return exact(self.name, raw).quantize(self._last, self._mode, EXACT)

    def encode(self, value: Value) -> Any:
        """Give the rounded number."""
        return exact(self.name, value).quantize(self._last, self._mode, EXACT)
