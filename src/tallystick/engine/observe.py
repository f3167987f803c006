"""Observe and decide one pair: what stood before, sweep both sides, prove absence, decide, brake.

Everything up to the plan and nothing after it. The same code serves ``plan``, ``apply`` and ``run`` (P15), so a plan
cannot predict what an apply would not do.
"""

from dataclasses import dataclass, replace

from tallystick.core.binding import Cursor, Dirty, PairState, Quarantined, QueueItem
from tallystick.core.brake import Tally, apply_brakes
from tallystick.core.error import Bug, Expired, Garbled, StoppedByRule, Throttled
from tallystick.core.plan import PairPlan
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, Side, other
from tallystick.core.state import StoreTx
from tallystick.core.window import Sweep, next_sweep
from tallystick.engine import effects
from tallystick.engine.adopt import decide_unbound
from tallystick.engine.asked import let_wait
from tallystick.engine.awaiting import BY_BINDING
from tallystick.engine.cascade import foresee, spare_unseen
from tallystick.engine.consent import Consent, hold_changes, load_consent
from tallystick.engine.decide import decide_bound
from tallystick.engine.doubles import note_doubles
from tallystick.engine.known import Known
from tallystick.engine.outcome import GLIMPSE, SAMPLE, Outcome
from tallystick.engine.pair import Pair
from tallystick.engine.pull import absent_legs, pull
from tallystick.engine.pulled import Progress, Pulled
from tallystick.engine.session import Session, Standing
from tallystick.engine.settlement import KEPT
from tallystick.engine.shifting import make_sure
from tallystick.engine.sweep import begin
from tallystick.engine.verify import look_at_marked, note_alive, prove_absence, read_partners, read_records

DAY_SECONDS = 86_400.0
ROUNDS = 3  # full sweeps of a listing that contradicts itself, before it is taken as it is


@dataclass(slots=True)
class Before:
    """What the store knows about a pair before the run."""

    state: PairState | None
    cursors: dict[Side, Cursor | None]
    linked: int
    dormant: dict[int, tuple[str | None, str | None]]
    questions: list[QueueItem]
    parked: list[Quarantined]
    consent: Consent = Consent()


@dataclass(slots=True)
class Observed:
    """One pair, observed and decided."""

    outcome: Outcome
    pulled: dict[Side, Pulled]
    before: Before
    marks: list[Dirty]

    @property
    def shows_all(self) -> bool:
        """Whether nobody can have been overlooked, so that a record without counterpart really has none.

        A listing that gave fewer records than its own total, however often it was asked, hides somebody. A row that
        cannot be decoded hides nobody but itself (R-14.1).
        """
        return self.is_whole and not any(p.hides_somebody for p in self.pulled.values())

    def is_dim(self, side: Side) -> bool:
        """Whether a side may have shown less than it has, so that its listing proves nothing of the rest (R-4.4)."""
        is_unvouched = any(at == side for at, _, _ in self.outcome.unvouched)
        return is_unvouched or side in self.outcome.cut_short or self.pulled[side].hides_somebody

    @property
    def is_whole(self) -> bool:
        """Whether both sides were read to the end."""
        return all(p.failure is None for p in self.pulled.values())


def load_before(pair: Pair) -> Flow[Before]:
    """Load what the store knows about a pair."""

    def work(tx: StoreTx) -> Before:
        state = tx.pair_state(pair.name)
        return Before(
            state=state,
            cursors={s: tx.cursor(pair.name, s) for s in SIDES},
            linked=tx.count_linked(pair.name),
            dormant=tx.dormant(pair.name),
            questions=tx.queue(pair.name),
            parked=tx.quarantine(pair.name),
            consent=load_consent(pair, state, tx),
        )

    return (yield from effects.look(work))


def observe(session: Session, pair: Pair, before: Before) -> Flow[Observed]:
    """Observe both sides of a pair and decide; raises the error of a side of which nothing could be read."""
    prepare(session, pair, before)
    now = yield from effects.now()
    outcome = outcome_of(pair, before)
    outcome.sample = GLIMPSE if session.writes else SAMPLE
    pulled: dict[Side, Pulled] = {}
    for side in SIDES:
        pulled[side] = yield from _sweep(session, pair, side, before, now)
    observed = Observed(outcome, pulled, before, [])
    observed.marks = yield from look_at_marked(session, pair, outcome, now)
    yield from _read_released(session, pair, before)
    for side in SIDES:
        yield from prove_absence(session, pair, outcome, pulled, side, now)
    let_wait(session, pair, pulled)
    yield from read_partners(session, pair, outcome, now)
    if observed.shows_all and (yield from make_sure(session, pair, outcome, pulled)):
        yield from read_partners(session, pair, outcome, now)
    for side in SIDES:
        yield from note_alive(session, pair, outcome, pulled[side])
        pulled[side].known = Known()  # megabytes that nobody asks for any more
    outcome.whole = {s for s, p in pulled.items() if p.failure is None and p.sweep.full and p.in_one_go}
    outcome.ended_empty = {s for s in outcome.whole if not pulled[s].reached[1].rows}
    outcome.hides_nobody = observed.shows_all
    yield from decide_bound(session, pair, outcome)
    if outcome.plan.first_contact:
        note_doubles(session, pair, outcome)
    if observed.shows_all:
        yield from decide_unbound(session, pair, outcome)
    if observed.is_whole:
        yield from foresee(session, pair, outcome)
    else:
        spare_unseen(session, pair)
    _count(session, pair, observed)
    yield from _brake(pair, observed, now)
    if session.approved is None and not outcome.tally.first_contact:
        outcome.plan.holds += hold_changes(pair, before.consent, outcome.tally)
    return observed


