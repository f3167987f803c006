"""How numbers are written and kept exact: decimal signs, grouping, rounding; never through ``float``.

Strict means that grouping must be where grouping belongs: ``1.2345`` is no German number, while ``1.234`` is one
thousand two hundred and thirty-four because the mapping says so, not because it looks like it.
"""

import re
from dataclasses import dataclass, field
from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    Inexact,
)
from typing import Any, Final, Literal

from tallystick.core.codecs.spelling import refuse
from tallystick.core.error import InvalidValue

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
_UNROUNDED: Final = Context(prec=3 * MAX_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact])
_SPACES: Final = " \u00a0\u2009\u202f"
_APOSTROPHES: Final = "'\u2019"


def exact(codec: str, value: Any) -> Decimal:
    """Give a number as ``Decimal``. Raises ``InvalidValue`` for what is none, is not finite or has no end of digits."""
    if value.__class__ is Decimal:
        number: Decimal = value
    elif isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise refuse(codec, value, "a number")
    else:
        number = Decimal(value)
    if not number.is_finite() or not -MAX_DIGITS <= number.adjusted() <= MAX_DIGITS:
        raise InvalidValue(f"{codec} expects a number of at most {MAX_DIGITS} digits")
    return number


def shifted(codec: str, number: Decimal, places: int) -> Decimal:
    """Move the point to the right by ``places``, exactly. Raises ``InvalidValue`` for far too many digits."""
    try:
        return number.scaleb(places, _UNROUNDED)
    except Inexact as cause:
        raise InvalidValue(f"{codec} expects a number of at most {MAX_DIGITS} digits") from cause


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
        whole, _, fraction = format(number.copy_abs(), "f").partition(".")
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
