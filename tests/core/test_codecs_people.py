"""People, addresses, numbers with check digits, links: the traps that change somebody's data in silence, one by one."""

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tallystick.core.codecs.registry import build_codec
from tallystick.core.error import InvalidValue

ALL_PARTS = ["salutation", "title", "first", "last", "suffix"]


def read(name: str, raw: Any, **settings: Any) -> Any:
    return build_codec(name, settings).decode(raw)


def write(name: str, value: Any, **settings: Any) -> Any:
    return build_codec(name, settings).encode(value)


@pytest.mark.parametrize(
    ("name", "settings", "raw", "value"),
    [
        # Italy keeps the zero, Germany drops the one in brackets; letters are digits; an extension is not lost
        ("phone", {}, "+39 06 1234567", "+39061234567"),
        ("phone", {}, "+49 (0)30 123456", "+4930123456"),
        ("phone", {"region": "DE"}, "0049 30 123456", "+4930123456"),
        ("phone", {"region": "US"}, "1-800-FLOWERS", "+18003569377"),
        ("phone", {"region": "DE"}, "030 123456 ext. 12", "+4930123456;ext=12"),
        ("email", {}, "Erika <Erika.M@ACME.Example>", "Erika.M@acme.example"),
        ("email", {}, "info@xn--mnchen-3ya.de", "info@münchen.de"),
        ("url", {}, "acme.example:8080", "https://acme.example:8080"),
        ("url", {}, "https://acme.example/?back=http://x.example", "https://acme.example/?back=http://x.example"),
        ("vat", {"country": "DE"}, "136695976", "DE136695976"),
        ("vat", {"country": "DE"}, "ATU 13585627", "ATU13585627"),
        ("vat", {}, "EL 094259216", "EL094259216"),
        ("vat", {}, "CHE-107.787.577 IVA", "CHE107787577IVA"),
        ("identifier", {"kind": "de.handelsregisternummer"}, "Aachen HRA 11223", "Aachen HRA 11223"),
        # names in many languages; codes that were given up are read, the ones in force are written
        ("country", {}, "Niemcy", "DE"),
        ("country", {}, "GROSSBRITANNIEN", "GB"),
        ("country", {}, "280", "DE"),
        ("country", {}, "Kosovo", "XK"),
        ("language", {}, "ger", "de"),
        ("language", {}, "Französisch", "fr"),
        ("language", {}, "pt_BR", "pt-BR"),
        # particles belong to the last name, titles may be many, a comma says it all
        ("full_name", {}, "Ludwig van Beethoven", {"first": "Ludwig", "last": "van Beethoven"}),
        ("full_name", {}, "Charles de Gaulle", {"first": "Charles", "last": "de Gaulle"}),
        ("full_name", {}, "Erika", {"last": "Erika"}),
        ("full_name", {"order": "last_first"}, "Maria Schmidt, Anna", {"first": "Anna", "last": "Maria Schmidt"}),
        (
            "full_name",
            {"parts": ALL_PARTS},
            "Herr Prof. Dr. Max Muster, MBA",
            {"salutation": "Herr", "title": "Prof. Dr.", "first": "Max", "last": "Muster", "suffix": "MBA"},
        ),
        ("full_name", {"parts": ALL_PARTS}, "Dr. Muster", {"title": "Dr.", "last": "Muster"}),
        ("salutation", {}, "Mrs.", "ms"),
        ("title", {}, "dr med", "Dr. med."),
        ("street", {}, "Straße des 17. Juni 135", {"street": "Straße des 17. Juni", "number": "135"}),
        ("street", {}, "Straße des 17. Juni", {"street": "Straße des 17. Juni"}),
        ("parts", {}, {"street": " Am  Hof ", "number": 12, "extra": ""}, {"street": "Am Hof", "number": "12"}),
        ("parts", {}, {"street": ["Am Hof"]}, None),
        ("street", {}, "Musterstr. 12 - 14 b", {"street": "Musterstr.", "number": "12 - 14 b"}),
        (
            "address_block",
            {"country": "DE"},
            "Musterweg 1\r\n10 Downing St\r\nLondon SW1A 2AA\r\nGroßbritannien",
            {
                "extra": "Musterweg 1",
                "street": "10 Downing St",
                "postcode": "SW1A 2AA",
                "city": "London",
                "country": "GB",
            },
        ),
        (
            "address_block",
            {"country": "US", "separator": ", "},
            "1 Main St, Wien, Österreich",
            None,
        ),
        # numbers of people who keep books, and quantities
        ("number", {"decimal": ",", "group": ".", "negative": "after"}, "1.234,50-", Decimal("-1234.50")),
        ("number", {"negative": "brackets"}, "(12.50)", Decimal("-12.50")),
        ("number", {"negative": "brackets"}, "-12.50", Decimal("-12.50")),
        ("number", {"negative": "after"}, "-12.50-", None),
        ("unit", {"unit": "kg", "to": "g", "text": True, "decimal": ","}, "12,5 kg", Decimal(12500)),
        ("unit", {"unit": "kg", "to": "g", "text": True}, "500 g", Decimal(500)),
        ("unit", {"unit": "kg", "to": "g", "text": True}, "5 cm", None),
        ("boolean", {"yes": "J", "no": "N", "usual": True}, " Oui ", True),
        ("boolean", {"yes": "J", "no": "N", "usual": True}, 0, False),
        ("boolean", {"yes": "0", "no": "1", "usual": True}, "0", True),
        ("boolean", {"yes": "J", "no": "N", "usual": True}, "vielleicht", None),
        # days and times
        ("date", {"format": "dd.MM.yyyy", "also": ["yyyy-MM-dd"]}, "2025-07-01", date(2025, 7, 1)),
        ("date", {"format": "d. MMMM yyyy", "language": "de"}, "1. märz 2025", date(2025, 3, 1)),
        ("date", {"format": "dd.MM.yy"}, "01.07.69", date(1969, 7, 1)),
        ("date", {"format": "dd.MM.yy"}, "01.07.68", date(2068, 7, 1)),
        ("local_time", {"format": "M/d/yyyy h:mm a"}, "7/1/2025 12:05 a.m.", datetime(2025, 7, 1, 0, 5, tzinfo=UTC)),
        ("local_time", {"format": "M/d/yyyy h:mm a"}, "7/1/2025 12:05 PM", datetime(2025, 7, 1, 12, 5, tzinfo=UTC)),
        ("local_time", {"format": "M/d/yyyy h:mm a"}, "7/1/2025 13:05 PM", None),
        ("zoned", {"zone": "UTC"}, "2025-07-01T12:00:00.5+0200", datetime(2025, 7, 1, 10, 0, 0, 500000, tzinfo=UTC)),
        ("zoned", {"zone": "UTC"}, "2025-07-01T12:00:00+05:00[Europe/Berlin]", None),
        ("zoned", {"zone": "UTC"}, "2025-03-30T02:30:00[Europe/Berlin]", None),
        ("zoned", {"zone": "UTC"}, "2025-07-01T12:00:00", None),
        ("day_number", {}, 60, None),
        ("day_number", {}, Decimal("45839.5"), None),
        # what is none
        ("phone", {"region": "DE"}, "12", None),
        ("phone", {}, "030 123456", None),
        ("email", {}, "a@b.example; c@d.example", None),
        ("url", {}, "keine", None),
        ("url", {}, "javascript:alert(1)", None),
        ("url", {}, "https://erika:geheim@acme.example", None),
        ("vat", {}, "DE136695977", None),
        ("iban", {}, "DE88370400440532013000", None),
        ("country", {}, "EU", None),
        ("country", {}, "Mars", None),
        ("full_name", {}, "Muster, Erika", None),
        ("address_block", {"country": "DE"}, "irgendwo", None),
    ],
)
def test_what_is_read_is_what_was_meant_or_refused(name: str, settings: dict[str, Any], raw: Any, value: Any):
    """A value is understood or refused with a reason; nothing is guessed. ``None`` stands for a refusal."""
    if value is not None:
        assert read(name, raw, **settings) == value
        return
    with pytest.raises(InvalidValue) as refusal:
        read(name, raw, **settings)
    assert refusal.value.message
    assert "geheim" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "settings", "value", "raw"),
    [
        ("phone", {"region": "DE", "write": "national"}, "+4930123456", "030 123456"),
        ("phone", {"region": "DE", "write": "national"}, "+16502530000", "+1 650-253-0000"),
        ("country", {"write": "numeric"}, "DE", "276"),
        ("country", {"write": "alpha3"}, "FR", "FRA"),
        ("language", {"write": "alpha3"}, "de", "deu"),
        ("truncate", {"length": 2}, "e" + chr(0x301) + "e" + chr(0x301), "e" + chr(0x301)),
        ("truncate", {"length": 3}, "ae" + "e" + chr(0x301) + "e", "ae"),
        ("truncate", {"length": 5, "unit": "bytes"}, "ääää", "ää"),
        ("transliterate", {"charset": "iso-8859-1"}, "Łódź ü €", "Lódz ü EUR"),
        ("transliterate", {"language": "de"}, "u" + chr(0x308), "ue"),
        ("unit", {"unit": "in", "to": "cm", "scale": 2}, Decimal(-10), Decimal("-3.94")),
        ("unit", {"unit": "kg", "to": "g"}, Decimal("0.1"), Decimal("0.0001")),
        ("number", {"negative": "brackets", "scale": 2}, Decimal("-0.001"), "0.00"),
        (
            "zoned",
            {"zone": "Europe/Berlin", "colon": False},
            datetime(2025, 1, 1, tzinfo=UTC),
            "2025-01-01T01:00:00+0100",
        ),
        ("date", {"format": "dd.MM.yy"}, date(1950, 7, 1), None),
        ("local_time", {"format": "dd.MM.yy HH:mm"}, datetime(1950, 7, 1, tzinfo=UTC), None),
        ("unit", {"unit": "in", "to": "cm"}, Decimal(10), None),
        ("vat", {"country": "DE", "bare": True}, "ATU13585627", None),
        ("language", {"write": "name"}, "de-AT", None),
        ("replace", {"map": {"|": "; "}, "back": True}, "a|b", None),
        ("full_name", {}, {"title": "Dr.", "last": "Muster"}, None),
        ("address_block", {"country": "DE"}, {"street": "Musterweg 1", "city": "Berlin"}, None),
        ("address_block", {"country": "DE"}, {"postcode": "10115", "city": "Berlin", "state": "BE"}, None),
        ("html", {}, "text", None),
    ],
)
def test_what_is_written_says_the_same_or_is_refused(name: str, settings: dict[str, Any], value: Any, raw: Any):
    """What a side cannot hold without telling something else is refused. ``None`` stands for a refusal."""
    if raw is not None:
        assert write(name, value, **settings) == raw
        return
    with pytest.raises(InvalidValue):
        write(name, value, **settings)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("phone", {"region": "Germany"}, "region: DE"),
        ("phone", {"write": "national"}, "need a region"),
        ("vat", {"bare": True}, "need the country"),
        ("identifier", {"kind": "os.path"}, "no kind of number"),
        ("identifier", {"kind": "util"}, "no kind of number"),
        ("country", {"write": "name", "language": "xx"}, "no language 'xx'"),
        ("country", {"spellings": {"DE": "D", "AT": "d"}}, "spelling of its own"),
        ("salutation", {"spellings": {"sir": "Sir"}}, "there are: mr"),
        ("full_name", {"parts": ["first", "lst"]}, "did you mean last"),
        ("unit", {"unit": "kg", "to": "cm"}, "do not measure the same"),
        ("unit", {"unit": "kgs", "to": "g"}, "no unit 'kgs'"),
        ("replace", {"map": {"a": "x", "b": "x"}, "back": True}, "a text of its own"),
        ("truncate", {"length": 0}, "leave room"),
        ("affix", {}, "needs a prefix"),
        ("date", {"format": "d. MMMM yyyy"}, "language: de"),
        ("date", {"format": "d. MMMM yyyy", "language": "xx"}, "no language 'xx'"),
        ("local_time", {"format": "dd.MM.yyyy hh:mm"}, "did you mean HH"),
        ("local_time", {"format": "dd.MM.yyyy HH:mm a"}, "AM and PM"),
        ("money_parts", {"currency": "EURO"}, "no ISO 4217 code"),
    ],
)
def test_settings_that_cannot_be_are_explained(name: str, settings: dict[str, Any], message: str):
    """A wrong setting is refused when the project is loaded, with what was probably meant."""
    with pytest.raises(InvalidValue) as refusal:
        build_codec(name, settings)
    assert message in f"{refusal.value} {refusal.value.hint}"


def test_an_address_is_checked_without_asking_the_network(monkeypatch: pytest.MonkeyPatch):
    """M-5: no name server has a say in what is an e-mail address."""
    import dns.resolver

    monkeypatch.setattr(dns.resolver, "Resolver", None)
    assert read("email", "erika@nobody-has-this-name.example") == "erika@nobody-has-this-name.example"


def test_what_a_project_does_not_use_is_not_loaded():
    """A start pays nothing for tables of telephone numbers, countries and check digits."""
    code = (
        "import sys; from tallystick.core.codecs.registry import build_codec; build_codec('trim', {});"
        "print(sorted({'phonenumbers', 'babel', 'stdnum', 'email_validator', 'markdownify', 'markdown_it', 'anyascii',"
        "'tallystick.core.codecs.person', 'tallystick.core.codecs.unit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
