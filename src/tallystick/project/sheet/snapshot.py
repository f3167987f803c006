"""The base of a merge: which mappings were exported and what every cell said then, with a hash to name it.

It travels in the sheet, and is kept in the project's ``.tally/sheets``, where a merge leaves what the sheet said last.
"""

import base64
import binascii
import hashlib
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.core.error import ProjectError
from tallystick.project.rewrite import replace_file
from tallystick.project.sheet.columns import TABLES, Cells, Row

KEPT: Final = Path(".tally") / "sheets"
_VERSION: Final = 1
_LARGEST: Final = 32_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was exported: the mappings, and their cells with those of the owners."""

    mappings: tuple[str, ...]
    cells: Cells

    @property
    def hash(self) -> str:
        """The name of this very content."""
        return hashlib.sha256(self.text().encode()).hexdigest()[:32]

    def text(self) -> str:
        """Write it as JSON; equal content gives equal text."""
        rows = [
            [row.table, row.mapping, list(row.key), dict(sorted(found.items()))] for row, found in self.cells.items()
        ]
        content = {"version": _VERSION, "mappings": list(self.mappings), "cells": sorted(rows, key=lambda r: r[:3])}
        return json.dumps(content, ensure_ascii=True, separators=(",", ":"))

    def packed(self) -> str:
        """Write it as few plain characters, which no spreadsheet takes for anything else."""
        return base64.urlsafe_b64encode(zlib.compress(self.text().encode(), 9)).decode()


def read_snapshot(text: str) -> Snapshot | None:
    """Read what ``text`` wrote; ``None`` for anything else."""
    try:
        content = json.loads(text)
        if content["version"] != _VERSION:
            return None
        cells = {
            Row(table, str(mapping), tuple(map(str, key))): {str(k): str(v) for k, v in found.items()}
            for table, mapping, key, found in content["cells"]
            if table in TABLES
        }
        return Snapshot(tuple(map(str, content["mappings"])), cells)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def unpack_snapshot(packed: str) -> Snapshot | None:
    """Read what ``packed`` wrote; ``None`` for anything else, as what was cut short or is far too large."""
    try:
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(base64.urlsafe_b64decode(packed.encode()), _LARGEST)
        return read_snapshot(text.decode()) if unpacking.eof else None
    except (ValueError, binascii.Error, zlib.error):
        return None


def keep_snapshot(folder: Path, name: str, snapshot: Snapshot) -> None:
    """Keep a base in the project under the hash ``name`` of the export.

    Raises:
        ProjectError: the folder cannot be written.
    """
    path = folder / KEPT / f"{name}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(exist_ok=True)
        replace_file(path, snapshot.text())
    except OSError as error:
        raise ProjectError(f"{path} cannot be written: {error.strerror}", hint="check its rights") from error


def find_base(folder: Path, name: str, packed: str) -> Snapshot | None:
    """Find the base of a sheet: what the project kept under the hash ``name``, else what the sheet brought itself.

    ``None`` where neither can be trusted.
    """
    if name.isalnum():
        try:
            kept = read_snapshot((folder / KEPT / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, UnicodeError):
            kept = None
        if kept is not None:
            return kept
    brought = unpack_snapshot(packed)
    return brought if brought is not None and brought.hash == name else None
