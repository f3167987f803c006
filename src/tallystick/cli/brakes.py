"""The brakes that a person may let go, by name."""

from collections.abc import Sequence
from typing import get_args

from tallystick.core.brake import HoldKind
from tallystick.core.error import ProjectError


def check_brakes(names: Sequence[str] | None) -> frozenset[str]:
    """Give the brakes to let go.

    Raises:
        ProjectError: there is no such brake.
    """
    from tallystick.project.near import suggest

    known = get_args(HoldKind)
    for name in names or ():
        if name not in known:
            raise ProjectError(f"there is no brake '{name}'", hint=suggest(name, known, what="brakes"))
    return frozenset(names or ())
