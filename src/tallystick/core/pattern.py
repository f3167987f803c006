"""Patterns as API descriptions and people write them, compiled only where they can be tried in safe time."""

import re
from functools import lru_cache
from typing import Final

MATCHABLE: Final = 1000
"""Texts longer than this are not matched against patterns."""
# A repeated group that itself repeats can take exponential time to fail.
_NESTED_REPEAT: Final = re.compile(r"\((?:[^()\\]|\\.)*(?:[+*]|\{\d+,\d*\})(?:[^()\\]|\\.)*\)(?:[+*]|\{\d+,)")


@lru_cache(maxsize=1024)
def pattern_of(source: str) -> re.Pattern[str] | None:
    """Compile a declared pattern, or give ``None`` for one that cannot be checked here in safe time."""
    if _NESTED_REPEAT.search(source):
        return None
    ends = source.endswith("$") and not source.endswith("\\$")
    try:
        # In API descriptions $ is the very end, and classes are ASCII.
        return re.compile(source[:-1] + r"\Z" if ends else source, re.ASCII)
    except (re.error, RecursionError, OverflowError):
        return None
