"""Countries and languages: codes of all kinds and names in many languages, from the tables of Unicode (CLDR)."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Final, Literal

from tallystick.core.codecs.spelling import expect_text, nearest, refuse
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

READ: Final = ("en", "de", "fr", "it", "es", "nl", "pt", "pl", "cs", "da", "sv", "nb", "fi", "hu", "tr")
# Spelled like countries, but groups of them, or no longer or not yet any.
_NO_COUNTRY: Final = frozenset({"EU", "EZ", "UN", "QO", "ZZ", "XA", "XB", "AN", "CS", "SU", "YU", "DD", "AA", "CQ"})
# The table also lists codes that were given up; these are in force.
_IN_FORCE: Final[dict[str, dict[str, str]]] = {
    "alpha3": {"MM": "MMR", "CD": "COD", "DE": "DEU", "FR": "FRA", "TL": "TLS", "YE": "YEM"},
    "numeric": {"ET": "231", "DE": "276", "SD": "729", "YE": "887", "FR": "250"},
}
# Codes of three letters that come from English names, or are of one language among several under one code.
_SECOND_CODES: Final = frozenset(
    [
        "alb",
        "arm",
        "baq",
        "bur",
        "chi",
        "cze",
        "dut",
        "fre",
        "geo",
        "ger",
        "gre",
        "ice",
        "mac",
        "mao",
        "may",
        "per",
        "rum",
        "slo",
        "tib",
        "wel",
        "scc",
        "scr",
        "mol",
        "adp",
        "drh",
        "khk",
        "als",
        "arb",
        "ayr",
        "azj",
        "cmn",
        "cwd",
        "ekk",
        "esk",
        "fat",
        "twi",
        "fuc",
        "gaz",
        "gug",
        "ike",
        "kmr",
        "knc",
        "kng",
        "kpv",
        "lvs",
        "npi",
        "ojg",
        "ory",
        "pbu",
        "pes",
        "plt",
        "quz",
        "src",
        "swh",
        "uzn",
        "ydd",
        "zsm",
        "zyb",
        "cls",
        "prp",
    ]
)
_MORE_NAMES: Final = {
    "usa": "US", "u.s.a.": "US", "u.s.": "US", "united states of america": "US", "vereinigte staaten von amerika": "US",
    "uk": "GB", "great britain": "GB", "grossbritannien": "GB", "england": "GB", "holland": "NL", "brd": "DE",
    "bundesrepublik deutschland": "DE", "federal republic of germany": "DE", "czech republic": "CZ",
    "tschechische republik": "CZ", "the netherlands": "NL", "türkei": "TR", "turkey": "TR", "weissrussland": "BY",
    "russian federation": "RU", "republic of korea": "KR", "slowakische republik": "SK", "die schweiz": "CH",
}  # fmt: skip


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("&", "and")
    return " ".join(plain.split())


@dataclass(frozen=True, slots=True)
class Country:
    """A country as a code or as a name; canonical is the code of two letters of ISO 3166 (``DE``).

    All codes and the names in fifteen languages are read. ``write`` says what is written, ``language`` in which
    language names are. ``spellings`` is the system's own list, code to spelling.

    >>> Country().decode("Österreich"), Country().decode("DEU"), Country("name", "de").encode("CH")
    ('AT', 'DE', 'Schweiz')
    >>> Country(spellings={"DE": "D", "AT": "A"}).encode("AT")
    'A'
    """

    write: Literal["alpha2", "alpha3", "numeric", "name"] = "alpha2"
    language: str = "en"
    spellings: Mapping[str, str] = field(default_factory=dict)
    name: ClassVar[str] = "country"
    loss: ClassVar[Loss] = "lossy"
    _own: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Turn the list round. Raises ``InvalidValue`` for an unknown language or a spelling that stands for two."""
        own = {_bare(text): code for code, text in self.spellings.items()}
        if len(own) < len(self.spellings) or "" in own or not all(own.values()):
            raise InvalidValue("country: each country needs a spelling of its own")
        if self.write == "name":
            locale_of(self.name, self.language)
        object.__setattr__(self, "_own", own)

    def decode(self, raw: Any) -> Value:
        """Give the code of two letters."""
        text = _bare(expect_text(self.name, raw))
        code = self._own.get(text) or _country_codes("").get(text) or _country_codes(self.language).get(text)
        if code is None:
            hint = "add it to spellings: {DE: D, AT: A}"
            meant = nearest(text, _country_codes("")) if len(text) < 60 else ""  # noqa: PLR2004 - longer is no name
            raise refuse(self.name, raw, "a country", hint=f"{hint}; did you mean {meant}?" if meant else hint)
        return code

    def encode(self, value: Value) -> Any:
        """Give the country as this side spells it."""
        code = expect_text(self.name, value)
        if code not in self.spellings and _country_codes("").get(code.casefold()) != code:
            raise refuse(self.name, value, "the code of a country, such as DE")
        spelled = self.spellings.get(code) or self._usual(code)
        if not spelled or self.decode(spelled) != code:
            raise refuse(self.name, value, f"a country that can be written as {self.write}", hint="add it to spellings")
        return spelled

    def _usual(self, code: str) -> str:
        match self.write:
            case "alpha2":
                return code
            case "name":
                return str(locale_of(self.name, self.language).territories.get(code, ""))
            case _:
                return _other_codes(self.write).get(code, "")