def prepare(session: Session, pair: Pair, before: Before) -> None:
    """Note what stands about a pair before anything is looked at: questions, parked records, a new mapping."""
    state = before.state
    if state is not None and (state.mapping, state.scope) != (pair.mapping_print, pair.scope_print):
        session.anew.add(pair.name)
        if state.scope != pair.scope_print:
            session.rescoped.add(pair.name)
    if before.consent.is_news(pair):
        session.anew.add(pair.name)
    session.dormant[pair.name] = before.dormant
    standing = session.standing.setdefault(pair.name, Standing())
    standing.linked = before.linked
    for question in (q for q in before.questions if q.kind not in KEPT):
        if question.binding is not None:
            standing.questions.setdefault(question.binding, []).append(question)
        else:
            standing.asked.setdefault(question.subject, {})[question.kind] = question
    for row in before.parked:
        standing.refused.setdefault((row.side, row.record), []).append(row)
        if row.binding is not None:
            standing.parked.setdefault(row.binding, []).append(row)
    standing.bindings = standing.questions.keys() | standing.parked.keys()


def outcome_of(pair: Pair, before: Before) -> Outcome:
    """Begin the books of a pair."""
    plan = PairPlan(
        pair.name,
        f"{pair.left.system}/{pair.left.object}",
        f"{pair.right.system}/{pair.right.object}",
        first_contact=before.linked == 0,
    )
    tally = Tally(linked=before.linked, first_contact=before.linked == 0)
    for row in before.parked:
        if row.code == StoppedByRule.code and row.mapping == pair.mapping_print:
            tally.stopping.setdefault((other(row.side), row.message), set()).add((row.side, row.record))
    names = before.state.names if before.state is not None and before.state.names else pair.mapping.names
    return Outcome(plan, tally, pair.mapping.names, names)


def _sweep(session: Session, pair: Pair, side: Side, before: Before, now: float) -> Flow[Pulled]:
    sweep = next_sweep(
        before.cursors[side],
        pair.end(side).can,
        now,
        pair.mapping.policy.full_compare_seconds,
        configured_anew=session.fresh_shape(pair),
        asked=session.full,
    )
    sweep, progress = yield from begin(session, pair, side, sweep)
    pulled = yield from _pull_until_stable(session, pair, side, sweep, progress)
    failure = pulled.failure
    if failure is not None and _lost_track(pulled):
        # What is linked and not shown then is looked at one by one; nothing else proves a deletion.
        session.scratch(pair).forget(side)
        sweep = Sweep(full=True, since=None, reason="changes cannot be told any more", lost=failure.message)
        pulled = yield from _pull_until_stable(session, pair, side, sweep, Progress())
    if sweep.full and pulled.completeness == "probable":
        pulled = yield from _agree_on_absence(session, pair, pulled)
    affordable = _affordable(session, pair, before, pulled, now)
    if affordable is not None:
        pulled = yield from _pull_until_stable(session, pair, side, affordable, Progress())
    if pulled.failure is not None and pulled.pages == 0:
        raise pulled.failure
    return pulled


def _lost_track(pulled: Pulled) -> bool:
    """Whether the system cannot tell any more what changed; one that is read in another way now has no such token."""
    has_token = pulled.sweep.token is not None and pulled.pages == 0
    return not pulled.sweep.full and isinstance(pulled.failure, (Expired, Garbled) if has_token else Expired)


def _affordable(session: Session, pair: Pair, before: Before, pulled: Pulled, now: float) -> Sweep | None:
    """Give the sweep of what changed, where the day's calls have no room for a full compare that is merely due."""
    failure = pulled.failure
    if not isinstance(failure, Throttled) or not failure.is_for_listings or pulled.pages or pulled.progress.earlier:
        return None
    sweep = next_sweep(
        before.cursors[pulled.side],
        pair.end(pulled.side).can,
        now,
        float("inf"),
        configured_anew=session.fresh_shape(pair),
        asked=session.full,
    )
    return (
        None if sweep.full else replace(sweep, reason="the day's calls have no room for the full compare that is due")
    )


