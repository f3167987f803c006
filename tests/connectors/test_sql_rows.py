"""Rows of SQLite become the same JSON, whether they are encoded page by page or one by one."""

import math

import pytest

from tallystick.connectors.sql_rows import RowReader
from tallystick.connectors.sql_table import ColumnShape, Kind, TableShape
from tallystick.core.record import encode_raw

ROWS = [
    ("two\nlines\r\u2028", math.nan, 1, "2024-01-01 10:00:00", b"\xff\n", None, 2**62, "the key"),
    ('"', 1.5, 0, None, None, "z", -1, "the key"),
    (b"bytes\n", 1e300, 7, "", b"", 3.25, 0, "the key"),
    (None,) * 8,
]
BROKEN = ("\udcff", 1, 1, None, None, None, 1, "the key")


def reader(**kinds: Kind) -> RowReader:
    columns = {name: ColumnShape(name, kind) for name, kind in kinds.items()}
    return RowReader(TableShape("sqlite", "t", "", columns))


@pytest.mark.parametrize("rows", [ROWS, [], [*ROWS, BROKEN]], ids=["all kinds", "no row", "a row that is no text"])
@pytest.mark.parametrize("last", ["plain", 'with "quotes"'])
def test_a_page_is_encoded_as_its_rows(rows, last):
    read = reader(a="text", b="number", c="boolean", d="instant", e="binary", f="other", **{last: "integer"})
    assert read.encode_all(rows) == [read.encode(row) for row in rows]


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, 1.5, None, "many"])
@pytest.mark.parametrize("last", ["plain", 'with "quotes"'])
def test_a_page_of_plain_values_is_encoded_as_records_are(odd, last):
    """What JSON has no number for is text, wherever in the page it stands."""
    read = reader(a="text", b="number", c="float", **{last: "integer"})
    rows = [("ä", 1.25, 2, n, "the key") for n in range(5)] + [("", odd, None, -1, "the key")]
    shown = str(odd) if isinstance(odd, float) and not math.isfinite(odd) else odd
    records = [{"a": "ä", "b": 1.25, "c": 2, last: n} for n in range(5)] + [{"a": "", "b": shown, "c": None, last: -1}]
    assert read.encode_all(rows) == [encode_raw(record) for record in records]
    assert [read.encode(row) for row in rows] == [encode_raw(record) for record in records]
    assert read.encode_all([*rows, ("\udcff", 1, 1, 1, "the key")])[-1] == encode_raw({"$unreadable": ["a"]})


def test_line_breaks_in_stored_json_do_not_cut_a_row():
    read = reader(a="integer", b="json")
    rows = [(1, '{"x":\n 1}'), (2, "[1,\n2]"), (3, "no json")]
    assert read.encode_all(rows) == [read.encode(row) for row in rows]
