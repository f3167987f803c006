"""Change single values of a YAML text that people keep: every other character stays as it is.

Only the span of what changes is replaced, so that comments, order, quotes and line ends survive. What comes out is
read again and must say exactly what it was to say, else nothing is changed.
"""

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import yaml

from tallystick.core.error import ProjectError
from tallystick.core.path import render
from tallystick.project.text import parse_text, scalar

_LARGE: Final = 8_000_000
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN: Final = re.compile(r"[^\W\d][\w./@+-]*(?: [\w./@+-]+)*")
_MIDDLE: Final = "#"


class Removal(Enum):
    """What an edit says of a key that goes."""

    REMOVED = "removed"


REMOVED: Final = Removal.REMOVED


@dataclass(frozen=True, slots=True)
class Edit:
    """Set the value at ``path``, made on the way where it is missing, or take the key away (``REMOVED``)."""

    path: tuple[str, ...]
    value: Any


def edit_yaml(text: str, edits: Sequence[Edit], file: str) -> str:
    """Carry out ``edits`` in order. A mapping that loses its last key goes with it, but not those at the top.

    Raises:
        ProjectError: the text is no YAML mapping, or cannot say this without changing more of it.
    """
    found = parse_text(text, file, limit=_LARGE)
    if found.problems or not isinstance(found.value, dict):
        raise ProjectError("the file cannot be read", found.problems, hint="tally lint tells why", place=file)
    wanted = deepcopy(found.value)
    for edit in edits:
        said_before = repr(wanted)  # by their spelling, because 1 equals true
        apply_edit(wanted, edit)
        if repr(wanted) == said_before:
            continue
        text = _edited(text, edit)
        now = parse_text(text, file, limit=_LARGE)
        if now.problems or now.value != wanted:
            raise ProjectError(
                f"'{render(edit.path)}' cannot be changed without changing more of the file",
                hint=f"write it by hand: {'remove it' if edit.value is REMOVED else spell_flow(edit.value)}",
                place=file,
            )
    return text


def _edited(text: str, edit: Edit) -> str:
    try:
        return _Text(text).edited(edit)
    except ValueError:  # a key without a colon
        return text


def apply_edit(document: dict[str, Any], edit: Edit) -> None:
    """Carry out an edit on plain values, in place."""
    *way, last = edit.path
    here = document
    above: list[tuple[dict[str, Any], str]] = []
    for step in way:
        if not isinstance(here.get(step), dict):
            if edit.value is REMOVED:
                return
            here[step] = {}
        above.append((here, step))
        here = here[step]
    if edit.value is not REMOVED:
        here[last] = edit.value
        return
    if last not in here:
        return
    del here[last]
    for holder, step in reversed(above[1:]):
        if not holder[step]:
            del holder[step]


def spell_flow(value: Any) -> str:
    """Write a value on one line such that it is read as the same again."""
    match value:
        case dict():
            return "{" + ", ".join(f"{spell_flow(str(k))}: {spell_flow(v)}" for k, v in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(spell_flow, value)) + "]"
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float() | Decimal():
            return str(value)
        case _:
            text = str(value)
            return text if _PLAIN.fullmatch(text) and scalar(text) is text else quote(text)


def quote(text: str) -> str:
    """Write text in double quotes, what cannot be seen as escapes."""
    return '"' + "".join(map(_quoted, text)) + '"'


def _quoted(character: str) -> str:
    code = ord(character)
    if character in '"\\':
        return "\\" + character
    if character == "\n":
        return "\\n"
    if character.isprintable():
        return character
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four digits hold no more


