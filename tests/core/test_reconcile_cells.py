"""Cells of the decision table that a setting or a circumstance makes special, each as a whole (SYNC-SPEC 5, 12)."""

from dataclasses import replace

import pytest
from worlds import keep, pairing, partly_read, present

from tallystick.core.decision import Decision, Question, Write
from tallystick.core.error import Unavailable
from tallystick.core.observation import Gone, Merged, Missing, OutOfScope, Present, Unreadable
from tallystick.core.policy import FieldPolicy, Policy
from tallystick.core.reconcile import NOTHING_ELSE, Context, reconcile
from tallystick.core.record import UNKNOWN

SAFE = Policy("create", "create", "propagate", "propagate")
BASE = ("a", None)
ALIVE = Present("1", BASE, "v7")
GONE = Gone("flag")
OUT = OutOfScope("s7")
SIDES = ("left", "right")


def decide(state, dead, seen_dead, seen_alive, bases=(BASE, BASE), context=NOTHING_ELSE, **policy):
    """Decide with one side as ``dead`` has it and the other alive."""
    seen = (seen_dead, seen_alive) if dead == "left" else (seen_alive, seen_dead)
    return reconcile(state, bases, seen, pairing([FieldPolicy(), FieldPolicy()], replace(SAFE, **policy)), context)


def reason(state, dead, dead_code, alive_code, why):
    codes = (dead_code, alive_code) if dead == "left" else (alive_code, dead_code)
    return ".".join([state, *codes, why])


def flip(side):
    return "left" if side == "right" else "right"


@pytest.mark.parametrize("dead", SIDES)
@pytest.mark.parametrize("state", ["linked", "dormant", "half", "parked"])
def test_a_record_that_only_fell_along_is_asked_about_or_let_go(dead, state):
    """R-12.4: whatever the deletion policy says; nothing is deleted for it."""
    why = "it went when the record that it belongs to was deleted there"
    assert decide(state, dead, GONE, ALIVE, context=Context(fallen="ask")) == Decision(
        reason(state, dead, "D", "U", "cascade.ask"), "queued",
        questions=(Question("cascade", detail=why),), settled=False,
    )  # fmt: skip
    assert decide(state, dead, GONE, ALIVE, context=Context(fallen="unlink")) == Decision(
        reason(state, dead, "D", "U", "cascade.unlink"), "converged", state="unlinked"
    )


@pytest.mark.parametrize("dead", SIDES)
def test_a_fall_that_was_broken_off_is_finished(dead):
    """R-12.4: the tombstone stands, the other record is still there: it goes as was said, and what it held is kept."""
    alive = flip(dead)
    for seen_dead, code in ((GONE, "D"), (Missing(), "M"), (OUT, "S")):
        assert decide("tomb", dead, seen_dead, ALIVE, context=Context(fallen="propagate")) == Decision(
            reason("tomb", dead, code, "U", "cascade.propagate"), "written",
            writes=(Write(alive, "delete", pre_version="v7"),), journal=((alive, 0, "a"),),
        )  # fmt: skip
        assert decide("tomb", dead, seen_dead, ALIVE, context=Context(fallen="unlink")) == Decision(
            reason("tomb", dead, code, "U", "cascade.unlink"), "converged", state="unlinked"
        )


@pytest.mark.parametrize("fallen", ["propagate", "unlink", "ask"])
def test_a_fall_is_no_reason_where_both_are_back(fallen):
    """T-50: two living records are paired again and merged, as if nothing had fallen."""
    assert decide("tomb", "left", ALIVE, ALIVE, context=Context(fallen=fallen)) == Decision(
        "tomb.U.U", "converged", state="linked"
    )


