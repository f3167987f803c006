"""One run over all pairs: observe, plan, brake, push, remember.

    for each pair, parents first     observe and decide; carry out links, creates and updates
    for each pair, children first    carry out archives and deletions
    for each pair                    move cursors, remember what was seen, withdraw what no longer stands

A pair that fails says so and the others go on. Cursors move only after everything a sweep found is done or marked, so
a crash anywhere costs at most reading the same window again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from tallystick.core.binding import Dirty, PairState, QueueItem, Run
from tallystick.core.error import Error, Throttled, UnsafePlan
from tallystick.core.event import PairFailed
from tallystick.core.plan import PairPlan, Plan, plan_fingerprint
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, Side
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.awaiting import ask_about_waiting
from tallystick.engine.cascade import spare_unseen
from tallystick.engine.consent import note_consent
from tallystick.engine.fence import Fence, release_lease, take_lease
from tallystick.engine.grace import forget_rest
from tallystick.engine.lone import keep_lone
from tallystick.engine.observe import Before, Observed, load_before, observe
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import Pair
from tallystick.engine.push import leave_unreached, push
from tallystick.engine.recover import recover
from tallystick.engine.release import list_held, release_holds
from tallystick.engine.session import PRESENT, Session
from tallystick.engine.spare import hold_back
from tallystick.engine.sweep import unmark
from tallystick.engine.translation import note_translation
from tallystick.engine.uncertain import settle_by_listing
from tallystick.engine.withdraw import withdraw

Observer = Callable[[Session, Pair, Before], Flow[Observed]]
FORWARD = (0, 1, 2)
DELETIONS = (3,)
TOUCH_BATCH = 5_000


@dataclass(slots=True)
class Result:
    """What a run came to: the plan it made, what was done of it (by pair and operation), what failed.

    ``failures`` are what stopped whole pairs, ``troubles`` a sample of what single writes met that is tried again.
    """

    plan: Plan
    done: dict[str, dict[str, int]] = field(default_factory=dict)
    failures: dict[str, Error] = field(default_factory=dict)
    troubles: dict[str, list[Error]] = field(default_factory=dict)

    @property
    def held(self) -> list[str]:
        """Every brake that holds, in words."""
        return [f"{p.pair}: {h.reason}" for p in self.plan.pairs for h in p.holds]


@dataclass(slots=True)
class _Work:
    pair: Pair
    fence: Fence | None
    before: Before | None = None
    observed: Observed | None = None
    failure: Error | None = None


def run(
    session: Session, pairs: Sequence[Pair], *, alone: bool, patience: float, look: Observer = observe
) -> Flow[Result]:
    """Run all pairs (parents first) as the session's mode says; ``patience`` is how long unknown writes are waited for.

    Every pair gets its plan, also a failed one. Nothing is written to a system or the store when the mode is ``plan``.
    ``look`` observes and decides one pair.
    """
    started = yield from effects.now()
    result = Result(Plan(session.run, started))
    works: list[_Work] = []
    session.contention.note_pairs(pairs)
    if session.writes:
        yield from _note_run(session, started, None, result)
    for pair in pairs:
        work = _Work(pair, None)
        works.append(work)
        yield from _guarded(work, _forward(session, work, look, alone=alone, patience=patience))
    _weigh_falls(session, works)
    for work in reversed(works):
        if work.observed is not None and session.writes:
            yield from _guarded(work, _push(session, work, DELETIONS))
    for work in works:
        yield from _guarded(work, _finish(session, work))
        if work.fence is not None:
            yield from release_lease(work.fence)
        _report(session, work, result)
    result.plan.fingerprint = plan_fingerprint(p for w in works for p in _prints(session, w))
    if session.writes:
        yield from _note_run(session, started, (yield from effects.now()), result)
    return result


def _weigh_falls(session: Session, works: Sequence[_Work]) -> None:
    """Now that every pair was looked at: take back the deletions that would bring down more than they may."""
    for work in works:
        if work.observed is None:
            spare_unseen(session, work.pair)
    for work in works:
        if work.observed is not None:
            hold_back(session, work.pair, work.observed.outcome)


def _guarded(work: _Work, flow: Flow[None]) -> Flow[None]:
    """Run a phase of a pair; a failure stays with its pair."""
    try:
        yield from flow
    except Error as failure:
        work.failure = work.failure or failure
        yield from effects.tell(PairFailed(work.pair.name, failure.code, str(failure)))


def _forward(session: Session, work: _Work, look: Observer, *, alone: bool, patience: float) -> Flow[None]:
    pair = work.pair
    if session.writes:
        work.fence = yield from take_lease(pair.name, alone=alone)
        session.fences[pair.name] = work.fence
    work.before = yield from load_before(pair)
    now = yield from effects.now()
    if work.before.state is not None and work.before.state.not_before > now:
        until = datetime.fromtimestamp(work.before.state.not_before, UTC)
        raise Throttled(
            "the system asked us to wait",
            wait_seconds=work.before.state.not_before - now,
            detail=f"next attempt at {until:%Y-%m-%d %H:%M} UTC",
            hint="run again later",
        )
    yield from recover(session, pair, work.fence, patience)
    work.observed = yield from look(session, pair, work.before)
    if session.writes and work.fence is not None:
        yield from settle_by_listing(session, pair, work.fence, work.observed)
    session.fields.hear(pair)
    work.observed.outcome.plan.holds += session.fields.holds(pair)
    list_held(session, pair, work.observed.outcome)
    if session.writes and work.fence is not None:
        _refuse_first_contact(session, work.observed)
        yield from release_holds(session, pair, work.observed.outcome, work.fence)
        yield from _touch_same(session, pair, work.fence)
        yield from _push(session, work, FORWARD)


def _refuse_first_contact(session: Session, observed: Observed) -> None:
    """The first write between two systems needs a plan that a person has seen (R-9.5)."""
    plan = observed.outcome.plan
    if plan.first_contact and session.approved is None and "first_contact" not in session.released:
        writes = sum(n for side in plan.actions.values() for n in side.values())
        if writes:
            raise UnsafePlan(
                f"'{plan.pair}' was never in step before; its first plan has {writes} lines and wants to be seen",
                hint="make it with 'tally plan', read it, carry it out with 'tally apply'",
            )


def _push(session: Session, work: _Work, phases: Sequence[int]) -> Flow[None]:
    if work.observed is None or work.fence is None:
        return
    outcome = work.observed.outcome
    if work.failure is not None:
        leave_unreached(session, work.pair, outcome, phases)
        return
    yield from push(session, work.pair, outcome, work.fence, phases)


def _finish(session: Session, work: _Work) -> Flow[None]:
    """Remember what was seen. After a failure cursors stay, so that the same window is read again."""
    if work.fence is None:
        return
    if work.observed is None:
        yield from _remember_wait(work)
        return
    yield from _carry_on(session, work)
    yield from _remember_wait(work)


def _carry_on(session: Session, work: _Work) -> Flow[None]:
    """Close the books of a pair that was observed, whether or not all of its plan could be carried out."""
    if work.observed is None or work.fence is None:
        return
    observed = work.observed
    now = yield from effects.now()
    yield from effects.commit(lambda tx: _close(session, work, observed, now, tx))


def _touch_same(session: Session, pair: Pair, fence: Fence | None) -> Flow[None]:
    """Remember the bytes of records that differ in nothing that is mapped; before any write makes them old."""
    if fence is not None:
        for side in SIDES:
            for rows in session.scratch(pair).same(side, TOUCH_BATCH):
                yield from effects.commit(partial(_touch, pair, fence, side, rows))


def _touch(
    pair: Pair, fence: Fence, side: Side, rows: list[tuple[str, int | None, str | None, float | None]], tx: StoreTx
) -> None:
    fence.check(tx)
    tx.touch_legs(pair.name, side, rows)


def _remember_wait(work: _Work) -> Flow[None]:
    failure, before, fence = work.failure, work.before, work.fence
    if not isinstance(failure, Throttled) or before is None or fence is None:
        return
    now = yield from effects.now()
    state = before.state or PairState(work.pair.name, work.pair.mapping_print, work.pair.scope_print)
    until = max(state.not_before, now + failure.wait_seconds)

    def wait(tx: StoreTx) -> None:
        fence.check(tx)
        tx.save_pair_state(PairState(state.pair, state.mapping, state.scope, until, state.names))

    yield from effects.commit(wait)


def _close(session: Session, work: _Work, observed: Observed, now: float, tx: StoreTx) -> None:
    pair, outcome = work.pair, observed.outcome
    if work.fence is not None:
        work.fence.check(tx)
    _retouch(session, pair, outcome, tx)
    for side in SIDES:
        tx.clear_absent(pair.name, side, [i for s, i in outcome.alive if s == side])
        # Also of those that are proven to be gone: if a brake holds their deletion, a plan can show it.
        absent = [i for s, i in (*outcome.absent, *outcome.missed) if s == side]
        if absent:
            tx.mark_absent(pair.name, side, absent, now)
    aside = session.faults.get(pair.name, [])
    faults = [f for pulled in observed.pulled.values() for f in pulled.faults] + aside
    unparked = [f for pulled in observed.pulled.values() for f in pulled.faults[pulled.progress.parked :]] + aside
    tx.put_quarantine([replace(f, since=now) for f in unparked])
    _clear_marks(session, work, observed, tx)
    forget_rest(session, pair, outcome, tx)
    tx.drop_superseded(pair.name, now - max(pair.left.can.consistency, pair.right.can.consistency))
    tx.mark_dirty([*outcome.dirty, *(_mark_absent_again(pair, side, i, now) for side, i in outcome.absent)])
    tx.put_queue([_ask_deletion(pair, side, record, binding, now) for side, record, binding in outcome.unvouched])
    ask_about_waiting(pair, observed.before.questions, now, tx)
    whole = work.failure is None and observed.is_whole
    if whole and observed.pulled:
        withdraw(session, pair, observed, faults, tx)
        for side in SIDES:
            _move_cursor(session, pair, observed, side, tx)
        note_translation(pair, observed.before.state, min(p.started for p in observed.pulled.values()), tx)
        note_consent(pair, observed.before.consent, outcome, now, tx)
        scope = _settled_scope(session, pair, observed)
        tx.save_pair_state(PairState(pair.name, pair.mapping_print, scope, 0, pair.mapping.names))
    if observed.pulled:
        pulled = observed.pulled.items()
        whole_sides = [s for s, p in pulled if p.sweep.full and p.in_one_go and not observed.is_dim(s)]
        keep_lone(session, pair, outcome, whole_sides if observed.shows_all else (), tx)


def _move_cursor(session: Session, pair: Pair, observed: Observed, side: Side, tx: StoreTx) -> None:
    """Let the next sweep of a side begin where this one ended, unless somebody was seen whom nobody could decide.

    Where one side hides records, what is paired with nobody waits on both; it must be listed again, not overlooked.
    """
    before, pulled = observed.before.cursors[side], observed.pulled[side]
    undecided = not observed.shows_all and any(session.scratch(pair).unbound(side, 1))
    if undecided or observed.is_dim(side):
        tx.forget_window(pair.name, side)
        return
    cursor = pulled.cursor(pair.name, before, pair.end(side).can)
    if before is not None and _is_measured(session, pair, observed.outcome):
        cursor = replace(cursor, full_count=before.full_count)
    tx.close_window(cursor)


def _clear_marks(session: Session, work: _Work, observed: Observed, tx: StoreTx) -> None:
    """Remove the marks of what was decided; what is paired with nobody is decided only by who sees both sides."""
    pair, marks = work.pair, observed.marks
    if observed.pulled and not observed.shows_all:
        sights = {s: session.scratch(pair).sights(s, [m.id for m in marks if m.side == s]) for s in SIDES}
        marks = [m for m in marks if (row := sights[m.side].get(m.id)) is None or row[1] is not None]
    tx.clear_dirty(marks)
    for side, pulled in observed.pulled.items():
        everybody = work.failure is None and observed.is_whole and pulled.sweep.full and pulled.in_one_go
        if everybody or pulled.progress.saves:
            unmark(session, pair, side, everybody=everybody, unpaired=observed.shows_all, tx=tx)


def _settled_scope(session: Session, pair: Pair, observed: Observed) -> int:
    """A changed scope counts as taken over once every record was looked at under it (I-19)."""
    state, plan = observed.before.state, observed.outcome.plan
    waits = any(of_side.get(d) for of_side in plan.dispositions.values() for d in ("deferred", "unreadable"))
    return state.scope if state is not None and pair.name in session.rescoped and waits else pair.scope_print


def _is_measured(session: Session, pair: Pair, outcome: Outcome) -> bool:
    """Whether a short listing holds deletions back, or will once absence is proven: its count is no new measure.

    The first run under a changed mapping looks for nobody who is absent, so it cannot say that nobody is.
    """
    # Where only some lines were approved, a released brake says nothing about the others.
    still = (*outcome.plan.holds, *(outcome.plan.released if outcome.done.get("stale") else ()))
    is_short = any(hold.kind in {"shrink", "empty_side"} for hold in still)
    deletes = any(op in {"delete", "archive"} for _, op in outcome.tally.writes)
    return is_short and (deletes or bool(outcome.absent) or session.fresh_shape(pair))


def _ask_deletion(pair: Pair, side: Side, record: str, binding: int, now: float) -> QueueItem:
    """Absent for long, but nothing else of this kind is there to show that we are still let in (R-4.4)."""
    detail = f"{pair.end(side).system} does not show {record} any more, and no other record vouches for our access"
    return QueueItem("delete", pair.name, f"{side}/{record}", "", detail, binding, since=now)


def _mark_absent_again(pair: Pair, side: Side, record: str, now: float) -> Dirty:
    can = pair.end(side).can
    return Dirty(pair.name, side, record, "missing, not yet proven", not_before=now + can.consistency + can.in_flux)


def _retouch(session: Session, pair: Pair, outcome: Outcome, tx: StoreTx) -> None:
    """Remember the bytes of records that were looked at and about which nothing new was said.

    Not of those that drift: they are seen anew each time, as long as they do.
    """
    for side in SIDES:
        ids = [i for s, i in outcome.retouched if s == side]
        rows = session.scratch(pair).sights(side, ids)
        tx.touch_legs(
            pair.name,
            side,
            [
                (r[0], None if (side, r[0]) in outcome.drifted else r[6], r[4], r[5])
                for r in rows.values()
                if r[2] in PRESENT
            ],
        )


def _report(session: Session, work: _Work, result: Result) -> None:
    if work.failure is not None:
        result.failures[work.pair.name] = work.failure
    if work.pair.name in session.troubles:
        result.troubles[work.pair.name] = list(session.troubles[work.pair.name].values())
    if work.observed is None:
        ends = (f"{e.system}/{e.object}" for e in (work.pair.left, work.pair.right))
        left, right = ends
        result.plan.pairs.append(PairPlan(work.pair.name, left, right, problem=str(work.failure)))
        return
    outcome = work.observed.outcome
    result.plan.pairs.append(outcome.plan)
    result.plan.operations += outcome.shown
    result.plan.lines += len(_prints(session, work))
    result.done[work.pair.name] = dict(outcome.done)


def _prints(session: Session, work: _Work) -> list[int]:
    return session.scratch(work.pair).prints() if work.observed is not None else []


def _note_run(session: Session, started: float, ended: float | None, result: Result) -> Flow[None]:
    counts = {
        f"{p.pair}.{side}.{name}": n
        for p in result.plan.pairs
        for side, of_side in p.dispositions.items()
        for name, n in of_side.items()
    }
    kind = session.mode
    outcome = "" if ended is None else "failed" if result.failures else "ok"
    row = Run(session.run, kind, started, ended, outcome, counts)
    yield from effects.commit(lambda tx: tx.save_run(row))
