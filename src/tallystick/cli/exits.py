"""What the exit code of ``tally`` says, for scripts and schedulers.

When several things went wrong in one run, the lowest code that applies is given: what needs a developer before what
needs an operator, that before what needs a decision.
"""

from collections.abc import Iterable
from typing import Final

from tallystick.core.error import AccessError, Error, ProjectError, RemoteError, UnsafePlan

DONE: Final = 0
FAILED: Final = 1
WRONG: Final = 2
SYSTEM: Final = 3
DECIDE: Final = 4
CHECK: Final = 5
STOPPED: Final = 130

# What a code says in short, and what more there is to know.
MEANINGS: Final[dict[int, tuple[str, str]]] = {
    DONE: ("done", "Records that wait for somebody are listed by `tally problems` and are no failure of a run."),
    FAILED: (
        "something failed inside",
        "Tallystick's own state cannot be used, or a mapping failed for a reason that has no code of its own.",
    ),
    WRONG: ("wrong usage or project files", "The command line or the files of the project must be corrected."),
    SYSTEM: ("a system failed or refused access", "It did not answer, answered badly, or does not let us in."),
    DECIDE: (
        "a person must decide first",
        "A brake holds, a first contact was not approved, a plan is stale or missing, a file would be overwritten.",
    ),
    CHECK: (
        "a check failed",
        "A question of `tally check` that gates came out red, or a score is below `tally reconcile --fail-under`.",
    ),
    STOPPED: ("stopped by Ctrl-C", "What was confirmed until then is remembered; run again to go on."),
}


def code_of(error: Error) -> int:
    """Give the exit code of an error."""
    match error:
        case ProjectError():
            return WRONG
        case AccessError() | RemoteError():
            return SYSTEM
        case UnsafePlan():
            return DECIDE
        case _:
            return FAILED


def worst(codes: Iterable[int]) -> int:
    """Give the one code that stands for several."""
    return min((code for code in codes if code != DONE), default=DONE)
