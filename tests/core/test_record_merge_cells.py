"""What a rule sees of the rest of its record, which side counts as newer, what a pair lets be made (SYNC-SPEC 6)."""

from dataclasses import replace

import pytest
from worlds import keep, pairing, partly_read

from tallystick.core.contest import Around
from tallystick.core.decision import Decision, Write
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import FieldMapping, Place
from tallystick.core.observation import Present
from tallystick.core.pairing import LegView, Pairing, creation
from tallystick.core.policy import FieldPolicy, OwnerField, Policy
from tallystick.core.record import UNKNOWN
from tallystick.core.record_merge import Meeting, merge_record

SAFE = Policy("create", "create", "propagate", "propagate")


def meet(left, right, bases, policies, times=(None, None), **policy):
    """Merge two records that are there, with what both held when they agreed."""
    legs = [
        LegView(base, Present("1", fields, f"{side}7", at), "C")
        for base, fields, side, at in zip(bases, (left, right), ("left", "right"), times, strict=True)
    ]
    return merge_record(Meeting(*legs, pairing(policies, replace(SAFE, **policy))), "reason")


class Notes:
    """An expression that keeps what it was shown and takes the left."""

    source = "notes"

    def __init__(self, gives="left"):
        self.gives = gives
        self.names = {}

    def evaluate(self, names):
        self.names = names
        return names["left"] if self.gives == "left" else self.gives


@pytest.mark.parametrize("kind", ["expression", "owner"])
def test_a_rule_sees_both_records_as_they_will_be(kind):
    """Other fields count as this decision leaves them; those that a rule decides, too, as they are."""
    looks = Notes("left")
    judged = {"resolve": looks} if kind == "expression" else {"owned_by": Notes("left")}
    seen = judged.get("resolve") or judged["owned_by"]
    seen.gives = "left" if kind == "expression" else "right"
    policies = [FieldPolicy(), FieldPolicy(conflict="newest"), FieldPolicy(conflict=kind, **judged)]
    meet(("L0", "L1", "L2"), ("b", "R1", "R2"), (("b",) * 3,) * 2, policies, (5000.0, 1000.0))
    assert seen.names["left_record"] == {"f0": "L0", "f1": "L1", "f2": "L2"}
    assert seen.names["right_record"] == {"f0": "L0", "f1": "L1", "f2": "R2"}
    assert (seen.names["left_changed_at"].timestamp(), seen.names["right_changed_at"].timestamp()) == (5000.0, 1000.0)


def test_two_rules_do_not_see_what_the_other_decides():
    """Else the order of fields would decide."""
    one, two = Notes("left"), Notes("left")
    policies = [FieldPolicy(conflict="expression", resolve=one), FieldPolicy(conflict="owner", owned_by=two)]
    meet(("L0", "L1"), ("R0", "R1"), (("b", "b"),) * 2, policies)
    for rule in (one, two):
        assert rule.names["right_record"] == {"f0": "R0", "f1": "R1"}


@pytest.mark.parametrize(("region", "winner"), [("EU", "left"), ("US", "right")])
def test_the_owner_is_named_by_the_record_as_it_will_be(region, winner):
    """The region moved on one side only; its new value owns the record in the same decision."""
    owned = FieldPolicy(conflict="owner", owned_by=OwnerField("f0", ("EU",), ("US",)))
    decision = meet((region, "L"), ("AS", "R"), (("AS", "b"),) * 2, [FieldPolicy(), owned])
    values = {w.side: dict(zip(w.which, (w.fields[i] for i in w.which), strict=True)) for w in decision.writes}
    loser = "right" if winner == "left" else "left"
    assert values["right"][0] == region
    assert values[loser][1] == winner[0].upper()


@pytest.mark.parametrize("beside", ["expression", "manual"])
def test_newest_is_decided_with_or_without_rules_beside_it(beside):
    """Which record is newer is known to every field."""
    policies = [FieldPolicy(conflict="newest"), FieldPolicy(conflict=beside, resolve=Notes("left"))]
    decision = meet(("L", "b"), ("R", "b"), (("b", "b"),) * 2, policies, (5000.0, 1000.0))
    assert decision.writes == (Write("right", "update", ("L", "b"), (0,), ("F-5",), "right7"),)


@pytest.mark.parametrize(
    ("times", "winner"),
    [
        ((1302.0, 1000.0), "left"), ((1000.0, 1302.0), "right"), ((1301.0, 1000.0), None), ((1000.0, 1301.0), None),
        ((None, 1000.0), None), ((1000.0, None), None), ((None, None), None), ((1000.0, 1000.0), None),
    ],
)  # fmt: skip
def test_newer_is_who_is_later_by_more_than_the_margin(times, winner):
    """R-6.5: 301 seconds apart is not sure, and without both times nothing is."""
    decision = meet(("L",), ("R",), (("b",),) * 2, [FieldPolicy(conflict="newest")], times)
    assert [w.side for w in decision.writes] == {"left": ["right"], "right": ["left"], None: []}[winner]


