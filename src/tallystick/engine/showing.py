"""Write a planned line as people see it: one operation for each write, or one for what it is about otherwise."""

from collections.abc import Sequence
from dataclasses import replace

from tallystick.core.plan import Action, Asked, Change, Operation
from tallystick.core.record import UNKNOWN, decode_fields, other, same
from tallystick.engine.line import Line, Step


def operations_of(pair: str, fields: Sequence[str], line: Line) -> list[Operation]:
    """Give the operations of a line; none if nothing of it is for people to see. ``fields`` are the mapping's names."""
    asked = _asked(fields, line)
    plain = [a for a in line.asks if (a.kind, a.field) not in {(q.kind, q.field) for q in asked}]
    note = "; ".join(
        [*(_ask_text(a.kind, a.field, a.detail) for a in plain), *(f"{f.field}: {f.message}" for f in line.faults)]
    )
    made = [replace(_operation(pair, fields, line, step, note), asked=asked) for step in line.steps]
    if made or not (line.action or note or asked):
        return made
    action: Action = "link" if line.binding == 0 and line.action else "ask" if line.asks else "park"
    if line.binding and line.action in {"converge", "unlink"}:
        action = "converge" if line.action == "converge" else "unlink"
    return [
        Operation(
            pair, action, "left", line.right.id, line.left.id, line.binding or None, line.reason,
            note=note, fingerprint=line.print, asked=asked,
        )
    ]  # fmt: skip


def _operation(pair: str, names: Sequence[str], line: Line, step: Step, note: str) -> Operation:
    fields, seen = decode_fields(step.fields), line.seen(step.side).fields
    was = decode_fields(seen) if seen else ()
    if step.op == "create":
        changes = tuple(
            Change(n, None, v) for n, v in zip(names, fields, strict=True) if v is not None and v is not UNKNOWN
        )
    elif step.op == "update":
        changes = tuple(Change(names[i], was[i] if was else UNKNOWN, fields[i]) for i in step.which)
    else:
        changes = tuple(Change(n, v, None) for n, v in zip(names, was, strict=False) if v not in (None, UNKNOWN))
    changes = tuple(c for c in changes if not same(c.old, c.new))
    return Operation(
        pair, step.op, step.side, line.seen(other(step.side)).id, line.seen(step.side).id,
        line.binding or None, line.reason, changes, note, line.print,
    )  # fmt: skip


def _asked(names: Sequence[str], line: Line) -> tuple[Asked, ...]:
    named = [ask for ask in line.asks if ask.field in names]
    if not named:
        return ()
    seen = (line.left.fields, line.right.fields)
    left, right = (dict(zip(names, decode_fields(at), strict=False)) if at else {} for at in seen)
    return tuple(
        Asked(a.kind, a.field, left.get(a.field, UNKNOWN), right.get(a.field, UNKNOWN), a.detail) for a in named
    )


def _ask_text(kind: str, field_name: str, detail: str) -> str:
    subject = f"{kind} on {field_name}" if field_name else kind
    return f"{subject}: {detail}" if detail else subject