@dataclass(frozen=True, slots=True)
class Language:
    """A language as a code or as a name; canonical is ``de``, or ``de-AT`` where a country is given.

    Codes of two and three letters and the names in fifteen languages are read. ``separator`` is written between
    language and country.

    >>> Language().decode("ger"), Language().decode("de_AT"), Language("name", "de").encode("en")
    ('de', 'de-AT', 'Englisch')
    """

    write: Literal["code", "alpha3", "name"] = "code"
    language: str = "en"
    separator: Literal["-", "_"] = "-"
    name: ClassVar[str] = "language"
    loss: ClassVar[Loss] = "lossy"

    def __post_init__(self) -> None:
        """Raises ``InvalidValue`` for a language of names that does not exist."""
        if self.write == "name":
            locale_of(self.name, self.language)

    def decode(self, raw: Any) -> Value:
        """Give the code."""
        text = _bare(expect_text(self.name, raw))
        code = self._named(text)
        if code is not None:
            return code
        head, _, region = text.replace("_", "-").partition("-")
        code = self._named(head)
        if code is None or len(head) > 3 or _country_codes("").get(region) != region.upper():  # noqa: PLR2004
            raise refuse(self.name, raw, "a language such as de, de-AT or German")
        return f"{code}-{region.upper()}"

    def encode(self, value: Value) -> Any:
        """Give the language as this side spells it; only a code can keep its country."""
        code = str(self.decode(value))
        head, _, region = code.partition("-")
        if self.write == "code":
            return code.replace("-", self.separator)
        if region:
            hint = "write: code keeps the country"
            raise refuse(self.name, value, "a language without a country", hint=hint)
        names = locale_of(self.name, self.language).languages
        spelled = names.get(head, "") if self.write == "name" else _long_languages().get(head, "")
        if not spelled or self._named(_bare(spelled)) != head:
            raise refuse(self.name, value, f"a language that can be written as {self.write}")
        return spelled

    def _named(self, text: str) -> str | None:
        return _language_codes("").get(text) or _language_codes(self.language).get(text)


def locale_of(codec: str, name: str) -> Any:
    """Load the tables of a language. Raises ``InvalidValue`` for one that does not exist."""
    from babel import Locale, UnknownLocaleError  # slow to load and rarely needed

    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError) as cause:
        hint = "for example language: de"
        raise InvalidValue(f"{codec}: there is no language '{name}'", hint=hint) from cause


@lru_cache(maxsize=32)
def _country_codes(language: str) -> Mapping[str, str]:
    """Index codes and names; with ``language`` only its names. A name of two countries stands for neither."""
    codes = {code for code in locale_of("country", "en").territories if _is_country(code)}
    if language:
        return _named(locale_of("country", language).territories, codes)
    found: dict[str, str] = {}
    for one in READ:
        found = _named(locale_of("country", one).territories, codes) | found
    return (
        found
        | _MORE_NAMES
        | {alias.casefold(): code for alias, code in _long_codes().items()}
        | {code.casefold(): code for code in codes}
    )


def _is_country(code: str) -> bool:
    # QM to QZ and X... are for private use; XK is what everybody writes for Kosovo.
    is_private = code[0] == "X" or (code[0] == "Q" and code[1:] >= "M")
    is_code = len(code) == 2 and code.isalpha()  # noqa: PLR2004 - ISO 3166-1
    return is_code and code not in _NO_COUNTRY and (code == "XK" or not is_private)


def _named(names: Mapping[str, str], codes: set[str]) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for code, name in names.items():
        if code in codes:
            found.setdefault(_bare(name), set()).add(code)
    return {name: next(iter(several)) for name, several in found.items() if len(several) == 1}


def _long_codes() -> Mapping[str, str]:
    """Give all codes of three letters or digits, also those that were given up, with the code of two letters."""
    from babel.core import get_global

    aliases: Mapping[str, list[str]] = get_global("territory_aliases")
    return {
        alias: codes[0]
        for alias, codes in aliases.items()
        if len(alias) == 3 and len(codes) == 1 and _is_country(codes[0])  # noqa: PLR2004
    }


@lru_cache(maxsize=2)
def _other_codes(kind: str) -> Mapping[str, str]:
    suits = str.isdigit if kind == "numeric" else str.isalpha
    return {code: alias for alias, code in _long_codes().items() if suits(alias)} | _IN_FORCE[kind]


@lru_cache(maxsize=32)
def _language_codes(language: str) -> Mapping[str, str]:
    codes = {key for key in locale_of("language", "en").languages if key.isalpha() and len(key) in {2, 3}}
    codes -= {"mul", "und", "zxx", "mis"}
    if language:
        return _named(locale_of("language", language).languages, codes)
    found: dict[str, str] = {}
    for one in READ:
        found = _named(locale_of("language", one).languages, codes) | found
    from babel.core import get_global

    aliases: Mapping[str, str] = get_global("language_aliases")
    long = {alias: code for alias, code in aliases.items() if len(alias) == 3 and code in codes}  # noqa: PLR2004
    return found | long | {code: code for code in codes if code not in long}


@lru_cache(maxsize=1)
def _long_languages() -> Mapping[str, str]:
    from babel.core import get_global

    found: dict[str, str] = {}
    for alias, code in get_global("language_aliases").items():
        if len(alias) == 3 and len(code) == 2 and alias not in _SECOND_CODES:  # noqa: PLR2004
            found.setdefault(code, alias)
    return found
