"""Runs, the lease that lets one worker at a time write a pair's state, and the check list's findings."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, func, select

from tallystick.core.binding import Run
from tallystick.store.driver import Driver
from tallystick.store.statement import Statement, taking, upsert
from tallystick.store.tables import finding, lease, run
from tallystick.store.waiting import printable

_RUN: Final = tuple(c.name for c in run.columns)
_LEASE: Final = tuple(c.name for c in lease.columns)

_SAVE_RUN: Final = upsert(run, _RUN, taking("kind", "started", "ended", "outcome", "counts"))
_NEWEST_RUNS: Final = Statement(
    select(*[c for c in run.columns if c.name != "number"])
    .order_by(run.c.started.desc(), run.c.number.desc())
    .limit(bindparam("most")),
    ("most",),
)
_LEASE_OF: Final = Statement(select(lease).where(lease.c.pair == bindparam("pair")), ("pair",))
_SAVE_LEASE: Final = upsert(lease, _LEASE, taking("owner", "fence", "expires"))

_ranked: Final = select(
    finding.c.question,
    finding.c.body,
    func.row_number()
    .over(partition_by=finding.c.question, order_by=(finding.c.at.desc(), finding.c.number.desc()))
    .label("rank"),
).subquery()
_FINDINGS: Final = Statement(select(_ranked.c.question, _ranked.c.body).where(_ranked.c.rank == 1))

_counts: Final = msgspec.json.Decoder(dict[str, int])
_NOBODY: Final = ""


class Runs:
    """The part of a transaction that knows who runs, what was run, and what was found out."""

    _driver: Driver

    def save_run(self, run: Run) -> None:
        """Insert or replace a run."""
        counts = msgspec.json.encode(run.counts).decode()
        number = self._driver.reserve("run", 1)
        row = (run.id, run.kind, run.started, run.ended, printable(run.outcome), counts, number)
        self._driver.write(_SAVE_RUN, [row])

    def runs(self, limit: int = 20) -> list[Run]:
        """The newest runs, newest first."""
        rows = self._driver.rows(_NEWEST_RUNS, (limit,))
        return [
            Run(number, kind, started, ended, outcome, _counts.decode(counts))
            for number, kind, started, ended, outcome, counts in rows
        ]

    def acquire_lease(self, pair: str, owner: str, now: float, seconds: float, *, steal: bool = False) -> int | None:
        """Take or renew a pair's lease; give its fence number, or ``None`` while somebody else holds it.

        The number grows with each new owner, so a worker that slept through its lease is told from the current one.
        Where the database is a server, its clock counts and not ``now``: those of two workers may differ (R-16.3).
        """
        now = self._driver.clock(now)
        row = self._driver.row(_LEASE_OF, (pair,))
        _, holder, fence, expires = row or (pair, _NOBODY, 0, now)
        if holder not in {owner, _NOBODY} and expires > now and not steal:
            return None
        fence = fence if holder == owner else fence + 1
        self._driver.write(_SAVE_LEASE, [(pair, owner, fence, now + seconds)])
        return int(fence)

    def release_lease(self, pair: str, owner: str) -> None:
        """Give a lease back; nothing happens if somebody else holds it by now."""
        row = self._driver.row(_LEASE_OF, (pair,))
        if row is not None and row[1] == owner:
            self._driver.write(_SAVE_LEASE, [(pair, _NOBODY, row[2], 0.0)])

    def check_fence(self, pair: str, fence: int) -> None:
        """Make sure that this fence number is the current one (R-3.3).

        Raises:
            StoreError: somebody else took the lease, or it was given back.
        """
        row = self._driver.row(_LEASE_OF, (pair,))
        if row is None or row[1] == _NOBODY or row[2] != fence:
            current = "nobody holds it" if row is None or row[1] == _NOBODY else f"the current one is {row[2]}"
            raise self._driver.fail(
                f"the lease of pair '{pair}' is lost",
                detail=f"fence {fence}; {current}",
                hint="another worker goes on with this pair; nothing was written twice",
            )

    def save_findings(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep check results (JSON-able, with ``question`` and ``at``: seconds UTC or ISO 8601)."""
        first = self._driver.reserve("finding", len(rows))
        self._driver.pour(
            finding,
            [
                (number, str(row["question"]), _seconds(row["at"]), msgspec.json.encode(dict(row)).decode())
                for number, row in enumerate(rows, first)
            ],
        )

    def findings(self) -> list[dict[str, Any]]:
        """The newest result of each question, by question."""
        return [msgspec.json.decode(body) for _, body in sorted(self._driver.rows(_FINDINGS))]


def _seconds(at: float | str) -> float:
    if isinstance(at, str):
        said = datetime.fromisoformat(at)
        return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()
    return float(at)
