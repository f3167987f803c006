"""How a description says that times are spelled: a count of seconds or milliseconds, or a pattern in its prose."""

import re
from typing import Any, Final

_PATTERN: Final = re.compile(
    r"\b(Y{4}|y{4}|J{4}|j{4}|d{2}|D{2}|T{2}|t{2})([-./])(MM|mm)\2(Y{4}|y{4}|J{4}|j{4}|dd|DD|TT|tt)"
    r"([T ]'?(?:hh|HH|ss|SS):(?:mm|MM|ii)(?::ss|:SS)?)?"
)
_GERMAN: Final = str.maketrans("JjTt", "yydd")
_MILLI: Final = re.compile(r"milli|\bms\b", re.IGNORECASE)
_SECONDS_UNTIL: Final = 100_000_000_000  # later than the year 5138 in seconds


def count_spelling(text: str, example: Any) -> str:
    """Tell whether a number counts seconds (``unix``) or milliseconds (``unix_ms``), by an example or what is said."""
    large = isinstance(example, int) and example > _SECONDS_UNTIL
    return "unix_ms" if large or _MILLI.search(text) else "unix"


def spelling_in(text: str) -> str:
    """Find a date pattern in prose, as a manifest spells it; ``iso`` where that is what it says, empty for none."""
    found = _PATTERN.search(text)
    if not found:
        return ""
    mark = found[2]
    day = found[0][:10].translate(_GERMAN).lower()
    if day == "yyyy-mm-dd" and "T" in (found[5] or ""):
        return "iso"
    clock = (found[5] or "").replace("hh", "HH").replace("HH:MM", "HH:mm").replace("ii", "mm").replace("SS", "ss")
    return day.replace(f"{mark}mm{mark}", f"{mark}MM{mark}") + clock
