"""Directed traps: spellings that libraries change in silence, each a customer's value once lost by somebody."""

import doctest
import importlib
import pkgutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tallystick.core import codecs
from tallystick.core.codecs.registry import build_codec, codec_names
from tallystick.core.error import DataError, InvalidValue, UnknownOption
from tallystick.core.record import Money

BERLIN = ZoneInfo("Europe/Berlin")
LOCAL = {"format": "dd.MM.yyyy HH:mm", "zone": "Europe/Berlin"}
STATES = {"lead": "Interessent", "active": "Aktiv"}
NEEDED: dict[str, dict[str, Any]] = {
    "local_time": LOCAL,
    "options": {"map": STATES},
    "remove": {"characters": "-"},
    "zero_padded": {"width": 3},
    "minor_units": {"currency": "EUR"},
    "round": {"scale": 1},
}


def read(name: str, raw: Any, **settings: Any) -> Any:
    return build_codec(name, settings).decode(raw)


def write(name: str, value: Any, **settings: Any) -> Any:
    return build_codec(name, settings).encode(value)


@pytest.mark.parametrize("module", [m.name for m in pkgutil.iter_modules(codecs.__path__)])
def test_the_examples_in_the_docstrings_run(module: str):
    """Every example in the documentation is true."""
    assert doctest.testmod(importlib.import_module(f"tallystick.core.codecs.{module}")).failed == 0


def test_every_codec_shows_an_example():
    """A newcomer sees what each codec does."""
    for name in codec_names():
        settings = {"local_time": LOCAL, "options": {"map": {"a": "b"}}, "remove": {"characters": "-"}}.get(name, {})
        settings |= {"zero_padded": {"width": 3}, "minor_units": {"currency": "EUR"}, "round": {"scale": 1}}.get(
            name, {}
        )
        assert ">>>" in (type(build_codec(name, settings)).__doc__ or "")


# --- numbers ------------------------------------------------------------------------------------------------------


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


# --- money --------------------------------------------------------------------------------------------------------


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


# --- time ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["30.03.2025", "29.03.2026"])
def test_a_time_that_clocks_skipped_is_refused(day: str):
    """02:30 in the spring night does not exist; it is an error, not a shift. Its neighbours are fine."""
    codec = build_codec("local_time", LOCAL)
    with pytest.raises(InvalidValue, match="does not exist"):
        codec.decode(f"{day} 02:30")
    for _ in range(2):  # cold and from memory
        assert codec.decode(f"{day} 01:59").hour == 0
        assert codec.decode(f"{day} 03:00").hour == 1


@pytest.mark.parametrize(("day", "month"), [(26, "2025-10"), (25, "2026-10")])
def test_a_time_that_was_twice_follows_the_policy(day: int, month: str):
    """02:30 in the autumn night is the earlier one, the later one or an error, as declared, in both directions."""
    text = f"{day}.{month[5:]}.{month[:4]} 02:30"
    earlier = datetime.fromisoformat(f"{month}-{day}T00:30:00+00:00")
    assert read("local_time", text, **LOCAL) == earlier
    assert read("local_time", text, **LOCAL, repeated="later") == earlier + timedelta(hours=1)
    for moment in (earlier, earlier + timedelta(hours=1)):
        assert write("local_time", moment, **LOCAL) == text
        with pytest.raises(InvalidValue, match="was twice"):
            write("local_time", moment, **LOCAL, repeated="error")
    with pytest.raises(InvalidValue, match="was twice"):
        read("local_time", text, **LOCAL, repeated="error")


def test_every_minute_of_a_year_goes_through_memory_as_it_does_without():
    """The hour memo is exact: UTC to Berlin and back loses the 60 repeated minutes of the year and no other."""
    codec = build_codec("local_time", LOCAL)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    lost = 0
    for minute in range(0, 365 * 24 * 60, 3):
        moment = start + timedelta(minutes=minute)
        text = codec.encode(moment)
        if minute % 97 == 0 or moment.month in {3, 10}:
            assert text == moment.astimezone(BERLIN).strftime("%d.%m.%Y %H:%M")
        lost += codec.decode(text) != moment
    assert lost == 20


@pytest.mark.parametrize(
    "zone", ["Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Africa/Monrovia"]
)
def test_zones_with_odd_offsets_are_exact_too(zone: str):
    """Half-hour changes and offsets of minutes or seconds get no help from the hour memo, and need none."""
    codec = build_codec("local_time", {"format": "yyyy-MM-dd HH:mm:ss", "zone": zone})
    for start in (
        datetime(2025, 4, 5, tzinfo=UTC),
        datetime(2025, 10, 4, tzinfo=UTC),
        datetime(1971, 12, 31, tzinfo=UTC),
    ):
        for step in range(600):
            moment = start + timedelta(seconds=step * 239)
            local = moment.astimezone(ZoneInfo(zone))
            assert codec.encode(moment) == local.strftime("%Y-%m-%d %H:%M:%S")
            assert codec.decode(codec.encode(moment)) == local.replace(fold=0).astimezone(UTC)


