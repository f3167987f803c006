"""Updates without some of their fields: what is left of a line when a brake keeps fields from becoming blank."""

from collections.abc import Collection

import msgspec

from tallystick.core.ports import Flow
from tallystick.core.record import decode_fields
from tallystick.engine.draft import make_step, writing_refs
from tallystick.engine.line import Line, Step
from tallystick.engine.pair import Pair


def without_fields(pair: Pair, line: Line, held: Collection[tuple[str, int]]) -> Flow[Line | None]:
    """Give the line without these (side, field) of its updates; nothing if no write is left of it.

    It is the same line to those who approved it. It is not settled by what is left, so the rest is looked at again.
    """
    refs = yield from writing_refs(pair, [step.fields for step in line.steps])
    steps: list[Step] = []
    for step in line.steps:
        which = tuple(i for i in step.which if (step.side, i) not in held)
        if which == step.which:
            steps.append(step)
        elif which:
            fields = decode_fields(step.fields)
            made, _ = make_step(
                pair.end(step.side), step.op, fields, which, refs[step.side], step.pre_version, step.fields
            )
            steps += [] if made is None else [made]
    if not steps:
        return None
    journal = tuple((side, i, value) for side, i, value in line.journal if (side, i) not in held)
    return msgspec.structs.replace(line, steps=tuple(steps), journal=journal, settled=False)