def test_drift_alone_is_told_and_nothing_else():
    """F-6: no write, no question; the fields are named."""
    led = FieldPolicy(direction="to_right")
    assert meet(("b", "b"), ("R", "b"), (("b", "b"),) * 2, [led, led]) == Decision("reason", "drift", drift=(0,))


def test_an_unread_value_alone_does_not_keep_a_record_from_being_remembered():
    """F-7, F-9: it is named as a fault already; a value that is merely missing must be seen again."""
    legs = [LegView(("b", "b"), seen, "C") for seen in (partly_read(("b", "b"), {0}), Present("2", ("b", "x"), "v"))]
    pair = pairing([FieldPolicy(), FieldPolicy()], SAFE)
    assert merge_record(Meeting(*legs, pair), "reason").settled
    missing = [LegView(("b", "b"), Present("1", (UNKNOWN, "b"), "v"), "U"), legs[1]]
    assert not merge_record(Meeting(*missing, pair), "reason").settled


def refusing(value):
    raise InvalidValue(f"no {value}")


@pytest.mark.parametrize("side", ["left", "right"])
def test_what_a_record_is_made_of(side):
    """What the side cannot hold is left out and named; blanks, unknowns and what may not be written are as they are."""
    seen = []

    def note(i, value):
        seen.append((i, value))
        return refusing(value) if i == 1 else value

    led = FieldPolicy(direction=f"to_{side}")
    policies = [FieldPolicy(), led, FieldPolicy(direction="match_only"), FieldPolicy(), FieldPolicy()]
    fields = [FieldMapping(f"f{i}", Place(), Place(), p) for i, p in enumerate(policies)]
    pair = Pairing(fields, SAFE, note if side == "left" else keep, note if side == "right" else keep)
    write, faults = creation(pair, side, ("a", "b", "c", None, UNKNOWN))
    assert write == Write(side, "create", ("a", UNKNOWN, "c", None, UNKNOWN))
    assert [(s, i, str(fault)) for s, i, fault in faults] == [(side, 1, "no b")]
    assert seen == [(0, "a"), (1, "b")]


def test_each_side_has_its_own_grace():
    """How long a deletion rests is said for the side on which it happened."""
    pair = pairing([], replace(SAFE, grace_left_seconds=5, grace_right_seconds=7))
    assert (pair.grace("left"), pair.grace("right")) == (5, 7)


def test_what_a_side_holds_is_asked_by_field_and_side():
    """The field's position and the value come through."""
    pair = Pairing([], SAFE, lambda i, v: ("left", i, v), lambda i, v: ("right", i, v))
    assert (pair.holds(3).left("x"), pair.holds(4).right("y")) == (("left", 3, "x"), ("right", 4, "y"))


@pytest.mark.parametrize(
    ("policy", "unread", "may"),
    [
        ("park", (), True), ("park", (1,), False), ("create", (), True), ("create", (1,), True),
        ("create", (0,), False), ("create", (0, 1), False), ("create", (1, 0), False),
    ],
)  # fmt: skip
def test_a_record_is_made_without_unread_values_only_if_none_is_a_key(policy, unread, may):
    """The policy says whether; who is who must always be known."""
    pair = replace(pairing([], replace(SAFE, on_unreadable=policy)), keyed=frozenset({0}))
    assert pair.may_lack(tuple((i, InvalidValue("x")) for i in unread)) is may


def test_a_record_knows_which_of_its_values_are_unread():
    """By position."""
    seen = partly_read(("a", "b"), {1})
    assert (seen.is_unread(0), seen.is_unread(1), Around().newer) == (False, True, None)


def test_each_field_is_weighed_by_what_a_side_can_hold_of_that_field():
    """The second field is cut on the right, the first is not."""
    fields = [FieldMapping(f"f{i}", Place(), Place(), FieldPolicy()) for i in range(2)]
    pair = Pairing(fields, SAFE, lambda _, v: v, lambda i, v: v[:1] if i == 1 else v)
    legs = [LegView(("xx", "xx"), Present("1", values, "v"), "C") for values in (("ab", "ab"), ("a", "a"))]
    decision = merge_record(Meeting(*legs, pair), "reason")
    assert (decision.agree, [q.index for q in decision.questions]) == ((1,), [0])
