"""The plan: every operation of a run as data that people read, files keep and ``apply`` obeys.

An operation's fingerprint covers what it does and what it was decided on. ``apply`` observes and decides again and
executes an operation only if the approved plan holds the same fingerprint; so a line whose inputs changed is never
forced (R-9.5) and a plan's file need not be trusted for bodies.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tallystick.core.brake import Hold
from tallystick.core.decision import Write
from tallystick.core.record import UNKNOWN, Fields, Ref, Side, Value, digest, encode_fields, fingerprint, same

Action = Literal[
    "link", "create", "update", "delete", "archive", "undelete", "unlink", "converge", "ask", "park", "wait"
]

# Parents first, deletions last: the phases of a run. Within a phase pairs go in order of reference, deletions reversed.
PHASES: Mapping[str, int] = {
    "link": 0,
    "converge": 0,
    "create": 1,
    "undelete": 1,
    "update": 2,
    "archive": 3,
    "delete": 3,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One field: what stands there, what will stand there, and the merge rule that moves it."""

    field: str
    old: Value
    new: Value
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A field about which a person is asked, what each side holds, and why no policy could decide."""

    kind: str
    field: str
    left: Value
    right: Value
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of a plan. ``source`` is the id on the other side, ``target`` that on ``side`` (none for a create).

    ``asked`` are the fields of the record that a person must settle; the rest of the line goes on without them.
    """

    pair: str
    action: Action
    side: Side
    source: str | None
    target: str | None
    binding: int | None
    reason: str
    changes: tuple[Change, ...] = ()
    note: str = ""
    fingerprint: int = 0
    asked: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """A field that differs and may not be carried over, because the mapping's direction forbids it (F-6).

    ``side`` is the one that no longer holds what the other side leads in. It is no line of a plan: nothing is done.
    """

    side: Side
    field: str
    left_id: str | None
    right_id: str | None
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Doubles:
    """Records of one side that share a match key: ``count`` of them, of which ``ids`` are some.

    ``values`` are those that one of them has in the rule's fields. ``made_equal`` names the normaliser where the
    records spell them differently, and is empty where they do not.
    """

    side: Side
    rule: str
    count: int
    ids: tuple[str, ...]
    made_equal: str = ""
    values: tuple[Value, ...] = ()


@dataclass(slots=True)
class PairPlan:
    """The numbers of one pair in a plan: dispositions by side, actions by side, holds, some samples of each.

    ``released`` are the brakes that held and that a person let go, each with what it refused and no longer does.
    ``chosen`` is how many records or pairs were asked for, where the run was limited to some.
    ``drift`` counts drifting values by (side, field), ``drifting`` are some of them. ``doubled`` counts the groups of
    records that share a key, and their records, by (side, rule); ``doubles`` are the largest of each side. ``warned``
    counts the writes that go on although they break a rule, by (side, rule in words). ``lost`` says by side why the
    system could not tell what changed, so that everything was compared.
    """

    pair: str
    left: str
    right: str
    first_contact: bool = False
    listed: dict[str, int] = field(default_factory=dict)
    dispositions: dict[str, dict[str, int]] = field(default_factory=dict)
    actions: dict[str, dict[str, int]] = field(default_factory=dict)
    complete: dict[str, str] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()
    released: tuple[Hold, ...] = ()
    problem: str = ""
    chosen: int | None = None
    drift: dict[tuple[Side, str], int] = field(default_factory=dict)
    drifting: list[Drift] = field(default_factory=list)
    doubled: dict[tuple[Side, str], tuple[int, int]] = field(default_factory=dict)
    doubles: list[Doubles] = field(default_factory=list)
    warned: dict[tuple[Side, str], int] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """A whole plan: numbers for all pairs, the operations (or a sample of them), and the fingerprint over all lines."""

    run: str
    made: float
    pairs: list[PairPlan] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    fingerprint: int = 0
    lines: int = 0

    @property
    def writes(self) -> int:
        """How many writes to systems the plan asks for."""
        return sum(n for p in self.pairs for side in p.actions.values() for a, n in side.items() if a in WRITES)

    @property
    def drifts(self) -> bool:
        """Whether values differ that the mapping's direction leaves as they are."""
        return any(p.drift for p in self.pairs)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all would change: no write, no link, no new question."""
        return self.lines == 0


WRITES: frozenset[str] = frozenset({"create", "update", "delete", "archive", "undelete"})


def line_fingerprint(pair: str, action: str, side: Side, ids: Sequence[str | None], values: Fields, reason: str) -> int:
    """Fingerprint a line: what it does, to whom, with which values, decided on what."""
    head = "\x1f".join([pair, action, side, *("" if i is None else i for i in ids), reason])
    return fingerprint(head.encode() + b"\x00" + encode_fields(values))


def creation_fingerprint(pair: str, target: Side, ids: tuple[str | None, str | None], values: int, reason: str) -> int:
    """Fingerprint a line that makes one record on ``target`` and does nothing else.

    ``values`` is the fingerprint of the record. It is what ``line_fingerprint`` gives of
    ``("", target, "create", values)``, at half the cost: a first load has nothing but such lines.
    """
    head = f"{pair}\x1fcreate\x1fleft\x1f{ids[0] or ''}\x1f{ids[1] or ''}\x1f{reason}"
    return fingerprint(f'{head}\x00["","{target}","create",{values}]'.encode())


def plan_fingerprint(lines: Iterable[int]) -> int:
    """Fingerprint a plan from its lines' fingerprints; their order does not matter."""
    return digest(tuple(sorted(lines)))


def changes_of(names: Sequence[str], write: Write, seen: Fields) -> tuple[Change, ...]:
    """Show a write as old and new values; for a create every value that is there."""
    if write.op == "create":
        return tuple(Change(n, None, v) for n, v in zip(names, write.fields, strict=True) if v not in (None, UNKNOWN))
    if write.op != "update":
        return tuple(Change(n, v, None) for n, v in zip(names, seen, strict=False) if v not in (None, UNKNOWN))
    return tuple(
        Change(names[i], seen[i], write.fields[i], rule)
        for i, rule in zip(write.which, write.rules, strict=True)
        if not same(seen[i], write.fields[i])
    )


def shown(value: Value) -> Any:
    """Give a value as people and JSON read it."""
    if value is UNKNOWN:
        return "(unknown)"
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, Ref):
        return f"({value.pair} record {value.id})" if value.binding is None else f"({value.pair} pair {value.binding})"
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, dict | list):
        return value
    return str(value)
