"""Values of filters and of orders: which to ask for, when two count as equal, and what comes before what. Pure."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from tallystick.core.record import UNKNOWN

_LONGEST: Final = 100  # a longer text is a poor thing to ask for


def pick_value(values: Sequence[Any]) -> str | int | Decimal | bool | None:
    """Choose a value to ask for: one that few records have, and best of all not only one; ``None`` if there is none.

    Texts with characters that systems read as wildcards are passed over.
    """
    counts = Counter(v for v in values if _is_askable(v))
    if not counts:
        return None
    # Of values with equal counts the first in order, so that two runs ask the same.
    ranked = sorted(counts.items(), key=lambda entry: (entry[1] == 1, entry[1], str(entry[0])))
    chosen: str | int | Decimal | bool = ranked[0][0]
    return chosen


def _is_askable(value: Any) -> bool:
    if isinstance(value, str):
        plain = value.strip()
        return plain == value and bool(plain) and len(plain) <= _LONGEST and not set(plain) & set("*%?_\"'\\,;|()[]")
    return isinstance(value, int | Decimal)


def is_alike(wanted: Any, found: Any) -> bool:
    """Tell whether a value may have matched: equal, equal but for case and spaces, or containing the wanted text.

    A value that is not shown cannot contradict.
    """
    if found is UNKNOWN:
        return True
    if isinstance(found, list):
        return any(is_alike(wanted, one) for one in found)
    if found is None:
        return False
    return found == wanted or _folded(wanted) in _folded(found)


def _folded(value: Any) -> str:
    return unicodedata.normalize("NFKC", str(value)).casefold().strip()


def _unaccented(value: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", value).casefold() if c.isalnum())


_COLLATIONS: Final[tuple[Callable[[str], str], ...]] = (
    lambda v: v,
    str.casefold,
    _unaccented,
    lambda v: v.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss"),
)


def is_ordered(values: Sequence[Any], *, descending: bool = False) -> bool | None:
    """Tell whether values stand in order by any usual collation; ``None`` where there are too few to tell.

    Blanks are left out: systems put them first or last.
    """
    known = [v for v in values if v is not None and v is not UNKNOWN and not isinstance(v, bool | list | dict)]
    if descending:
        known.reverse()
    if len(set(map(str, known))) < 2:  # noqa: PLR2004 - one value is in any order
        return None
    if all(isinstance(v, int | float | Decimal) for v in known):
        return all(a <= b for a, b in pairwise(known))
    texts = [str(v) for v in known]
    if any(all(key(a) <= key(b) for a, b in pairwise(texts)) for key in _COLLATIONS):
        return True
    numbers = [Decimal(t) for t in texts if t.isdecimal()]
    return len(numbers) == len(texts) and all(a <= b for a, b in pairwise(numbers))