@pytest.mark.parametrize("dead", SIDES)
@pytest.mark.parametrize(("policy", "op"), [("propagate", "delete"), ("archive", "archive")])
def test_a_deletion_rests_on_its_own_side_only(dead, policy, op):
    """A young deletion is held as a whole; the grace period of the other side does not count."""
    answers = {f"on_delete_{dead}": policy}
    held = decide("linked", dead, GONE, ALIVE, context=Context(resting=frozenset({dead})), **answers)
    assert held == Decision(reason("linked", dead, "D", "U", "grace"), "held", settled=False, resting=dead)
    done = decide("linked", dead, GONE, ALIVE, context=Context(resting=frozenset({flip(dead)})), **answers)
    assert [(w.side, w.op) for w in done.writes] == [(flip(dead), op)]
    edited = Present("1", ("b", None), "v7")
    won = decide(
        "linked",
        dead,
        GONE,
        edited,
        context=Context(resting=frozenset({dead})),
        on_delete_update="delete_wins",
        **answers,
    )
    assert (won.disposition, won.writes, won.resting) == ("held", (), dead)
    beyond = decide(
        "linked", dead, GONE, OUT, context=Context(resting=frozenset({dead})), delete_out_of_scope=True, **answers
    )
    assert (beyond.disposition, beyond.writes, beyond.resting) == ("held", (), dead)


@pytest.mark.parametrize("dead", SIDES)
@pytest.mark.parametrize("answer", ["unlink", "ignore", "restore", "ask"])
def test_only_what_deletes_rests(dead, answer):
    """An answer that deletes nothing is given at once."""
    answers = {f"on_delete_{dead}": answer}
    usual = decide("linked", dead, GONE, ALIVE, **answers)
    assert decide("linked", dead, GONE, ALIVE, context=Context(resting=frozenset(SIDES)), **answers) == usual


@pytest.mark.parametrize("dead", SIDES)
@pytest.mark.parametrize(("seen", "code"), [(ALIVE, "U"), (OUT, "S")])
def test_an_ignored_deletion_lets_the_pairing_sleep(dead, seen, code):
    """C9: nothing is written; the bases stay for the day when the record comes back."""
    assert decide("linked", dead, GONE, seen, **{f"on_delete_{dead}": "ignore"}) == Decision(
        reason("linked", dead, "D", code, "ignore"), "filtered", state="dormant", settled=False
    )


@pytest.mark.parametrize("dead", SIDES)
@pytest.mark.parametrize("answer", ["unlink", "restore", "ask"])
def test_a_record_out_of_scope_is_never_deleted_by_an_answer_that_deletes_nothing(dead, answer):
    """T-19, T-31: ``delete_out_of_scope`` widens who may be deleted, not what the answer is."""
    assert decide("linked", dead, GONE, OUT, delete_out_of_scope=True, **{f"on_delete_{dead}": answer}) == Decision(
        reason("linked", dead, "D", "S", "unlink"), "converged", state="unlinked"
    )


@pytest.mark.parametrize("dead", SIDES)
@pytest.mark.parametrize(("op", "answer"), [("delete", "propagate"), ("archive", "archive")])
def test_a_record_out_of_scope_goes_where_the_policy_says_so(dead, op, answer):
    """T-19, T-31: on condition of the version that was seen."""
    assert decide("linked", dead, GONE, OUT, delete_out_of_scope=True, **{f"on_delete_{dead}": answer}) == Decision(
        reason("linked", dead, "D", "S", answer), "written", state="tomb",
        writes=(Write(flip(dead), op, pre_version="s7"),),
    )  # fmt: skip


@pytest.mark.parametrize("dead", SIDES)
@pytest.mark.parametrize(
    ("now", "base", "is_edit"),
    [
        (("a", None), ("a", None), False),
        (("b", None), ("a", None), True),
        ((UNKNOWN, None), ("a", None), False),
        (("a", "x"), ("a", UNKNOWN), False),  # a field that never was agreed is none that was edited
        (("b", "x"), ("a", UNKNOWN), True),
        (("a", "x"), (UNKNOWN, UNKNOWN), True),
        (("a", "x"), None, True),
        (("a", UNKNOWN), ("b", UNKNOWN), True),
        ((UNKNOWN, "x"), ("b", UNKNOWN), False),
    ],
)
def test_what_counts_as_an_edit_against_a_deletion(dead, now, base, is_edit):
    """R-12.2: a value that differs from what was agreed; nothing else (R-4.6)."""
    decision = decide("linked", dead, GONE, Present("1", now, "v7"), bases=(base, base))
    assert (decision.disposition, [q.kind for q in decision.questions]) == (
        ("queued", ["delete_update"]) if is_edit else ("written", [])
    )


