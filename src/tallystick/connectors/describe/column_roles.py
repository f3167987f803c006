"""Guesses which column of a table keeps the time of change, the time of creation, and the version.

A guess is by name, type, index and one value; it says why, because a person has to confirm it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from tallystick.connectors.sql_table import MOMENTS, ColumnShape, TableShape

_WORD: Final = re.compile(r"[^\W\d_]+|\d+")
_HUMP: Final = re.compile(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])")
CHANGED: Final = frozenset({
    "change", "changed", "changedate", "lastchange", "lastchanged", "lastmodified", "lastmodifieddate", "lastupdate",
    "lastupdated", "modification", "modified", "modify", "modstamp", "mtime", "systemmodstamp", "update", "updated",
    "updatedat", "write", "aenderung", "aenderungsdatum", "geaendert", "geändert", "änderung", "änderungsdatum",
})  # fmt: skip
CREATED: Final = frozenset({
    "added", "create", "createdate", "created", "createdat", "creation", "ctime", "insert", "inserted", "angelegt",
    "anlagedatum", "erfasst", "erstellt",
})  # fmt: skip
_VERSIONS: Final = frozenset(
    {
        "rowversion",
        "lockversion",
        "optlock",
        "objectversionnumber",
        "versionnumber",
        "versionno",
        "versionnr",
        "revision",
    }
)
_MILLISECONDS_FROM: Final = 100_000_000_000
_SECONDS_FROM: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class Guess:
    """A column for a role, how it spells time (``iso``, ``unix``, ``unix_ms``), and what speaks for it."""

    column: str
    spelling: Literal["iso", "unix", "unix_ms"]
    because: str


def looks_like(name: str, words: Iterable[str]) -> bool:
    """Whether one of the words of a column's name, or all of them joined, is one of these."""
    found = [word.lower() for word in _WORD.findall(_HUMP.sub("_", name))]
    return not {*found, "".join(found)}.isdisjoint(words)


def guess_time(shape: TableShape, samples: dict[str, Any], words: frozenset[str]) -> Guess | None:
    """Give the likeliest column for a time whose name has one of ``words``; ``samples`` is a value of each column."""
    found = []
    for column in shape.columns.values():
        if not looks_like(column.name, words):
            continue
        spelling = _spelling(column, samples.get(column.name))
        if spelling is None:
            continue
        indexed = column.name in shape.indexed
        kinds = ("instant", "local_time", "text", "integer", "number", "float", "date")
        rank = (kinds.index(column.kind), not indexed)
        because = f"its name, its type ({column.kind}){' and its index' if indexed else ''}"
        found.append((rank, Guess(column.name, spelling, because)))
    return min(found, key=lambda each: each[0])[1] if found else None


def _spelling(column: ColumnShape, sample: Any) -> Literal["iso", "unix", "unix_ms"] | None:
    if isinstance(sample, int | float) and not isinstance(sample, bool):
        if column.kind in {"integer", "number", "float", *MOMENTS} and sample > _SECONDS_FROM:
            return "unix_ms" if sample > _MILLISECONDS_FROM else "unix"
        return None
    if column.kind in MOMENTS:
        return "iso"
    if column.kind == "text" and isinstance(sample, str) and len(sample) >= len("2000-01-01 00:00"):
        try:
            datetime.fromisoformat(sample)
        except ValueError:
            return None
        return "iso"
    return None


def guess_version(shape: TableShape) -> Guess | None:
    """Give the column that counts the versions of a row.

    A wrong guess would be counted up, so the name alone is enough only where it can mean nothing else; ``version``
    and ``rev`` must also be integers that start by themselves.
    """
    for column in shape.columns.values():
        plain = "".join(_WORD.findall(column.name)).lower()
        starts = column.default and not column.nullable and not column.numbered
        if column.kind == "integer" and (plain in _VERSIONS or (plain in {"version", "rev"} and starts)):
            return Guess(column.name, "iso", "its name and its type (integer)")
    return None
