"""The codecs of names, addresses, numbers and links with values that they are made for, for the laws."""

import string
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tallystick.core.codecs.currencies import CODES
from tallystick.core.codecs.registry import build_codec
from tallystick.core.mapping import Codec
from tallystick.core.record import Money


@dataclass(frozen=True)
class Case:
    """A codec with values that it is made for. ``total`` means that it can spell all of them."""

    name: str
    settings: dict[str, Any]
    values: st.SearchStrategy[Any]
    total: bool = True

    def make(self) -> Codec:
        return build_codec(self.name, self.settings)


WORDS = st.sampled_from(
    [
        "Erika",
        "Max",
        "von",
        "der",
        "Heide",
        "Dr.",
        "Prof.",
        "Herr",
        "Muster",
        "O'Neill",
        "Müller-Lüdenscheidt",
        ",",
        "MBA",
    ]
)
NAMES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join) | st.text(min_size=1)
PERSONS = st.dictionaries(st.sampled_from(["first", "last"]), NAMES, min_size=1)
FULL = st.dictionaries(st.sampled_from(["salutation", "title", "first", "last", "suffix"]), NAMES, min_size=1)
ADDRESSES = st.fixed_dictionaries(
    {
        "postcode": st.from_regex(r"[0-9]{5}", fullmatch=True),
        "city": st.sampled_from(["Berlin", "Bad Homburg v. d. H."]),
    },
    optional={
        "street": st.text(min_size=1) | st.just("Musterstr. 1"),
        "extra": st.text(min_size=1),
        "country": st.sampled_from(["DE", "AT", "NL", "US", "GB"]),
    },
)
AMERICAN = st.fixed_dictionaries(
    {"postcode": st.from_regex(r"[0-9]{5}", fullmatch=True), "city": st.just("Springfield"), "state": st.just("IL")},
    optional={"street": st.text(min_size=1) | st.just("1 Main St"), "extra": st.just("ACME")},
)
STREETS = st.dictionaries(
    st.sampled_from(["street", "number"]), st.text(min_size=1) | st.sampled_from(["12a", "1-3", "Am Hof"]), min_size=1
)
MARKED = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<br>", "<b>x</b>", "<ul><li>a</li></ul>", "&lt;", "&", "text", " ", "\n", "# x", "- "]
    )
).map("".join) | st.text(min_size=1)
PHONES = st.sampled_from(["+4930123456", "+4915112345678", "+4930123456;ext=12", "+390612345678", "+16502530000"])
EMAILS = st.sampled_from(["erika@acme.example", "Erika.M+x@acme.example", "ä@münchen.de", "a@b"])
HOSTS = st.sampled_from(["acme.example", "ACME.example:8080", "[::1]", "münchen.de", "x.de:443", "İ.de"])
LINKS = st.builds(
    "{}{}/{}".format, st.sampled_from(["", "https://", "FTP://"]), HOSTS, st.text(string.printable, max_size=8)
)
COUNTRIES = st.sampled_from(["DE", "AT", "CH", "US", "GB", "XK", "CD", "FR", "YE", "MM", "CI"])
LANGUAGES = st.sampled_from(["de", "en", "zh", "sr", "nb"])
SOME_NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20)
AMOUNTS = st.builds(Money, SOME_NUMBERS, st.sampled_from(sorted(CODES)))
INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them so
MODERN = st.integers(31_536_000, 2_114_380_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
SHORT_YEARS = st.dates(date(1969, 1, 1), date(2068, 12, 31))
WHOLE = st.builds(Money, st.integers().map(Decimal), st.sampled_from(sorted(CODES)))
TEXTS = st.text(min_size=1)
BOOLS = st.booleans()
DATES = st.dates()

FURTHER = [
    Case("replace", {"map": {"&": "und", "|": "; "}}, TEXTS),
    Case("replace", {"map": {"aa": "a"}}, st.text("ab", min_size=1), total=False),
    Case("replace", {"map": {"|": "; ", "&": "u"}, "back": True}, st.text("a;| u&", min_size=1), total=False),
    Case("affix", {"prefix": "C-"}, TEXTS),
    Case("affix", {"prefix": "C-", "suffix": "/1", "optional": True}, TEXTS | st.just("C-1/1")),
    Case("pad", {"width": 8}, st.text(max_size=8, min_size=1)),
    Case("pad", {"width": 5, "side": "left", "character": "0"}, st.text("01a", min_size=1), total=False),
    Case("transliterate", {"language": "de"}, TEXTS),
    Case("transliterate", {"charset": "iso-8859-15", "language": "sv"}, TEXTS),
    Case("truncate", {"length": 5}, TEXTS | st.just("abcde" + chr(0x301))),
    Case("truncate", {"length": 6, "unit": "bytes", "ellipsis": "…"}, TEXTS),
    Case("html", {}, MARKED, total=False),
    Case("html", {"write": True}, MARKED, total=False),
    Case("markdown", {}, MARKED, total=False),
    Case("full_name", {}, PERSONS, total=False),
    Case("full_name", {"order": "last_first"}, PERSONS, total=False),
    Case("full_name", {"parts": ["salutation", "title", "first", "last", "suffix"]}, FULL, total=False),
    Case(
        "full_name",
        {"parts": ["salutation", "title", "first", "last", "suffix"], "order": "last_first"},
        FULL,
        total=False,
    ),
    Case("parts", {}, FULL),
    Case("parts", {"only": ["first", "last"]}, FULL),
    Case("salutation", {}, st.sampled_from(["mr", "ms", "mx", "company", "family"])),
    Case("salutation", {"language": "en", "spellings": {"mr": "1", "ms": "2"}}, st.sampled_from(["mr", "ms"])),
    Case("salutation", {"spellings": {"mr": "Frau"}}, st.sampled_from(["mr", "ms"]), total=False),
    Case("title", {}, NAMES),
    Case("address_block", {"country": "DE", "language": "de"}, ADDRESSES, total=False),
    Case("address_block", {"country": "US", "separator": ", "}, AMERICAN | ADDRESSES, total=False),
    Case("street", {}, STREETS, total=False),
    Case("street", {"number_first": True}, STREETS, total=False),
    Case("country", {}, COUNTRIES),
    Case("country", {"write": "name", "language": "de"}, COUNTRIES),
    Case("country", {"write": "numeric"}, COUNTRIES),
    Case("country", {"write": "alpha3", "spellings": {"DE": "D", "AT": "A"}}, COUNTRIES),
    Case("language", {}, LANGUAGES | st.just("de-AT")),
    Case("language", {"separator": "_"}, LANGUAGES | st.just("de-AT")),
    Case("language", {"write": "alpha3"}, LANGUAGES),
    Case("language", {"write": "name", "language": "de"}, LANGUAGES),
    Case("phone", {}, PHONES),
    Case("phone", {"region": "DE", "write": "national"}, PHONES),
    Case("phone", {"write": "international", "possible": True}, PHONES),
    Case("email", {}, EMAILS),
    Case("email", {"lower": True}, EMAILS),
    Case("url", {}, LINKS, total=False),
    Case("vat", {}, st.sampled_from(["DE136695976", "ATU13585627", "EL094259216", "GB980780684", "XI980780684"])),
    Case("vat", {"country": "DE", "bare": True}, st.sampled_from(["DE136695976", "ATU13585627"]), total=False),
    Case("iban", {"spaced": True}, st.sampled_from(["DE89370400440532013000", "GB82WEST12345698765432"])),
    Case("identifier", {"kind": "isbn", "spaced": True}, st.just("9783161484100")),
    Case("identifier", {"kind": "de.handelsregisternummer"}, st.just("Aachen HRA 11223")),
    Case("money_parts", {}, AMOUNTS),
    Case("money_parts", {"text": True, "currency": "EUR"}, AMOUNTS),
    Case("money_parts", {"minor": True}, WHOLE | AMOUNTS, total=False),
    Case("unit", {"unit": "kg", "to": "g"}, SOME_NUMBERS),
    Case("unit", {"unit": "in", "to": "cm", "scale": 3, "rounding": "half_even"}, SOME_NUMBERS),
    Case("unit", {"unit": "h", "to": "min", "text": True, "locale": "de_DE"}, SOME_NUMBERS, total=False),
    Case("unit", {"unit": "%", "to": "1"}, SOME_NUMBERS),
    Case("boolean", {"yes": ["J"], "no": ["N"], "usual": True}, BOOLS),
    Case("boolean", {"yes": ["0"], "no": ["1"], "usual": True}, BOOLS),
    Case("number", {"decimal": ",", "negative": "after"}, SOME_NUMBERS),
    Case("number", {"decimal": ",", "group": ".", "negative": "brackets", "scale": 1}, SOME_NUMBERS),
    Case("zoned", {"zone": "Europe/Berlin"}, INSTANTS),
    Case("zoned", {"zone": "America/New_York", "colon": False, "show_zone": True}, INSTANTS),
    Case("day_number", {}, st.dates(date(1900, 3, 1))),
    Case("day_number", {"epoch_1904": True}, st.dates(date(1904, 1, 1))),
    Case("date", {"format": "dd.MM.yy"}, SHORT_YEARS),
    Case("date", {"format": "dd.MM.yy", "also": ["yyyy-MM-dd"]}, SHORT_YEARS | DATES, total=False),
    Case("date", {"format": "d. MMMM yyyy", "language": "de"}, DATES),
    Case("date", {"format": "MMM d, yyyy", "language": "en"}, DATES),
    Case("wall_time", {}, INSTANTS),
    Case("wall_time", {"zone": "Europe/Berlin"}, INSTANTS, total=False),
    Case("wall_time", {"zone": "America/New_York", "repeated": "later"}, MODERN),
    Case("wall_time", {"zone": "Australia/Lord_Howe", "repeated": "error"}, MODERN, total=False),
    Case("local_time", {"format": "M/d/yy h:mm a", "zone": "America/New_York"}, MODERN | INSTANTS, total=False),
    Case("local_time", {"format": "yyyy-MM-dd hh:mm:ss a", "also": ["yyyy-MM-dd HH:mm"]}, INSTANTS),
]
