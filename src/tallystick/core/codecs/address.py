"""Addresses: one block of lines and its parts, a street and its number.

Canonical is an object of parts: ``extra``, ``street``, ``postcode``, ``city``, ``state``, ``country``
(code of two letters); those without text are left out. Only blocks that come out again as they went
in are split; all others are refused.
"""

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from tallystick.core.codecs.country import Country
from tallystick.core.codecs.person import check_parts
from tallystick.core.codecs.settled import read_settled, write_settled
from tallystick.core.codecs.spelling import describe, expect_text
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

PARTS: Final = ("extra", "street", "postcode", "city", "state", "country")
_CITY: Final = r"(?P<city>\S.*?)"
_STATE: Final = r"(?P<state>[A-Z]{2,3})"
# How the line with the town is built, where it is not just a postcode of digits and the town.
_LOCALITY: Final[dict[str, tuple[str, str]]] = {
    "": (r"(?P<postcode>\d{3,6}) " + _CITY, "{postcode} {city}"),
    "NL": (r"(?P<postcode>\d{4} ?[A-Z]{2}) " + _CITY, "{postcode} {city}"),
    "PL": (r"(?P<postcode>\d{2}-\d{3}) " + _CITY, "{postcode} {city}"),
    "PT": (r"(?P<postcode>\d{4}-\d{3}) " + _CITY, "{postcode} {city}"),
    "US": (_CITY + ", " + _STATE + r" (?P<postcode>\d{5}(?:-\d{4})?)", "{city}, {state} {postcode}"),
    "CA": (_CITY + ",? " + _STATE + r" {1,2}(?P<postcode>[A-Z]\d[A-Z] ?\d[A-Z]\d)", "{city} {state} {postcode}"),
    "AU": (_CITY + ",? " + _STATE + r" (?P<postcode>\d{4})", "{city} {state} {postcode}"),
    "GB": (_CITY + r",? (?P<postcode>[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})", "{city} {postcode}"),
}
for _code in ("SE", "CZ", "SK", "GR"):
    _LOCALITY[_code] = (r"(?P<postcode>\d{3} ?\d{2}) " + _CITY, "{postcode} {city}")