@pytest.mark.parametrize("dead", SIDES)
def test_a_record_with_an_unread_value_is_neither_deleted_nor_made_without_it(dead):
    """F-9, I-3: what cannot be read cannot be kept; the value is named, and the rest waits with it."""
    alive = flip(dead)
    broken = partly_read(BASE, {0})
    [(_, fault)] = broken.unread
    spared = Decision(
        reason("linked", dead, "D", "C", "unread"), "quarantined", faults=((dead, 0, fault),), settled=False
    )
    for answers in (
        {"on_delete_update": "delete_wins"},
        {"on_delete_update": "update_wins"},
        {f"on_delete_{dead}": "restore"},
    ):
        assert decide("linked", dead, GONE, broken, **answers) == spared
    left_out = decide("linked", dead, OUT, broken, on_scope_exit="delete")
    assert left_out == replace(spared, reason=reason("linked", dead, "S", "C", "unread"))
    back = decide("tomb", dead, GONE, broken, on_restore="recreate")
    assert (back.disposition, back.writes, back.faults) == ("quarantined", (), ((dead, 0, fault),))
    archived = decide("linked", dead, GONE, broken, on_delete_update="delete_wins", **{f"on_delete_{dead}": "archive"})
    assert [(w.side, w.op) for w in archived.writes] == [(alive, "archive")]


@pytest.mark.parametrize("dead", SIDES)
def test_an_unread_value_is_named_unless_its_record_waits_or_is_left_out(dead):
    """F-9: a record that nobody decides on now has no faults of its own."""
    broken = partly_read(BASE, {0})
    for seen, disposition in ((OUT, "filtered"), (Missing(), "deferred"), (Unreadable(Unavailable("x")), "unreadable")):
        decision = decide("linked", dead, seen, broken)
        assert (decision.disposition, decision.faults) == (disposition, ())
    named = decide("linked", dead, ALIVE, broken)
    assert (named.disposition, [(s, i) for s, i, _ in named.faults]) == ("quarantined", [(dead, 0)])
    tomb = decide("tomb", dead, GONE, broken, on_restore="ignore")
    assert (tomb.disposition, tomb.faults) == ("filtered", ())


@pytest.mark.parametrize("side", SIDES)
def test_a_drift_beside_an_unread_value_is_a_problem(side):
    """F-6, F-9: that a value cannot be read weighs more than that another one drifts."""
    led = FieldPolicy(direction=f"to_{side}")
    pair = pairing([led, led], SAFE, keep, keep)
    drifted = present(("drifted", None))
    broken = partly_read(("a", None), {1})
    seen = (drifted, broken) if side == "left" else (broken, drifted)
    decision = reconcile("linked", (BASE, BASE), seen, pair)
    assert (decision.disposition, decision.drift, len(decision.faults)) == ("quarantined", (0,), 1)


def test_a_pair_that_comes_back_whole_is_linked_again_whatever_changed():
    """T-50: the kept bases decide what flows."""
    back = reconcile(
        "tomb", (BASE, BASE), (Present("1", ("b", None), "v8"), ALIVE), pairing([FieldPolicy(), FieldPolicy()], SAFE)
    )
    assert back == Decision(
        "tomb.C.U", "written", state="linked",
        writes=(Write("right", "update", ("b", None), (0,), ("F-2",), "v7"),),
    )  # fmt: skip


@pytest.mark.parametrize("dead", SIDES)
def test_a_restored_record_is_not_made_anew_beside_one_that_is_still_there(dead):
    """I-5: the counterpart was archived or left the scope, or was merged away (R-5.4); a person is asked."""
    for state_of, question, why in ((OUT, "restore", "ask"), (Merged("3"), "merge", "ask")):
        code = "S" if state_of is OUT else "G"
        decision = decide("tomb", dead, state_of, ALIVE, on_restore="recreate")
        assert (decision.reason, decision.writes, decision.state, [q.kind for q in decision.questions]) == (
            reason("tomb", dead, code, "U", why), (), None, [question],
        )  # fmt: skip
    made = decide("tomb", dead, GONE, ALIVE, on_restore="recreate")
    assert (made.state, [(w.side, w.op) for w in made.writes]) == ("linked", [(dead, "create")])
