"""Rows put aside by key: what goes in comes out, in memory or in a file, whatever the keys."""

import gc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.connectors.composite_pile import Pile, Roll


@pytest.mark.parametrize("in_memory", [0, 40, 10_000])
@settings(max_examples=60)
@given(rows=st.lists(st.tuples(st.text(max_size=6), st.binary(max_size=20)), max_size=40))
def test_every_row_comes_out_under_its_key_in_its_order(in_memory, rows):
    pile = Pile(in_memory)
    for key, row in rows:
        pile.add(key, row)
    assert len(pile) == len(rows)
    for key in {key for key, _ in rows} | {"nobody's"}:
        assert pile.rows(key) == [row for own, row in rows if own == key]


def test_rows_can_be_added_after_some_were_taken_out():
    pile = Pile(10)
    for n in range(100):
        pile.add(f"k{n % 7}", f"row {n}".encode())
        assert pile.rows(f"k{n % 7}")[-1] == f"row {n}".encode()
    assert pile.rows("k3") == [f"row {n}".encode() for n in range(3, 100, 7)]


def test_the_file_goes_with_the_pile():
    pile = Pile(0)
    pile.add("a", b"row")
    assert pile.rows("a") == [b"row"]
    file = pile._file
    del pile
    gc.collect()
    assert file.closed


def test_keys_whose_fingerprints_are_the_same_are_told_apart(monkeypatch):
    monkeypatch.setattr("tallystick.connectors.composite_pile.fingerprint", lambda spelled: -(1 << 63))
    pile = Pile(0)
    for key in ("a", "b", "ab", "a"):
        pile.add(key, f"row of {key}".encode())
    assert pile.rows("a") == [b"row of a", b"row of a"]
    assert pile.rows("ab") == [b"row of ab"]


def test_a_roll_counts_each_id_once_whatever_the_order():
    one, two = Roll(), Roll()
    for name in ("c", "a", "b", "a"):
        one.add(name)
    for name in ("a", "b", "c"):
        two.add(name)
    assert one.distinct() == two.distinct()
    assert len(one.distinct()) == 3
