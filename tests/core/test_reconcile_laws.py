"""Laws of the record-level decision (SYNC-SPEC 5): total, mirrored, and every harm it must not do."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import (
    BASES,
    OBSERVATIONS,
    PAIRINGS,
    POLICIES,
    RECORDS,
    STATES,
    keep,
    pairing,
    present,
    swapped_field,
    swapped_policy,
)

from tallystick.core.error import InvalidValue, Unavailable
from tallystick.core.observation import Gone, Merged, Missing, OutOfScope, Present, Unreadable
from tallystick.core.pairing import Pairing
from tallystick.core.policy import FieldPolicy, Policy
from tallystick.core.reconcile import Context, reconcile
from tallystick.core.record import UNKNOWN, same

OBSERVED = st.tuples(OBSERVATIONS, OBSERVATIONS)
TWO_BASES = st.tuples(BASES, BASES)
FLIP = {"left": "right", "right": "left"}
SAFE = Policy("create", "create", "propagate", "propagate")
DESTRUCTIVE = {"delete", "archive"}


@given(STATES, TWO_BASES, OBSERVED, PAIRINGS)
def test_total(state, bases, seen, pair):
    """R-5.1, I-11: every state, observation and policy gives exactly one decision with a reason."""
    decision = reconcile(state, bases, seen, pair)
    assert decision.reason.startswith(f"{state}.")
    assert decision.disposition


@given(STATES, TWO_BASES, OBSERVED, PAIRINGS)
def test_mirror(state, bases, seen, pair):
    """R-5.3, I-10: renaming left and right renames the decision and changes nothing else."""
    mirrored = Pairing(
        [type(f)(f.name, f.right, f.left, swapped_field(f.policy)) for f in pair.fields],
        swapped_policy(pair.policy),
        pair.hold_right,
        pair.hold_left,
    )
    there = reconcile(state, bases, seen, pair)
    back = reconcile(state, (bases[1], bases[0]), (seen[1], seen[0]), mirrored)
    assert there.disposition == back.disposition
    assert there.state == back.state
    assert sorted((FLIP[w.side], w.op, w.which, str(w.fields)) for w in there.writes) == sorted(
        (w.side, w.op, w.which, str(w.fields)) for w in back.writes
    )
    assert {FLIP[s] for s in there.verify} == set(back.verify)
    assert {(q.kind, q.index) for q in there.questions} == {(q.kind, q.index) for q in back.questions}
    assert set(there.agree) == set(back.agree)


@given(STATES, TWO_BASES, OBSERVED, PAIRINGS)
def test_only_proof_deletes(state, bases, seen, pair):
    """I-7, I-28: a deletion needs ``Gone`` on the other side, or a scope exit whose policy says delete or archive."""
    decision = reconcile(state, bases, seen, pair)
    for write in decision.writes:
        if write.op in DESTRUCTIVE:
            elsewhere = seen[1] if write.side == "left" else seen[0]
            by_scope = isinstance(elsewhere, OutOfScope) and pair.policy.on_scope_exit in DESTRUCTIVE
            assert isinstance(elsewhere, Gone) or by_scope


@given(STATES, TWO_BASES, OBSERVED, PAIRINGS)
def test_silence_writes_nothing(state, bases, seen, pair):
    """Missing and unreadable are no evidence: the whole binding waits."""
    decision = reconcile(state, bases, seen, pair)
    if any(isinstance(o, Missing | Unreadable) for o in seen):
        assert not decision.writes
        assert decision.state is None


@given(TWO_BASES, OBSERVED, PAIRINGS, st.booleans())
def test_an_ended_pairing_lives_again_only_with_both_its_records(bases, seen, pair, rivalled):
    """I-7: linked while one of the two is gone, the next run would delete the one that somebody brought back."""
    decision = reconcile("tomb", bases, seen, pair, Context(rivalled=rivalled))
    if decision.state == "linked":
        made = {w.side for w in decision.writes if w.op in {"create", "undelete"}}
        assert all(isinstance(o, Present) or s in made for s, o in zip(FLIP, seen, strict=True))


def test_an_unreadable_record_that_is_back_does_not_revive_its_pairing():
    """Found by the simulation: it could not be made again on the other side, and was deleted a second time."""
    fault = InvalidValue("a name must be text")
    back = Present("1", (UNKNOWN, 1), unread=((0, fault),))
    pair = pairing([FieldPolicy(), FieldPolicy()], replace(SAFE, on_restore="recreate"))
    decision = reconcile("tomb", (("a", 1), ("a", 1)), (back, Gone("deleted")), pair)
    assert (decision.state, decision.writes, decision.disposition) == (None, (), "quarantined")


@given(TWO_BASES, RECORDS, PAIRINGS)
def test_an_edited_record_is_not_deleted_unasked(bases, fields, pair):
    """A record changed since the base is deleted only where the policy says that deletion wins.

    A field that was never agreed, say because it is parked, is no change of its own.
    """
    decision = reconcile("linked", bases, (Gone("flag"), present(fields)), pair)
    base = bases[1] if bases[1] is not None else (UNKNOWN,) * len(fields)
    agreed = [(now, then) for now, then in zip(fields, base, strict=True) if then is not UNKNOWN]
    moved = any(now is not UNKNOWN and not same(now, then) for now, then in agreed)
    edited = moved or (not agreed and any(now is not UNKNOWN for now in fields))
    deletes = any(w.op in DESTRUCTIVE for w in decision.writes)
    if edited and deletes:
        assert pair.policy.on_delete_update == "delete_wins"


@given(TWO_BASES, RECORDS, PAIRINGS)
def test_what_a_deletion_loses_is_journalled(bases, fields, pair):
    """R-12.2: every known non-blank value of a record that will be deleted is kept first."""
    decision = reconcile("linked", bases, (Gone("flag"), present(fields)), pair)
    if any(w.op in DESTRUCTIVE for w in decision.writes):
        assert {i for s, i, _ in decision.journal if s == "right"} == {
            i for i, v in enumerate(fields) if isinstance(v, str)
        }


@given(TWO_BASES, RECORDS, RECORDS, PAIRINGS)
def test_a_conflict_keeps_its_base(bases, left, right, pair):
    """What is asked about is neither written nor agreed."""
    decision = reconcile("linked", bases, (present(left), present(right)), pair)
    asked = {q.index for q in decision.questions}
    assert not asked & set(decision.agree)
    assert not any(asked & set(w.which) for w in decision.writes)


@given(RECORDS, POLICIES)
def test_nothing_changed_is_nothing_done(fields, policy):
    """I-2: both sides as they were agreed: no write, no question, no base moved."""
    pair = pairing([FieldPolicy(), FieldPolicy()], policy)
    decision = reconcile("linked", (fields, fields), (present(fields), present(fields)), pair)
    assert (decision.disposition, decision.writes, decision.questions, decision.agree) == ("unchanged", (), (), ())


@given(TWO_BASES, RECORDS, RECORDS, PAIRINGS)
def test_every_moved_field_has_one_fate(bases, left, right, pair):
    """A field is written, agreed, asked about, parked, drifted, unknown or unchanged; never two of the first four."""
    decision = reconcile("linked", bases, (present(left), present(right)), pair)
    written = {i for w in decision.writes for i in w.which}
    fates = [written, set(decision.agree), {q.index for q in decision.questions}, {i for _, i, _ in decision.faults}]
    for a, b in product(range(4), repeat=2):
        if a < b:
            assert not fates[a] & fates[b]


def test_the_whole_table_for_a_linked_binding():
    """T-1 to T-49: each cell's golden reason and effect under the propagating policy."""
    pair = pairing([FieldPolicy(), FieldPolicy()], SAFE, keep, keep)
    base = ("a", "a")
    seen = {
        "U": present(base),
        "C": present(("b", "a")),
        "D": Gone("flag"),
        "M": Missing(),
        "S": OutOfScope(),
        "X": Unreadable(Unavailable("down")),
        "G": Merged("2"),
    }
    table = {}
    for left, right in product(seen, repeat=2):
        d = reconcile("linked", (base, base), (seen[left], seen[right]), pair)
        table[left + right] = (d.disposition, tuple((w.side, w.op) for w in d.writes), d.state, d.verify)
    waits, no = ("unreadable", (), None, ()), ()
    assert table["UU"] == ("unchanged", no, None, no)
    assert table["UC"] == ("written", (("left", "update"),), None, no)
    assert table["CU"] == ("written", (("right", "update"),), None, no)
    assert table["CC"] == ("converged", no, None, no)
    assert table["UD"] == ("written", (("left", "delete"),), "tomb", no)
    assert table["DU"] == ("written", (("right", "delete"),), "tomb", no)
    assert table["CD"] == table["DC"] == ("queued", no, None, no)
    assert table["DD"] == ("converged", no, "tomb", no)
    assert table["US"] == table["SU"] == table["CS"] == table["SC"] == ("filtered", no, "dormant", no)
    assert table["DS"] == table["SD"] == ("converged", no, "unlinked", no)
    assert table["SS"] == ("filtered", no, "dormant", no)
    for other in "UCDSXG":
        assert table["M" + other] == ("deferred", no, None, ("left",))
        assert table[other + "M"] == ("deferred", no, None, ("right",))
    assert table["MM"] == ("deferred", no, None, ("left", "right"))
    for other in "UCDSXG":
        assert table["X" + other] == table[other + "X"] == waits
    for other in "UCDSG":
        assert table["G" + other] == table[other + "G"] == ("queued", no, None, no)


