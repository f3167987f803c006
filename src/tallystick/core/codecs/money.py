"""Money: currency codes and signs, minor units, amounts in free text.

A sign that several currencies share (``$``, ``¥``, ``kr``) is never guessed: it is an error until the mapping says
which is meant, by ``prefer`` or by the system's own table ``symbols``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from tallystick.core.codecs.currencies import CODES, SIGNS, minor_digits
from tallystick.core.codecs.notation import EXACT, Notation, Rounding, exact, notation, rounded, shifted
from tallystick.core.codecs.spelling import describe, refuse
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Money as Amount
from tallystick.core.record import Value


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency as a sign or a code in any case; canonical is the ISO 4217 code.

    ``symbols`` is the system's own table, code to sign; without it the usual signs are known, and ``prefer`` lists the
    codes that a shared sign stands for. A currency without a sign is written as its code.

    >>> Currency().decode("€"), Currency(prefer=("USD",)).encode("USD")
    ('EUR', '$')
    """

    symbols: Mapping[str, str] = field(default_factory=dict)
    prefer: tuple[str, ...] = ()
    name: ClassVar[str] = "currency"
    _codes: dict[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    _signs: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Turn the table round. Raises ``InvalidValue`` for a preferred code that does not exist."""
        table = dict(SIGNS)
        if self.symbols:
            table = {}
            for code, sign in self.symbols.items():
                table[sign] = (*table.get(sign, ()), code)
        strange = next((c for c in self.prefer if c not in CODES and c not in self.symbols), None)
        if strange is not None:
            raise InvalidValue(f"currency: '{strange}' is no ISO 4217 code", hint="declare it in symbols")
        signs: dict[str, str] = {}
        for sign, codes in table.items():
            wanted = tuple(c for c in self.prefer if c in codes)
            table[sign] = wanted[:1] or codes
            for code in codes:
                signs.setdefault(code, sign)
        object.__setattr__(self, "_codes", table)
        object.__setattr__(self, "_signs", signs)

    @property
    def loss(self) -> Loss:
        """Lossless: what cannot come back is refused."""
        return "lossless"

    def decode(self, raw: Any) -> Value:
        """Give the ISO code."""
        if not isinstance(raw, str):
            raise refuse(self.name, raw, "a currency sign or code")
        text = raw.strip()
        codes = self._codes.get(text)
        if codes is None:
            return self._code(text)
        if len(codes) > 1:
            raise self._ambiguous(text, codes)
        return codes[0]

    def encode(self, value: Value) -> Any:
        """Give the sign, or the code where there is none; a sign that would be read as another currency is refused."""
        if not isinstance(value, str):
            raise refuse(self.name, value, "a currency code")
        code = self._code(value)
        sign = self._signs.get(code)
        if sign is None:
            return code
        codes = self._codes[sign]
        if codes != (code,):
            raise self._ambiguous(sign, codes)
        return sign

    def _code(self, text: str) -> str:
        code = text if text in self.symbols else text.upper()
        if code in CODES or code in self.symbols:
            return code
        raise InvalidValue(
            "currency expects a sign or an ISO 4217 code",
            detail=f"{describe(text)} came",
            hint="declare the signs of this system: symbols: {EUR: €, CHF: Fr}",
        )

    def _ambiguous(self, sign: str, codes: tuple[str, ...]) -> InvalidValue:
        several = ", ".join(codes[:4]) + (", ..." if len(codes) > 4 else "")  # noqa: PLR2004 - enough to see it
        return InvalidValue(
            f"currency: '{sign}' does not say which currency it is",
            detail=f"it is used for {several}" if len(codes) > 1 else f"here it stands for {several}",
            hint=f"say which is meant: prefer: [{codes[0]}], or list this system's signs under symbols",
        )


@dataclass(frozen=True, slots=True)
class MinorUnits:
    """An amount as a whole number of the currency's smallest unit; canonical is the amount itself.

    >>> MinorUnits("EUR").decode(1250), MinorUnits("JPY").encode(Decimal(1250))
    (Decimal('12.50'), 1250)
    """

    currency: str
    rounding: Rounding | None = None
    name: ClassVar[str] = "minor_units"
    _digits: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Look up the number of digits. Raises ``InvalidValue`` for an unknown code."""
        if self.currency not in CODES:
            raise InvalidValue(f"minor_units: '{self.currency}' is no ISO 4217 code", hint="for example currency: EUR")
        object.__setattr__(self, "_digits", minor_digits(self.currency))

    @property
    def loss(self) -> Loss:
        """Lossy where it rounds; else an amount finer than the unit is refused."""
        return "lossy" if self.rounding else "lossless"

    def decode(self, raw: Any) -> Value:
        """Give the amount."""
        units = exact(self.name, raw)
        if units != units.to_integral_value():
            raise refuse(self.name, raw, "a whole number of the smallest unit")
        return shifted(self.name, Decimal(int(units)), -self._digits)

    def encode(self, value: Value) -> Any:
        """Give the number of smallest units."""
        units = shifted(self.name, exact(self.name, value), self._digits)
        if self.rounding:
            units = rounded(units, 0, self.rounding)
        if units != units.to_integral_value():
            detail = f"{self.currency} has {self._digits} digits"
            raise InvalidValue("minor_units: the amount is finer than the unit", detail=detail, hint="set rounding")
        return int(units)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its currency in one text, such as ``-12,50 €`` or ``USD 1,000.00``.

    The currency may stand before or after; it is written after the amount unless ``before``. Where it is missing,
    ``currency`` is meant, if given. ``-`` may stand before the sign.

    >>> codec = Money(decimal=",", group=".")
    >>> codec.decode("-12,50 €")
    Money(amount=Decimal('-12.50'), currency='EUR')
    >>> codec.encode(Amount(Decimal("1234.5"), "EUR"))
    '1.234,50 €'
    """

    decimal: str = ""
    group: str = ""
    locale: str = ""
    currency: str = ""
    before: bool = False
    symbols: Mapping[str, str] = field(default_factory=dict)
    prefer: tuple[str, ...] = ()
    name: ClassVar[str] = "money"
    loss: ClassVar[Loss] = "lossless"
    _notation: Notation = field(init=False, repr=False, compare=False)
    _sign: Currency = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make notation and signs."""
        object.__setattr__(self, "_notation", notation(self.name, self.decimal, self.group, self.locale))
        object.__setattr__(self, "_sign", Currency(self.symbols, self.prefer))

    def decode(self, raw: Any) -> Value:
        """Give the amount with its currency."""
        if not isinstance(raw, str):
            raise refuse(self.name, raw, "an amount with its currency as text")
        text = raw.strip()
        minus = text[:1] in {"-", "\u2212"} and not text[1:2].isdigit()
        bare = text[1:].strip() if minus else text
        first = next((at for at, c in enumerate(bare) if c.isdigit() or c in "+-\u2212"), None)
        last = next((at for at in range(len(bare) - 1, -1, -1) if bare[at].isdigit()), None)
        amount = None if first is None or last is None else self._notation.read(bare[first : last + 1])
        if first is None or last is None or amount is None:
            raise refuse(self.name, raw, f"an amount such as {self._sample()}")
        around = [part for part in (bare[:first].strip(), bare[last + 1 :].strip()) if part]
        if len(around) > 1 or (not around and not self.currency) or (minus and amount < 0):
            raise refuse(self.name, raw, f"an amount with one currency, such as {self._sample()}")
        code = self._sign.decode(around[0] if around else self.currency)
        return Amount(amount.copy_negate() if minus else amount, str(code))

    def encode(self, value: Value) -> Any:
        """Give the text, with at least the digits that the currency has."""
        if not isinstance(value, Amount):
            raise refuse(self.name, value, "an amount with its currency")
        number = exact(self.name, value.amount)
        sign = self._sign.encode(value.currency)
        digits = max(minor_digits(value.currency), -int(number.normalize(EXACT).as_tuple().exponent))
        spelled = self._notation.spell(rounded(number, digits, "half_up"), digits)
        return f"{sign} {spelled}" if self.before else f"{spelled} {sign}"

    def _sample(self) -> str:
        return self._notation.spell(Decimal("-12.50"), 2) + " €"
