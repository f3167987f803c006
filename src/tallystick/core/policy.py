"""What shall happen: direction, conflicts, deletions, unmatched records, brakes (SYNC-SPEC 8).

Every default is the safe one. There is no default for what a deletion or an unmatched record does on the other
side: a mapping that does not say so is refused (R-8.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from tallystick.core.record import Side, Value, same

Direction = Literal["both", "to_right", "to_left", "match_only", "once_to_right", "once_to_left"]
Conflict = Literal[
    "left", "right", "newest", "prefer_nonblank", "set_merge", "text_merge", "rank", "max", "min", "owner",
    "expression", "manual",
]  # fmt: skip
OnUnmatched = Literal["create", "ignore", "ask"]
OnDelete = Literal["propagate", "archive", "unlink", "ignore", "restore", "ask"]
OnDeleteUpdate = Literal["update_wins", "delete_wins", "ask"]
OnRestore = Literal["recreate", "ignore", "ask"]
OnScopeExit = Literal["freeze", "unlink", "archive", "delete"]
OnMerge = Literal["follow", "unlink", "ask"]
Initial = Literal["left", "right", "newest", "ask"]
Blank = Literal["propagate", "keep", "ask"]
Drift = Literal["report", "revert", "ignore"]
Invalid = Literal["park", "default", "truncate"]
OnUnreadable = Literal["park", "create"]
OnMissingRef = Literal["wait", "send_without", "error"]
OnCascade = Literal["ask", "propagate", "unlink"]


class Judgement(Protocol):
    """An expression of the project that settles a conflict; pure, and bounded like every expression."""

    @property
    def source(self) -> str:
        """The text that the user wrote."""

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Evaluate over ``names``; unknown where one is not known. Raises ``InvalidValue`` with the reason."""


@dataclass(frozen=True, slots=True)
class OwnerField:
    """A field of the record that tells by its value which side owns the record."""

    field: str
    left: tuple[Value, ...]
    right: tuple[Value, ...]

    def side_of(self, value: Value) -> Side | None:
        """Name the owner by the field's value, or ``None`` for a value that is not listed."""
        if any(same(value, one) for one in self.left):
            return "left"
        return "right" if any(same(value, one) for one in self.right) else None


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """How one field behaves. ``fallback`` decides where ``conflict`` cannot (newest too close, both non-blank).

    ``rank`` lists values, the winning ones first; ``resolve`` gives the value of ``conflict: expression``;
    ``owned_by`` names the side of ``conflict: owner``.
    """

    direction: Direction = "both"
    conflict: Conflict = "manual"
    fallback: Conflict = "manual"
    initial: Initial = "ask"
    blank: Blank = "propagate"
    drift: Drift = "report"
    invalid: Invalid = "park"
    on_missing_ref: OnMissingRef = "wait"
    on_cascade: OnCascade = "ask"
    rank: tuple[Value, ...] = ()
    resolve: Judgement | None = None
    owned_by: Judgement | OwnerField | None = None


@dataclass(frozen=True, slots=True)
class Brakes:
    """Limits above which a plan is held (SYNC-SPEC 12). Shares are of the linked records, 0 to 1."""

    delete_count: int = 10
    delete_share: float = 0.05
    delete_per_day: int = 500
    empty_side_from: int = 10
    shrink_share: float = 0.8
    update_share: float = 0.3
    update_from: int = 50
    blank_count: int = 10
    blank_share: float = 0.02
    create_count: int = 100
    create_share: float = 0.2
    duplicate_share: float = 0.01


@dataclass(frozen=True, slots=True)
class Policy:
    """The policies of a pair. ``..._left`` is about a record of the left side, so for all.

    ``grace_..._seconds`` is how long a deletion rests before it is carried over to the other side.
    """

    on_unmatched_left: OnUnmatched
    on_unmatched_right: OnUnmatched
    on_delete_left: OnDelete
    on_delete_right: OnDelete
    direction: Direction = "both"
    on_delete_update: OnDeleteUpdate = "ask"
    on_keyless: Literal["ask", "create"] = "ask"
    on_unreadable: OnUnreadable = "park"
    on_restore: OnRestore = "ask"
    on_scope_exit: OnScopeExit = "freeze"
    on_merge: OnMerge = "ask"
    delete_out_of_scope: bool = False
    brakes: Brakes = field(default_factory=Brakes)
    full_compare_seconds: float = 86_400
    newest_margin_seconds: float = 301
    grace_left_seconds: float = 0
    grace_right_seconds: float = 0
