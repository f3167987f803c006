"""One planned line as the scratch paper keeps it: all that ``push`` needs, in few bytes.

A line is made by ``decide`` and read by ``push`` in the same run. It is not the plan that people see (``core.plan``);
it refers to the same fingerprint.
"""

from typing import Final

import msgspec

from tallystick.core.binding import Op, QueueKind, State
from tallystick.core.decision import Disposition
from tallystick.core.record import Side, decode_fields, other


class Seen(msgspec.Struct, array_like=True, gc=False):
    """One leg as it was observed: ``fields`` canonical (encoded), ``None`` if the record was not there to be read."""

    id: str | None
    version: str | None = None
    modified: float | None = None
    raw_hash: int | None = None
    fields: bytes | None = None
    digest: int | None = None


class Step(msgspec.Struct, array_like=True, gc=False):
    """One write: ``fields`` is the canonical record as it shall be, ``which`` what changes, ``body`` what is sent.

    ``is_edit`` tells that it is written as a user would: nothing is agreed by it, and the next look carries it over.
    ``warned`` are the rules, in words, that the record breaks and that let it pass.
    """

    side: Side
    op: Op
    fields: bytes = b""
    which: tuple[int, ...] = ()
    body: bytes = b""
    pre_version: str | None = None
    is_edit: bool = False
    warned: tuple[str, ...] = ()


class Ask(msgspec.Struct, array_like=True, gc=False):
    """A question about a field (by name; empty for the record)."""

    kind: QueueKind
    field: str = ""
    detail: str = ""


class Fault(msgspec.Struct, array_like=True, gc=False):
    """A value that ``side`` cannot take; ``option`` where it is a select option that the mapping does not know."""

    side: Side
    field: str
    code: str
    message: str
    hint: str = ""
    waits_for: str = ""
    option: str = ""


class Line(msgspec.Struct, array_like=True, gc=False):
    """One line: ``binding`` is 0 for a pairing to be made; ``state`` is what the binding becomes, empty if it stays.

    ``keys`` are the match keys (rule, hash) of a record that is to be created on the other side. ``planned`` is the
    negative number that others of the same pair know the new pairing by; ``is_pending`` tells that the records of this
    line point to such numbers. ``closes`` are the questions that are answered once all its writes are done,
    and ``said`` is what then goes into the audit trail of it. ``drift``
    are positions that differ and may not be carried over.
    """

    action: str
    reason: str
    disposition: Disposition
    binding: int
    state: State | str
    left: Seen
    right: Seen
    steps: tuple[Step, ...] = ()
    agree: tuple[int, ...] = ()
    journal: tuple[tuple[Side, int, bytes], ...] = ()
    asks: tuple[Ask, ...] = ()
    faults: tuple[Fault, ...] = ()
    settled: bool = True
    print: int = 0
    keys: tuple[tuple[int, int], ...] = ()
    planned: int = 0
    is_pending: bool = False
    closes: tuple[int, ...] = ()
    said: tuple[str, ...] = ()
    drift: tuple[int, ...] = ()

    def seen(self, side: Side) -> Seen:
        """Give the leg on ``side``."""
        return self.left if side == "left" else self.right

    @property
    def subject(self) -> str:
        """Name the record for people and the queue: ``left/ID``, or ``right/ID`` where there is no left."""
        return f"left/{self.left.id}" if self.left.id is not None else f"right/{self.right.id}"


def blanked_by(line: Line, step: Step) -> tuple[int, ...]:
    """Give the positions of the fields that hold a value and would be blank after this step."""
    seen = line.seen(step.side).fields
    if step.op != "update" or seen is None:
        return ()
    fields, was = decode_fields(step.fields), decode_fields(seen)
    return tuple(i for i in step.which if fields[i] is None and was[i] is not None)


_AS_SEEN: Final = b""  # no encoded record is that short
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Line).decode


def encode_line(line: Line) -> bytes:
    """Write a line for the scratch paper; what a new record takes from the other side as it is stands there once."""
    if len(line.steps) != 1 or line.steps[0].op != "create":
        return _encode(line)
    [step] = line.steps
    fields = step.fields
    if fields != line.seen(other(step.side)).fields:
        return _encode(line)
    step.fields = _AS_SEEN
    try:
        return _encode(line)
    finally:
        step.fields = fields


def decode_line(body: bytes) -> Line:
    """Read a line from the scratch paper."""
    line = _decode(body)
    for step in line.steps:
        if step.op == "create" and step.fields == _AS_SEEN:
            step.fields = line.seen(other(step.side)).fields or _AS_SEEN
    return line