@pytest.mark.parametrize(
    "raw",
    ["01.07.2025", "1.7.2025 12:00", "01.07.2025 24:00", "31.02.2025 12:00", "01.07.2025 12:60",
     "01.07.2025  12:00", "01.07.2025 12:00\n", "01/07/2025 12:00", "\u06601.07.2025 12:00", "01.07.0000 12:00", "", 5,
     None, "01.07.2025 1a:00"],
)  # fmt: skip
def test_a_time_must_be_spelled_as_declared(raw: Any):
    """Nothing is read leniently, not even by ways through memory."""
    codec = build_codec("local_time", LOCAL)
    codec.decode("01.07.2025 12:00")
    with pytest.raises(InvalidValue):
        codec.decode(raw)


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2025-07-01T10:00:00Z", datetime(2025, 7, 1, 10, tzinfo=UTC)),
        ("2025-07-01T12:00:00.5+02:00", datetime(2025, 7, 1, 10, 0, 0, 500_000, UTC)),
        ("2025-07-01 10:00:00+00:00", datetime(2025, 7, 1, 10, tzinfo=UTC)),
        ("2025-07-01t10:00:00z", datetime(2025, 7, 1, 10, tzinfo=UTC)),
        ("20250701T100000Z", datetime(2025, 7, 1, 10, tzinfo=UTC)),
        ("2025-07-01T10:00:00.123456789Z", datetime(2025, 7, 1, 10, 0, 0, 123_456, UTC)),
    ],
)
def test_iso_time_stamps_are_read(raw: str, moment: datetime):
    """The spellings of ISO 8601 and RFC 3339 that systems use."""
    assert read("instant", raw) == moment


@pytest.mark.parametrize(
    "raw",
    [
        "2025-07-01",
        "2025-07-01T10:00:00",
        "2025-07-01X10:00:00Z",
        "2025-02-30T10:00:00Z",
        "0001-01-01T00:00:00+14:00",
        5,
        "T",
        "",
    ],
)
def test_what_is_no_instant_is_refused(raw: Any):
    """A day, a time without offset and a day that does not exist are no instants."""
    with pytest.raises(InvalidValue):
        read("instant", raw)


def test_a_time_stamp_without_offset_needs_a_zone():
    """With a zone it is one, with the same care for skipped and repeated hours."""
    assert read("instant", "2025-07-01T12:00:00", zone="Europe/Berlin") == datetime(2025, 7, 1, 10, tzinfo=UTC)
    with pytest.raises(InvalidValue, match="does not exist"):
        read("instant", "2025-03-30T02:30:00", zone="Europe/Berlin")


def test_unix_time_tells_seconds_from_milliseconds():
    """Milliseconds taken for seconds lie beyond year 9999 and are named."""
    assert (
        read("unix", "1751364000", as_text=True)
        == read("unix_ms", 1751364000000)
        == datetime(2025, 7, 1, 10, tzinfo=UTC)
    )
    assert write("unix", datetime(1969, 12, 31, 23, 59, 59, 500_000, UTC)) == -1
    with pytest.raises(InvalidValue) as refusal:
        read("unix", 1751364000000)
    assert "unix_ms" in refusal.value.hint


def test_a_day_is_the_day_in_its_zone():
    """The zone decides the day; a midnight that was skipped and a day that was left out are told apart."""
    assert read("day", datetime(2025, 6, 30, 22, tzinfo=UTC), zone="Europe/Berlin") == date(2025, 7, 1)
    assert write("day", date(2018, 11, 4), zone="America/Sao_Paulo") == datetime(2018, 11, 4, 3, tzinfo=UTC)
    with pytest.raises(InvalidValue, match="left out"):
        write("day", date(2011, 12, 30), zone="Pacific/Apia")


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [("DD.MM.yyyy HH:mm", "did you mean dd"), ("dd.MM.yyyy hh:mm", "did you mean HH"), ("%d.%m.%Y", "yyyy"),
     ("HH:mm", "year"),
     ("dd.MM.yyyy dd HH", "twice"), ("yyyy-MM-dd'T HH", "quote")],
)  # fmt: skip
def test_a_wrong_pattern_is_explained(pattern: str, hint: str):
    """Each wrong pattern is refused when the project is loaded, with what was probably meant."""
    with pytest.raises(InvalidValue) as refusal:
        build_codec("local_time", {"format": pattern})
    assert hint in str(refusal.value) + refusal.value.hint


# --- choices ------------------------------------------------------------------------------------------------------


def test_an_unknown_option_is_parked_by_name():
    """The option is named, because the cure is a line in the mapping."""
    with pytest.raises(UnknownOption, match="'VIP'"):
        read("options", "VIP", map=STATES)
    with pytest.raises(UnknownOption, match="'vip'"):
        write("options", "vip", map=STATES)
    with pytest.raises(UnknownOption, match="text of 200 characters"):
        read("options", "x" * 200, map=STATES)


def test_the_default_option_works_in_both_directions():
    """Unlisted options are read as one default and written as the other; the left side's own stay as they are."""
    chosen = {"map": STATES, "unknown": "default", "default_left": "lead", "default_right": "Aktiv"}
    assert read("options", "Neu", **chosen) == "lead"
    assert write("options", "vip", **chosen) == "Aktiv"
    assert read("options", "vip", **chosen, side="left") == write("options", "vip", **chosen, side="left") == "vip"


