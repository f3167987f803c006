"""An open question in words and as JSON: both values, what was agreed, since when, and what taking each side does."""

from collections.abc import Iterator
from typing import Any

from tallystick.cli.conflicts_look import Face
from tallystick.cli.moment import ago, moment
from tallystick.cli.output import Screen
from tallystick.cli.value_text import brief_value
from tallystick.cli.why_text import leg_words
from tallystick.cli.words import QUESTIONS, side_names
from tallystick.core.answer import FIELD_KINDS
from tallystick.core.plan import shown
from tallystick.core.record import SIDES, UNKNOWN, Side, Value, other


def show_face(screen: Screen, face: Face, now: float) -> None:
    """Show one question with both its sides."""
    contested, item = face.contested, face.contested.item
    names = _names(face)
    screen.title(contested.cause)
    words = QUESTIONS.get(item.kind, item.kind)
    screen.say(f"  {words}{f': {item.detail}' if item.detail else ''}; asked {ago(item.since, now)}")
    fields = contested.pair.mapping.names
    rows = [_row(face, side, names) for side in SIDES]
    if face.index >= 0:
        screen.table(("", "record", "", "agreed", "now", "changed"), rows, indent=2)
    else:
        screen.table(("", "record", "", "changed"), [(*row[:3], row[5]) for row in rows], indent=2)
        for i in face.contents:
            held = ", ".join(f"{names[s]} {_cell(face.now(s, i)) or '-'}" for s in SIDES)
            screen.say(f"    {fields[i]}: {held}")
    for line in _choices(face, names):
        screen.say(f"  {line}")


def _row(face: Face, side: Side, names: dict[Side, str]) -> tuple[str, ...]:
    agreed, now = (
        (_cell(face.agreed(side, face.index)), _cell(face.now(side, face.index))) if face.index >= 0 else ("", "")
    )
    record, changed = face.contested.record(side) or "-", moment(face.modified(side))
    return names[side], record, leg_words(face.legs[side]), agreed, now, changed


def _names(face: Face) -> dict[Side, str]:
    left, right = face.contested.pair.left, face.contested.pair.right
    return side_names(f"{left.system}/{left.object}", f"{right.system}/{right.object}")


def _cell(value: Value) -> str:
    return "" if value is UNKNOWN else brief_value(value)


def _choices(face: Face, names: dict[Side, str]) -> Iterator[str]:
    if face.is_settled:
        yield "both sides hold the same by now; the next run withdraws the question"
        return
    contested = face.contested
    same_why = face.obstacles["left"]
    if same_why and same_why == face.obstacles["right"]:
        yield f"no side can be taken: {same_why}"
        return
    for side in SIDES:
        why = face.obstacles[side]
        if why:
            yield f"{names[side]} cannot be taken: {why}"
        else:
            command = f"tally conflicts take {side} {contested.cause} --record {contested.item.subject}"
            yield f"{effect_words(face, side, names)}: {command}"


def effect_words(face: Face, side: Side, names: dict[Side, str]) -> str:
    """Say what taking a side does."""
    there = names[other(side)]
    if face.contested.item.kind in FIELD_KINDS:
        return f"{there} gets {_cell(face.now(side, face.index))}"
    return f"delete it in {there} too" if face.is_gone(side) else f"make it again in {there}"


def face_document(face: Face) -> dict[str, Any]:
    """Write one question as JSON."""
    contested, item, names = face.contested, face.contested.item, _names(face)
    return {
        "cause": contested.cause,
        "mapping": contested.pair.name,
        "kind": item.kind,
        "field": item.field,
        "record": item.subject,
        "words": QUESTIONS.get(item.kind, item.kind),
        "detail": item.detail,
        "since": item.since,
        "sides": {side: _side_document(face, side, names) for side in SIDES},
    }


def _side_document(face: Face, side: Side, names: dict[Side, str]) -> dict[str, Any]:
    end = face.contested.pair.end(side)
    fields = face.contested.pair.mapping.names
    return {
        "system": end.system,
        "object": end.object,
        "id": face.contested.record(side),
        "seen": leg_words(face.legs[side]),
        "changed": face.modified(side),
        "agreed": {fields[i]: shown(v) for i in face.contents if (v := face.agreed(side, i)) is not UNKNOWN},
        "now": {fields[i]: shown(v) for i in face.contents if (v := face.now(side, i)) is not UNKNOWN},
        "taking_it": None if face.obstacles[side] else effect_words(face, side, names),
        "obstacle": face.obstacles[side],
    }
