"""Made-up companies and persons, the same for the same seed.

Umlauts, ß, accents, legal forms and double names as they are in real files; e-mail addresses end in .example or .test,
VAT ids have right check digits behind a leading zero that no authority gives out.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random  # noqa: TID251 - seeded: the same seed makes the same people
from typing import Final

from tallystick.testing.twins.names import (
    BRANCHES,
    FILM_NUMBERS,
    FIRST_NAMES,
    LEGAL_FORMS,
    PLACES,
    SURNAMES,
    TITLES,
)

LONGEST_NAME: Final = 40
_COUNTRIES: Final = ("DE",) * 14 + ("AT",) * 2 + ("CH",) * 2 + ("FR", "NL", "PL", "CZ", "DK")
_LETTERS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "ł": "l"})
_STATUSES: Final = ("lead", "active", "active", "active", "paused", "lost")


@dataclass(frozen=True, slots=True)
class Company:
    """A company. ``revenue`` and ``currency`` are both there or both not."""

    name: str
    vat_id: str
    email: str
    phone: str | None
    contact: str
    postal_code: str
    city: str
    country: str
    revenue: Decimal | None
    currency: str | None
    status: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person; ``title`` is the job's."""

    first_name: str
    last_name: str
    email: str
    phone: str | None
    title: str | None
    status: str


class People:
    """An endless source of companies and persons, no two with the same e-mail address or VAT id."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(f"people {seed}")  # noqa: S311 - no secret depends on it
        self._addresses: set[str] = set()
        self._numbers = itertools.count(1)

    def companies(self) -> Iterator[Company]:
        """Make companies one by one."""
        while True:
            country = self.dice.choice(_COUNTRIES)
            name = self._company_name(country)
            city, zone = self.dice.choice(PLACES[country])
            has_revenue = self.dice.random() < 0.7  # noqa: PLR2004 - most tell it
            yield Company(
                name=name,
                vat_id=self._vat_id(country),
                email=self._address("info", slug(name)),
                phone=self._phone(country),
                contact=f"{self.dice.choice(FIRST_NAMES)} {self.dice.choice(SURNAMES)}",
                postal_code=self._postal_code(country, zone),
                city=city,
                country=country,
                revenue=Decimal(self.dice.randrange(1_000_00, 90_000_000_00)) / 100 if has_revenue else None,
                currency=self._currency(country) if has_revenue else None,
                status=self.dice.choice(_STATUSES),
            )

    def person(self, domain: str) -> Person:
        """Make a person who works at a domain."""
        first, last = self.dice.choice(FIRST_NAMES), self.dice.choice(SURNAMES)
        return Person(
            first_name=first,
            last_name=last,
            email=self._address(f"{slug(first)}.{slug(last)}", domain),
            phone=self._phone("DE"),
            title=self.dice.choice(TITLES) or None,
            status=self.dice.choice(_STATUSES),
        )

    def _company_name(self, country: str) -> str:
        surname, branch = self.dice.choice(SURNAMES), self.dice.choice(BRANCHES)
        form = self.dice.choice(LEGAL_FORMS[country])
        for name in (
            f"{surname} & {self.dice.choice(('Söhne', 'Töchter', 'Partner'))} {branch} {form}",
            f"{branch} {surname} {form}",
            f"{surname} {branch} {form}",
        )[self.dice.randrange(3) :]:
            if len(name) <= LONGEST_NAME:
                return name
        return f"{surname} {form}"

    def _address(self, person: str, domain: str) -> str:
        end = "" if "." in domain else self.dice.choice((".example", ".test"))
        address = f"{person}@{domain}{end}"
        if address in self._addresses:
            address = f"{person}{next(self._numbers)}@{domain}{end}"
        self._addresses.add(address)
        return address

    def _vat_id(self, country: str) -> str:
        # A leading zero, then a number that never comes twice.
        serial = (next(self._numbers) * 7_368_787 + 1_234_567) % 10_000_000
        digits = f"0{serial:07d}"
        if country == "DE":
            return f"DE{digits}{check_digit(digits)}"
        return {
            "AT": f"ATU{digits}",
            "CH": f"CHE0{digits}",
            "FR": f"FR0{digits}00",
            "NL": f"NL{digits}0B01",
            "PL": f"PL{digits}00",
        }.get(country, f"{country}{digits}")

    def _phone(self, country: str) -> str | None:
        if country != "DE" or self.dice.random() < 0.1:  # noqa: PLR2004 - some have none
            return None
        return self.dice.choice(FILM_NUMBERS).format(self.dice.randrange(1000))

    def _postal_code(self, country: str, zone: str) -> str:
        length = {"DE": 5, "FR": 5, "CZ": 5, "PL": 6}.get(country, 4)
        missing = length - len(zone)
        return f"{zone}{self.dice.randrange(10**missing):0{missing}d}"

    def _currency(self, country: str) -> str:
        if country == "CH":
            return "CHF"
        return self.dice.choice(("EUR",) * 8 + ("USD", "GBP"))


def slug(text: str) -> str:
    """Write a name as a part of an address: ``Groß & Söhne`` becomes ``gross-soehne``."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def check_digit(digits: str) -> int:
    """Give the last digit of a German VAT id (ISO 7064, mod 11, 10)."""
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = 2 * total % 11
    return (11 - product) % 10
