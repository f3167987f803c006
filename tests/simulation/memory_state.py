"""A state in memory that stands in for the store: the same answers at a hundredth of the time.

One transaction at a time; what raises is undone. ``watch`` is told of every commit, so that the fence can be checked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.simulation.memory_reading import MemoryReading

from tallystick.core.binding import (
    Dirty,
    Intent,
    JournalEntry,
    LedgerRow,
    PairState,
    Quarantined,
    QueueItem,
    Run,
)
from tallystick.core.error import StoreError
from tallystick.core.record import Side
from tallystick.core.refused import RefusedReason
from tallystick.store.waiting import printable

NOBODY = ""


class MemoryTx(MemoryReading):
    """Everything that can be asked of the state (``core.state.StoreTx``)."""

    def __init__(self) -> None:
        super().__init__()
        self.pair_states: dict[str, PairState] = {}
        self.intents: dict[str, Intent] = {}
        self.entries: dict[int, list[JournalEntry]] = {}
        self.trail: list[LedgerRow] = []
        self.questions: dict[tuple[str, str, str, str], QueueItem] = {}
        self.parked: dict[tuple[str, Side, str, str], tuple[Quarantined, int]] = {}
        self.all_runs: dict[str, tuple[Run, int]] = {}
        self.leases: dict[str, tuple[str, int, float]] = {}
        self.taken: tuple[str, int] | None = None

    # --- reading positions ---

    def mark_dirty(self, marks: Sequence[Dirty]) -> None:
        first = self.reserve("dirty", len(marks))
        for seq, m in enumerate(marks, first):
            key = (m.pair, m.side, m.id)
            old, place = self.marks.get(key, (None, seq))
            attempts = max(m.attempts, old.attempts) if old else m.attempts
            self._set(self.marks, key, (replace(m, attempts=attempts, seq=seq), place))

    def dirty(self, pair: str, side: Side, now: float, limit: int) -> list[Dirty]:
        due = [(place, m) for m, place in self.marks.values() if (m.pair, m.side) == (pair, side)]
        due = [(place, m) for place, m in due if m.not_before <= now]
        return [m for _, m in sorted(due, key=lambda row: row[0])[:limit]]

    def clear_dirty(self, marks: Sequence[Dirty]) -> None:
        for m in marks:
            held = self.marks.get((m.pair, m.side, m.id))
            if held and held[0].seq == m.seq:
                self._drop(self.marks, (m.pair, m.side, m.id))

    def pair_state(self, pair: str) -> PairState | None:
        return self.pair_states.get(pair)

    def save_pair_state(self, state: PairState) -> None:
        self._set(self.pair_states, state.pair, replace(state))

    # --- writing ---

    def add_intents(self, intents: Sequence[Intent]) -> None:
        busy = {(i.binding, i.side) for i in self.intents.values()}
        for intent in intents:
            if (intent.binding, intent.side) in busy or intent.id in self.intents:
                raise StoreError("a record has an open write already")
            busy.add((intent.binding, intent.side))
            self._set(self.intents, intent.id, replace(intent))

    def update_intents(self, intents: Sequence[Intent]) -> None:
        for intent in intents:
            if intent.id not in self.intents:
                raise StoreError("a write to be continued is not open any more")
            self._set(self.intents, intent.id, replace(intent))

    def close_intents(self, ids: Sequence[str]) -> None:
        for number in ids:
            self._drop(self.intents, number)

    def open_intents(self, pair: str) -> list[Intent]:
        return [replace(i) for i in self.intents.values() if i.pair == pair]

    def add_journal(self, entries: Sequence[JournalEntry]) -> None:
        for entry in entries:
            self._append(self.entries.setdefault(entry.binding, []), entry)

    def journal(self, binding: int) -> list[JournalEntry]:
        return self.entries.get(binding, [])[::-1]

    def add_ledger(self, rows: Sequence[LedgerRow]) -> None:
        for row in rows:
            self._append(self.trail, row)

    def _append(self, rows: list[Any], row: Any) -> None:
        self.changed = True
        rows.append(row)
        self.undo.append(rows.pop)

    def ledger(self, *, binding: int | None = None, run: str | None = None, limit: int = 100) -> list[LedgerRow]:
        rows = (r for r in reversed(self.trail) if binding in {None, r.binding} and run in {None, r.run})
        return [row for row, _ in zip(rows, range(limit), strict=False)]

    def count_deletions(self, pair: str, side: Side, after: float) -> int:
        rows = (r for r in self.trail if (r.pair, r.side) == (pair, side) and r.at > after)
        return sum(r.op in {"delete", "archive"} for r in rows)

    def ledger_of(self, bindings: Sequence[int]) -> dict[int, list[LedgerRow]]:
        found = {b: [r for r in reversed(self.trail) if r.binding == b] for b in bindings}
        return {b: rows for b, rows in found.items() if rows}

    def count_ledger(self, runs: Sequence[str]) -> dict[str, dict[tuple[str, Side, str], int]]:
        found: dict[str, dict[tuple[str, Side, str], int]] = {}
        for row in self.trail:
            if row.run in runs:
                of_run, key = found.setdefault(row.run, {}), (row.pair, row.side, row.op)
                of_run[key] = of_run.get(key, 0) + 1
        return found

    # --- what waits ---

    def put_queue(self, items: Sequence[QueueItem]) -> None:
        first = self.reserve("queue", len(items))
        for number, item in enumerate(items, first):
            key = (item.pair, item.kind, item.subject, item.field)
            old = self.questions.get(key)
            since, number = (old.since, old.id) if old else (item.since, number)  # noqa: PLW2901 - it keeps its id
            self._set(self.questions, key, replace(item, detail=printable(item.detail), since=since, id=number))

    def drop_queue(self, ids: Sequence[int]) -> None:
        gone = frozenset(ids)
        for key in [k for k, q in self.questions.items() if q.id in gone]:
            self._drop(self.questions, key)

    def queue(self, pair: str | None = None, bindings: Sequence[int] | None = None) -> list[QueueItem]:
        found = [q for q in self.questions.values() if pair in {None, q.pair}]
        found = [q for q in found if bindings is None or q.binding in bindings]
        return sorted(found, key=lambda q: (q.since, q.id))

    def put_quarantine(self, rows: Sequence[Quarantined]) -> None:
        first = self.reserve("quarantine", len(rows))
        for number, given in enumerate(rows, first):
            row = replace(given, message=printable(given.message), hint=printable(given.hint))
            key = (row.pair, row.side, row.record, row.field)
            old = self.parked.get(key)
            if old:
                kept, place = old
                self._set(
                    self.parked, key, (replace(row, since=kept.since, attempts=kept.attempts + 1), place)
                )  # fmt: skip
            else:
                self._set(self.parked, key, (row, number))

    def drop_quarantine(self, pair: str, side: Side, records: Sequence[str]) -> None:
        gone = frozenset(records)
        for key in [k for k in self.parked if k[:2] == (pair, side) and k[2] in gone]:
            self._drop(self.parked, key)

    def quarantine(self, pair: str | None = None, bindings: Sequence[int] | None = None) -> list[Quarantined]:
        found = [row for row in self.parked.values() if pair in {None, row[0].pair}]
        found = [row for row in found if bindings is None or row[0].binding in bindings]
        return [q for q, _ in sorted(found, key=lambda row: (row[0].since, row[1]))]

    # --- what was refused: nothing here learns of it ---

    def note_refusals(self, rows: Sequence[RefusedReason]) -> None:
        """Take no notice."""

    def refusals(self, pair: str | None = None) -> list[RefusedReason]:
        """Give none."""
        return []

    def drop_refusals(self, rows: Sequence[RefusedReason], at: float) -> None:
        """Take no notice."""

    # --- runs, leases ---

    def save_run(self, run: Run) -> None:
        before = self.changed
        self._set(self.all_runs, run.id, (run, self.reserve("run", 1)))
        self.changed = before  # a run's own record is nobody else's state

    def runs(self, limit: int = 20) -> list[Run]:
        newest = sorted(self.all_runs.values(), key=lambda row: (row[0].started, row[1]), reverse=True)
        return [run for run, _ in newest[:limit]]

    def acquire_lease(self, pair: str, owner: str, now: float, seconds: float, *, steal: bool = False) -> int | None:
        holder, fence, expires = self.leases.get(pair, (NOBODY, 0, now))
        if holder not in {owner, NOBODY} and expires > now and not steal:
            return None
        fence = fence if holder == owner else fence + 1
        self._lease(pair, (owner, fence, now + seconds))
        self.taken = (pair, fence)
        return fence

    def release_lease(self, pair: str, owner: str) -> None:
        holder, fence, _ = self.leases.get(pair, (NOBODY, 0, 0.0))
        if holder == owner and owner != NOBODY:
            self._lease(pair, (NOBODY, fence, 0.0))

    def _lease(self, pair: str, lease: tuple[str, int, float]) -> None:
        before = self.changed
        self._set(self.leases, pair, lease)
        self.changed = before

    def check_fence(self, pair: str, fence: int) -> None:
        holder, current, _ = self.leases.get(pair, (NOBODY, 0, 0.0))
        if holder == NOBODY or current != fence:
            current = "nobody holds it" if holder == NOBODY else f"the current one is {current}"
            raise StoreError(
                f"the lease of pair '{pair}' is lost", detail=f"fence {fence}; {current}", place=":memory:"
            )  # fmt: skip

    def save_findings(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take no notice: nothing here asks for the check list."""

    def findings(self) -> list[dict[str, Any]]:
        """Give none."""
        return []


class MemoryState:
    """A ``core.state.Store`` in memory."""

    def __init__(self) -> None:
        self.tx = MemoryTx()

    def commit(self, work: Callable[[Any], Any]) -> Any:
        """Run ``work`` wholly or not at all."""
        tx = self.tx
        tx.undo.clear()
        tx.changed, tx.taken = False, None
        try:
            return work(tx)
        except BaseException:
            for back in reversed(tx.undo):
                back()
            tx.changed = False
            raise

    def look(self, work: Callable[[Any], Any]) -> Any:
        """Run ``work``, which must change nothing."""
        self.tx.undo.clear()
        answer = work(self.tx)
        if self.tx.undo:
            for back in reversed(self.tx.undo):
                back()
            raise StoreError("a look tried to change something")
        return answer

    def close(self) -> None:
        """Forget everything."""
