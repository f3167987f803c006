"""Money whose amount and currency stand in two fields."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Final

from tallystick.core.codecs.currencies import CODES, minor_digits
from tallystick.core.codecs.money import Currency
from tallystick.core.codecs.notation import Notation, exact, shifted
from tallystick.core.codecs.spelling import refuse
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Money as Amount
from tallystick.core.record import Value

_PARTS: Final = frozenset({"amount", "currency"})


@dataclass(frozen=True, slots=True)
class MoneyParts:
    """An object of ``amount`` and ``currency``; canonical is the amount with its currency.

    Where the currency is blank, ``currency`` is meant, if given. ``minor`` is for amounts in the smallest unit of their
    own currency, ``text`` for amounts that are text. An amount finer than its currency is refused with ``minor``.

    >>> codec = MoneyParts(minor=True)
    >>> codec.decode({"amount": 1250, "currency": "EUR"}), codec.decode({"amount": 1250, "currency": "JPY"})
    (Money(amount=Decimal('12.50'), currency='EUR'), Money(amount=Decimal('1250'), currency='JPY'))
    """

    currency: str = ""
    minor: bool = False
    text: bool = False
    name: ClassVar[str] = "money_parts"
    loss: ClassVar[Loss] = "lossless"
    _sign: Currency = field(init=False, repr=False, compare=False)
    _notation: Notation = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a currency that is none."""
        if self.currency and self.currency not in CODES:
            raise InvalidValue(f"money_parts: '{self.currency}' is no ISO 4217 code", hint="for example currency: EUR")
        object.__setattr__(self, "_sign", Currency())
        object.__setattr__(self, "_notation", Notation())

    def decode(self, raw: Any) -> Value:
        """Give the amount with its currency; blank where there is no amount."""
        if not isinstance(raw, dict) or not raw.keys() <= _PARTS:
            raise refuse(self.name, raw, "an object of amount and currency")
        amount, currency = raw.get("amount"), raw.get("currency") or self.currency
        if amount is None or amount == "":
            return None
        number = self._notation.read(amount.strip()) if isinstance(amount, str) else exact(self.name, amount)
        if number is None:
            raise refuse(self.name, amount, "an amount such as -12.50")
        if not currency:
            hint = "fill it in at the source, or say which is meant: currency: EUR"
            raise InvalidValue("money_parts: the amount has no currency", hint=hint)
        code = str(self._sign.decode(currency))
        if not self.minor:
            return Amount(number, code)
        if number != number.to_integral_value():
            raise refuse(self.name, amount, "a whole number of the smallest unit")
        return Amount(shifted(self.name, Decimal(int(number)), -minor_digits(code)), code)

    def encode(self, value: Value) -> Any:
        """Give amount and currency."""
        if not isinstance(value, Amount):
            raise refuse(self.name, value, "an amount with its currency")
        code = str(self._sign.decode(value.currency))
        if code != value.currency:
            raise refuse(self.name, value, "an amount with the code of its currency")
        number: Decimal | int = exact(self.name, value.amount)
        if self.minor:
            units = shifted(self.name, Decimal(number), minor_digits(code))
            if units != units.to_integral_value():
                detail = f"{code} has {minor_digits(code)} digits"
                raise InvalidValue("money_parts: the amount is finer than the unit", detail=detail, hint="round it")
            number = int(units)
        return {"amount": self._notation.spell(Decimal(number)) if self.text else number, "currency": code}
