"""The ``Link`` header of RFC 8288, as servers really write it."""

import re
from collections.abc import Iterable
from typing import Final

_TARGET: Final = re.compile(r"<([^>]*)>")
_PARAMETER: Final = re.compile(r';\s*([^\s=;,"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?')


def next_link(values: Iterable[str]) -> str:
    """Give the target of ``rel="next"``, or an empty text.

    Parameters may come in any order, ``rel`` in any case, unquoted, or with several relations; addresses may hold
    commas and semicolons; one header may carry many links and there may be many headers.
    """
    for value in values:
        at = 0
        while target := _TARGET.search(value, at):
            at = target.end()
            relations: set[str] = set()
            while parameter := _PARAMETER.match(value, _skip_blanks(value, at)):
                at = parameter.end()
                name, quoted, plain = parameter.groups()
                # Only the first "rel" counts (RFC 8288 3.3).
                if name.lower() == "rel" and not relations:
                    relations = set((quoted if quoted is not None else plain or "").lower().split())
            if "next" in relations:
                return target[1].strip()
    return ""


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t":
        at += 1
    return at
