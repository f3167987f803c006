"""Send prepared writes and say what came of each: done with what the system stored, refused, stale, or unknown.

Without conditional writes, and where the version is not known, the record is read directly before the write and
compared with what the decision was made on (R-10.5). Nothing here is retried: the transport retries what proves
harmless, and everything else goes back to planning.
"""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from tallystick.core.binding import Intent
from tallystick.core.error import Absent, DataError, Error, Garbled, Refused, Stale, Unsent
from tallystick.core.mapping import Refs
from tallystick.core.ports import LEEWAY_SECONDS, Flow, NotThere, Sighting, Update, Written
from tallystick.core.record import SIDES, UNKNOWN, Fields, Side, decode_fields, decode_raw, encode_fields, same
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.fence import Fence, keep_lease
from tallystick.engine.line import Line, Step
from tallystick.engine.pair import End, Pair, resolve_refs
from tallystick.engine.unread import is_moved

STAMP_SECONDS = 1.0  # an intent that says to have been sent this much earlier is corrected before it is sent
MOST_IDLE = 3  # rounds in which a system takes nothing at all, before the writes are left to the next run


@dataclass(slots=True)
class Job:
    """One write on its way: the line and step it carries out, its intent, and in the end its result.

    ``stored`` is what the system then held, read through the mapping; ``encoded`` the same as bytes. ``is_moved_on``
    tells that it was read in a later version than the one we wrote, or without any with values that our write does not
    explain, so that somebody may have changed it in between;
    ``is_found`` that a create was refused for the sake of a record that is now paired instead.
    """

    line: Line
    step: Step
    intent: Intent
    result: Written | Error | None = None
    stored: Fields | None = None
    encoded: bytes | None = None
    current: Sighting | None = None
    is_found: bool = False
    is_moved_on: bool = False

    @property
    def is_done(self) -> bool:
        """Whether the system confirmed the write."""
        return isinstance(self.result, Written)

    @property
    def errors(self) -> Sequence[Error]:
        """What went wrong: with the write as a whole, or with parts of the record."""
        if isinstance(self.result, Written):
            return [error for _, error in self.result.incomplete] if self.result.incomplete else ()
        return [] if self.result is None else [self.result]


def send(pair: Pair, side: Side, jobs: Sequence[Job], fence: Fence) -> Flow[None]:
    """Send the writes of one side, creates first, and read back what was stored where the answer does not tell.

    Nothing is sent after the lease ran out, and nothing much later than its intent says (R-16.2).
    """
    end = pair.end(side)
    for op in ("create", "undelete", "update", "archive", "delete"):
        chosen = [j for j in jobs if j.step.op == op]
        if op != "create":
            yield from _look_before(pair, end, chosen)
            chosen = [j for j in chosen if j.result is None]
        for together in _parcels(end, op, chosen):
            yield from _send_in_time(end, op, together, fence)
    yield from _read_back(pair, end, [j for j in jobs if j.is_done and j.step.op != "delete"])


def name_batches(pair: Pair, jobs: Sequence[Job], salt: str) -> None:
    """Name the requests of creates that will share an idempotency key, before anything is durable (R-10.7)."""
    for side in SIDES:
        end = pair.end(side)
        creates = [j for j in jobs if j.step.side == side and j.step.op == "create"]
        if end.can.shares_key and end.can.bulk and len(creates) > 1:
            for number, start in enumerate(range(0, len(creates), end.can.bulk)):
                _name_batch(creates[start : start + end.can.bulk], f"{salt}-{side[0]}{number}")


def _name_batch(jobs: Sequence[Job], name: str) -> None:
    for at, job in enumerate(jobs):
        job.intent.key = f"{name}/{at}" if len(jobs) > 1 else name  # one alone goes alone


def _parcels(end: End, op: str, jobs: Sequence[Job]) -> Iterable[Sequence[Job]]:
    """Part writes into what goes in one request each, or all at once where each goes alone."""
    if end.can.is_serial:
        return [[job] for job in jobs]
    if not end.can.bulk or len(jobs) <= 1 or op not in {"create", "update"}:
        return [jobs] if jobs else []
    if op == "create" and end.can.shares_key:
        return [list(batch) for _, batch in groupby(jobs, key=lambda j: j.intent.batch)]
    return [jobs[start : start + end.can.bulk] for start in range(0, len(jobs), end.can.bulk)]


def _send_in_time(end: End, op: str, jobs: Sequence[Job], fence: Fence) -> Flow[None]:
    """Send writes, again and again those whose turn did not come in time, each time under a renewed lease."""
    waiting, idle = list(jobs), 0
    while waiting:
        yield from keep_lease(fence)
        until = yield from _stamp(end, waiting, fence)
        if end.can.bulk and op in {"create", "update"} and len(jobs) > 1:
            yield from _send_bulk(end, op, waiting, until)
        else:
            flows = [_flow(end, job) for job in waiting]
            answers = yield from effects.call_all(end.system, flows, until)
            for job, result in zip(waiting, answers, strict=True):
                job.result = result
        unsent = [j for j in waiting if isinstance(j.result, Unsent)]
        idle = idle + 1 if len(unsent) == len(waiting) else 0
        waiting = unsent if idle < MOST_IDLE else []
    if len(jobs) > 1 and (yield from _halve(jobs, fence)):
        middle = len(jobs) // 2
        for half in (jobs[:middle], jobs[middle:]):
            yield from _send_in_time(end, op, half, fence)


