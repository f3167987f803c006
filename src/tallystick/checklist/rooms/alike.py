"""Values of filters and of orders: which to ask for, when two count as equal, and what comes before what. Pure."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from tallystick.core.record import UNKNOWN

_LONGEST: Final = 100  # a longer text is a poor thing to ask for
_SHORTEST: Final = 3  # a shorter text is contained in too many others
_MOSTLY: Final = 0.9  # so many neighbours in order are no chance: an order by a collation that is not known here


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
    one, other = _folded(wanted), _folded(found)
    is_text = isinstance(wanted, str) and isinstance(found, str) and len(one) >= _SHORTEST
    return found == wanted or one == other or (is_text and one in other)


def _folded(value: Any) -> str:
    return unicodedata.normalize("NFKC", str(value)).casefold().strip()


def _unaccented(value: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", value).casefold() if c.isalnum())


def _without_marks(value: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", value).casefold() if not unicodedata.combining(c))


_COLLATIONS: Final[tuple[Callable[[str], str], ...]] = (
    lambda v: v,
    str.casefold,
    _unaccented,
    _without_marks,
    lambda v: v.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss"),
)


def is_ordered(values: Sequence[Any], *, descending: bool = False) -> bool | None:
    """Tell whether values stand in order by any usual collation; ``None`` where that cannot be told.

    Texts are mostly in order when a collation is at work that is not known here.
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
    if all(t.isdecimal() for t in texts) and _share([Decimal(t) for t in texts]) == 1:
        return True
    best = max(_share([key(t) for t in texts]) for key in _COLLATIONS)
    return True if best == 1 else None if best >= _MOSTLY else False


def _share(values: Sequence[str] | Sequence[Decimal]) -> float:
    """Give the share of neighbours that stand in order."""
    pairs: Any = pairwise(values)
    return sum(1 for a, b in pairs if a <= b) / (len(values) - 1)
