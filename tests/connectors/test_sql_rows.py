"""Rows of SQLite become the same JSON, whether they are encoded page by page or one by one."""

import math

import pytest

from tallystick.connectors.sql_rows import RowReader
from tallystick.connectors.sql_table import ColumnShape, Kind, TableShape

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


def test_line_breaks_in_stored_json_do_not_cut_a_row():
    read = reader(a="integer", b="json")
    rows = [(1, '{"x":\n 1}'), (2, "[1,\n2]"), (3, "no json")]
    assert read.encode_all(rows) == [read.encode(row) for row in rows]
