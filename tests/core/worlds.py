"""Small worlds for the laws of the core: a mapping of a few text fields, values that meet often, lossy sides."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import get_args

from hypothesis import strategies as st

from tallystick.core.error import InvalidValue, Unavailable, UnknownOption
from tallystick.core.mapping import FieldMapping, Place
from tallystick.core.observation import Gone, Merged, Missing, Observation, OutOfScope, Present, Unreadable
from tallystick.core.pairing import Pairing
from tallystick.core.policy import Conflict, FieldPolicy, OwnerField, Policy
from tallystick.core.record import UNKNOWN, Value

VALUES = st.sampled_from([None, "a", "b", "abcdef", UNKNOWN])
KNOWN = st.sampled_from([None, "a", "b", "abcdef", "abc"])

Hold = Callable[[Value], Value]


def keep(value: Value) -> Value:
    return value


def cut(value: Value) -> Value:
    return value[:3] if isinstance(value, str) else value


def refuse_b(value: Value) -> Value:
    if value == "b":
        raise InvalidValue("b is not wanted here")
    return value


HOLDS = st.sampled_from([keep, cut, refuse_b])

DIRECTIONS = st.sampled_from(["both", "to_right", "to_left", "match_only", "once_to_right", "once_to_left"])
CONFLICTS = st.sampled_from(get_args(Conflict))


@dataclass(frozen=True)
class Chooses:
    """An expression that gives one of its names, seen from the side that it was written for."""

    name: str
    flipped: bool = False

    @property
    def source(self) -> str:
        return self.name

    def evaluate(self, names):
        swaps = {"left": "right", "right": "left", "left_base": "right_base", "right_base": "left_base"}
        if self.name in {"says left", "says right"}:
            said = self.name.removeprefix("says ")
            return _OTHER[said] if self.flipped else said
        if self.name == "fails":
            raise InvalidValue("it always fails")
        return names[swaps.get(self.name, self.name) if self.flipped else self.name]


JUDGEMENTS = st.sampled_from(
    [None, *(Chooses(n) for n in ("left", "right", "base", "right_base", "fails", "says left", "says right"))]
)
# What an expression says of a side is a value like any other where it resolves a conflict, so it has no mirror image.
RESOLUTIONS = JUDGEMENTS.filter(lambda each: each is None or not each.name.startswith("says"))
OWNERS = st.one_of(JUDGEMENTS, st.just(OwnerField("f1", ("a",), ("b", None))))
FIELD_POLICIES = st.builds(
    FieldPolicy,
    direction=DIRECTIONS,
    conflict=CONFLICTS,
    fallback=CONFLICTS,
    initial=st.sampled_from(["left", "right", "newest", "ask"]),
    blank=st.sampled_from(["propagate", "keep", "ask"]),
    drift=st.sampled_from(["report", "revert", "ignore"]),
    rank=st.sampled_from([(), ("b", "a"), ("abc", None, "a", "b")]),
    resolve=RESOLUTIONS,
    owned_by=OWNERS,
)
POLICIES = st.builds(
    Policy,
    on_unmatched_left=st.sampled_from(["create", "ignore", "ask"]),
    on_unmatched_right=st.sampled_from(["create", "ignore", "ask"]),
    on_delete_left=st.sampled_from(["propagate", "archive", "unlink", "ignore", "restore", "ask"]),
    on_delete_right=st.sampled_from(["propagate", "archive", "unlink", "ignore", "restore", "ask"]),
    on_delete_update=st.sampled_from(["update_wins", "delete_wins", "ask"]),
    on_restore=st.sampled_from(["recreate", "ignore", "ask"]),
    on_scope_exit=st.sampled_from(["freeze", "unlink", "archive", "delete"]),
    on_merge=st.sampled_from(["follow", "unlink", "ask"]),
    on_unreadable=st.sampled_from(["park", "create"]),
    delete_out_of_scope=st.booleans(),
)

STATES = st.sampled_from(["half", "parked", "linked", "dormant", "tomb", "unlinked", "erased"])
SIZE = 2


def pairing(policies: list[FieldPolicy], policy: Policy, left: Hold = keep, right: Hold = keep) -> Pairing:
    fields = [FieldMapping(f"f{i}", Place(path=("f",)), Place(path=("f",)), p) for i, p in enumerate(policies)]
    return Pairing(fields, policy, lambda _i, v: left(v), lambda _i, v: right(v))


PAIRINGS = st.builds(pairing, st.lists(FIELD_POLICIES, min_size=SIZE, max_size=SIZE), POLICIES, HOLDS, HOLDS)
RECORDS = st.tuples(VALUES, VALUES)
BASES = st.one_of(st.none(), st.tuples(VALUES, VALUES))


def present(fields: tuple[Value, ...], *, modified: float | None = None) -> Present:
    return Present("1", fields, "v1", modified)


def partly_read(fields: tuple[Value, ...], which: set[int]) -> Present:
    """Give a record of which the values at some positions are there and cannot be read."""
    kept = tuple(UNKNOWN if i in which else v for i, v in enumerate(fields))
    return Present("1", kept, "v1", None, tuple((i, UnknownOption("nobody knows it", field=f"f{i}")) for i in which))


PARTLY_READ = st.builds(partly_read, RECORDS, st.sets(st.integers(0, SIZE - 1), min_size=1))
OBSERVATIONS: st.SearchStrategy[Observation | None] = st.one_of(
    PARTLY_READ,
    st.builds(Present, st.just("1"), RECORDS, st.just("v1"), st.sampled_from([None, 0.0, 1000.0, 5000.0])),
    st.just(Gone("tombstone")),
    st.just(Missing()),
    st.just(OutOfScope()),
    st.just(Merged("2")),
    st.just(Unreadable(Unavailable("down"))),
    st.none(),
)


def swapped_policy(policy: Policy) -> Policy:
    return replace(
        policy,
        on_unmatched_left=policy.on_unmatched_right,
        on_unmatched_right=policy.on_unmatched_left,
        on_delete_left=policy.on_delete_right,
        on_delete_right=policy.on_delete_left,
    )


_OTHER = {
    "left": "right", "right": "left", "to_left": "to_right", "to_right": "to_left",
    "once_to_left": "once_to_right", "once_to_right": "once_to_left",
}  # fmt: skip


def swapped_field(policy: FieldPolicy) -> FieldPolicy:
    return replace(
        policy,
        direction=_OTHER.get(policy.direction, policy.direction),
        conflict=_OTHER.get(policy.conflict, policy.conflict),
        fallback=_OTHER.get(policy.fallback, policy.fallback),
        initial=_OTHER.get(policy.initial, policy.initial),
        resolve=_flipped(policy.resolve),
        owned_by=_flipped(policy.owned_by),
    )


def _flipped(judged):
    match judged:
        case Chooses(name=name, flipped=flipped):
            return Chooses(name, not flipped)
        case OwnerField(field=field, left=left, right=right):
            return OwnerField(field, right, left)
        case _:
            return None