@pytest.mark.parametrize("state", ["linked", "dormant", "half", "parked"])
@pytest.mark.parametrize("on_merge", ["ask", "unlink"])
def test_a_merge_deletes_nothing(state, on_merge):
    """R-5.4: whatever the other side shows, and although deletions may pass, a merged record takes no other with it."""
    pair = pairing([FieldPolicy(), FieldPolicy()], replace(SAFE, on_merge=on_merge), keep, keep)
    base = ("a", "a")
    for other in (present(base), present(("b", "a")), Gone("flag"), OutOfScope(), Merged("3")):
        for seen in ((Merged("2"), other), (other, Merged("2"))):
            assert not reconcile(state, (base, base), seen, pair).writes


def test_deletion_policies():
    """C9: what each answer to 'what happens on the other side' does."""
    base = ("a", "a")
    done = {}
    for answer in ("propagate", "archive", "unlink", "ignore", "restore", "ask"):
        pair = pairing([FieldPolicy(), FieldPolicy()], Policy("create", "create", answer, answer))
        d = reconcile("linked", (base, base), (Gone("flag"), present(base)), pair)
        done[answer] = (tuple((w.side, w.op) for w in d.writes), d.state, tuple(q.kind for q in d.questions))
    assert done == {
        "propagate": ((("right", "delete"),), "tomb", ()),
        "archive": ((("right", "archive"),), "tomb", ()),
        "unlink": ((), "unlinked", ()),
        "ignore": ((), "dormant", ()),
        "restore": ((("left", "create"),), None, ()),
        "ask": ((), None, ("delete",)),
    }