def test_an_option_that_would_come_back_as_another_never_passes():
    """``pass`` lets unlisted options through, but not one that the other side uses for something else."""
    chosen = {"map": {"a": "b", "b": "c"}, "unknown": "pass"}
    assert read("options", "z", **chosen) == write("options", "z", **chosen) == "z"
    for call in (lambda: read("options", "a", **chosen), lambda: write("options", "c", **chosen)):
        with pytest.raises(UnknownOption):
            call()


def test_options_with_one_target_for_two_are_lossy():
    """Two left options with one right option cannot come back."""
    assert build_codec("options", {"map": {"a": "x", "b": "x"}}).loss == "lossy"
    assert build_codec("options", {"map": STATES}).loss == "lossless"


def test_options_may_be_numbers_and_many():
    """Numeric keys and multi-selects are translated key by key."""
    assert read("options", [2, "1"], map={"a": "1", "b": "2"}) == {"a", "b"}
    assert write("options", frozenset({"a", "b"}), map={"a": "1", "b": "2"}, integer=True) == {1, 2}


def test_truth_is_spelled_as_configured():
    """``no`` is text until somebody says it means false, and 1, "1" and true are three spellings."""
    for raw in ("no", "No", 0, "0", "false", None):
        with pytest.raises(DataError):
            read("boolean", raw, yes="J", no="N")
    assert read("boolean", "no", yes="yes", no="no") is False
    assert read("boolean", "NEIN", yes="ja", no="nein", ignore_case=True) is False
    assert read("boolean", 1, yes=1, no=0) is True
    for raw in ("1", True, Decimal(1)):
        with pytest.raises(InvalidValue):
            read("boolean", raw, yes=1, no=0)
    with pytest.raises(InvalidValue, match="cannot mean both"):
        build_codec("boolean", {"yes": ["x"], "no": ["X"], "ignore_case": True})


# --- building -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("locl_time", {}, "did you mean 'local_time'"),
        ("number", {"decmal": ","}, "did you mean 'decimal'"),
        ("number", {"scale": "2"}, "scale must be a whole number"),
        ("number", {"scale": True}, "scale must be a whole number"),
        ("number", {"rounding": "nearest"}, "half_up or half_even"),
        ("number", {"decimal": ".", "group": "."}, "other than decimal"),
        ("number", {"locale": "de_DE", "group": "."}, "not both"),
        ("number", {"locale": "xx_YY"}, "no locale"),
        ("round", {}, "needs the setting scale"),
        ("options", {"map": {}}, "map is empty"),
        ("options", {"map": {"a": 1}}, "a list of texts by text"),
        ("options", {"map": STATES, "default_left": "leat"}, "did you mean 'lead'"),
        ("local_time", {"format": "dd.MM.yyyy HH:mm", "zone": "Europe/Berln"}, "did you mean Europe/Berlin"),
        ("local_time", {"format": "dd.MM.yyyy HH:mm", "zone": "Europe"}, "no time zone"),
        ("local_time", {"format": "dd.MM.yyyy HH:mm", "zone": "../../etc/passwd"}, "no time zone"),
        ("date", {"format": "dd.MM.yyyy HH:mm"}, "local_time"),
        ("minor_units", {"currency": "eur"}, "no ISO 4217 code"),
        ("currency", {"prefer": ["DOLLAR"]}, "no ISO 4217 code"),
        ("remove", {"characters": ""}, "needs the characters"),
        ("text_list", {"separator": ["a", "b"]}, "separator must be a text"),
    ],
)
def test_settings_that_cannot_be_are_explained(name: str, settings: dict[str, Any], message: str):
    """A wrong name or setting is refused when the project is loaded, with what was probably meant."""
    with pytest.raises(InvalidValue) as refusal:
        build_codec(name, settings)
    assert message in f"{refusal.value} {refusal.value.hint}"


def test_codecs_from_elsewhere_are_made_by_name():
    """A project may bring its own codecs; what they refuse is named."""
    shout = build_codec("upper", {})
    assert build_codec("shout", {}, {"shout": lambda: shout}) is shout
    with pytest.raises(InvalidValue, match="cannot be made"):
        build_codec("shout", {"loud": True}, {"shout": lambda: shout})


def test_messages_do_not_quote_what_came():
    """A report about a value tells its shape, never its content."""
    secret = "Erika Mustermann"
    for name in codec_names():
        settings = {"local_time": LOCAL, "options": {"map": STATES}, "remove": {"characters": "-"}}.get(name, {})
        settings |= {"zero_padded": {"width": 3}, "minor_units": {"currency": "EUR"}, "round": {"scale": 1}}.get(
            name, {}
        )
        codec = build_codec(name, settings)
        for call in (codec.decode, codec.encode):
            said = ""
            try:
                call(secret)
            except DataError as error:
                said = f"{error} {error.hint}"
            assert "Erika" not in said or name == "options"  # an option's key is vocabulary
