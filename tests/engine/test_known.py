"""What was last observed is recognised in any order of listing, each record once, and nothing else is."""

import random  # noqa: TID251 - seeded, so that every run lists the same
from array import array
from collections.abc import Callable, Sequence

import pytest

from tallystick.core.record import fingerprint, fingerprints
from tallystick.engine.known import Known

PAGE = 100
Order = Callable[[random.Random, list[int]], None]


def made(hashes: Sequence[int], *, by_hash: bool = False) -> Known:
    rows = sorted(enumerate(hashes, 1), key=lambda row: row[by_hash])
    return Known(array("q", (n for n, _ in rows)), array("q", (h for _, h in rows)), by_hash)


class Sweep:
    """Lists rows as ``pull`` does: what is not found in its place is shown by its binding."""

    def __init__(self, hashes: Sequence[int]) -> None:
        self.hashes = list(hashes)
        self.numbers = {h: n for n, h in enumerate(hashes, 1)}
        self.known = made(hashes)
        self.unchanged: list[int] = []
        self.asked = self.distinct = self.sorted = 0

    def read(self, rows: Sequence[int]) -> None:
        missing, fresh = self.known.find(array("q", rows))
        self.distinct += fresh
        self.asked += len(missing)
        self.unchanged += (row for at, row in enumerate(rows) if at not in set(missing))
        for at in missing:
            is_known, is_fresh = self.known.show(self.numbers.get(rows[at], 0), rows[at])
            self.distinct += is_fresh
            self.unchanged += [rows[at]] if is_known else []
        if self.known.is_disordered:
            earlier, self.known = self.known, made(self.hashes, by_hash=True)
            self.known.inherit(earlier)
            self.sorted += 1


def nothing_moved(_dice: random.Random, _rows: list[int]) -> None:
    """The listing comes in order of binding."""


def rows_came_and_went(dice: random.Random, rows: list[int]) -> None:
    for _ in range(60):
        rows.pop(dice.randrange(len(rows)))
        rows.insert(dice.randrange(len(rows)), dice.getrandbits(62))


def rows_changed(dice: random.Random, rows: list[int]) -> None:
    for at in dice.sample(range(len(rows)), 60):
        rows[at] = dice.getrandbits(62)


def some_moved(dice: random.Random, rows: list[int]) -> None:
    for _ in range(20):
        rows.insert(dice.randrange(len(rows)), rows.pop(dice.randrange(len(rows))))


def some_repeat(dice: random.Random, rows: list[int]) -> None:
    for _ in range(20):
        rows.insert(dice.randrange(len(rows)), dice.choice(rows))


def all_reversed(_dice: random.Random, rows: list[int]) -> None:
    rows.reverse()


def all_shuffled(dice: random.Random, rows: list[int]) -> None:
    dice.shuffle(rows)


ORDERS: list[Order] = [
    nothing_moved, rows_came_and_went, rows_changed, some_moved, some_repeat, all_reversed, all_shuffled,
]  # fmt: skip


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_order_each_known_row_is_recognised_and_counted_once(order: Order, seed: int) -> None:
    dice = random.Random(seed)
    sweep = Sweep([dice.getrandbits(64) - 2**63 for _ in range(dice.randrange(900, 1500))])
    rows = list(sweep.hashes)
    order(dice, rows)
    for start in range(0, len(rows), PAGE):
        sweep.read(rows[start : start + PAGE])
    of_old = set(sweep.hashes)
    assert sorted(sweep.unchanged) == sorted(row for row in rows if row in of_old)
    assert sweep.distinct == len(of_old.intersection(rows))
    assert sweep.known.unseen() == sorted(sweep.numbers[h] for h in of_old.difference(rows))
    wanted = [None, *sweep.hashes[:50], dice.getrandbits(62)]
    assert sweep.known.shows(wanted) == of_old.intersection(rows).intersection(wanted)


@pytest.mark.parametrize("order", [rows_came_and_went, rows_changed, all_reversed])
def test_few_rows_are_asked_for_singly_where_an_order_can_be_followed(order: Order) -> None:
    dice = random.Random(1)
    sweep = Sweep([dice.getrandbits(62) for _ in range(20_000)])
    rows = list(sweep.hashes)
    order(dice, rows)
    for start in range(0, len(rows), PAGE):
        sweep.read(rows[start : start + PAGE])
    assert sweep.asked <= 400
    assert sweep.sorted == 0


def test_a_listing_in_quite_another_order_goes_by_hash_once_and_then_asks_for_nobody() -> None:
    dice = random.Random(1)
    sweep = Sweep([dice.getrandbits(62) for _ in range(20_000)])
    rows = list(sweep.hashes)
    dice.shuffle(rows)
    for start in range(0, len(rows), PAGE):
        sweep.read(rows[start : start + PAGE])
    assert sweep.sorted == 1
    assert sweep.asked <= 400


def test_a_binding_whose_bytes_are_others_is_not_shown() -> None:
    known = made([10, 20, 30])
    assert known.show(2, 21) == (False, False)
    assert known.show(4, 20) == (False, False)
    assert known.show(2, None) == (False, False)
    assert known.show(2, 20) == (True, True)
    assert known.show(2, 20) == (True, False)
    assert known.unseen() == [1, 3]


def test_what_is_newly_shown_is_given_once_whatever_the_order() -> None:
    known = made([50, 40, 30, 20, 10])
    known.find(array("q", [50, 40]))
    assert list(known.newly_shown()) == [50, 40]
    known.find(array("q", [30]))
    ordered = made([50, 40, 30, 20, 10], by_hash=True)
    ordered.inherit(known)
    assert list(ordered.newly_shown()) == [30]
    ordered.find(array("q", [10]))
    assert list(ordered.newly_shown()) == [10]
    assert ordered.unseen() == [4]


def test_what_an_earlier_part_showed_counts_as_shown_and_as_saved() -> None:
    known = made([50, 40, 30], by_hash=True)
    known.flag([40, 99])
    assert list(known.newly_shown()) == []
    assert known.unseen() == [1, 3]
    assert known.find(array("q", [40])) == ([], 0)


def test_many_rows_are_hashed_as_each_of_them_is() -> None:
    rows = [b"", b"a", b"{}", *(str(n).encode() for n in range(200))]
    assert list(fingerprints(rows)) == [fingerprint(row) for row in rows]
    assert min(fingerprints(rows)) < 0 < max(fingerprints(rows))
