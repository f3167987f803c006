"""The mapping laws M-1 to M-7 for every built-in codec, on generated values."""

import string
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from codec_cases import FURTHER, MODERN, Case
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tallystick.core.codecs.currencies import CODES
from tallystick.core.codecs.registry import codec_names
from tallystick.core.error import DataError
from tallystick.core.interpret import is_blank
from tallystick.core.mapping import Codec
from tallystick.core.record import Money, Ref, digest, same

SLOW_MACHINE = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)

TEXTS = st.text(min_size=1)
INSTANTS = st.datetimes(timezones=st.just(UTC))
DATES = st.dates()
NUMBERS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**30), max_value=10**30),
    st.integers(-(10**35), 10**35).map(Decimal),
)
SETS = st.frozensets(st.text(st.characters(exclude_characters=";"), min_size=1).filter(lambda s: s.strip()), min_size=1)
OPTIONS = {"lead": "Interessent", "active": "Aktiv", "lost": "Verloren"}
SHARED = OPTIONS | {"gone": "Verloren"}


LOCAL = {"format": "dd.MM.yyyy HH:mm", "zone": "Europe/Berlin"}
CASES = [
    Case("any", {}, TEXTS),
    Case("text", {}, TEXTS),
    Case("trim", {}, TEXTS),
    Case("collapse", {}, TEXTS),
    Case("upper", {}, TEXTS),
    Case("lower", {}, TEXTS),
    Case("unicode", {}, TEXTS),
    Case("unicode", {"form": "NFKC"}, TEXTS),
    Case("remove", {"characters": " /-"}, TEXTS),
    Case("zero_padded", {"width": 8}, st.text(string.digits, min_size=1, max_size=8)),
    Case("zero_padded", {"width": 8}, TEXTS, total=False),
    Case("text_list", {}, SETS),
    Case("text_list", {"separator": ";"}, SETS),
    Case("boolean", {"yes": "J", "no": "N"}, st.booleans()),
    Case("boolean", {"yes": [1, "1"], "no": [0, "0"]}, st.booleans()),
    Case("options", {"map": OPTIONS}, st.sampled_from(sorted(OPTIONS))),
    Case("options", {"map": SHARED}, st.sampled_from(sorted(SHARED))),
    Case("options", {"map": OPTIONS, "unknown": "default", "default": "Aktiv"}, TEXTS),
    Case("options", {"map": OPTIONS, "unknown": "pass"}, TEXTS | st.sampled_from(["Aktiv", "lead"]), total=False),
    Case("options", {"map": OPTIONS, "side": "left"}, st.sampled_from(sorted(OPTIONS))),
    Case("options", {"map": {"1": "10", "2": "20"}, "integer": True}, st.sampled_from(["1", "2"])),
    Case("options", {"map": OPTIONS}, st.frozensets(st.sampled_from(sorted(OPTIONS)), min_size=1)),
    Case("number", {"decimal": ",", "group": "."}, NUMBERS),
    Case("number", {"locale": "en_IN"}, NUMBERS),
    Case("number", {"locale": "fr_FR", "scale": 2}, NUMBERS),
    Case("number", {"locale": "de_CH", "scale": 0, "rounding": "half_even"}, NUMBERS),
    Case("integer", {}, st.integers()),
    Case("integer", {"group": "."}, st.integers()),
    Case("percent", {"decimal": ",", "sign": " %"}, NUMBERS),
    Case("percent", {"as_number": True}, NUMBERS),
    Case("round", {"scale": 2}, NUMBERS),
    Case("round", {"scale": 0, "rounding": "up"}, NUMBERS),
    Case("currency", {"prefer": ["USD", "GBP", "JPY", "SEK"]}, st.sampled_from(sorted(CODES)), total=False),
    Case("currency", {"symbols": {"EUR": "€", "USD": "$"}}, st.sampled_from(sorted(CODES))),
    Case("minor_units", {"currency": "EUR"}, NUMBERS, total=False),
    Case("minor_units", {"currency": "KWD", "rounding": "half_up"}, NUMBERS),
    Case("money", {"locale": "de_DE"}, st.builds(Money, NUMBERS, st.sampled_from(["EUR", "CHF", "PLN"]))),
    Case("money", {"before": True}, st.builds(Money, NUMBERS, st.sampled_from(["EUR", "CHF", "PLN"]))),
    Case("instant", {}, INSTANTS),
    Case("instant", {"precision": "milli", "suffix": "+00:00"}, INSTANTS),
    Case("instant", {"precision": "second", "zone": "Europe/Berlin"}, INSTANTS),
    Case("unix", {}, INSTANTS),
    Case("unix", {"as_text": True}, INSTANTS),
    Case("unix_ms", {}, INSTANTS),
    Case("local_time", LOCAL, INSTANTS, total=False),
    Case("local_time", LOCAL | {"repeated": "later"}, MODERN),
    Case("local_time", LOCAL | {"repeated": "error"}, MODERN, total=False),
    Case("local_time", {"format": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS", "zone": "Asia/Kolkata"}, MODERN),
    Case("local_time", {"format": "d.M.yyyy H:mm", "zone": "Australia/Lord_Howe"}, MODERN),
    Case("local_time", {"format": "HH:mm:ss dd/MM/yyyy", "zone": "America/New_York"}, MODERN),
    Case("date", {}, DATES),
    Case("date", {"format": "M/d/yyyy"}, DATES),
    Case("day", {"zone": "America/Sao_Paulo"}, st.dates(date(1950, 1, 1), date(2040, 1, 1))),
    *FURTHER,
]
IDS = [f"{case.name}-{number}" for number, case in enumerate(CASES)]

JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(),
        NUMBERS,
        st.sampled_from(["1e5", "1_000", "None", "NaN", "-", "€", "\n"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
CANONICAL = st.one_of(
    JSON,
    INSTANTS,
    DATES,
    SETS,
    st.datetimes(),
    st.builds(Money, NUMBERS, st.text(max_size=3)),
    st.builds(Ref, st.text(max_size=2), st.integers()),
    st.sampled_from([Decimal("1e400"), Decimal("1e999999999"), Decimal("NaN"), Decimal("Infinity"), 10**4000]),
)


def effort(case: Case) -> settings:
    """Say how many values a case is tried with; what libraries do is slower and has fewer corners of ours."""
    return settings(SLOW_MACHINE, max_examples=20) if case in FURTHER else SLOW_MACHINE


def there_and_back(codec: Codec, value: Any) -> Any:
    raw = codec.encode(value)
    return None if is_blank(raw) else codec.decode(raw)


def assert_same(a: Any, b: Any) -> None:
    assert (is_blank(a) and is_blank(b)) or same(a, b)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_what_is_written_is_read_again(case: Case):
    """M-2: lossless codecs give the value back; lossy ones settle after one trip."""
    codec = case.make()

    @effort(case)
    @given(case.values)
    def law(value: Any) -> None:
        try:
            once = there_and_back(codec, value)
        except DataError:
            assert not case.total
            return
        if codec.loss == "lossless":
            assert_same(once, value)
        elif not is_blank(once):
            assert_same(there_and_back(codec, once), once)

    law()


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_what_was_read_and_written_back_reads_the_same(case: Case):
    """M-1, M-3: writing back what was read changes nothing, and the canonical form of a canonical value is itself."""
    codec = case.make()

    @effort(case)
    @given(case.values.map(lambda value: _spelled(codec, value)))
    def law(raw: Any) -> None:
        assume(not is_blank(raw))
        value = codec.decode(raw)
        if codec.loss == "one_way":
            with pytest.raises(DataError):
                codec.encode(value)
            return
        assume(not is_blank(value))
        again = codec.encode(value)
        assert_same(codec.decode(again), value)
        assert codec.encode(codec.decode(again)) == again

    law()


def _spelled(codec: Codec, value: Any) -> Any:
    if codec.loss == "one_way":
        return value
    try:
        return codec.encode(value)
    except DataError:
        return None


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_every_value_gives_a_value_or_a_typed_error_twice_alike(case: Case):
    """M-5, M-6: no exception but ``DataError``, no state, and messages that do not quote long values."""
    codec, other = case.make(), case.make()

    def outcome(call: Any, value: Any) -> Any:
        try:
            return call(value)
        except DataError as error:
            return str(error)

    @effort(case)
    @given(CANONICAL | case.values)
    def law(value: Any) -> None:
        for first, second in ((codec.decode, other.decode), (codec.encode, other.encode)):
            assert repr(outcome(first, value)) == repr(outcome(second, value)) == repr(outcome(first, value))

    law()


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_equal_values_are_written_alike(case: Case):
    """M-4: trailing zeros, and which zone an instant is expressed in, make no difference."""
    codec = case.make()

    @effort(case)
    @given(case.values)
    def law(value: Any) -> None:
        twin = _twin(value)
        try:
            raw = codec.encode(value)
        except DataError:
            with pytest.raises(DataError):
                codec.encode(twin)
            return
        assert codec.encode(twin) == raw

    law()


def _twin(value: Any) -> Any:
    if isinstance(value, Decimal):
        return Decimal(f"{value:f}" + ("0" if "." in f"{value:f}" else ".0"))
    if isinstance(value, Money):
        return Money(_twin(value.amount), value.currency)
    if isinstance(value, datetime) and 2 < value.year < 9999:
        from zoneinfo import ZoneInfo

        return value.astimezone(ZoneInfo("Pacific/Auckland"))
    return value


def test_every_codec_is_held_to_the_laws():
    """No built-in codec is missing above."""
    assert {case.name for case in CASES} == set(codec_names())


@SLOW_MACHINE
@given(st.decimals(allow_nan=False, allow_infinity=False), st.integers(0, 50))
def test_equal_numbers_have_equal_digests_and_all_digits_count(number: Decimal, zeros: int):
    """A canonical number is fingerprinted exactly: trailing zeros do not count, the last of many digits does."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    assert digest((number,)) == digest((Decimal((sign, (*digits, *[0] * zeros), exponent - zeros)),))
    longer = Decimal((sign, (1, *digits, *[0] * 40, 1), 0))
    assert digest((longer,)) != digest((Decimal((sign, (1, *digits, *[0] * 40, 2), 0)),))
