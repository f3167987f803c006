"""Where a value sits in a raw record."""

from decimal import Decimal

import pytest

from tallystick.core.path import parse, read, reader

RECORDS = [
    {"a": 1},
    {"a": None},
    {"a": {"b": [Decimal("1.5"), {"c": ""}]}},
    {},
    [],
    ["x", [2]],
    None,
    "a",
    7,
    {"a.b": 2},
]


@pytest.mark.parametrize("path", ["a", "a.b", "a.b[1].c", "[1]", "[1][0]", '"a.b"', "a[0]", ""])
def test_a_reader_gives_what_read_gives(path):
    """``reader(path)(record)`` is ``read(record, path)`` for every record, also one that is none."""
    steps = parse(path)
    taken = reader(steps)
    for record in RECORDS:
        assert taken(record) is read(record, steps)
