"""The feed of field changes: what each look at an object's fields adds to it, and what ends by itself.

A look is compared with what is open: a change that is seen again only gets older, one that is over is closed with the
reason, and one that is new is told once. What stood in an object at the very first look is no news.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from tallystick.core.drift import Change, FieldDrift
from tallystick.core.schema import Type

Decision = Literal["", "known", "accepted", "ignored", "mapped", "renamed", "written", "over"]
ENDING: Final[frozenset[Decision]] = frozenset({"accepted", "mapped", "renamed", "written", "over"})


@dataclass(frozen=True, slots=True)
class FieldSight:
    """A field of an object of a system: the type of its values, when it was seen ``first`` and ``last`` (seconds)."""

    system: str
    object: str
    field: str
    type: Type
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One entry of the feed. Times are seconds UTC; ``run`` is who saw it first: a run's id, or ``drift``.

    ``mapped`` are the mapped fields that it touches (``mapping.field``), separated by commas. ``decision`` is empty
    while nobody has said anything; ``known`` stood there at the first look, ``over`` went away by itself, ``written``
    was put into the manifest by hand. A change that has ``ended`` is history.
    """

    system: str
    object: str
    field: str
    change: Change
    was: str
    now: str
    mapped: str
    is_breaking: bool
    first: float
    last: float
    run: str
    decision: Decision = ""
    by: str = ""
    decided: float | None = None
    ended: float | None = None
    number: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it stands and nobody has said what becomes of it."""
        return self.ended is None and not self.decision

    @property
    def path(self) -> str:
        """The field with its system and object, as it is named on the command line."""
        return f"{self.system}/{self.object}.{self.field}"

    def decide(self, decision: Decision, by: str, at: float) -> "FieldChange":
        """Give it with a decision; one that ends it makes it history."""
        return replace(self, decision=decision, by=by, decided=at, ended=at if decision in ENDING else None)


@dataclass(frozen=True, slots=True)
class FieldLook:
    """One look at an object: the fields it ``showed``, what differs from what is written, and what that touches.

    ``written`` and ``mapped`` are the paths of the manifest and, with the mapped fields, of the mappings. A ``whole``
    look is proof that what it does not tell is not so; one that is not tells only what it saw.
    """

    system: str
    object: str
    at: float
    run: str
    showed: Mapping[str, Type]
    drift: Sequence[FieldDrift]
    breaking: frozenset[tuple[str, Change]]
    written: frozenset[str]
    mapped: Mapping[str, Sequence[str]]
    whole: bool = True
    is_first: bool = False


@dataclass(slots=True)
class Followed:
    """What a look adds: rows to be ``kept`` (numbered ones replace theirs), what is ``news``, what was ``closed``."""

    kept: list[FieldChange] = field(default_factory=list)
    news: list[FieldChange] = field(default_factory=list)
    closed: list[FieldChange] = field(default_factory=list)


def follow(standing: Iterable[FieldChange], look: FieldLook) -> Followed:
    """Lay a look beside the changes that stand for its object (those that have not ended)."""
    known = {(c.field, c.change): c for c in standing}
    found = Followed()
    names = {(c.field, c.now) for c in known.values() if c.change == "renamed" and c.field in look.written}
    names |= {(d.path, d.now) for d in look.drift if d.change == "renamed"}
    one_field = {(old, "gone") for old, _ in names} | {(new, "new") for _, new in names}
    for drift in look.drift:
        if (drift.path, drift.change) in one_field:
            continue
        before = known.pop((drift.path, drift.change), None)
        touched = ", ".join(look.mapped.get(drift.path, ()))
        breaks = (drift.path, drift.change) in look.breaking
        if before is not None and _is_same(before, drift):
            found.kept.append(replace(before, last=look.at, mapped=touched, is_breaking=breaks))
            continue
        if before is not None:
            found.kept.append(before.decide("over", "", look.at))
        change = FieldChange(
            look.system, look.object, drift.path, drift.change, drift.was, drift.now, touched, breaks, look.at, look.at,
            look.run,
        )  # fmt: skip
        if look.is_first and drift.change == "new" and not breaks:
            found.kept.append(change.decide("known", "", look.at))
        else:
            found.kept.append(change)
            found.news.append(change)
    for change in known.values():
        is_renamed = (change.field, change.change) in one_field
        ended = change.decide("renamed", "", look.at) if is_renamed else _ended(change, look)
        if ended is not None:
            found.kept.append(ended)
            found.closed.append(ended)
    return found


def _is_same(before: FieldChange, drift: FieldDrift) -> bool:
    # A record tells less of a type than a catalogue does; only a vague word that became clear is the same still.
    told = {before.now, drift.now}
    return before.was == drift.was and (before.now == drift.now or drift.change == "new" or "any" in told)


def _ended(change: FieldChange, look: FieldLook) -> FieldChange | None:
    """Close what is over: it is written down, it is as before, or a whole look does not show it."""
    if change.change == "new" and change.field in look.written:
        touched = ", ".join(look.mapped.get(change.field, ()))
        return replace(change, mapped=touched).decide("mapped" if touched else "written", "", look.at)
    if change.change == "renamed" and change.field not in look.written:
        return change.decide("renamed", "", look.at)
    if change.change == "gone" and (change.field not in look.written or change.field in look.showed):
        return change.decide("over" if change.field in look.showed else "written", "", look.at)
    return change.decide("over", "", look.at) if look.whole else None


def sights_of(look: FieldLook, before: Mapping[str, FieldSight], renew: float) -> Iterator[FieldSight]:
    """Give the sights that are new, of another type, or older than ``renew`` seconds."""
    for path, kind in look.showed.items():
        known = before.get(path)
        told = known.type if known is not None and kind == "any" else kind
        if known is None or known.type != told or look.at - known.last >= renew:
            first = known.first if known is not None else look.at
            yield FieldSight(look.system, look.object, path, told, first, look.at)