class _Text:
    """One reading of a text: the nodes with their places."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root: Any = yaml.compose(text.removeprefix("\ufeff"), Loader=_LOADER)
        lines = text.split("\n")
        self.begins = [0]
        for line in lines:
            self.begins.append(self.begins[-1] + len(line) + 1)
        self.shift = len(text) - len(text.removeprefix("\ufeff"))

    def edited(self, edit: Edit) -> str:
        """Give the text with one edit carried out."""
        if edit.value is REMOVED:
            return self.without(edit.path)
        node = self.root
        for depth, step in enumerate(edit.path):
            rest = edit.path[depth + 1 :]
            found = next((pair for pair in node.value if pair[0].value == step), None)
            if found is None:
                return self.inserted(node, step, _nested(rest, edit.value))
            if not rest or not isinstance(found[1], yaml.MappingNode):
                return self.replaced(found, _nested(rest, edit.value))
            node = found[1]
        return self.text

    def at(self, mark: yaml.Mark) -> int:
        """Give the position of a mark."""
        return self.begins[mark.line] + mark.column + (self.shift if mark.line == 0 else 0)

    def tail(self, node: yaml.Node) -> int:
        """Give the position behind the last character of a node; a literal block ends where the next line begins."""
        if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
            return self.at(node.end_mark)
        last = node.value[-1]
        return self.tail(last[1] if isinstance(node, yaml.MappingNode) else last)

    def replaced(self, pair: tuple[yaml.Node, yaml.Node], value: Any) -> str:
        """Put a value in the place of another one."""
        key, node = pair
        start, end = self.at(node.start_mark), self.tail(node)
        new = spell_flow(value)
        if isinstance(node, yaml.ScalarNode) and node.style not in {"|", ">"} and start < end:
            return self.text[:start] + new + self.text[end:]
        if node.end_mark.line == node.start_mark.line and node.end_mark.column > node.start_mark.column:
            return self.text[:start] + new + self.text[end:]
        # A block is replaced from behind its key on; comments between the two stay.
        colon = self.text.index(":", self.at(key.end_mark)) + 1
        between = self.text[colon : max(start, colon)]
        kept = between.rstrip() if _MIDDLE in between else ""
        closing = self.newline if self.text[colon:end].endswith("\n") else ""
        return self.text[:colon] + " " + new + kept + closing + self.text[end:]

    @property
    def newline(self) -> str:
        """How lines end here."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def inserted(self, node: yaml.MappingNode, key: str, value: Any) -> str:
        """Put a new entry at the end of a mapping."""
        entry = f"{spell_flow(key)}: {spell_flow(value)}"
        if node.flow_style or not node.value:
            if not node.value:
                at = self.text.index("{", self.at(node.start_mark)) + 1
                return self.text[:at] + entry + self.text[at:]
            at = self.tail(node.value[-1][1])
            return f"{self.text[:at]}, {entry}{self.text[at:]}"
        indent = " " * node.value[0][0].start_mark.column
        at = self.tail(node)
        if self.text[:at].endswith("\n"):
            return f"{self.text[:at]}{indent}{entry}{self.newline}{self.text[at:]}"
        end = self.text.find("\n", at)
        end = len(self.text) if end < 0 else end - 1 if self.text[end - 1] == "\r" else end
        return f"{self.text[:end]}{self.newline}{indent}{entry}{self.text[end:]}"

    def without(self, path: tuple[str, ...]) -> str:
        """Take a key away, and above it the mappings that it was alone in, but for those at the top."""
        node = self.root
        cut: tuple[yaml.MappingNode, int] | None = None
        for depth, step in enumerate(path):
            at = next((i for i, pair in enumerate(node.value) if pair[0].value == step), -1)
            if at < 0:
                return self.text
            if cut is None or len(node.value) > 1 or depth <= 1:
                cut = (node, at)
            if depth < len(path) - 1:
                node = node.value[at][1]
        assert cut is not None
        return self.cut(*cut)

    def cut(self, node: yaml.MappingNode, at: int) -> str:
        """Take one entry out of a mapping."""
        key, value = node.value[at]
        start, end = self.at(key.start_mark), self.tail(value)
        if len(node.value) == 1:
            first = self.at(node.start_mark)
            return self.text[:first] + "{}" + self.text[self.tail(node) :]
        if node.flow_style:
            if at + 1 < len(node.value):
                return self.text[:start] + self.text[self.at(node.value[at + 1][0].start_mark) :]
            return self.text[: self.tail(node.value[at - 1][1])] + self.text[end:]
        begin = self.text.rfind("\n", 0, start) + 1
        if not self.text[:end].endswith("\n"):
            line_end = self.text.find("\n", end)
            end = len(self.text) if line_end < 0 else line_end + 1
        return self.text[:begin] + self.text[end:]


def _nested(way: Sequence[str], value: Any) -> Any:
    for step in reversed(way):
        value = {step: value}
    return value
