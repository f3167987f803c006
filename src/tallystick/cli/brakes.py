"""What a person lets go: brakes by name, narrowed to a mapping, a side and a number, or one hold by its id."""

import re
from collections.abc import Sequence
from typing import Final, get_args

from tallystick.cli.person import person
from tallystick.core.brake import HoldKind, Permit, Release
from tallystick.core.error import ProjectError
from tallystick.core.record import SIDES

_ID: Final = re.compile(r"([a-z_]+)@[0-9a-f]{12}")
_SHAPE: Final = "write KIND, KIND:MAPPING, KIND:MAPPING:SIDE or KIND:MAPPING:SIDE:NUMBER, or the id that a plan shows"


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


def permit_of(words: Sequence[str] | None, mappings: Sequence[str], by: str | None) -> Permit:
    """Give what a person lets pass: ``words`` as after ``--release``, ``mappings`` are those of the project.

    Raises:
        ProjectError: a word means no brake, no mapping or no side of this project.
    """
    return Permit(by or person(), tuple(parse_release(word, mappings) for word in words or ()))


def parse_release(word: str, mappings: Sequence[str]) -> Release:
    """Read one word after ``--release``.

    Raises:
        ProjectError: it means no brake, no mapping or no side of this project.
    """
    from tallystick.project.near import suggest

    if "@" in word:
        found = _ID.fullmatch(word)
        if found is None:
            raise ProjectError(f"'{word}' is no id of a hold", hint="copy it from the plan, like deletes@0123456789ab")
        check_brakes([found[1]])
        return Release(found[1], id=word)
    kind, *rest = word.split(":")
    check_brakes([kind])
    if ":".join(rest) in mappings:
        return Release(kind, ":".join(rest))
    # The name of a mapping may have colons of its own, so the other parts are taken from the end.
    most = int(rest.pop()) if rest and rest[-1].isascii() and rest[-1].isdigit() else None
    side = next((s for s in SIDES if len(rest) > 1 and rest[-1] == s), None)
    pair = ":".join(rest[:-1] if side else rest)
    if rest and pair not in mappings:
        odd = len(rest) > 1 and side is None and ":".join(rest[:-1]) in mappings
        hint = f"the sides are left and right; {_SHAPE}" if odd else suggest(pair, mappings, what="mappings")
        raise ProjectError(f"'{word}' names no {'side' if odd else 'mapping'} of this project", hint=hint)
    if most is not None and side is None:
        raise ProjectError(f"'{word}' says how many, but not where", hint=_SHAPE)
    return Release(kind, pair, side, most)
