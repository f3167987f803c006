"""Compare all records of two live systems, or a sample of pairs, and say how far they agree (X8); writes nothing.

It is a plan that reads every record through its mapping, also those whose bytes are the ones last seen, and listens to
every decision. Pairs whose records are both as they were agreed, and were agreed to be equal, are counted on the
scratch paper by their digests alone; values are looked at where anything differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tallystick.core.agreement import (
    IN_STEP,
    Agreement,
    Example,
    Trail,
    Verdict,
    draw,
    explain_difference,
)
from tallystick.core.binding import Binding, JournalEntry, LedgerRow
from tallystick.core.error import Bug, ProjectError
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, Side, other
from tallystick.core.sides import Sides
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.decide import BATCH, decide_bound
from tallystick.engine.disagreement import (
    Findings,
    Outlook,
    base_findings,
    judge_lone,
    judge_meeting,
    settle_record,
)
from tallystick.engine.line import Line
from tallystick.engine.observe import Before, Observed, observe, outcome_of, prepare
from tallystick.engine.pair import Pair
from tallystick.engine.session import Session
from tallystick.engine.translation import translated_since
from tallystick.engine.verify import note_absent, read_records
from tallystick.engine.witness import Meeting

_MOST_MARKS: Final = 10_000_000
_FAR_FUTURE: Final = 1e11  # also marks that are not due yet
_WRITES: Final = frozenset({"create", "update", "undelete"})
_ABSENT: Final = frozenset({"gone", "missing"})


@dataclass(slots=True)
class Comparing:
    """A comparison of everything, or of ``sample`` pairs drawn at random and read by id; ``agreements`` by mapping.

    ``observe`` stands in for ``engine.observe.observe`` in a run of mode ``plan`` whose session is ``thorough``.
    """

    sample: int | None = None
    agreements: dict[str, Agreement] = field(default_factory=dict)

    def observe(self, session: Session, pair: Pair, before: Before) -> Flow[Observed]:
        """Compare one pair.

        Raises the error of a side of which nothing could be read; ``ProjectError`` if a sample is asked of records
        that cannot be read by id.
        """
        left, right = (f"{end.system}/{end.object}" for end in (pair.left, pair.right))
        agreement = Agreement(pair.name, left, right, pair.mapping.names)
        session.thorough = True
        prepared = yield from effects.look(partial(_remember, pair, before))
        clerk = Clerk(session, pair, before, agreement, *prepared)
        session.witness = clerk
        try:
            if self.sample is None:
                observed = yield from observe(session, pair, before)
            else:
                agreement.sampled = 0
                observed = yield from _observe_sample(session, pair, before, agreement, self.sample)
        finally:
            session.witness = None
        yield from clerk.finish(observed)
        agreement.problem = observed.outcome.plan.problem
        self.agreements[pair.name] = agreement
        return observed


def _remember(pair: Pair, before: Before, tx: StoreTx) -> tuple[Mapping[tuple[Side, str], str], Mapping[str, float]]:
    """What the store knows that a plan does not ask for: marks, and since when fields translate as they do."""
    marks = {(s, m.id): m.reason for s in SIDES for m in tx.dirty(pair.name, s, _FAR_FUTURE, _MOST_MARKS)}
    return marks, translated_since(pair, before.state, tx)


def _observe_sample(session: Session, pair: Pair, before: Before, agreement: Agreement, count: int) -> Flow[Observed]:
    """Read pairs drawn at random by id and decide them; records that are paired with nobody are not met."""
    for side in SIDES:
        end = pair.end(side)
        if not end.can.read_by_id:
            raise ProjectError(
                f"{end.system}/{end.object} cannot be read by id, so no sample of '{pair.name}' can be drawn",
                hint="leave --sample out to compare all records",
            )
    prepare(session, pair, before)
    outcome = outcome_of(pair, before)
    linked = yield from effects.look(lambda tx: tx.linked_bindings(pair.name))
    seed = yield from effects.fresh()
    drawn = sorted(linked[at] for at in draw(seed, count, len(linked)))
    agreement.sampled = len(drawn)
    now = yield from effects.now()
    for start in range(0, len(drawn), BATCH):
        for side in SIDES:
            ids = yield from effects.look(partial(_ids, pair.name, side, drawn[start : start + BATCH]))
            missing = yield from read_records(session, pair, side, sorted(ids.values()))
            yield from note_absent(session, pair, outcome, side, missing, now)
    yield from decide_bound(session, pair, outcome)
    return Observed(outcome, {}, before, [])


def _ids(pair: str, side: Side, bindings: Sequence[int], tx: StoreTx) -> dict[int, str]:
    return tx.ids_of(pair, side, bindings)


@dataclass(slots=True)
class Clerk:
    """Writes the agreement of one pair down while it is decided; a ``Witness``.

    ``since`` is when each field came to translate as it does now. ``open_findings`` wait for the audit trail of their
    binding. ``unreadable`` are (verdict, record) of records whose content, or whose system, could not be read.
    """

    session: Session
    pair: Pair
    before: Before
    agreement: Agreement
    marks: Mapping[tuple[Side, str], str]
    since: Mapping[str, float]
    open_findings: list[Findings] = field(default_factory=list)
    unreadable: list[Findings] = field(default_factory=list)
    linked: int = 0

    @property
    def outlook(self) -> Outlook:
        """What the verdicts need to know beside the records."""
        standing = self.session.standing[self.pair.name]
        return Outlook(self.pair, standing, self.before.cursors, self.marks, self.session.fresh_shape(self.pair))

    def met(self, meeting: Meeting) -> None:
        """Name what was decided about a binding."""
        self.linked += meeting.binding is not None and meeting.binding.state == "linked"
        found = judge_meeting(self.outlook, meeting)
        if found.record.kind == "unread" and not found.fields:
            self.unreadable.append(found)
        else:
            self._take(found)

    def stood_alone(self, side: Side, line: Line) -> None:
        """Name what becomes of a record that is paired with nobody."""
        outlook = self.outlook
        verdict, detail = judge_lone(outlook, side, line)
        self.agreement.count(verdict, (side,))
        until = outlook.read_until(side) if verdict.kind == "lost_event" else None
        example = Example(line.left.id, line.right.id, (), detail, line.seen(side).modified if until else None, until)
        self.agreement.note(verdict, example)

    def postponed(self, records: Sequence[tuple[Side, str]]) -> None:
        """Count a pair that waits for an earlier write."""
        self.linked += 1
        verdict = Verdict("waiting", "write")
        ids = dict(records)
        self.agreement.count(verdict, tuple(ids))
        self.agreement.note(verdict, Example(ids.get("left"), ids.get("right")))

    def rest(self) -> Flow[None]:
        """Ask the audit trail why values differ that nobody moved."""
        waiting, self.open_findings = self.open_findings, []
        if not waiting:
            return
        numbers = sorted({found.binding for found in waiting})
        ledger = yield from effects.look(lambda tx: tx.ledger_of(numbers))
        undone = [n for n in numbers if any(_is_undo(row) for row in ledger.get(n, ()))]
        journal = yield from effects.look(lambda tx: {n: tx.journal(n) for n in undone})
        for found in waiting:
            self._explain(found, ledger.get(found.binding, []), journal.get(found.binding, []))
            self._write_down(found)

    def finish(self, observed: Observed) -> Flow[None]:
        """Count what needed no decision, and what nobody could decide; refuse to end if any record has no verdict."""
        yield from self.rest()
        yield from self._count_settled()
        self._count_unreadable(observed)
        for pulled in observed.pulled.values():
            if pulled.filtered:
                self.agreement.count(Verdict("filtered", "out of scope"), (pulled.side,), pulled.filtered)
        if not observed.shows_all:
            self._count_undecided()
        self._check()
        unseen = self.before.linked - self.linked
        if self.agreement.sampled is None and unseen > 0:
            verdict = Verdict("unread", "not listed")
            self.agreement.count(verdict, (), unseen)
            self.agreement.differences[verdict] += unseen
        self.agreement.settle(observed.outcome.plan.holds)

    # --- one finding --------------------------------------------------------------------------------------------------

    def _take(self, found: Findings) -> None:
        if found.open_fields:
            self.open_findings.append(found)
        else:
            self._write_down(found)

    def _explain(self, found: Findings, ledger: Sequence[LedgerRow], journal: Sequence[JournalEntry]) -> None:
        fields, names = self.pair.pairing, self.pair.mapping.names
        written: dict[Side, float] = {}
        for row in ledger:
            if row.op in _WRITES and not _is_undo(row):
                written[row.side] = max(row.at, written.get(row.side, 0))
        for i in found.open_fields:
            now = Sides(found.values[0][i], found.values[1][i])
            trail = Trail(_acceptance(names[i], ledger, journal), written, self.since[names[i]])
            found.fields[i] = explain_difference(now, fields.holds(i), trail)
        found.open_fields.clear()
        settle_record(found)

    def _write_down(self, found: Findings) -> None:
        agreement, names = self.agreement, self.pair.mapping.names
        agreement.count(found.record, found.there)
        differing: dict[Verdict, list[int]] = {}
        for i, verdict in sorted(found.fields.items()):
            agreement.count_field(names[i], verdict)
            if verdict.kind != "in_step":
                differing.setdefault(verdict, []).append(i)
        named = {(v.kind, v.reason) for v in differing}
        if (found.record.kind, found.record.reason) not in named and found.record.kind != "in_step":
            differing[found.record] = []
        for verdict, places in differing.items():
            agreement.note(verdict, self._example(found, verdict, places))

    def _example(self, found: Findings, verdict: Verdict, places: Sequence[int]) -> Example:
        names = self.pair.mapping.names
        stamp = until = None
        if verdict.kind == "lost_event" and found.changed is not None:
            seen = found.left if found.changed == "left" else found.right
            stamp, until = seen.modified, self.outlook.read_until(found.changed)
        differences = tuple(found.difference(names[i], i) for i in places)
        detail = found.details.get(Verdict(verdict.kind, verdict.reason), "")
        return Example(found.left.id, found.right.id, differences, detail, stamp, until)

    # --- what was not decided -----------------------------------------------------------------------------------------

    def _count_settled(self) -> Flow[None]:
        """Count the pairs of which both records are as they were agreed."""
        scratch, agreement = self.session.scratch(self.pair), self.agreement
        alike = scratch.count_alike()
        self.linked += alike
        if alike:
            agreement.count(IN_STEP, SIDES, alike)
            for name in self.pair.mapping.names:
                agreement.count_field(name, IN_STEP, alike)
        state = self.before.state
        names = state.names if state is not None and state.names else self.pair.mapping.names
        for rows in scratch.unlike(BATCH):
            there: dict[int, tuple[Side, ...]] = {
                number: tuple(s for s, is_there in zip(SIDES, sides, strict=True) if is_there)
                for number, *sides in rows
            }
            bindings = yield from effects.look(partial(_bindings, sorted(there)))
            for number, binding in bindings.items():
                self.linked += 1
                self._take(base_findings(self.pair, binding, names, there[number]))
            yield from self.rest()

    def _count_unreadable(self, observed: Observed) -> None:
        """Part the records that the mapping cannot read from those that their system did not give."""
        faults = [f for p in observed.pulled.values() for f in p.faults] + self.session.faults.get(self.pair.name, [])
        by_record = {(f.side, f.record): f for f in faults}
        for found in self.unreadable:
            ids: dict[Side, str | None] = {"left": found.left.id, "right": found.right.id}
            fault = next((f for s, i in ids.items() if i is not None and (f := by_record.pop((s, i), None))), None)
            if fault is not None:
                found.record = Verdict("parked", fault.code)
                found.details[found.record] = fault.message
            self._write_down(found)
        for fault in by_record.values():
            if fault.binding is None:
                verdict = Verdict("parked", fault.code)
                self.agreement.count(verdict, (fault.side,))
                left, right = (fault.record, None) if fault.side == "left" else (None, fault.record)
                self.agreement.note(verdict, Example(left, right, (), fault.message))

    def _count_undecided(self) -> None:
        """Count the unpaired records that nobody could match, because a side was not shown wholly."""
        for side in SIDES:
            verdict = Verdict("unread", f"not all of {other(side)} is shown")
            for rows in self.session.scratch(self.pair).unbound(side, BATCH):
                self.agreement.count(verdict, (side,), len(rows))
                for row in rows:
                    left, right = (row[0], None) if side == "left" else (None, row[0])
                    self.agreement.note(verdict, Example(left, right))

    def _check(self) -> None:
        """Every record that was noted has one verdict: the law of this page (R-17.1)."""
        for side in SIDES:
            kinds = self.session.scratch(self.pair).count_kinds(side)
            noted = sum(n for kind, n in kinds.items() if kind not in _ABSENT)
            counted = sum(self.agreement.listed[side].values())
            if counted < noted:
                raise Bug(
                    f"{noted - counted} records of '{self.pair.name}' on the {side} have no verdict",
                    detail=f"{noted} were noted, {counted} counted",
                    hint="please report this",
                )


def _bindings(numbers: Sequence[int], tx: StoreTx) -> dict[int, Binding]:
    return tx.bindings(numbers)


def _is_undo(row: LedgerRow) -> bool:
    return row.reason.startswith("undo.")


def _acceptance(name: str, ledger: Sequence[LedgerRow], journal: Sequence[JournalEntry]) -> str:
    """Say why both sides of a field were left as they are: a person's word, or an undone run; empty if neither was."""
    for row in ledger:
        if row.op == "discard":
            return f"taken off the list: {row.reason}"
        if _is_undo(row):
            overwritten = {entry.field for entry in journal if entry.run == row.run}
            if not overwritten or name in overwritten:
                return f"a run was undone by {row.run}"
    return ""
