"""Where a value sits in a raw record: ``a.b[0].c``; read and write without loss.

A step is a key or an index. ``parse`` understands dots, ``[0]`` and quoted keys (``a."b.c"``). Reading never
fails: a missing step gives ``UNKNOWN``, a null gives ``None``. Writing makes what is missing on the way.
"""

import itertools
import re
from collections.abc import Callable
from typing import Any, Final

from tallystick.core.error import InvalidValue
from tallystick.core.record import UNKNOWN

Step = str | int
Path = tuple[Step, ...]

_STEP: Final = re.compile(r'(?:^|\.)(?:"((?:[^"\\]|\\.)*)"|([^.\[\]"]+))|\[(\d+)\]')


def parse(text: str) -> Path:
    """Read a path such as ``a.b[0]."c.d"``.

    Raises:
        InvalidValue: the text is no path; the message shows where it stops making sense.
    """
    steps: list[Step] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if not found or (at == 0 and text[0] == "."):
            raise InvalidValue(
                f"'{text}' is not a path",
                detail=f"it stops making sense at character {at + 1}",
                hint="write keys with dots and list positions in brackets: address.lines[0]",
            )
        quoted, plain, index = found.groups()
        if index is not None:
            steps.append(int(index))
        else:
            steps.append(plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = found.end()
    return tuple(steps)


def render(path: Path) -> str:
    """Write a path as text; ``parse`` gives it back."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            simple = step and not re.search(r'[.\[\]"\\]', step)
            key = step if simple else '"' + step.replace("\\", "\\\\").replace('"', '\\"') + '"'
            text += f".{key}" if text else key
    return text


def read(record: Any, path: Path) -> Any:
    """Give the value at ``path``; ``UNKNOWN`` where a step is missing, ``None`` where a null is on the way."""
    for step in path:
        if isinstance(step, str):
            if not isinstance(record, dict):
                return None if record is None else UNKNOWN
            record = record.get(step, UNKNOWN)
        elif isinstance(record, list) and step < len(record):
            record = record[step]
        else:
            return None if record is None else UNKNOWN
        if record is UNKNOWN:
            return UNKNOWN
    return record


def reader(path: Path) -> Callable[[Any], Any]:
    """Make a function that gives the value at ``path`` of any record, as ``read`` does; for reading many records."""
    if len(path) == 1 and isinstance(path[0], str):
        key = path[0]
        return lambda record: record.get(key, UNKNOWN) if type(record) is dict else read(record, path)
    return lambda record: read(record, path)


def write(record: dict[str, Any], path: Path, value: Any) -> None:
    """Put ``value`` at ``path`` in place, making dictionaries and list positions on the way; the rest is untouched."""
    here: Any = record
    for step, after in itertools.pairwise(path):
        here = _enter(here, step, [] if isinstance(after, int) else {})
    last = path[-1]
    if isinstance(last, int):
        while len(here) <= last:
            here.append(None)
    here[last] = value


def _enter(here: Any, step: Step, empty: Any) -> Any:
    if isinstance(step, int):
        while len(here) <= step:
            here.append(None)
        if not isinstance(here[step], dict | list):
            here[step] = empty
    elif not isinstance(here.get(step), dict | list):
        here[step] = empty
    return here[step]


def parse_or_none(text: str) -> Path | None:
    """Read a path; ``None`` for a text that is none."""
    try:
        return parse(text)
    except InvalidValue:
        return None
