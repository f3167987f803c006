"""Values survive being written down; paths read what they wrote; unknown, blank and a value stay three things."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core import path
from tallystick.core.error import InvalidValue
from tallystick.core.record import (
    UNKNOWN,
    Money,
    Ref,
    decode_fields,
    decode_raw,
    digest,
    encode_fields,
    encode_raw,
    fingerprint,
    same,
)

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4)
PLAIN = st.one_of(st.none(), st.text(), st.integers(-(2**63), 2**63 - 1), st.booleans())
VALUES = st.one_of(
    PLAIN,
    DECIMALS,
    st.just(UNKNOWN),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.builds(Money, DECIMALS, st.sampled_from(["EUR", "USD"])),
    st.builds(Ref, st.text(), st.one_of(st.none(), st.integers(-9, 9)), st.sampled_from(["", "left"]), st.text()),
    st.frozensets(st.text()),
    st.recursive(PLAIN, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text() | st.just("$d"), inner))),
)


@given(st.lists(VALUES).map(tuple))
def test_canonical_records_survive_encoding(fields):
    """``decode_fields(encode_fields(x)) == x`` for every canonical value, also dictionaries that look like our tags."""
    again = decode_fields(encode_fields(fields))
    assert len(again) == len(fields)
    assert all(same(a, b) for a, b in zip(again, fields, strict=True))


@given(st.lists(VALUES).map(tuple), st.lists(VALUES).map(tuple))
def test_digests_tell_records_apart(one, two):
    """Equal records have equal digests, different ones different bytes."""
    alike = len(one) == len(two) and all(same(a, b) for a, b in zip(one, two, strict=True))
    if alike:
        assert digest(one) == digest(two)
    else:
        assert encode_fields(one) != encode_fields(two)


def test_trailing_zeros_and_time_zones_do_not_change_a_digest():
    """1.0 is 1.00, and noon UTC is one o'clock in Berlin."""
    from zoneinfo import ZoneInfo

    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert digest((Decimal("1.0"),)) == digest((Decimal("1.00"),))
    assert digest((noon,)) == digest((noon.astimezone(ZoneInfo("Europe/Berlin")),))
    assert digest((date(2026, 1, 1),)) != digest((datetime(2026, 1, 1, tzinfo=UTC),))


@pytest.mark.parametrize("text", ["123456789012345678901234567890", "0.1", "1e3", "12.340"])
def test_numbers_keep_all_their_digits(text):
    """Neither big integers nor fractions become floats on the way in or out."""
    value = decode_raw(text.encode())
    assert not isinstance(value, float)
    assert Decimal(encode_raw(value).decode()) == Decimal(text)


def test_fingerprints_fit_a_signed_column():
    """Every store can index a signed 64-bit integer."""
    assert all(-(2**63) <= fingerprint(str(i).encode()) < 2**63 for i in range(1000))


def test_true_is_not_one():
    """A boolean and a number are different values although Python says they are equal."""
    assert not same(True, 1)
    assert same(1, Decimal("1.0"))


STEPS = st.lists(st.one_of(st.text(min_size=1), st.integers(0, 3)), min_size=1, max_size=4).filter(
    lambda steps: isinstance(steps[0], str)
)


@given(STEPS)
def test_paths_survive_being_written(steps):
    """``parse(render(p)) == p`` for any keys, also with dots, quotes and brackets in them."""
    assert path.parse(path.render(tuple(steps))) == tuple(steps)


@given(STEPS, st.integers())
def test_what_is_put_at_a_path_is_found_there(steps, value):
    """Writing then reading gives the value, and leaves every other key alone."""
    record = {"untouched": 1}
    where = tuple(steps) if steps[0] != "untouched" else ("x", *steps[1:])
    path.write(record, where, value)
    assert path.read(record, where) == value
    assert record["untouched"] == 1


def test_missing_null_and_value_are_three_answers():
    """A missing step is unknown, a null on the way is blank."""
    record = {"a": {"b": None, "c": [1]}}
    assert path.read(record, path.parse("a.x")) is UNKNOWN
    assert path.read(record, path.parse("a.b")) is None
    assert path.read(record, path.parse("a.b.deeper")) is None
    assert path.read(record, path.parse("a.c[0]")) == 1
    assert path.read(record, path.parse("a.c[7]")) is UNKNOWN


@pytest.mark.parametrize("text", [".a", "a..b", "a[b]", "a[", 'a."b', "a]"])
def test_nonsense_is_no_path(text):
    """The message says where the text stops making sense and how a path is written."""
    with pytest.raises(InvalidValue, match="is not a path") as caught:
        path.parse(text)
    assert "character" in caught.value.detail
    assert caught.value.hint
