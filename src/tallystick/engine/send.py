"""Send prepared writes and say what came of each: done with what the system stored, refused, stale, or unknown.

Without conditional writes, and where the version is not known, the record is read directly before the write and
compared with what the decision was made on (R-10.5). Nothing here is retried: the transport retries what proves
harmless, and everything else goes back to planning.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from tallystick.core.binding import Intent
from tallystick.core.error import Absent, DataError, Error, Garbled, Stale
from tallystick.core.mapping import Refs
from tallystick.core.ports import Flow, NotThere, Sighting, Update, Written
from tallystick.core.record import UNKNOWN, Fields, Side, decode_fields, decode_raw, encode_fields, same
from tallystick.engine import effects
from tallystick.engine.line import Line, Step
from tallystick.engine.pair import End, Pair, resolve_refs


@dataclass(slots=True)
class Job:
    """One write on its way: the line and step it carries out, its intent, and in the end its result.

    ``stored`` is what the system then held, read through the mapping; ``encoded`` the same as bytes. ``is_moved_on``
    tells that it was read in a later version than the one we wrote, so that somebody may have changed it in between.
    """

    line: Line
    step: Step
    intent: Intent
    result: Written | Error | None = None
    stored: Fields | None = None
    encoded: bytes | None = None
    current: Sighting | None = None
    is_moved_on: bool = False

    @property
    def is_done(self) -> bool:
        """Whether the system confirmed the write."""
        return isinstance(self.result, Written)

    @property
    def errors(self) -> list[Error]:
        """What went wrong: with the write as a whole, or with parts of the record."""
        if isinstance(self.result, Written):
            return [error for _, error in self.result.incomplete]
        return [] if self.result is None else [self.result]


def send(pair: Pair, side: Side, jobs: Sequence[Job]) -> Flow[None]:
    """Send the writes of one side, creates first, and read back what was stored where the answer does not tell."""
    end = pair.end(side)
    for op in ("create", "undelete", "update", "archive", "delete"):
        chosen = [j for j in jobs if j.step.op == op]
        if op != "create":
            yield from _look_before(pair, end, chosen)
            chosen = [j for j in chosen if j.result is None]
        if chosen:
            yield from _send_alike(end, op, chosen)
    yield from _read_back(pair, end, [j for j in jobs if j.is_done and j.step.op != "delete"])


def _send_alike(end: End, op: str, jobs: Sequence[Job]) -> Flow[None]:
    if end.can.bulk and len(jobs) > 1 and op in {"create", "update"}:
        for start in range(0, len(jobs), end.can.bulk):
            yield from _send_bulk(end, op, jobs[start : start + end.can.bulk])
        return
    flows = [_flow(end, job) for job in jobs]
    for job, result in zip(jobs, (yield from effects.call_all(end.system, flows)), strict=True):
        job.result = result


def _flow(end: End, job: Job) -> Flow[Written]:
    step, target = job.step, job.intent.target or ""
    if step.op == "create":
        return end.connector.create(end.object, decode_raw(step.body), job.intent.key)
    if step.op == "delete":
        return _deletion(end, target, _version(job))
    return end.connector.update(end.object, _update(job))


def _deletion(end: End, target: str, version: str | None) -> Flow[Written]:
    with contextlib.suppress(Absent):  # somebody was faster; what we wanted is so
        yield from end.connector.delete(end.object, target, version)
    return Written(target)


def _version(job: Job) -> str | None:
    return job.current.version if job.current is not None else job.step.pre_version


def _update(job: Job) -> Update:
    current = job.current.record if job.current is not None else None
    return Update(job.intent.target or "", decode_raw(job.step.body), _version(job), current)


def _send_bulk(end: End, op: str, jobs: Sequence[Job]) -> Flow[None]:
    if op == "create":
        flow = end.connector.create_many(end.object, [(decode_raw(j.step.body), j.intent.key) for j in jobs])
    else:
        flow = end.connector.update_many(end.object, [_update(j) for j in jobs])
    try:
        results: Sequence[Written | Error] = yield from effects.call(end.system, flow)
    except Error as failure:
        results = [failure] * len(jobs)
    for job, result in zip(jobs, results, strict=True):
        job.result = result


def _look_before(pair: Pair, end: End, jobs: Sequence[Job]) -> Flow[None]:
    """Read what is about to be overwritten, unless the write itself is conditional on the version we know."""
    unsure = [j for j in jobs if not end.can.cas_write or j.step.pre_version is None]
    if not unsure or not end.can.read_by_id:
        return
    flows = [end.connector.get(end.object, j.intent.target or "") for j in unsure]
    for job, found in zip(unsure, (yield from effects.call_all(end.system, flows)), strict=True):
        if isinstance(found, DataError):
            # Not the record that is sent is at fault, but the one that is there; so nothing is parked.
            job.result = Garbled(
                "the record cannot be read before it is changed", detail=str(found), hint=found.hint,
                place=f"{end.system}/{end.object}/{job.intent.target}",
            )  # fmt: skip
        elif isinstance(found, Error):
            job.result = found
        elif isinstance(found, NotThere):
            is_done = job.step.op == "delete" and found.gone  # a 404 alone proves nothing
            job.result = Written(job.intent.target or "") if is_done else Absent("the record is gone")
        elif (yield from _moved(pair, end, job, found)):
            job.result = Stale("the record changed since it was planned", place=f"{end.system}/{end.object}/{found.id}")
        else:
            job.current = found


def _moved(pair: Pair, end: End, job: Job, found: Sighting) -> Flow[bool]:
    if found.deleted:
        return True
    planned = job.line.seen(end.side).fields
    if planned is None and job.step.op in {"delete", "archive"}:
        # It was decided because the record had left the scope; nothing but that was read of it.
        return end.in_scope(found.record)
    [read] = yield from _canonical(pair, end, [found])
    if planned is None or isinstance(read, DataError):
        return True
    return any(
        not same(now, then)
        for now, then in zip(read, decode_fields(planned), strict=True)
        if now is not UNKNOWN and then is not UNKNOWN
    )


def _read_back(pair: Pair, end: End, jobs: Sequence[Job]) -> Flow[None]:
    """Learn what the system really stored (R-10.13): from the answer, else by reading, except after bulk writes."""
    silent = [j for j in jobs if isinstance(j.result, Written) and j.result.stored is None]
    in_bulk = end.can.bulk and len(jobs) > 1
    if silent and end.can.read_by_id and not in_bulk:
        flows = [end.connector.get(end.object, j.result.id) for j in silent if isinstance(j.result, Written)]
        for job, found in zip(silent, (yield from effects.call_all(end.system, flows)), strict=True):
            if isinstance(found, Sighting) and isinstance(job.result, Written) and not _is_older(job, found):
                job.is_moved_on = job.result.version is not None and found.version != job.result.version
                job.result = Written(job.result.id, found, found.version, job.result.incomplete)
    told = [(j, j.result.stored) for j in jobs if isinstance(j.result, Written) and j.result.stored is not None]
    canonical = yield from _canonical(pair, end, [stored for _, stored in told])
    for (job, _), read in zip(told, canonical, strict=True):
        if not isinstance(read, DataError):
            job.stored, job.encoded = read, encode_fields(read)


def _is_older(job: Job, found: Sighting) -> bool:
    """Whether a lagging copy answered: it shows the version that was there before the write."""
    before = _version(job)
    return before is not None and found.version == before


def _canonical(pair: Pair, end: End, found: Sequence[Sighting]) -> Flow[list[Fields | DataError]]:
    refs, records = Refs(), [f.record for f in found]
    if records and pair.has_references:
        refs = yield from effects.look(lambda tx: resolve_refs(tx, end, records, {}))
    return [f.fault or fields for f, fields in zip(found, end.read(records, refs), strict=True)]
