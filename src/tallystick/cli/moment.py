"""Times as people read them."""

from datetime import UTC, datetime
from typing import Final

_STEPS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def moment(seconds: float | None) -> str:
    """Write an instant (seconds UTC) as ISO 8601 to the second; empty for none."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def ago(seconds: float | None, now: float) -> str:
    """Say how long ago an instant was, roughly; ``never`` for none."""
    if seconds is None:
        return "never"
    passed = max(0, int(now - seconds))
    for size, word in _STEPS:
        if passed >= size:
            count = passed // size
            return f"{count} {word}{'s' if count != 1 else ''} ago"
    return "just now"
