"""What the triggers of a change log are called: names that fit the shortest limit, and tell tables apart."""

from hashlib import blake2b
from typing import Final

_LONGEST: Final = 63  # bytes, in PostgreSQL; MySQL takes 64 characters
ROW_TRIGGER: Final = "tally_note_change"  # PostgreSQL names triggers by table
EVENTS: Final = ("insert", "update", "delete")


def fitting(name: str) -> str:
    """Give a name as it is, or shortened with a digest of the whole where no database would take it."""
    if len(name.encode()) <= _LONGEST:
        return name
    digest = blake2b(name.encode(), digest_size=4).hexdigest()
    kept = name.encode()[: _LONGEST - len(digest) - 1].decode(errors="ignore")
    return f"{kept}_{digest}"


def trigger_names(table: str) -> tuple[str, ...]:
    """Name the triggers of a table where their names are the whole schema's: for insert, update and delete."""
    return tuple(fitting(f"tally_{table}_{event}") for event in EVENTS)
