"""What a two-way field loses on the way there and back, told by an example (M-2, R-7.1).

First what codecs declare of themselves; then, where they declare nothing, made-up values go through both sides.
"""

from collections.abc import Iterator
from typing import Final

from tallystick.core import path as paths
from tallystick.core.error import DataError, Problem
from tallystick.core.interpret import Interpreter, Seat, is_blank
from tallystick.core.mapping import Codec, Refs
from tallystick.core.record import SIDES, UNKNOWN, Raw, Side, other, same
from tallystick.project.mapping_view import MappingView
from tallystick.project.specimens import example_of_loss, raws_for, spell

_NO_REFS: Final = Refs()


def find_losses(view: MappingView) -> Iterator[Problem]:
    """Name every field that flows both ways and loses something, with an example."""
    sides = {side: Interpreter(view.mapping, side) for side in SIDES}
    for index, field in enumerate(view.mapping.fields):
        if field.policy.direction != "both":
            continue
        declared = [(side, codec) for side in SIDES for codec in field.place(side).codecs if _loses(codec)]
        for side, codec in declared:
            yield _declared(view, field.name, side, codec)
        spec = view.spec.fields[field.name]
        if not (declared or spec.options or spec.reference or spec.invalid in {"truncate", "default"}):
            yield from _tried(view, index, sides)


def _loses(codec: Codec) -> bool:
    # Of options, the list itself tells more.
    return codec.loss == "one_way" or (codec.loss == "lossy" and codec.name != "options")


def _declared(view: MappingView, name: str, side: Side, codec: Codec) -> Problem:
    where = ("fields", name, side)
    if codec.loss == "one_way":
        message = f"the codec {codec.name} cannot be reversed, so the field cannot flow both ways"
        return view.problem(where, message, f"direction: to_{other(side)}")
    example = example_of_loss(codec)
    message = f"the codec {codec.name} may lose something on the way there and back"
    message += f": for example {example}" if example else ""
    hint = "harmless if the lost part means nothing here; else one direction"
    return view.problem(where, message, hint, severity="warning")


def _tried(view: MappingView, index: int, sides: dict[Side, Interpreter]) -> Iterator[Problem]:
    for side in SIDES:
        source, target = sides[side], sides[other(side)]
        seat = source.seats[index]
        example = _example(source, target, seat)
        if example:
            where = ("fields", seat.field.name, other(side))
            message = f"this cannot hold all that comes from the {side}: for example {example}"
            hint = f"give both sides the same form with a codec, or set direction: to_{other(side)}"
            yield view.problem(where, message, hint, severity="warning")


def _example(source: Interpreter, target: Interpreter, seat: Seat) -> str:
    place = seat.place
    if not place.path or not target.seats[seat.index].place.writable:
        return ""
    kind = seat.spec.type if seat.spec is not None else "any"
    options = tuple(option.key for option in seat.spec.options) if seat.spec is not None else ()
    for raw in raws_for(kind, options, place.codecs):
        record: Raw = {}
        try:
            paths.write(record, place.path, raw)
            value = source.get(seat, record, _NO_REFS)
            held = target.hold(seat.index, value)
        except (DataError, TypeError, ValueError):
            continue  # it is refused and a person is told; nothing is lost
        if value is not UNKNOWN and not is_blank(value) and not same(held, value):
            return f"{spell(raw)} comes back as {spell(held)}"
    return ""
