"""What shall happen: direction, conflicts, deletions, unmatched records, brakes (SYNC-SPEC 8).

Every default is the safe one. There is no default for what a deletion or an unmatched record does on the other
side: a mapping that does not say so is refused (R-8.1).
"""

from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["both", "to_right", "to_left", "match_only", "once_to_right", "once_to_left"]
Conflict = Literal["left", "right", "newest", "prefer_nonblank", "set_merge", "manual"]
OnUnmatched = Literal["create", "ignore", "ask"]
OnDelete = Literal["propagate", "archive", "unlink", "restore", "ask"]
OnDeleteUpdate = Literal["update_wins", "delete_wins", "ask"]
OnRestore = Literal["recreate", "ignore", "ask"]
OnScopeExit = Literal["freeze", "unlink", "archive", "delete"]
OnMerge = Literal["follow", "unlink", "ask"]
Initial = Literal["left", "right", "newest", "ask"]
Blank = Literal["propagate", "keep", "ask"]
Drift = Literal["report", "revert", "ignore"]
Invalid = Literal["park", "default", "truncate"]
OnMissingRef = Literal["wait", "send_without", "error"]
OnCascade = Literal["ask", "propagate", "unlink"]


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """How one field behaves. ``fallback`` decides where ``conflict`` cannot (newest too close, both non-blank)."""

    direction: Direction = "both"
    conflict: Conflict = "manual"
    fallback: Conflict = "manual"
    initial: Initial = "ask"
    blank: Blank = "propagate"
    drift: Drift = "report"
    invalid: Invalid = "park"
    on_missing_ref: OnMissingRef = "wait"
    on_cascade: OnCascade = "ask"


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
    """The policies of a pair. ``..._left`` is about a record of the left side, so for all."""

    on_unmatched_left: OnUnmatched
    on_unmatched_right: OnUnmatched
    on_delete_left: OnDelete
    on_delete_right: OnDelete
    direction: Direction = "both"
    on_delete_update: OnDeleteUpdate = "ask"
    on_keyless: Literal["ask", "create"] = "ask"
    on_restore: OnRestore = "ask"
    on_scope_exit: OnScopeExit = "freeze"
    on_merge: OnMerge = "ask"
    delete_out_of_scope: bool = False
    brakes: Brakes = field(default_factory=Brakes)
    full_compare_seconds: float = 86_400
    newest_margin_seconds: float = 301
