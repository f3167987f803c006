"""What a side will refuse of the other side's records, grouped by reason: the list to work off before go-live.

Pure. A refusal belongs to a field and a reason; how often it comes, some records that show it, and what would help.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from dataclasses import field as setting
from typing import Final, Literal

from tallystick.core.error import DataError, DroppedByRule, LikelyRefused, MissingReference, WarnedByRule
from tallystick.core.record import UNKNOWN, Fields, Side, Value

Effect = Literal["record", "field", "change", "likely", "loss", "warning"]
EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Example:
    """A record that would be refused: its id on its own side, the value of the field, what exactly is wrong.

    ``back`` is what would come back of the value, where that is what is wrong.
    """

    record: str
    value: Value
    detail: str
    back: Value = UNKNOWN


@dataclass(slots=True)
class Refusal:
    """One reason for one field. ``effect`` tells what is not written: the ``record``, the ``field``, or nothing.

    ``change`` is a value that comes back as another one, so that both sides would never agree; ``loss`` one that comes
    back shorter or rounder and then rests. ``likely`` is a value like those that the target refused before.
    ``hint`` is what would help, ``examples`` are the first few records.
    """

    field: str
    code: str
    message: str
    effect: Effect
    hint: str = ""
    count: int = 0
    examples: list[Example] = setting(default_factory=list)


@dataclass(slots=True)
class Prediction:
    """What ``side`` will refuse of the other side's records.

    ``read`` counts the records of the mapping's scope, ``judged`` those that would be written, ``kept`` those that no
    policy lets through, ``likely`` those that are like what was refused before, and that are sent all the same,
    ``unreadable`` those that cannot even be read, ``waiting`` those that wait for the record that
    they point to. ``stopped`` are the records of which nothing would be written.
    """

    mapping: str
    side: Side
    read: int = 0
    judged: int = 0
    kept: int = 0
    unreadable: int = 0
    waiting: int = 0
    stopped: int = 0
    likely: int = 0
    refusals: dict[tuple[str, str, str, Effect], Refusal] = setting(default_factory=dict)

    @property
    def refused(self) -> bool:
        """Whether anything would not be written."""
        return bool(self.unreadable) or any(r.effect not in {"warning", "loss"} for r in self.refusals.values())

    @property
    def sorted(self) -> list[Refusal]:
        """The refusals, those that most records meet first; warnings last."""
        last = {"loss", "warning"}
        return sorted(self.refusals.values(), key=lambda r: (r.effect in last, -r.count, r.field, r.message))

    def judge(
        self, record: str, names: Sequence[str], fields: Fields, faults: Iterable[DataError], *, stops: frozenset[str]
    ) -> None:
        """Count one record with what is wrong with it; ``stops`` are the fields without which nothing is written."""
        self.judged += 1
        is_stopped = is_likely = waits = False
        for fault in faults:
            if isinstance(fault, MissingReference):
                waits = True  # it is released by itself once the other record is paired
                continue
            effect = effect_of(fault, stops)
            is_stopped |= effect == "record"
            is_likely |= effect == "likely"
            value = fields[names.index(fault.field)] if fault.field in names else UNKNOWN
            self.count(fault, effect, Example(record, value, fault.detail))
        self.waiting += waits
        self.stopped += is_stopped
        self.likely += is_likely and not is_stopped

    def count(self, fault: DataError, effect: Effect, example: Example) -> None:
        """Count a fault under its reason."""
        self.add(Refusal(fault.field, fault.code, fault.message, effect, fault.hint), example)

    def add(self, reason: Refusal, example: Example) -> None:
        """Count a record under a reason, which is noted if it is new."""
        key = (reason.field, reason.code, reason.message, reason.effect)
        refusal = self.refusals.setdefault(key, reason)
        refusal.count += 1
        if len(refusal.examples) < EXAMPLES:
            refusal.examples.append(example)


def effect_of(fault: DataError, stops: frozenset[str]) -> Effect:
    """Say what a fault keeps from being written; ``stops`` are the fields and codes that nothing is written without."""
    if isinstance(fault, LikelyRefused):
        return "likely"
    if isinstance(fault, WarnedByRule):
        return "warning"
    if isinstance(fault, DroppedByRule):
        return "record" if fault.field in stops else "field"
    return "record" if fault.field in stops or fault.code in stops else "field"