def test_newest_needs_a_sure_difference():
    """``newest`` decides only beyond the margin; closer than that the fallback does."""
    policy = FieldPolicy(conflict="newest", fallback="manual")
    pair = pairing([policy, policy], SAFE)
    base = ("a", "a")
    left = Present("1", ("b", "a"), None, 10_000.0)
    for when, writes in ((0.0, [("right", "update")]), (9_900.0, []), (20_000.0, [("left", "update")])):
        right = Present("2", ("c", "a"), None, when)
        decision = reconcile("linked", (base, base), (left, right), pair)
        assert [(w.side, w.op) for w in decision.writes] == writes


SIDE_SETS = st.frozensets(st.sampled_from(["left", "right"]))
CONTEXTS = st.builds(Context, rescoped=st.booleans(), rivalled=st.booleans(), resting=SIDE_SETS)


@given(STATES, TWO_BASES, OBSERVED, PAIRINGS, CONTEXTS)
def test_total_in_every_context(state, bases, seen, pair, context):
    """R-5.1: what else is known of the pair leaves no hole either."""
    assert reconcile(state, bases, seen, pair, context).reason.startswith(f"{state}.")


@given(STATES, TWO_BASES, OBSERVED, PAIRINGS)
def test_a_changed_scope_alone_deletes_nothing(state, bases, seen, pair):
    """I-19: without proof of a deletion, nothing is deleted or archived because the project was changed."""
    decision = reconcile(state, bases, seen, pair, Context(rescoped=True))
    if not any(isinstance(o, Gone) for o in seen):
        assert not {w.op for w in decision.writes} & DESTRUCTIVE


@given(TWO_BASES, OBSERVED, PAIRINGS)
def test_a_rivalled_revival_writes_nothing(bases, seen, pair):
    """I-5: a record that comes back while another living pair has its key is not spread."""
    assert not reconcile("tomb", bases, seen, pair, Context(rivalled=True)).writes


@given(STATES, TWO_BASES, OBSERVED, PAIRINGS, SIDE_SETS)
def test_a_resting_deletion_deletes_nothing_and_changes_nothing_else(state, bases, seen, pair, resting):
    """Within its grace period a deletion is not carried over; whatever it does not concern is decided as ever."""
    usual, decision = (reconcile(state, bases, seen, pair, Context(resting=r)) for r in (frozenset(), resting))
    gone = {s for s, o in zip(FLIP, seen, strict=True) if isinstance(o, Gone)}
    carried = any(w.op in DESTRUCTIVE and FLIP[w.side] in gone for w in usual.writes)
    if carried and gone & resting:
        assert (decision.writes, decision.state, decision.questions) == ((), None, ())
        assert {decision.resting} == gone
    else:
        # Two refusals of one value are two errors that say the same.
        assert [repr(fault) for fault in decision.faults] == [repr(fault) for fault in usual.faults]
        assert replace(decision, faults=usual.faults) == usual


@given(TWO_BASES, OBSERVED, PAIRINGS, st.sampled_from(["linked", "dormant"]))
def test_an_ignored_deletion_writes_nothing_and_keeps_the_pairing(bases, seen, pair, state):
    """The other record stays as it is, and the pairing waits with its bases for the record to come back."""
    ignoring = Pairing(
        pair.fields,
        type(pair.policy)("create", "create", "ignore", "ignore", on_scope_exit=pair.policy.on_scope_exit),
        pair.hold_left,
        pair.hold_right,
    )
    decision = reconcile(state, bases, seen, ignoring)
    if sum(isinstance(o, Gone) for o in seen) == 1 and any(isinstance(o, Present | OutOfScope) for o in seen):
        assert (decision.writes, decision.questions, decision.state) == ((), (), "dormant")
    back = (present(("a", "a")), present(("a", "b")))
    assert reconcile("dormant", (("a", "a"), ("a", "a")), back, ignoring).state == "linked"
