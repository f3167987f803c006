"""Numbers with check digits: VAT numbers, bank accounts, and what else authorities and norms number.

A number whose check digit is wrong is refused: it is mistyped, and nothing may match by it.
"""

import re
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, Final

from tallystick.core.codecs.spelling import expect_text, refuse
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

_KIND: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?")
_CODE: Final = re.compile(r"[A-Z]{2}")
_LONGEST: Final = 100
# Greece and Northern Ireland have a code of their own for VAT.
_ELSEWHERE: Final = {"EL": "gr", "XI": "gb"}


@dataclass(frozen=True, slots=True)
class Vat:
    """A VAT number; canonical has its country code in front and no decoration. The check digit must be right.

    ``country`` is meant where the code is missing; ``bare`` writes numbers of that country without it.

    >>> Vat().decode("de 136.695.976"), Vat("DE", bare=True).encode("DE136695976")
    ('DE136695976', '136695976')
    """

    country: str = ""
    bare: bool = False
    name: ClassVar[str] = "vat"
    loss: ClassVar[Loss] = "lossy"

    def __post_init__(self) -> None:
        """Refuse a country that is none."""
        if self.country and not _CODE.fullmatch(self.country):
            raise InvalidValue(f"vat: '{self.country}' is no country", hint="two capitals, for example country: DE")
        if self.bare and not self.country:
            raise InvalidValue("vat: bare numbers need the country that is left out", hint="for example country: DE")

    def decode(self, raw: Any) -> Value:
        """Give the number with its country code."""
        text = re.sub(r"[\s./-]", "", expect_text(self.name, raw)).upper()
        code = text[:2] if _CODE.fullmatch(text[:2]) else ""
        for country, number in ((code, text[2:]), (code, text), (self.country, text)):
            found = self._checked(country, number) if country and len(text) <= _LONGEST else ""
            if found:
                return found
        hint = "correct it at the source" if code or self.country else "say which country is meant: country: DE"
        raise refuse(self.name, raw, "a VAT number with a right check digit", hint=hint)

    def encode(self, value: Value) -> Any:
        """Give the number as this side spells it; with ``bare`` one of another country is refused."""
        number = str(self.decode(value))
        if not self.bare:
            return number
        if not number.startswith(self.country):
            raise refuse(self.name, value, f"a VAT number of {self.country}", hint="set bare: false")
        return number[2:]

    @staticmethod
    def _checked(country: str, number: str) -> str:
        from stdnum import get_cc_module
        from stdnum.exceptions import ValidationError

        module = get_cc_module(_ELSEWHERE.get(country, country.lower()), "vat")
        if module is None:
            return ""
        try:
            plain = str(module.validate(number))
        except (ValidationError, ValueError, IndexError, KeyError):
            return ""
        bare = plain.removeprefix(country)
        return country + bare


@dataclass(frozen=True, slots=True)
class Iban:
    """An international bank account number; canonical has no spaces. Length and check digits must be right.

    >>> Iban().decode("de89 3704 0044 0532 0130 00"), Iban(spaced=True).encode("DE89370400440532013000")
    ('DE89370400440532013000', 'DE89 3704 0044 0532 0130 00')
    """

    spaced: bool = False
    name: ClassVar[str] = "iban"
    loss: ClassVar[Loss] = "lossy"

    def decode(self, raw: Any) -> Value:
        """Give the number without spaces."""
        from stdnum import iban
        from stdnum.exceptions import ValidationError

        text = expect_text(self.name, raw)
        try:
            if len(text) <= _LONGEST:
                return str(iban.validate(text))
        except (ValidationError, ValueError, IndexError, KeyError):
            pass
        raise refuse(self.name, raw, "an IBAN with right check digits", hint="correct it at the source")

    def encode(self, value: Value) -> Any:
        """Give the number, in groups of four with ``spaced``."""
        number = str(self.decode(value))
        return " ".join(re.findall(".{1,4}", number)) if self.spaced else number


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number of a known kind, checked and without decoration; ``spaced`` writes it as people do.

    Kinds are international (``ean``, ``isbn``, ``bic``, ``lei``, ``isin``, ``luhn``) or of a country
    (``de.handelsregisternummer``, ``de.idnr``, ``de.stnr``, ``at.businessid``, ``ch.uid``, ``gb.utr``, ``us.ein``).

    >>> Identifier("isbn", spaced=True).encode("9783161484100"), Identifier("ch.uid").decode("CHE-100.155.212")
    ('978-3-16-148410-0', 'CHE100155212')
    """

    kind: str
    spaced: bool = False
    name: ClassVar[str] = "identifier"
    loss: ClassVar[Loss] = "lossy"

    def __post_init__(self) -> None:
        """Refuse a kind that is not known."""
        try:
            known = _KIND.fullmatch(self.kind) and hasattr(self._module(), "validate")
        except ImportError:
            known = False
        if not known:
            hint = "for example ean, bic, lei or de.handelsregisternummer"
            raise InvalidValue(f"identifier: no kind of number is called '{self.kind}'", hint=hint)

    def decode(self, raw: Any) -> Value:
        """Give the number without decoration."""
        number = self._checked(expect_text(self.name, raw))
        if number and self._checked(number) == number:
            return number
        raise refuse(self.name, raw, f"a right {self.kind} number", hint="correct it at the source")

    def encode(self, value: Value) -> Any:
        """Give the number as this side spells it."""
        number = str(self.decode(value))
        spell = getattr(self._module(), "format", None) if self.spaced else None
        if spell is None:
            return number
        spelled = str(spell(number))
        return spelled if self._checked(spelled) == number else number

    def _module(self) -> Any:
        return import_module(f"stdnum.{self.kind}")

    def _checked(self, text: str) -> str:
        if len(text) > _LONGEST:
            return ""
        try:
            return str(self._module().validate(text))
        except Exception:  # noqa: BLE001 - two hundred modules of others, each with its own idea of a wrong number
            return ""
