"""The simulation bites: with a rule of the protocol taken out of the engine, it finds the wrong that follows.

Each mutant breaks one rule and must be caught by random seeds alone, within as many as a change is tested with.
"""

from tests.simulation.known import KNOWN
from tests.simulation.play import play

from tallystick.core import merge, resolve
from tallystick.core.contest import Ruling
from tallystick.core.observation import Gone
from tallystick.engine import decide, fence, push, recover, settle, verify

ENOUGH = 150


def caught(*laws):
    """Whether one of the first seeds breaks one of these laws."""
    for seed in range(1, ENOUGH):
        report = play(seed, forgiven=frozenset(KNOWN))
        if report.law in laws:
            return True
    return False


def test_a_worker_that_ignores_its_fence(monkeypatch):
    monkeypatch.setattr(fence.Fence, "check", lambda self, tx: None)
    assert caught("I-30")


def test_a_404_that_counts_as_deleted(monkeypatch):
    """R-4: one look that finds nothing proves nothing."""
    genuine = decide._observed
    monkeypatch.setattr(decide, "_observed", lambda row: Gone("once") if row[2] == "missing" else genuine(row))
    assert caught("I-7", "I-8", "I-6")


def test_an_unreadable_record_that_counts_as_deleted(monkeypatch):
    """R-4.1."""
    genuine = decide._observed
    monkeypatch.setattr(decide, "_observed", lambda row: Gone("error") if row[2] == "bad" else genuine(row))
    assert caught("I-7", "I-8", "I-6")


def test_a_create_that_is_sent_again_blindly(monkeypatch):
    """10.4: with a searchable or unique field it has to be looked for first."""

    def blind(intent, now, can):
        return resolve.Next("resend") if intent.op == "create" else resolve.next_step(intent, now, can)

    monkeypatch.setattr(recover, "next_step", blind)
    assert caught("I-5")


def test_a_conflict_that_the_left_always_wins(monkeypatch):
    """F-5: a person decides, unless the policy says who."""
    monkeypatch.setattr(merge, "rule_on", lambda contest: Ruling("left"))
    assert caught("F-5")


def test_a_base_that_is_never_moved(monkeypatch):
    """R-6.1: without it, everything is written again and again."""
    genuine = settle._seal

    def seal(at, binding, side, base, seen, into):
        genuine(at, binding, side, base, seen, into)
        binding.leg(side).raw_hash = None
        binding.leg(side).digest = 0

    monkeypatch.setattr(settle, "_seal", seal)
    genuine_confirm = settle._confirm

    def confirm(at, line, job, result, binding, bases, *rest):
        kept = {side: list(values) for side, values in bases.items()}
        genuine_confirm(at, line, job, result, binding, bases, *rest)
        for side, values in kept.items():
            bases[side][:] = values

    monkeypatch.setattr(settle, "_confirm", confirm)
    assert caught("I-1", "I-2", "I-24", "I-4", "F-5")


def test_a_journal_that_is_not_kept(monkeypatch):
    """R-10.1, F-5: the loser of a conflict is kept before it is overwritten."""
    genuine = push._prepare

    def prepare(session, pair, held, lines, *rest):
        tx = rest[-1]
        monkeypatch.setattr(tx, "add_journal", lambda entries: None)
        return genuine(session, pair, held, lines, *rest)

    monkeypatch.setattr(push, "_prepare", prepare)
    assert caught("I-3")


def test_an_absence_that_needs_no_canary(monkeypatch):
    """R-4.4: where nothing can be seen, nothing is proven."""

    def canary(*_):
        return True
        yield

    monkeypatch.setattr(verify, "canary_sings", canary)
    assert caught("I-7", "I-8", "I-6")
