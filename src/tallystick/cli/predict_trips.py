"""Every live value there and back: which of them the two systems would never agree about (X5).

The check list tries the same on a sample; here no value is left out. Values that were tried are remembered, up to a
number, because most fields have few of them.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

from tallystick.checklist.rooms.live import flows_to
from tallystick.checklist.rooms.round_trip import RULES, WORDS, Fate, send_across
from tallystick.core.prediction import Effect, Example, Prediction, Refusal
from tallystick.core.record import UNKNOWN, Fields, Ref, Side, Value, other
from tallystick.engine.pair import Pair

_REMEMBERED: Final = 50_000
_EFFECTS: Final[dict[str, Effect]] = {"loops": "change", "drifts": "change", "shrinks": "loss"}


class Trips:
    """Sends values of two-way fields from the other side to ``side`` and back; ``found`` has those that change."""

    def __init__(self, pair: Pair, side: Side) -> None:
        self.found = Prediction(pair.name, side)
        self._here, self._there = pair.end(other(side)), pair.end(side)
        self._names = pair.mapping.names
        self._chosen = [
            i
            for i, one in enumerate(pair.mapping.fields)
            if flows_to(pair, i, side) and flows_to(pair, i, other(side)) and not one.left.reference
        ]
        self._known: OrderedDict[Any, tuple[Fate, Value, str]] = OrderedDict()

    def add(self, read: Sequence[tuple[str, Fields]]) -> None:
        """Try the values of some records."""
        for record, fields in read:
            for index in self._chosen:
                value = fields[index]
                if value is not None and value is not UNKNOWN and not isinstance(value, Ref):
                    self._try(record, index, value)

    def _try(self, record: str, index: int, value: Value) -> None:
        # Lists and objects have no hash; the type keeps 1 and True apart.
        key = (index, type(value), value) if value.__hash__ else (index, list, repr(value))
        trip = self._known.get(key)
        if trip is None:
            trip = send_across(self._here, self._there, index, value, crosses=True, returns=True)
            self._known[key] = trip
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        fate, back, shape = trip
        effect = _EFFECTS.get(fate)
        if effect is not None:
            words = f"values {WORDS[fate]}" + (f" ({shape})" if shape else "")
            reason = Refusal(self._names[index], "round_trip", words, effect, RULES[fate])
            self.found.add(reason, Example(record, value, "", back))