def _stamp(end: End, jobs: Sequence[Job], fence: Fence) -> Flow[float]:
    """Let the intents say when their requests go out; give the moment until which they must.

    Who takes over waits for writes from that moment on, so a request may not go out much later.
    """
    now = yield from effects.now()
    late = [j.intent for j in jobs if now - j.intent.sent_at > STAMP_SECONDS]
    if late:
        for intent in late:
            intent.sent_at = now

        def renew(tx: StoreTx) -> None:
            fence.check(tx)
            tx.update_intents(late)

        yield from effects.commit(renew)
    return now + min(end.can.consistency + LEEWAY_SECONDS, fence.left(now))


def _halve(jobs: Sequence[Job], fence: Fence) -> Flow[bool]:
    """Part a batch that was refused as a whole, so that one record never stops the others; tell whether it was one.

    Each half is another request under another key, which has to be durable before it is sent.
    """
    first = jobs[0].result
    if not (jobs[0].intent.batch and isinstance(first, Refused) and all(j.result is first for j in jobs)):
        return False
    middle = len(jobs) // 2
    name = jobs[0].intent.batch
    for letter, half in (("a", jobs[:middle]), ("b", jobs[middle:])):
        _name_batch(half, f"{name}{letter}")
        for job in half:
            job.result = None

    def rename(tx: StoreTx) -> None:
        fence.check(tx)
        tx.update_intents([j.intent for j in jobs])

    yield from effects.commit(rename)
    return True


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


def _send_bulk(end: End, op: str, jobs: Sequence[Job], until: float) -> Flow[None]:
    if op == "create":
        flow = end.connector.create_many(end.object, [(decode_raw(j.step.body), j.intent.key) for j in jobs])
    else:
        flow = end.connector.update_many(end.object, [_update(j) for j in jobs])
    try:
        results: Sequence[Written | Error] = yield from effects.call(end.system, flow, until)
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
    [read] = yield from read_sightings(pair, end, [found])
    return planned is None or is_moved(end.names, read, decode_fields(planned))


def _read_back(pair: Pair, end: End, jobs: Sequence[Job]) -> Flow[None]:
    """Learn what the system really stored (R-10.13): from the answer, else by reading, except after bulk writes."""
    silent = [j for j in jobs if isinstance(j.result, Written) and j.result.stored is None]
    unsure: list[Job] = []
    in_bulk = end.can.bulk and len(jobs) > 1
    if silent and end.can.read_by_id and not in_bulk:
        flows = [end.connector.get(end.object, j.result.id) for j in silent if isinstance(j.result, Written)]
        for job, found in zip(silent, (yield from effects.call_all(end.system, flows)), strict=True):
            if isinstance(found, Sighting) and isinstance(job.result, Written) and not _is_older(job, found):
                unsure += [job] if job.result.version is None else []
                job.is_moved_on = job.result.version is not None and found.version != job.result.version
                job.result = Written(job.result.id, found, found.version, job.result.incomplete)
    told = [(j, j.result.stored) for j in jobs if isinstance(j.result, Written) and j.result.stored is not None]
    canonical = yield from read_sightings(pair, end, [stored for _, stored in told])
    for (job, _), read in zip(told, canonical, strict=True):
        if not isinstance(read, DataError):
            job.stored, job.encoded = read, encode_fields(read)
    for job in unsure:
        foreign = _not_ours(pair, job)
        if (foreign or _is_unmoved(job)) and end.can.consistency and isinstance(job.result, Written):
            # A copy that lags behind may have answered, so nothing is known yet of what was stored.
            job.result, job.stored, job.encoded = Written(job.result.id, incomplete=job.result.incomplete), None, None
        else:
            job.is_moved_on = _is_edited_since(job, foreign)


def _not_ours(pair: Pair, job: Job) -> list[int]:
    """The fields of which what was read back is not what became of the value we wrote."""
    if job.stored is None:
        return []
    step, silent = job.step, (None, UNKNOWN)
    sent = decode_fields(step.fields)
    return [
        i
        for i in (range(len(sent)) if step.op == "create" else step.which)
        if sent[i] is not UNKNOWN
        and not (step.op == "create" and sent[i] in silent)
        and not pair.is_own_doing(step.side, i, sent[i], job.stored[i])
    ]


def _is_unmoved(job: Job) -> bool:
    """Whether what was read back is all as it was before our update, also where a rounding would explain that."""
    seen = job.line.seen(job.step.side).fields
    if job.step.op != "update" or job.stored is None or not seen:
        return False
    sent, before = decode_fields(job.step.fields), decode_fields(seen)
    changed = [i for i in job.step.which if sent[i] is not UNKNOWN and not same(sent[i], before[i])]
    return bool(changed) and all(same(job.stored[i], before[i]) for i in changed)


def _is_edited_since(job: Job, foreign: Sequence[int]) -> bool:
    """Whether what was read back is somebody's, where no version tells: neither what became of ours nor what was there.

    A system may also drop a value, or leave the old one; to carry that back would be worse than to overlook an edit.
    """
    if job.stored is None:
        return False
    seen, now = job.line.seen(job.step.side).fields, job.stored
    before = decode_fields(seen) if seen else (UNKNOWN,) * len(now)
    return any(now[i] not in (None, UNKNOWN) and not same(now[i], before[i]) for i in foreign)


def _is_older(job: Job, found: Sighting) -> bool:
    """Whether a lagging copy answered: it shows the version that was there before the write."""
    before = _version(job)
    return before is not None and found.version == before


def read_sightings(pair: Pair, end: End, found: Sequence[Sighting]) -> Flow[list[Fields | DataError]]:
    """Read records through the mapping, in order; what cannot be read stands there as its error."""
    refs, records = Refs(), [f.record for f in found]
    if records and pair.has_references:
        refs = yield from effects.look(lambda tx: resolve_refs(tx, end, records, {}))
    return [f.fault or fields for f, fields in zip(found, end.read(records, refs), strict=True)]
