"""Note what a side refused and in which words, so that rules can be learned of it; values are left out."""

from tallystick.core.error import Refused
from tallystick.core.path import render
from tallystick.core.record import decode_fields, other
from tallystick.core.refused import RefusedReason, masked
from tallystick.engine.line import Line
from tallystick.engine.pair import Pair
from tallystick.engine.send import Job


def refused_reason(pair: Pair, line: Line, job: Job, error: Refused, now: float) -> RefusedReason:
    """Give the reason for which a write was refused, without the values that were sent."""
    end, source = pair.end(job.step.side), other(job.step.side)
    sent = decode_fields(job.step.fields) if job.step.fields else ()
    known = {*pair.mapping.names, *(render(place.path) for place in end.places if place.path), error.field}
    said = f"{error.message}: {error.detail}" if error.detail else error.message
    origin = line.seen(source)
    return RefusedReason(
        pair.name, end.side, error.field, masked(said, (*sent, origin.id), known), end.system, end.object,
        error.code, now, now, 1, origin.id or "", origin.digest,
    )  # fmt: skip
