"""What is remembered of a write that got only through in part: the record is there, some part of it is not (W-11).

No base moves for the fields of the unfinished part, so the next run goes on with just these. A part that was refused is
parked with the system's reason; of one whose outcome is unknown the intent stays open, as of an update.
"""

from collections.abc import Mapping
from dataclasses import replace

from tallystick.core.binding import Dirty, Quarantined
from tallystick.core.error import AccessError, DataError, Error, Refused, RemoteError, Stale
from tallystick.core.path import render
from tallystick.core.ports import Written
from tallystick.core.record import SIDES, UNKNOWN, Side, decode_fields, other
from tallystick.engine.line import Line
from tallystick.engine.pair import Pair
from tallystick.engine.refused import refused_reason
from tallystick.engine.send import Job
from tallystick.engine.settlement import Ledger, Settlement


def is_partly_unknown(result: Written | Error | None) -> bool:
    """Tell whether nobody knows what became of some part of a confirmed write."""
    return isinstance(result, Written) and any(_is_unknown(error) for _, error in result.incomplete)


def _is_unknown(error: Error) -> bool:
    return isinstance(error, RemoteError) and error.applied == "unknown"


def unfinished_fields(pair: Pair, job: Job) -> frozenset[int]:
    """Give the fields, by index, of the parts that a confirmed write did not reach."""
    if not isinstance(job.result, Written):
        return frozenset()
    end = pair.end(job.step.side)
    return frozenset(i for where, _ in job.result.incomplete for i in end.under(where))


def note_unfinished(
    at: Settlement, line: Line, job: Job, number: int, seen: Mapping[Side, int | None], into: Ledger
) -> None:
    """Park the parts that were refused, mark the record for the others, and keep the intent where one is unknown."""
    if not isinstance(job.result, Written):
        return
    side, source = job.step.side, other(job.step.side)
    records: dict[Side, str | None] = {side: job.result.id, source: line.seen(source).id}
    if is_partly_unknown(job.result):
        into.reopened.append(replace(job.intent, op="update", target=job.result.id, pre_version=None))
    for where, error in job.result.incomplete:
        if _is_unknown(error):
            continue
        if not at.is_refusal(line, error):
            attempts = at.attempts(line) + isinstance(error, Stale | AccessError)
            into.dirty += [
                Dirty(at.pair.name, s, record, error.code, attempts=attempts)
                for s, record in records.items()
                if record is not None
            ]
            continue
        for each in error.each() if isinstance(error, Refused) else (error,):
            inner = each.field if isinstance(each, DataError | Refused) else ""
            field_name = f"{render(where)}.{inner}" if inner else render(where)
            if isinstance(each, Refused):
                into.refused.append(replace(refused_reason(at.pair, line, job, each, at.now), field=field_name))
            into.parked.append(
                Quarantined(
                    at.pair.name, source, records[source] or "", field_name, each.code, str(each), each.hint,
                    binding=number, left_seen=seen["left"], right_seen=seen["right"],
                    mapping=at.pair.mapping_print, since=at.now,
                )
            )  # fmt: skip


def is_untold(pair: Pair, line: Line, name: str) -> bool:
    """Tell whether a side does not show a field, or any field of a part, so that nothing parked about it is over."""
    untold = {
        i
        for side in SIDES
        if (shown := line.seen(side).fields) is not None
        for i, value in enumerate(decode_fields(shown))
        if value is UNKNOWN
    }
    names = {pair.mapping.names[i] for i in untold}
    names |= {
        s.part.role for side in SIDES for s in pair.end(side).sections if s.fields and untold.issuperset(s.fields)
    }
    return name.partition(".")[0] in names or name in names
