"""Write decisions down as planned lines: the bodies that would be sent, the fingerprint, the phase.

Bodies are made here and not when sending, so that a plan predicts what a side cannot hold.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from tallystick.core.binding import Binding, Op
from tallystick.core.contention import withhold
from tallystick.core.decision import Decision
from tallystick.core.error import DataError, MissingReference, ParkedByRule, StoppedByRule, UnknownOption, WarnedByRule
from tallystick.core.mapping import Refs
from tallystick.core.plan import PHASES, creation_fingerprint, line_fingerprint
from tallystick.core.ports import Flow
from tallystick.core.record import (
    SIDES,
    Fields,
    Ref,
    Side,
    Value,
    decode_fields,
    encode_fields,
    encode_raw,
    fingerprint,
)
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.contention import Holders
from tallystick.engine.line import Ask, Fault, Line, Seen, Step, encode_line
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import End, Pair
from tallystick.engine.session import Session
from tallystick.engine.vanished import Sent

WriteRefs = dict[Side, Refs]
LAST_FORWARD = 2
_WAITING: Final = frozenset({ParkedByRule.code, StoppedByRule.code})
"""Faults of which the whole record waits, whatever else could be written of it."""


def writing_refs(pair: Pair, encoded: Iterable[bytes]) -> Flow[WriteRefs]:
    """Look up the ids, on both sides, of everything these canonical records point to."""
    if not pair.has_references:
        return {side: Refs() for side in SIDES}
    wanted: dict[str, set[int]] = {}
    for record in encoded:
        for value in decode_fields(record):
            if isinstance(value, Ref) and value.binding is not None:
                wanted.setdefault(value.pair, set()).add(value.binding)

    def find(tx: StoreTx) -> WriteRefs:
        return {
            side: Refs(
                ids={
                    (name, number): record
                    for name, numbers in wanted.items()
                    for number, record in tx.ids_of(name, side, [n for n in numbers if n > 0]).items()
                }
            )
            for side in SIDES
        }

    refs = yield from effects.look(find)
    # A record that the same plan would create has no id yet; nothing made from a plan is ever sent.
    planned = {(name, number): "0" for name, numbers in wanted.items() for number in numbers if number < 0}
    return {side: Refs(ids={**refs[side].ids, **planned}) for side in SIDES}


class Draft:
    """The lines of one batch, gathered and then saved at once."""

    def __init__(self, session: Session, pair: Pair, outcome: Outcome, wave: int = 0) -> None:
        self.session = session
        self.pair = pair
        self.outcome = outcome
        self._wave = wave
        self.holders: Holders = {}
        self.sent: dict[int, Sent] = {}  # what was sent to records that vanished, by binding
        self._rows: list[tuple[int, int, int, Side | None, Op | None, int, bytes]] = []

    @property
    def only(self) -> int | None:
        """The position of the one field that the run is about, if it is about one."""
        selection = self.session.selection
        return self.pair.mapping.names.index(selection.field) if selection is not None and selection.field else None

    def line(
        self,
        binding: Binding | None,
        decision: Decision,
        left: Seen,
        right: Seen,
        refs: WriteRefs,
        agree: Sequence[int],
    ) -> Line:
        """Write a decision down. A write whose body cannot be made is left out and its faults stand in the line."""
        names = self.pair.mapping.names
        steps: list[Step] = []
        faults = [to_fault(side, names[i], fault) for side, i, fault in decision.faults]
        for write in decision.writes:
            end = self.pair.end(write.side)
            step, refused = make_step(
                end, write.op, write.fields, write.which, refs[write.side], write.pre_version,
                origin=(right if write.side == "left" else left).id,
            )  # fmt: skip
            known = {(fault.field, fault.code, fault.message) for fault in faults if fault.side == write.side}
            faults += [fault for fault in refused if (fault.field, fault.code, fault.message) not in known]
            if step is not None and not any(f.side == write.side and f.code in _WAITING for f in faults):
                steps.append(step)
        moves = decision.state is not None and (binding is None or decision.state != binding.state)
        moves = moves and bool(steps or not decision.writes)
        line = Line(
            action=_action(decision, steps, agree, moves=moves),
            reason=decision.reason,
            disposition="quarantined" if decision.writes and not steps else decision.disposition,
            binding=binding.id if binding else 0,
            state=(decision.state or "") if moves else "",
            left=left,
            right=right,
            steps=tuple(steps),
            agree=tuple(agree),
            journal=tuple((s, i, encode_fields((v,))) for s, i, v in decision.journal) if steps else (),
            asks=tuple(Ask(q.kind, names[q.index] if q.index >= 0 else "", q.detail) for q in decision.questions),
            faults=tuple(faults),
            settled=decision.settled,
            drift=decision.drift,
        )
        self.seal(line)
        return line

    def uncontested(
        self,
        binding: Binding | None,
        decision: Decision,
        seen: tuple[Seen, Seen],
        refs: WriteRefs,
        agree: Sequence[int],
        bases: tuple[Fields | None, Fields | None],
    ) -> Line:
        """Write a decision down without what another mapping writes to the same place; that is asked about (R-13.2)."""
        line = self.line(binding, decision, *seen, refs, agree)
        contention = self.session.contention
        if not contention.rivals or not line.steps:
            return line
        standing = self.session.standing.get(self.pair.name)
        asked = standing.questions.get(binding.id, []) if standing is not None and binding is not None else []
        found = contention.contested(self.pair, line, dict(zip(SIDES, bases, strict=True)), asked, self.holders)
        for side, fields in found.items():
            decision = withhold(decision, side, fields)
        return self.line(binding, decision, *seen, refs, agree) if found else line

    def is_asked(self, pairs: Sequence[tuple[Side, str | None]], seen: Sequence[Fields]) -> bool:
        """Whether the run is about the record with these ids, and if it is about some only, count it."""
        selection, plan = self.session.selection, self.outcome.plan
        if selection is None:
            return True
        is_chosen = selection.takes(self.pair.name, self.pair.mapping.names, pairs, seen)
        plan.chosen = (plan.chosen or 0) + is_chosen
        return is_chosen

    def seal(self, line: Line) -> None:
        """Give a line its fingerprint."""
        line.print = _print(self.pair, line)

    def ask(self, line: Line, asks: Sequence[Ask]) -> None:
        """Add questions to a line; until they are answered it is not settled."""
        line.asks = (*line.asks, *asks)
        line.settled = False
        if not line.steps:
            line.disposition = "queued"
        self.seal(line)

    def add(self, line: Line) -> None:
        """Plan a line."""
        self.outcome.add(line)
        self.session.contention.claim(self.pair, line)
        first = line.steps[0] if line.steps else None
        side, op = (first.side, first.op) if first else (None, None)
        # What points to a pairing that is made in this run goes after it.
        phase = PHASES.get(line.action, 0) or (LAST_FORWARD if line.is_pending else 0)
        self._rows.append((phase, self._wave, line.binding, side, op, line.print, encode_line(line)))

    def add_birth(self, line: Line) -> None:
        """Plan a line that makes one record and does nothing else; ``Outcome.count_births`` counts them."""
        self.outcome.show(line)
        self._rows.append(
            (PHASES["create"], self._wave, 0, line.steps[0].side, "create", line.print, encode_line(line))
        )

    def save(self) -> Flow[None]:
        """Put the gathered lines on the scratch paper."""
        self.session.scratch(self.pair).add_lines(self._rows)
        self._rows = []
        if self.session.witness is not None:
            yield from self.session.witness.rest()
        yield from effects.tell(self.outcome.progress())


def _action(decision: Decision, steps: Sequence[Step], agree: Sequence[int], *, moves: bool) -> str:
    if steps:
        return steps[0].op
    if decision.writes:
        return ""
    if moves and decision.state == "unlinked":
        return "unlink"
    return "converge" if agree or moves else ""


def make_step(
    end: End,
    op: Op,
    fields: Fields,
    which: tuple[int, ...],
    refs: Refs,
    version: str | None,
    encoded: bytes | None = None,
    origin: str | None = None,
) -> tuple[Step | None, list[Fault]]:
    """Make the body of a write, or only the faults if nothing of it can be sent.

    ``encoded`` is what ``fields`` were decoded from, where that is at hand; ``origin`` the id of the record on the
    other side, which a new record keeps where it has a field for it (R-10.8).
    """
    if op == "create":
        body, found = end.codec.write(fields, refs)
        faults, warned = _sorted_out(found)
        named = [to_fault(end.side, f.field, f) for f in faults]
        unkept = end.keep_origin(body, origin)
        if unkept is not None:
            named.append(to_fault(end.side, unkept.field, unkept))
        if unkept is not None or any(end.stops_create(f) or f.code in _WAITING for f in faults):
            return None, named
        made = Step(end.side, "create", encoded or encode_fields(fields), (), encode_raw(body), warned=warned)
        return made, named
    if op == "update":
        body, found = end.codec.patch(fields, which, refs)
        faults, warned = _sorted_out(found)
        refused = {f.field for f in faults}
        kept = tuple(i for i in which if end.names[i] not in refused)
        step = Step(end.side, "update", encode_fields(fields), kept, encode_raw(body), version, warned=warned)
        waits = any(f.code in _WAITING for f in faults)
        return (step if kept and not waits else None), [to_fault(end.side, f.field, f) for f in faults]
    body = end.archive if op == "archive" else {}
    return Step(end.side, op, encode_fields(fields), (), encode_raw(body), version), []


def _sorted_out(found: Iterable[DataError]) -> tuple[list[DataError], tuple[str, ...]]:
    """Tell faults from the warnings of rules that let a record pass."""
    faults = [fault for fault in found if not isinstance(fault, WarnedByRule)]
    return faults, tuple(fault.message for fault in found if isinstance(fault, WarnedByRule))


def to_fault(side: Side, field: str, fault: DataError) -> Fault:
    """Write down why ``side`` cannot take a value."""
    message = f"{fault.message} ({fault.detail})" if fault.detail else fault.message
    waits_for = fault.waits_for if isinstance(fault, MissingReference) else ""
    option = fault.option if isinstance(fault, UnknownOption) else ""
    return Fault(side, field, fault.code, message, fault.hint, waits_for, option)


def _print(pair: Pair, line: Line) -> int:
    is_birth = not (pair.has_references or line.state or line.agree or line.asks or line.faults)
    if is_birth and line.action == "create" and len(line.steps) == 1:
        return creation_fingerprint(
            pair.name, line.steps[0].side, (line.left.id, line.right.id), fingerprint(line.steps[0].fields), line.reason
        )
    values: list[Value] = [line.state, *line.agree]
    for step in line.steps:
        values += [step.side, step.op, *step.which]
        if step.op == "create" and not pair.has_references:
            values.append(fingerprint(step.fields))
            continue
        fields = decode_fields(step.fields)
        chosen = fields if step.op == "create" else tuple(fields[i] for i in step.which)
        values += [_anchor(v) for v in chosen]
    values += [f"{a.kind}.{a.field}" for a in line.asks] + [f"{f.code}.{f.field}" for f in line.faults]
    return line_fingerprint(pair.name, line.action, "left", (line.left.id, line.right.id), tuple(values), line.reason)


def _anchor(value: Value) -> Value:
    """A binding's number differs between a plan and its apply; that somebody of that pair is meant does not."""
    return f"ref:{value.pair}" if isinstance(value, Ref) else value
