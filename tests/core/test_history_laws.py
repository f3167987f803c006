"""What is told of the past is true: a value is shown only where the audit trail proves that it stood there."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.binding import JournalEntry, LedgerRow
from tallystick.core.history import tell
from tallystick.core.record import SIDES, UNKNOWN, digest, encode_fields, other, same

NAMES = ("name", "city")
VALUE = st.sampled_from(["a", "b", "c", None])


@dataclass
class Pairing:
    """Two records, their bases, and the books that a run keeps of its writes."""

    now: dict = field(default_factory=lambda: {s: ["a", "a"] for s in SIDES})
    bases: dict = field(default_factory=lambda: dict.fromkeys(SIDES, ("a", "a")))
    rows: list = field(default_factory=list)
    journal: list = field(default_factory=list)
    truth: list = field(default_factory=list)

    def write(self, run, side, values):
        """Write fields to a side as a run does; both sides then agree about them."""
        before = list(self.now[side])
        self.now[side] = [values.get(i, v) for i, v in enumerate(before)]
        self.journal = [
            JournalEntry(1, side, NAMES[i], encode_fields((before[i],)), "", run, 0, 0) for i in values
        ] + self.journal
        row = LedgerRow(run, "p", side, "1", 1, "update", "", digest(before), digest(self.now[side]), 0)
        self.rows.insert(0, row)
        self.truth.insert(0, {NAMES[i]: (before[i], v) for i, v in values.items()})

    def carry_over(self, run):
        """Carry every edit over; where both moved, the left wins."""
        values = {s: {} for s in SIDES}
        for i in range(len(NAMES)):
            for side in SIDES:
                moved, target = not same(self.now[side][i], self.bases[side][i]), other(side)
                if moved and not values[side].get(i) and not same(self.now[side][i], self.now[target][i]):
                    values[target].setdefault(i, self.now[side][i])
                    break
        for side in SIDES:
            if values[side]:
                self.write(run, side, values[side])
        self.bases = {s: tuple(v) for s, v in self.now.items()}


EDITS = st.lists(st.tuples(st.sampled_from([*SIDES, "run", "back"]), st.integers(0, 1), VALUE), max_size=12)


def play(steps):
    pairing = Pairing()
    for number, (what, i, value) in enumerate(steps):
        if what == "run":
            pairing.carry_over(f"run {number}")
        elif what == "back":
            # As bringing back a loser does: written by a run, agreed by nobody.
            pairing.carry_over(f"run {number}a")
            pairing.write(f"run {number}", "right", {i: value})
        else:
            pairing.now[what][i] = value
    return pairing


@given(EDITS)
def test_nothing_untrue_is_told(steps):
    pairing = play(steps)
    told = tell(pairing.rows, pairing.journal, (pairing.bases["left"], pairing.bases["right"]), NAMES)
    assert [entry.row for entry in told] == pairing.rows
    for entry, true in zip(told, pairing.truth, strict=True):
        assert {m.field for m in entry.moved} == set(true)
        for moved in entry.moved:
            old, new = true[moved.field]
            assert same(moved.old, old)
            assert moved.new is UNKNOWN or same(moved.new, new)


@given(st.lists(st.tuples(st.sampled_from(SIDES), st.integers(0, 1), VALUE), max_size=8))
def test_where_every_edit_was_carried_over_everything_is_told(edits):
    pairing = play([step for edit in edits for step in (edit, ("run", 0, None))])
    told = tell(pairing.rows, pairing.journal, (pairing.bases["left"], pairing.bases["right"]), NAMES)
    assert all(m.new is not UNKNOWN for entry in told for m in entry.moved)


def test_what_the_journal_lost_is_said_to_be_unknown():
    row = LedgerRow("r", "p", "right", "1", 1, "update", "", 1, 2, 0)
    [entry] = tell([row], [], (("a", "b"), ("a", "b")), NAMES)
    assert entry.moved == ()
    old = JournalEntry(1, "right", "city", encode_fields(("x",)), "", "r", 0, 0)
    [entry] = tell([row], [old], (("a", "b"), None), NAMES)
    [moved] = entry.moved
    assert (moved.field, moved.old, moved.new) == ("city", "x", UNKNOWN)


def test_a_creation_tells_what_was_created_and_a_deletion_what_was_lost():
    created = LedgerRow("1", "p", "right", "1", 1, "create", "", None, digest(("a", None)), 0)
    [entry] = tell([created], [], (("a", None), ("a", None)), NAMES)
    assert [(m.field, m.old, m.new) for m in entry.moved] == [("name", None, "a")]
    deleted = LedgerRow("2", "p", "right", "1", 1, "delete", "", digest(("a", None)), None, 0)
    lost = JournalEntry(1, "right", "name", encode_fields(("a",)), "", "2", 0, 0)
    last, first = tell([deleted, created], [lost], (("a", None), ("a", None)), NAMES)
    assert [(m.field, m.old, m.new) for m in last.moved] == [("name", "a", None)]
    assert [m.new for m in first.moved] == ["a"]