_NUMBER_LAST: Final = re.compile(r"(?P<street>\S.*?),? +(?P<number>\d+ ?[a-zA-Z]?(?: ?[-/+] ?\d+ ?[a-zA-Z]?)*)")
_NUMBER_FIRST: Final = re.compile(r"(?P<number>\d+[a-zA-Z]?(?:[-/]\d+[a-zA-Z]?)*),? +(?P<street>\S.*)")
_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class AddressBlock:
    r"""A postal address as lines; canonical is an object of its parts.

    ``country`` is meant where the last line names none, and is not written. ``separator`` stands between lines.
    The line of the town follows the country: ``10115 Berlin``, ``Springfield, IL 62704``, ``London SW1A 2AA``.

    >>> codec = AddressBlock("DE", language="de")
    >>> codec.decode("Hof 2\nMusterweg 1\n1010 Wien\nÖsterreich")["extra"]
    'Hof 2'
    >>> codec.encode({"street": "Musterweg 1", "postcode": "1010", "city": "Wien", "country": "AT"})
    'Musterweg 1\n1010 Wien\nÖsterreich'
    """

    country: str
    language: str = "en"
    separator: str = "\n"
    name: ClassVar[str] = "address_block"
    loss: ClassVar[Loss] = "lossy"
    _names: Country = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare the names of countries. Raises ``InvalidValue`` for a country or separator that is none."""
        names = Country("name", self.language)
        names.encode(self.country)
        if not self.separator or self.separator.isalnum():
            raise InvalidValue("address_block: lines need a separator", hint='for example separator: ", "')
        object.__setattr__(self, "_names", names)

    def decode(self, raw: Any) -> Value:
        """Give the parts; an address whose lines cannot be told apart is refused."""
        text = expect_text(self.name, raw)
        if len(text) > _LONGEST:
            raise self._unclear(text)
        return read_settled(self.name, text, self._split, self._join) or None

    def encode(self, value: Value) -> Any:
        """Give the lines."""
        return write_settled(self.name, check_parts(self.name, value, PARTS, lines=True), self._split, self._join)

    def _split(self, text: str) -> dict[str, str]:
        lines = [" ".join(line.split()) for line in text.replace("\r\n", "\n").split(self.separator)]
        lines = [line for line in lines if line]
        if not lines:
            return {}
        country = self._country_of(lines[-1]) if len(lines) > 1 else ""
        lines = lines[:-1] if country else lines
        pattern, _ = _LOCALITY.get(country or self.country, _LOCALITY[""])
        found = re.fullmatch(pattern, lines[-1])
        if not found:
            raise self._unclear(text)
        parts = {"country": country or self.country, **found.groupdict()}
        parts["street"] = lines[-2] if len(lines) > 1 else ""
        parts["extra"] = "\n".join(lines[:-2])
        return {part: parts[part] for part in PARTS if parts.get(part)}

    def _join(self, parts: dict[str, str]) -> str:
        country = parts.get("country", self.country)
        _, spelled = _LOCALITY.get(country, _LOCALITY[""])
        missing = [part for part in re.findall(r"{(\w+)}", spelled) if part not in parts]
        homeless = [part for part in ("state",) if part in parts and "{state}" not in spelled]
        if missing or homeless:
            what = f"the {missing[0]} is missing" if missing else "this country's addresses show no state"
            hint = "fill it in at the source, or map the parts one by one"
            raise InvalidValue("address_block: no address can be made of these parts", detail=what, hint=hint)
        last = [] if country == self.country else [str(self._names.encode(country))]
        lines = [*parts.get("extra", "").split("\n"), parts.get("street", ""), spelled.format(**parts), *last]
        return self.separator.join(line for line in lines if line)

    def _country_of(self, line: str) -> str:
        try:
            # Two letters at the end of an address may be anything.
            return str(self._names.decode(line)) if len(line) > 2 else ""  # noqa: PLR2004
        except InvalidValue:
            return ""

    def _unclear(self, text: str) -> InvalidValue:
        example = _LOCALITY.get(self.country, _LOCALITY[""])[1]
        return InvalidValue(
            f"address_block expects lines that end with the town, here {example}, and the country if it is another",
            detail=f"{describe(text)} came",
            hint="correct it at the source, or say which country is meant",
        )


@dataclass(frozen=True, slots=True)
class Street:
    """A street with its number in one text; canonical is an object of ``street`` and ``number``.

    ``number_first`` is for ``12 Main Street``. A street without a number has none.

    >>> Street().decode("Straße des 17. Juni 135 a")
    {'street': 'Straße des 17. Juni', 'number': '135 a'}
    >>> Street(number_first=True).encode({"street": "Main St", "number": "12"})
    '12 Main St'
    """

    number_first: bool = False
    name: ClassVar[str] = "street"
    loss: ClassVar[Loss] = "lossy"

    def decode(self, raw: Any) -> Value:
        """Give street and number."""
        text = " ".join(expect_text(self.name, raw)[:_LONGEST].split())
        return read_settled(self.name, text, self._split, self._join) or None

    def encode(self, value: Value) -> Any:
        """Give both as one text."""
        parts = check_parts(self.name, value, ("street", "number"))
        return write_settled(self.name, parts, self._split, self._join)

    def _split(self, text: str) -> dict[str, str]:
        found = (_NUMBER_FIRST if self.number_first else _NUMBER_LAST).fullmatch(text)
        parts = found.groupdict() if found else {"street": text}
        return {part: parts[part] for part in ("street", "number") if parts.get(part)}

    def _join(self, parts: dict[str, str]) -> str:
        both = [parts.get("street", ""), parts.get("number", "")]
        return " ".join(filter(None, reversed(both) if self.number_first else both))
