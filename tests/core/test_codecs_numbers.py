"""Directed traps of numbers and money: spellings that libraries change in silence."""

from decimal import Decimal
from typing import Any

import pytest

from tallystick.core.codecs.registry import build_codec
from tallystick.core.error import InvalidValue
from tallystick.core.record import Money


def read(name: str, raw: Any, **settings: Any) -> Any:
    return build_codec(name, settings).decode(raw)


def write(name: str, value: Any, **settings: Any) -> Any:
    return build_codec(name, settings).encode(value)


@pytest.mark.parametrize(
    "raw",
    ["1e5", "1_000", "None", "NaN", "Infinity", "1.2345", "12.34", "1..234", "1.234.56", ",5", "5,", "", "-", "1 234",
     "0x1f",
     "\u0661\u0662", "00,5", "12,5,0", "--5", "1.23.456", "12,50 €", "\u0661", "1,2e3", True, ["1"], {}, "9" * 1001],
)  # fmt: skip
def test_what_is_no_german_number_is_refused(raw: Any):
    """Only the declared notation is a number; nothing is guessed."""
    with pytest.raises(InvalidValue):
        read("number", raw, decimal=",", group=".")


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("1.234", "1234"),
        ("1234", "1234"),
        ("-1.234.567,890", "-1234567.890"),
        ("\u22125,25", "-5.25"),
        ("+0,5", "0.5"),
        (" 12,50 ", "12.50"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        (7, "7"),
        (Decimal("1.5"), "1.5"),
    ],
)
def test_german_numbers_are_read_exactly(raw: Any, number: str):
    """Grouping is optional, digits are never lost."""
    assert read("number", raw, decimal=",", group=".") == Decimal(number)


@pytest.mark.parametrize(
    ("locale", "text"),
    [("de_DE", "-1.234.567,5"), ("en_US", "-1,234,567.5"), ("en_IN", "-12,34,567.5"),
     ("de_CH", "-1\u2019234\u2019567.5"),
     ("fr_FR", "-1\u202f234\u202f567,5")],
)  # fmt: skip
def test_locales_spell_numbers_their_way(locale: str, text: str):
    """Signs and group sizes come from the locale; look-alike separators are read too."""
    codec = build_codec("number", {"locale": locale})
    assert codec.encode(Decimal("-1234567.5")) == text
    assert (
        codec.decode(text) == codec.decode(text.replace("\u202f", " ").replace("\u2019", "'")) == Decimal("-1234567.5")
    )


def test_rounding_is_declared_and_commercial():
    """Rounding happens only where it is asked for, half away from zero unless said otherwise."""
    assert write("number", Decimal("2.675"), scale=2) == "2.68"
    assert write("number", Decimal("-0.004"), scale=2) == "0.00"
    assert write("number", Decimal("2.5"), scale=0, rounding="half_even") == "2"
    assert write("number", Decimal("1E+3")) == "1000"
    assert build_codec("number", {"scale": 2}).loss == "lossy"
    assert build_codec("number", {}).loss == "lossless"


def test_whole_numbers_lose_neither_digits_nor_leading_zeros():
    """Thirty digits stay thirty digits, and a number with leading zeros is no number but a code."""
    assert read("integer", "123456789012345678901234567890") == 123456789012345678901234567890
    assert write("integer", 10**40) == "1" + "0" * 40
    assert read("integer", Decimal("5.00")) == 5
    for raw in ("0042", "1.0", "1,5", "1e5", Decimal("1.5"), "", True, Decimal("1e999999999")):
        with pytest.raises(InvalidValue):
            read("integer", raw)


def test_leading_zeros_of_codes_are_padded_and_stripped():
    """Padded customer numbers match unpadded ones; other text is left alone."""
    assert read("zero_padded", "0000004711", width=10) == "4711"
    assert read("zero_padded", "A-007", width=10) == "A-007"
    assert read("zero_padded", "0000", width=4) == "0"
    assert write("zero_padded", "4711", width=10) == "0000004711"
    with pytest.raises(InvalidValue, match="at most 3 digits"):
        write("zero_padded", "4711", width=3)


@pytest.mark.parametrize(
    ("raw", "amount", "currency"),
    [
        ("-12,50 €", "-12.50", "EUR"),
        ("-€12,50", "-12.50", "EUR"),
        ("€ -12,50", "-12.50", "EUR"),
        ("1.234 CHF", "1234", "CHF"),
        ("eur 5", "5", "EUR"),
        ("zł 0,01", "0.01", "PLN"),
    ],
)
def test_the_minus_of_a_price_is_never_dropped(raw: str, amount: str, currency: str):
    """Sign, grouping and currency are read wherever they stand."""
    assert read("money", raw, decimal=",", group=".") == Money(Decimal(amount), currency)


@pytest.mark.parametrize("raw", ["12,50", "€ 12,50 €", "- -5 €", "€", "12.50 €", "5 $", "5 Taler", 5, "--5 €"])
def test_what_does_not_say_one_amount_in_one_currency_is_refused(raw: Any):
    """No currency, two currencies, a shared sign or an unknown one: each is an error."""
    with pytest.raises(InvalidValue):
        read("money", raw, decimal=",", group=".")


def test_amounts_are_written_with_the_digits_of_their_currency():
    """Yen have no cents, dinars have three digits, and finer amounts are not rounded away."""
    assert write("money", Money(Decimal(5), "EUR")) == "5.00 €"
    assert write("money", Money(Decimal(5), "JPY"), prefer=["JPY"]) == "5 ¥"
    assert write("money", Money(Decimal("1.2345"), "KWD"), before=True) == "KWD 1.2345"
    assert read("money", "5", currency="EUR") == Money(Decimal(5), "EUR")


def test_shared_currency_signs_need_a_word():
    """A dollar sign is an error in both directions until the mapping says whose dollar."""
    for call in (lambda: read("currency", "$"), lambda: write("currency", "USD"), lambda: read("currency", "¥")):
        with pytest.raises(InvalidValue, match="does not say which currency"):
            call()
    assert read("currency", "$", prefer=["CAD"]) == "CAD"
    assert write("currency", "CAD", prefer=["CAD"]) == "$"
    with pytest.raises(InvalidValue):  # it would come back as CAD
        write("currency", "USD", prefer=["CAD"])
    assert read("currency", "Fr", symbols={"CHF": "Fr"}) == "CHF"
    assert read("currency", "usd") == "USD"
    assert write("currency", "CHF", symbols={"EUR": "€"}) == "CHF"
    with pytest.raises(InvalidValue):
        read("currency", "QQQ")


def test_minor_units_follow_the_currency():
    """ISO 4217 digits, exactly; an amount finer than the unit is refused unless rounding is declared."""
    assert read("minor_units", 1250, currency="JPY") == 1250
    assert read("minor_units", 1250, currency="KWD") == Decimal("1.250")
    assert write("minor_units", Decimal("12.50"), currency="EUR") == 1250
    with pytest.raises(InvalidValue, match="finer"):
        write("minor_units", Decimal("12.505"), currency="EUR")
    assert write("minor_units", Decimal("12.505"), currency="EUR", rounding="half_up") == 1251
