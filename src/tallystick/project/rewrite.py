"""Change a few values in a YAML file that people keep: comments, order and spelling of all the rest stay.

A file is replaced as a whole or not at all, and only if it says afterwards exactly what it was to say.
"""

import os
from collections.abc import Callable
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any

from tallystick.core.error import ProjectError
from tallystick.project.text import MAX_SYSTEM_BYTES, parse_text

_WIDTH = 1_000_000  # never fold a line that somebody wrote
Change = Callable[[Any], None]


def rewrite_yaml(path: Path, change: Change, *, hint: str) -> None:
    """Carry out ``change`` on the document at ``path``; ``hint`` says what to do by hand where that cannot be.

    ``change`` is called with the document as it is read by others and with the one that keeps comments: it must do the
    same to both.

    Raises:
        ProjectError: the file cannot be read, is no YAML, cannot be written, or cannot be kept as it is otherwise.
    """
    try:
        before = path.read_bytes()
        found = parse_text(before, str(path), limit=MAX_SYSTEM_BYTES)
        if found.problems or not isinstance(found.value, dict):
            raise ProjectError("the file cannot be read", hint="tally lint tells why", place=str(path))
        wanted = deepcopy(found.value)
        change(wanted)
        after = _changed(before.decode("utf-8-sig"), change)
        now = parse_text(after, str(path), limit=MAX_SYSTEM_BYTES)
        if now.problems or now.value != wanted:
            raise ProjectError("the file cannot be changed without changing more of it", hint=hint, place=str(path))
        replace_file(path, after)
    except (OSError, UnicodeError) as error:
        raise ProjectError(f"the file cannot be written: {error}", hint="check its rights", place=str(path)) from error


def _changed(text: str, change: Change) -> str:
    # The only reader and writer of YAML that keeps comments; it is slow, so that nothing else uses it.
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    document: Any = yaml.load(text)
    change(document)
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def replace_file(path: Path, text: str) -> None:
    """Write beside the file and put it in its place, so that no reader ever sees half of it."""
    real = path.resolve()  # a link stays a link
    beside = real.with_name(f".{real.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.chmod(real.stat().st_mode & 0o777)
        beside.replace(real)
    finally:
        beside.unlink(missing_ok=True)
