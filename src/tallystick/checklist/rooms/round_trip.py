"""C7.11: do live values come back as they went? The laws of the mapping, tried on the user's own records.

    raw -> canonical v        own side:    read(write(v)) = v
    v -> other side -> w      other side:  what it can hold of v; w = v, or a known loss
    w -> own side -> other    it ends:     what comes back does not change again and again

A value that never comes to rest would be written by every run, for ever: that is a loop, and fails. A value that comes
back different without a known shape of loss drifts, and fails. One that is shortened or rounded shrinks, and warns.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tallystick.checklist.room import Room
from tallystick.checklist.rooms.live import Live, flows_to, live_records
from tallystick.checklist.sample import Sample
from tallystick.checklist.scene import Scene, Subject
from tallystick.core.checks import Facts, Judgement
from tallystick.core.error import DataError
from tallystick.core.learn import shape_of_loss
from tallystick.core.mapping import FieldMapping, ObjectMapping
from tallystick.core.path import render
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, Ref, Value, other, same
from tallystick.engine.pair import End, Pair

Theme = Literal["times", "amounts", "options", "others"]
Fate = Literal["kept", "loops", "drifts", "shrinks", "refused"]

_TIME_CODECS: Final = frozenset({"instant", "unix", "unix_ms", "local_time", "wall_time", "zoned", "date", "day"})
_AMOUNT_CODECS: Final = frozenset({"number", "integer", "percent", "round", "currency", "minor_units", "money"})
_TIME_TYPES: Final = frozenset({"instant", "local_time", "date"})
_ROUNDS: Final = 4  # a value that still changes after so many crossings never rests
WORDS: Final = {"loops": "never come to rest", "drifts": "come back different", "shrinks": "lose something"}
RULES: Final[dict[str, str]] = {
    "loops": "choose another codec, or let the field flow in one direction",
    "drifts": "choose codecs of which each undoes what the other does, or let the field flow in one direction",
    "shrinks": "accept the loss (invalid: truncate, or a coarser codec on both sides), or one direction",
}

_PARKED: Final = "correct these values, or the rule in the row; until then they are parked (C7.4 counts them)"


@dataclass(slots=True)
class Trips:
    """How the values of one field fared. ``examples`` are (sent, came back, shape), one for each fate."""

    tried: int = 0
    fates: dict[str, int] = field(default_factory=dict)
    shapes: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[Any]] = field(default_factory=dict)

    def note(self, fate: Fate, sent: Value, back: Value, shape: str) -> None:
        """Count one value."""
        self.tried += 1
        self.fates[fate] = self.fates.get(fate, 0) + 1
        if fate != "kept":
            if shape:
                self.shapes[shape] = self.shapes.get(shape, 0) + 1
            self.examples.setdefault(fate, [Sample(sent), Sample(back)])


def theme_of(mapping: ObjectMapping, one: FieldMapping) -> Theme:
    """Say what kind of value a field has, by its codecs and by what is declared."""
    names = {codec.name for place in (one.left, one.right) for codec in place.codecs}
    if names & _TIME_CODECS:
        return "times"
    if names & _AMOUNT_CODECS:
        return "amounts"
    declared = [mapping.end(s).schema.by_path.get(render(one.place(s).path)) for s in SIDES if one.place(s).path]
    types = {d.type for d in declared if d is not None}
    if types & _TIME_TYPES:
        return "times"
    if "options" in names or any(d is not None and d.options for d in declared):
        return "options"
    return "amounts" if types & {"number"} else "others"


def probe_theme(theme: Theme) -> Callable[[Scene, Subject], Flow[Facts]]:
    """Make the probe for the fields of one kind."""

    def probe(scene: Scene, subject: Subject) -> Flow[Facts]:
        pair = scene.pair(subject)
        chosen = [
            i for i, one in enumerate(pair.mapping.fields)
            if theme_of(pair.mapping, one) == theme and not (one.left.reference or one.right.reference)
        ]  # fmt: skip
        facts: dict[str, Any] = {"fields": [], "asked": len(chosen)}
        if not chosen:
            return facts
        lives = ((yield from live_records(scene, pair, "left")), (yield from live_records(scene, pair, "right")))
        facts["fields"] = [_field(pair, i, live) for i in chosen for live in lives]
        return facts

    return probe


def _field(pair: Pair, index: int, live: Live) -> dict[str, Any]:
    """Send every live value of a field across and back."""
    here, there = pair.end(live.side), pair.end(other(live.side))
    one = pair.mapping.fields[index]
    trips = Trips()
    known: dict[Any, tuple[Fate, Value, str]] = {}
    crosses = flows_to(pair, index, there.side)
    returns = crosses and flows_to(pair, index, here.side)
    for _, value in live.column(index):
        if isinstance(value, Ref):
            continue
        # Lists and objects pass through unread and have no hash; the type keeps 1 and True apart.
        key = (type(value), value) if value.__hash__ else (list, repr(value))
        if key not in known:
            known[key] = send_across(here, there, index, value, crosses=crosses, returns=returns)
        fate, back, shape = known[key]
        trips.note(fate, value, back, shape)
    return {
        "name": one.name, "side": live.side, "system": here.system, "two_way": returns, "crosses": crosses,
        "owner": one.owner, "tried": trips.tried, "fates": trips.fates, "shapes": trips.shapes,
        "examples": trips.examples,
    }  # fmt: skip


def send_across(
    here: End, there: End, index: int, value: Value, *, crosses: bool, returns: bool
) -> tuple[Fate, Value, str]:
    """Send a value of a field there and back: its fate, what came back, and the shape of its loss.

    ``crosses`` and ``returns`` say whether the mapping lets the field flow there, and back again.
    """
    try:
        if not crosses:
            return "kept", value, ""
        held = there.codec.hold(index, value)
        if not returns:
            return ("kept", held, "") if same(held, value) else _unequal(value, held)
        if (last := _unrest(here, there, index, held)) is not None:
            return "loops", last, ""
        own = here.codec.hold(index, value)
    except DataError as fault:
        return "refused", None, fault.message
    changed = next((one for one in (held, own) if not same(one, value)), value)
    return ("kept", held, "") if changed is value else _unequal(value, changed)


def _unrest(here: End, there: End, index: int, held: Value) -> Value:
    """Give the last of several crossings if none of them came to rest, else ``None``. Raises ``DataError``."""
    for _ in range(_ROUNDS):
        again = there.codec.hold(index, here.codec.hold(index, held))
        if same(again, held):
            return None
        held = again
    return held


def _unequal(sent: Value, back: Value) -> tuple[Fate, Value, str]:
    shape = shape_of_loss(sent, back)
    return ("shrinks", back, shape) if shape is not None and shape != "equal" else ("drifts", back, "")


def judge(facts: Facts) -> list[Judgement]:
    """Loops and drifts fail, in one-way fields only warn; losses and refusals warn; the rest is proven on so many."""
    if not facts["asked"]:
        return [Judgement("not_applicable", "the mapping has no such fields")]
    tried = sum(one["tried"] for one in facts["fields"])
    if not tried:
        return [Judgement("cannot_tell", "no record has a value in these fields")]
    wrong = [one for one in facts["fields"] if one["two_way"] and _has(one, "loops", "drifts")]
    odd = [one for one in facts["fields"] if one not in wrong and _has(one, "loops", "drifts", "shrinks", "refused")]
    reasons = tuple(_told(one, fate) for one in (*wrong, *odd) for fate in one["fates"] if fate != "kept")
    owners = {one["owner"] for one in (*wrong, *odd)}
    owner = owners.pop() if len(owners) == 1 else ""
    names = ", ".join(dict.fromkeys(one["name"] for one in wrong or odd))
    if wrong:
        summary = f"values do not come back as they went: {names}"
        return [Judgement("fail", summary, reasons, RULES[_gravest(wrong)], owner=owner)]
    if odd:
        summary = f"some values lose something on the way, or cannot go: {names}"
        fix = RULES[_gravest(odd)] if _has_any(odd, "loops", "drifts", "shrinks") else _PARKED
        return [Judgement("warn", summary, reasons, fix, owner=owner)]
    listed = ", ".join(dict.fromkeys(one["name"] for one in facts["fields"]))
    return [Judgement("pass", f"all {tried:,} live values come back as they went ({listed})")]


def _has(one: Facts, *fates: str) -> bool:
    return any(one["fates"].get(fate) for fate in fates)


def _has_any(those: list[Any], *fates: str) -> bool:
    return any(_has(one, *fates) for one in those)


def _gravest(those: list[Any]) -> str:
    return next((fate for fate in RULES if _has_any(those, fate)), "shrinks")


def _told(one: Facts, fate: str) -> str:
    shapes = ", ".join(f"{n} x {shape}" for shape, n in one["shapes"].items()) if fate in {"shrinks", "refused"} else ""
    said = WORDS.get(fate, "cannot be written")
    example = one["examples"].get(fate)
    shown = f", such as {' -> '.join(example)}" if example and fate != "refused" else ""
    told = f"{one['name']} of {one['system']}: {one['fates'][fate]} of {one['tried']} values {said}"
    return told + (f": {shapes}" if shapes else "") + shown


def _room(theme: Theme) -> Room:
    return Room("mapping", "the listings of both objects", probe_theme(theme), judge)


TIMES = _room("times")
AMOUNTS = _room("amounts")
OPTIONS = _room("options")
OTHERS = _room("others")
