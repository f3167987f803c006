"""What people wrote otherwise than a system was described."""

from collections.abc import Iterator
from typing import Any, Final

from tallystick.project.manifest import Manifest

_NOT_DESCRIBED: Final = {"facts", "notes", "described", "description", "owner", "technical_contact", "expires", "title"}


def find_corrections(then: Manifest, written: Manifest) -> Iterator[str]:
    """Give the places in a manifest that say something else than its description did, by dotted path."""
    was, now = (
        each.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=_NOT_DESCRIBED)
        for each in (then, written)
    )
    yield from _places(was, now, "")


def _places(was: Any, now: Any, path: str) -> Iterator[str]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in dict.fromkeys((*was, *now)):
            yield from _places(was.get(key), now.get(key), f"{path}.{key}" if path else str(key))
    elif was != now:
        yield path
