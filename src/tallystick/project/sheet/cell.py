"""One cell: a value of the files as text that every spreadsheet keeps as it is, and back.

Most text stands as it is. What a spreadsheet, a CSV file or a person would change unseen (outer blanks, control
characters, a leading quote, text that looks like another kind of value) stands in double quotes, with YAML's escapes.
A blank cell means that the setting is not there.
"""

import re
from typing import Any, Final

from tallystick.core.error import InvalidValue
from tallystick.project.edit import quote, spell_flow
from tallystick.project.text import parse_text, scalar

LONGEST: Final = 32_000
"""How many characters a cell may have; spreadsheets cut longer ones."""
_ESCAPED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def spell_text(text: str) -> str:
    """Write text as a cell; line ends at its end are left out."""
    shown = text.rstrip("\n")
    is_safe = shown == shown.strip() and all(c.isprintable() or c == "\n" for c in shown)
    if shown and is_safe and shown[0] not in "\"'" and not _ESCAPED.search(shown):
        return shown
    # Workbooks read _x0041_ as an escape of their own.
    return _ESCAPED.sub(r"\\u005f", quote(text))


def spell_key(text: str) -> str:
    """Write text that names a row as a cell; unlike other text it is kept to its last line end."""
    return _ESCAPED.sub(r"\\u005f", quote(text)) if text.endswith("\n") else spell_text(text)


def read_text(cell: str) -> str:
    """Read a cell that holds text. Raises ``InvalidValue``."""
    cell = cell.strip()
    if cell[:1] != '"':
        return cell
    value = _parsed(cell)
    if not isinstance(value, str):
        raise InvalidValue(f"the quotes of {cell} do not fit", hint="write the text without quotes")
    return value


def spell_value(value: Any) -> str:
    """Write any value as a cell; nothing for null."""
    if value is None:
        return ""
    if isinstance(value, str):
        shown = spell_text(value)
        is_same = shown == value and _is_plain(value)
        return shown if is_same else _ESCAPED.sub(r"\\u005f", quote(value))
    shown = spell_flow(value)
    return shown if not _ESCAPED.search(shown) else _spell_quoted(value)


def _spell_quoted(value: Any) -> str:
    """Write a list or a mapping with all its texts in quotes, where alone an escape is one."""
    match value:
        case dict():
            return "{" + ", ".join(f"{_spell_quoted(str(k))}: {_spell_quoted(v)}" for k, v in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_spell_quoted, value)) + "]"
        case str():
            return _ESCAPED.sub(r"\\u005f", quote(value))
        case _:
            return spell_flow(value)


def read_value(cell: str) -> Any:
    """Read a cell that may hold any value. Raises ``InvalidValue``."""
    cell = cell.strip()
    if _is_plain(cell):
        return cell
    return _parsed(cell)


def _is_plain(text: str) -> bool:
    """Whether text outside of quotes is text: no number, no truth value, no list, no mapping."""
    if not text or (text[0] in '"[{' and not text.startswith("{{")):
        return False
    return scalar(text) is text


def _parsed(cell: str) -> Any:
    found = parse_text(cell, "cell")
    if found.problems:
        first = found.problems[0]
        raise InvalidValue(f"the cell cannot be read: {first.message}", hint=first.hint)
    return found.value
