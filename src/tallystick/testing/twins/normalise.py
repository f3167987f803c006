"""What systems do to text when they store it."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from tallystick.core.record import Raw
from tallystick.testing.twins.column import Column
from tallystick.testing.twins.fault import Struck

_WAYS: Final[dict[str, Callable[[str, int], str]]] = {
    "trim": lambda text, _: text.strip(),
    "truncate": lambda text, length: text[:length],
    "upper": lambda text, _: text.upper(),
    "lower": lambda text, _: text.lower(),
}


def normalised(record: Raw, struck: Struck, columns: Sequence[Column]) -> Raw:
    """Change a record's text as the fault says; options, references and the system's own fields stay."""
    fault = struck.get("normalise")
    if fault is None:
        return record
    free = {c.name for c in columns if c.type == "text" and not (c.options or c.reference or c.read_only)}
    wanted = free & {fault.field} if fault.field else free
    change = _WAYS[fault.mode]
    return {k: change(v, fault.length) if k in wanted and isinstance(v, str) else v for k, v in record.items()}


def trimmed(value: Any) -> Any:
    """Strip text, inside dictionaries too; empty text becomes null."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, dict):
        return {k: trimmed(v) for k, v in value.items()}
    return value