def _pull_until_stable(session: Session, pair: Pair, side: Side, sweep: Sweep, progress: Progress) -> Flow[Pulled]:
    """Repeat a full sweep whose rows contradict its total or each other, until two rounds agree (R-11.8)."""
    pulled = yield from pull(session, pair, side, sweep, progress)
    for _ in range(ROUNDS - 1):
        contradicts = (
            sweep.full and pulled.failure is None and pulled.completeness == "unproven" and not pulled.undecodable
        ) and pulled.in_one_go
        if not contradicts:
            break
        session.scratch(pair).forget(side)
        again = yield from pull(session, pair, side, sweep)
        if again.distinct == pulled.distinct or again.completeness != "unproven":
            return again
        pulled = again
    return pulled


def _agree_on_absence(session: Session, pair: Pair, pulled: Pulled) -> Flow[Pulled]:
    """List a side again that counts its rows, until two rounds lack the same records (R-11.8).

    Rows move up when others are deleted meanwhile, and one is skipped. Where nothing is lacking, one round is enough;
    where three do not agree, absence means nothing this time.
    """
    lacking = yield from absent_legs(session, pair, pulled)
    for _ in range(ROUNDS - 1):
        if not lacking:
            return pulled
        session.scratch(pair).forget(pulled.side)
        pulled = yield from pull(session, pair, pulled.side, pulled.sweep)
        before, lacking = lacking, (yield from absent_legs(session, pair, pulled))
        if pulled.completeness != "probable" or sorted(lacking) == sorted(before):
            return pulled
    if lacking:
        pulled.completeness = "unproven"
    return pulled


def _read_released(session: Session, pair: Pair, before: Before) -> Flow[None]:
    """Read the parked records whose missing reference is paired by now (R-13.4)."""
    waiting: dict[tuple[str, str, str], list[Quarantined]] = {}
    for row in before.parked:
        if row.waits_for:
            name, side, record = row.waits_for.split("/", 2)
            waiting.setdefault((name, side, record), []).append(row)

    def resolved(tx: StoreTx) -> list[tuple[str, str, str]]:
        return [at for at in waiting if at in session.provisional or _is_paired(at, tx)]

    for at in (yield from effects.look(resolved)) if waiting else []:
        for row in waiting[at]:
            session.standing[pair.name].retry.add((row.side, row.record))
            yield from read_records(session, pair, row.side, [row.record])


def _is_paired(wanted: tuple[str, str, str], tx: StoreTx) -> bool:
    pair, where, record = wanted
    if where == BY_BINDING:
        return all(tx.ids_of(pair, side, [int(record)]) for side in SIDES)
    return any(side == where and tx.resolve_ids(pair, side, [record]) for side in SIDES)


def _count(session: Session, pair: Pair, observed: Observed) -> None:
    """Count what needed no decision, and refuse to go on if any record is unaccounted for (R-17.1)."""
    outcome, scratch = observed.outcome, session.scratch(pair)
    for side in SIDES:
        pulled = observed.pulled[side]
        to_decide, alike = scratch.count_sights(side)
        decided = sum(outcome.plan.dispositions.get(side, {}).values())
        if not observed.shows_all:
            outcome.count(side, "deferred", to_decide - decided)
        elif decided != to_decide:
            raise Bug(
                f"{to_decide - decided} records of '{pair.name}' on the {side} have no disposition",
                detail=f"{to_decide} were seen, {decided} decided",
                hint="nothing was written; please report this",
            )
        outcome.count(side, "unchanged", max(pulled.unchanged, alike))
        outcome.count(side, "filtered", pulled.filtered)
        outcome.count(side, "quarantined", len(pulled.faults))
        outcome.plan.listed[side] = pulled.listed_here
        if pulled.sweep.lost:
            outcome.plan.lost[side] = pulled.sweep.lost
        outcome.plan.complete[side] = pulled.completeness if pulled.sweep.full else "window"
        if pulled.failure is not None:
            outcome.plan.problem = str(pulled.failure)
        elif pulled.hides_somebody:
            name = outcome.plan.left if side == "left" else outcome.plan.right
            gap = f"{name} lists {pulled.distinct} records but says it has {pulled.total}"
            if pulled.ended_dark:
                gap = f"{name} ended its list early and shows none of the linked records"
            outcome.plan.problem = f"{gap}; new records wait until it shows all"


def count_day(pair: Pair, tally: Tally, now: float) -> Flow[None]:
    """Count the deletions of the last 24 hours, where the plan has any: many small runs are one large one."""
    if any(tally.count(side, "delete", "archive") for side in SIDES):
        since = now - DAY_SECONDS
        tally.deleted_today = yield from effects.look(
            lambda tx: {side: tx.count_deletions(pair.name, side, since) for side in SIDES}
        )


def _brake(pair: Pair, observed: Observed, now: float) -> Flow[None]:
    tally = observed.outcome.tally
    yield from count_day(pair, tally, now)
    for side in SIDES:
        pulled, cursor = observed.pulled[side], observed.before.cursors[side]
        whole = pulled.sweep.full and pulled.failure is None
        tally.listed[side] = pulled.listed if whole else None
        tally.listed_before[side] = cursor.full_count if cursor else None
        tally.unmatched[other(side)] = tally.writes.get((other(side), "create"), 0)
    observed.outcome.plan.holds = apply_brakes(tally, pair.mapping.policy.brakes)
