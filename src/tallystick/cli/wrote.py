"""Find a run by its name, and what it wrote."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tallystick.cli.moment import moment
from tallystick.cli.output import number
from tallystick.core.binding import Run
from tallystick.core.error import ProjectError
from tallystick.core.plan import WRITES
from tallystick.core.record import SIDES, Side
from tallystick.core.state import StoreTx

LAST: Final = "last"
MOST_RUNS: Final = 1_000
_MOST_ROWS: Final = 10_000_000
_LISTED: Final = 8

Counts = Mapping[tuple[str, Side, str], int]


@dataclass(frozen=True, slots=True)
class Wrote:
    """A run that wrote something: its id and how often it did what, by (mapping, side, operation)."""

    run: str
    counts: Counts

    @property
    def pairs(self) -> list[str]:
        """The mappings that it wrote in."""
        return sorted({pair for pair, _, _ in self.counts})


def writes_only(counts: Counts) -> dict[tuple[str, Side, str], int]:
    """Keep what changed a system; the audit trail also has what people answered."""
    return {at: count for at, count in counts.items() if at[2] in WRITES}


def find_run(tx: StoreTx, name: str) -> Wrote:
    """Give the run of this name, or the newest that wrote anything for ``last``.

    Raises:
        ProjectError: there is no such run, or it wrote nothing; with the near one, and those that wrote.
    """
    runs = tx.runs(MOST_RUNS)
    if name != LAST:
        counts = writes_only(tx.count_ledger([name]).get(name, {}))
        if counts:
            return Wrote(name, counts)
    wrote = _all_that_wrote(tx, runs)
    if name == LAST and wrote:
        return wrote[0]
    if name == LAST or not wrote:
        raise ProjectError("no run has written anything yet", hint="see all runs: tally history")
    if any(run.id == name for run in runs):
        raise ProjectError(f"the run '{name}' wrote nothing, so nothing can be taken back", hint=_listed(wrote, runs))
    raise ProjectError(f"no run is called '{name}'", hint=_near(name, wrote) + _listed(wrote, runs))


def _all_that_wrote(tx: StoreTx, runs: Iterable[Run]) -> list[Wrote]:
    ids = [run.id for run in runs]
    counts = {run: writes_only(of_run) for run, of_run in tx.count_ledger(ids).items()}
    return [Wrote(run, counts[run]) for run in ids if counts.get(run)]


def _near(name: str, wrote: Iterable[Wrote]) -> str:
    from tallystick.project.near import nearest

    near = nearest(name, [w.run for w in wrote])
    return f"did you mean '{near}'? " if near else ""


def _listed(wrote: list[Wrote], runs: Iterable[Run]) -> str:
    started = {run.id: moment(run.started) for run in runs}
    named = [f"{w.run} ({started[w.run]}, {number(sum(w.counts.values()), 'write')})" for w in wrote[:_LISTED]]
    more = f" and {len(wrote) - _LISTED} more: tally history" if len(wrote) > _LISTED else ""
    return f"runs that wrote: {', '.join(named)}{more}"


def check_records(tx: StoreTx, run: str, records: Collection[str]) -> None:
    """Make sure that the run wrote each of these records, given as ``ID`` or ``side/ID`` of either side.

    Raises:
        ProjectError: it did not write one of them.
    """
    from tallystick.project.near import suggest

    if not records:
        return
    rows = [row for row in tx.ledger(run=run, limit=_MOST_ROWS) if row.op in WRITES]
    known = {(row.side, row.record) for row in rows}
    for binding in tx.bindings(sorted({row.binding for row in rows if row.binding})).values():
        known |= {(side, record) for side in SIDES if (record := binding.leg(side).id) is not None}
    spelled = {f"{side}/{record}" for side, record in known}
    for record in records:
        if record not in spelled and not any(record == i for _, i in known):
            raise ProjectError(
                f"the run '{run}' did not write the record '{record}'",
                hint=suggest(record, spelled, what="what it wrote"),
            )


def counted_words(counts: Counts, names: Mapping[str, Mapping[Side, str]]) -> list[str]:
    """Say what a run wrote, a line for each mapping; ``names`` are the names of the sides by mapping."""
    from tallystick.cli.why_text import DOES

    lines = []
    for pair in sorted({pair for pair, _, _ in counts}):
        parts = []
        for side in SIDES:
            done = [f"{n:,} {DOES.get(op, op)}" for (p, s, op), n in sorted(counts.items()) if (p, s) == (pair, side)]
            if done:
                parts.append(f"{', '.join(done)} in {names.get(pair, {}).get(side, side)}")
        lines.append(f"{pair}: {'; '.join(parts)}")
    return lines
