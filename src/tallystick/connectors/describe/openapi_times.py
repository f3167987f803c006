"""Which fields of a record are the times of its last change and its creation, and how times are spelled.

How they are spelled stands in prose more often than in a schema: "Unix ms", "dd.MM.yyyy HH:mm", "TT.MM.JJJJ".
"""

import re
from collections.abc import Callable
from typing import Final

from tallystick.connectors.describe.openapi_since import is_change_name
from tallystick.connectors.describe.openapi_spelling import count_spelling, spelling_in
from tallystick.connectors.describe.openapi_words import squeeze
from tallystick.project.manifest import FieldSpec

_CREATED: Final = re.compile(
    r"^(date|time|record|when)?(creat(ed|ion)|insert(ed)?|added|dateadded|datecreated)(at|on|date|time|datetime|utc|timestamp|gmt)*$"
)
_TIMED: Final = frozenset({"text", "instant", "integer", "number", "any", "local_time", "date"})


def find_times(fields: dict[str, FieldSpec]) -> tuple[str, str, str]:
    """Find the fields with the time of change and of creation, and how they are spelled (``iso``, ``unix`` ...).

    A time of creation that is spelled in another way than the time of change is left out: a manifest has one spelling.
    """
    modified = _time(fields, is_change_name)
    created = _time(fields, lambda name: bool(_CREATED.match(name)))
    spelled = _spelling(fields[modified]) if modified else _spelling(fields[created]) if created else "iso"
    if created and _spelling(fields[created]) != spelled:
        created = ""
    return modified, created, spelled


def _spelling(field: FieldSpec) -> str:
    if field.type in {"integer", "number"}:
        return count_spelling(f"{field.label} {field.format}", None)
    return "iso" if field.type == "instant" else spelling_in(field.label) or "iso"


def _time(fields: dict[str, FieldSpec], fits: Callable[[str], bool]) -> str:
    best: tuple[int, str] | None = None
    for path, spec in fields.items():
        steps = path.split(".")
        last = steps[-1] if squeeze(steps[-1]) != "value" else steps[-2] if len(steps) > 1 else ""
        if spec.type not in _TIMED or not fits(squeeze(last)):
            continue
        if len(steps) > 2:  # noqa: PLR2004 - deeper times belong to something else
            continue
        rank = 4 * (spec.type == "instant") + 2 * (len(steps) == 1) + spec.read_only
        if best is None or rank > best[0]:
            best = (rank, path)
    return best[1] if best else ""
