"""Near names: what somebody who wrote an unknown name probably meant."""

from collections.abc import Iterable
from typing import Final

LISTED: Final = 12
_ALIKE: Final = 70
_SHORT: Final = 3


def nearest(name: str, names: Iterable[str]) -> str:
    """Give the one of ``names`` that looks most like ``name``; empty if none is near."""
    from rapidfuzz import fuzz, process, utils
    from rapidfuzz.distance import OSA

    known = list(names)
    found = process.extractOne(name, known, scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=_ALIKE)
    if found:
        return str(found[0])
    # In short names one slip of the finger is a large part.
    slips = [other for other in known if OSA.distance(name.lower(), other.lower()) == 1]
    return slips[0] if slips and len(name) >= _SHORT else ""


def suggest(name: str, names: Iterable[str], *, what: str = "known here") -> str:
    """Make a hint for an unknown name: the near one, else the first of what there is, said to be ``what``."""
    known = sorted(names)
    near = nearest(name, known)
    if near:
        return f"did you mean '{near}'?"
    if not known:
        return f"nothing is {what}"
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    return f"{what}: {', '.join(known[:LISTED])}{more}"


def either(words: Iterable[str]) -> str:
    """List choices as a sentence does: ``a, b or c``."""
    *most, last = list(words)
    return f"{', '.join(most)} or {last}" if most else last
