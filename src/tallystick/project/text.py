"""Strict YAML: text in, plain values out, and where every one of them stands.

Values follow YAML 1.2: ``no``, ``on``, ``012``, ``12:30:45`` and ``2026-01-01`` are text. Keys are always text, as
written. Integers are exact, fractions become ``Decimal``. Refused, each with its place and cure: keys given twice,
anchors and aliases, tags, several documents, nesting or size beyond what a person writes. All problems are gathered.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import yaml

from tallystick.core.error import Problem
from tallystick.core.path import render

DataPath = tuple[str | int, ...]
Spot = tuple[int, int]

MAX_BYTES: Final = 1_000_000
# Manifests are written by machines too: a description of thousands of objects is larger than what people write.
MAX_SYSTEM_BYTES: Final = 32_000_000
MAX_DEPTH: Final = 20
MAX_DIGITS: Final = 100
MAX_VALUES: Final = 500_000
MAX_PROBLEMS: Final = 100

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# A leading plus stays text: it is a telephone number more often than a sum.
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_BASED: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER: Final = re.compile(r"-?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)(?:[eE]([-+]?[0-9]+))?")
_WORDS: Final = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
# NEL, LS and PS count as line ends in YAML but not in editors: places would be wrong behind them.
_ODD: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_DROPPED: Final = object()


@dataclass(frozen=True, slots=True)
class Document:
    """One file as read. ``value`` is ``None`` where the text is empty or broken; ``problems`` says which.

    ``keys`` and ``values`` give (line, column), from 1, by path. A value that was refused is left out of ``value``;
    its path is in ``doubtful``, so that nobody complains about it a second time.
    """

    file: str
    value: Any = None
    keys: Mapping[DataPath, Spot] = field(default_factory=dict, repr=False)
    values: Mapping[DataPath, Spot] = field(default_factory=dict, repr=False)
    doubtful: frozenset[DataPath] = frozenset()
    problems: tuple[Problem, ...] = ()

    @property
    def is_broken(self) -> bool:
        """Whether the text could not be read to its end, so that there is nothing to check."""
        return self.value is None and bool(self.problems)

    def at(self, path: DataPath) -> Any:
        """Give the value at ``path``; ``None`` where nothing is."""
        value = self.value
        for step in path:
            if isinstance(value, dict):
                value = value.get(str(step))
            else:
                is_there = isinstance(value, list) and isinstance(step, int) and step < len(value)
                value = value[step] if is_there else None
        return value

    def spot(self, path: DataPath, *, key: bool = False) -> Spot:
        """Give line and column of the value (or the key) at ``path``, else of the nearest thing around it."""
        for end in range(len(path), -1, -1):
            here = path[:end]
            # Around what is not there a parent's name is the best place to point at, but for a shorthand its value.
            by_key = key if end == len(path) else isinstance(self.at(here), dict | list)
            first, second = (self.keys, self.values) if by_key else (self.values, self.keys)
            found = first.get(here) or second.get(here)
            if found:
                return found
        return (1, 1)


def parse_text(content: bytes | str, file: str, *, limit: int = MAX_BYTES) -> Document:
    """Read one YAML document. Never raises for what the text contains; look at ``problems``.

    ``file`` is how messages name the text; ``limit`` is the largest size that is read, in bytes.
    """
    if len(content) > limit:
        message = f"the file is larger than {limit:,} bytes"
        return _broken(file, (1, 1), message, "split it: one file per system or mapping")
    text = content if isinstance(content, str) else _decode(content)
    if isinstance(text, Problem):
        return Document(file, problems=(Problem(file, text.line, text.column, text.message, text.hint),))
    text = text.removeprefix("\ufeff")
    odd = _ODD.search(text)
    if odd:
        spot = (text.count("\n", 0, odd.start()) + 1, odd.start() - text.rfind("\n", 0, odd.start()))
        message = f"the character U+{ord(odd.group()):04X} is not allowed here"
        return _broken(file, spot, message, "delete it")
    return _Reader(file, text).read()


def _broken(file: str, spot: Spot, message: str, hint: str) -> Document:
    return Document(file, problems=(Problem(file, *spot, message, hint),))


def _decode(content: bytes) -> str | Problem:
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            return Problem("", 1, 1, "the file starts like UTF-16 but is not", "save it as UTF-8")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as bad:
        before = content[: bad.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        message = f"the byte 0x{content[bad.start]:02X} is not UTF-8"
        return Problem("", before.count(b"\n") + 1, column, message, "save the file with the encoding UTF-8")


class _Open:
    """A mapping or list being read; a mapping alternates between waiting for a key and for its value.

    Without ``value`` its content is skipped; without ``key`` the next value is.
    """

    __slots__ = ("key", "path", "value", "wants_key")

    def __init__(self, value: dict[str, Any] | list[Any] | None, path: DataPath) -> None:
        self.value = value
        self.path = path
        self.key: str | None = None
        self.wants_key = isinstance(value, dict)


class _Reader:
    """Turns the parser's events into values, without recursion: depth is checked before it can hurt."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = text
        self.keys: dict[DataPath, Spot] = {}
        self.values: dict[DataPath, Spot] = {}
        self.problems: list[Problem] = []
        self.doubtful: set[DataPath] = set()
        self.open: list[_Open] = []
        self.root: Any = None
        self.documents = 0

    def read(self) -> Document:
        try:
            for event in yaml.parse(self.lines, Loader=_LOADER):
                if not self.take(event) or self.is_too_much(event):
                    return self.finish(None)
        except yaml.YAMLError as broken:
            self.explain(broken)
            return self.finish(None)
        return self.finish(None if self.root is _DROPPED else self.root)

    def finish(self, value: Any) -> Document:
        return Document(
            self.file, value, self.keys, self.values, frozenset(self.doubtful), tuple(sorted(self.problems))
        )

    def is_too_much(self, event: yaml.Event) -> bool:
        """Whether reading on would cost more than it tells."""
        if len(self.problems) < MAX_PROBLEMS and len(self.values) <= MAX_VALUES:
            return False
        start = event.start_mark
        spot = (start.line + 1, start.column + 1) if start else (1, 1)
        if len(self.problems) >= MAX_PROBLEMS:
            self.note(spot, f"after {MAX_PROBLEMS} problems the rest is not read", "solve these first")
        else:
            self.note(spot, f"more than {MAX_VALUES:,} values are not read", "split the file")
        return True

    def note(self, spot: Spot, message: str, hint: str) -> None:
        self.problems.append(Problem(self.file, *spot, message, hint))

    def take(self, event: yaml.Event) -> bool:
        """Take one event; false ends the reading."""
        start = event.start_mark
        spot = (start.line + 1, start.column + 1) if start else (1, 1)
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.note(spot, "a second document starts here", "one document per file: remove the line ---")
                return False
        elif isinstance(event, yaml.CollectionEndEvent):
            self.open.pop()
        elif isinstance(event, yaml.AliasEvent):
            self.note(spot, "aliases (*name) are not used in project files", "write the values out")
            self.put(_DROPPED, spot)
        elif isinstance(event, yaml.NodeEvent):
            return self.take_node(event, spot)
        return True

    def take_node(self, event: yaml.NodeEvent, spot: Spot) -> bool:
        if event.anchor:
            hint = "remove it and write the values out where they are needed"
            self.note(spot, "anchors (&name) are not used in project files", hint)
        tag = getattr(event, "tag", None)
        if tag and tag != "!":
            hint = "remove it; text that looks like a number goes in quotes, secrets are written ${secret:NAME}"
            self.note(spot, "tags (!name) are not used in project files", hint)
        if isinstance(event, yaml.ScalarEvent):
            self.put_scalar(event, spot)
            return True
        if len(self.open) >= MAX_DEPTH:
            self.note(spot, f"nested more than {MAX_DEPTH} levels deep", "project files need far fewer levels")
            return False
        self.enter({} if isinstance(event, yaml.MappingStartEvent) else [], spot)
        return True

    def put_scalar(self, event: yaml.ScalarEvent, spot: Spot) -> None:
        text: str = event.value
        quoted = not event.implicit[0]
        if quoted or (self.open and self.open[-1].wants_key):
            self.put(text, spot)
        else:
            value = scalar(text)
            if value is _DROPPED:
                self.note(spot, f"a number of this size ({len(text)} characters) is not read", "put it in quotes")
            self.put(value, spot)

    def enter(self, value: dict[str, Any] | list[Any], spot: Spot) -> None:
        top = self.open[-1] if self.open else None
        path = self.place(top) if top else ()
        if top and top.wants_key:
            hint = 'text that starts with { or [ goes in quotes: "{{ name }}"'
            self.note(spot, "a mapping or list stands where a key belongs", hint)
            self.doubtful.add(top.path)
            path = None
        self.put(value if path is not None else _DROPPED, spot)
        self.open.append(_Open(None if path is None else value, path or ()))

    @staticmethod
    def place(top: _Open) -> DataPath | None:
        """Say where the next value will stand; nowhere if it is skipped."""
        if isinstance(top.value, list):
            return (*top.path, len(top.value))
        return None if top.value is None or top.key is None else (*top.path, top.key)

    def put(self, value: Any, spot: Spot) -> None:
        if not self.open:
            self.root = value
            self.values[()] = spot
            return
        top = self.open[-1]
        if top.wants_key:
            self.put_key(top, value, spot)
            return
        top.wants_key = isinstance(top.value, dict)
        path = self.place(top)
        if path is None:
            return
        self.values[path] = spot
        if value is _DROPPED:
            self.doubtful.add(path)
        if isinstance(top.value, list):
            top.value.append(None if value is _DROPPED else value)
        elif top.value is not None and top.key is not None and value is not _DROPPED:
            top.value[top.key] = value

    def put_key(self, top: _Open, key: Any, spot: Spot) -> None:
        top.wants_key = False
        top.key = None
        if key is _DROPPED:
            return
        path = (*top.path, key)
        if path in self.keys:
            line, column = self.keys[path]
            message = f"'{render(path)}' is given twice; the first is in line {line}, column {column}"
            self.note(spot, message, "keep one of the two")
            return
        self.keys[path] = spot
        top.key = key

    def explain(self, broken: yaml.YAMLError) -> None:
        mark = getattr(broken, "problem_mark", None) or getattr(broken, "context_mark", None)
        spot = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = str(getattr(broken, "problem", None) or broken)
        begun = getattr(broken, "context_mark", None)
        if begun and "unexpected end of stream" in problem:
            spot = (begun.line + 1, begun.column + 1)
        lines = self.lines.split("\n")
        line = lines[spot[0] - 1] if spot[0] <= len(lines) else ""
        self.note(spot, *_cause(problem, line, spot, (begun.line + 1, begun.column + 1) if begun else None))


def _cause(problem: str, line: str, spot: Spot, begun: Spot | None) -> tuple[str, str]:
    """Say in plain words why the parser stopped, and the likely cure."""
    here = line[spot[1] - 1 : spot[1]]
    since = f" (begun in line {begun[0]}, column {begun[1]})" if begun else ""
    if "\t" in line[: spot[1]] and not line[: spot[1]].strip():
        return "a tab is used for indentation", "indent with spaces"
    if "cannot start any token" in problem:
        return f"text cannot start with {here or 'this character'}", "put the text in quotes"
    if re.search(r"[:-]\s+[^\"'#]*(\{\{|\$\{)", line):
        return "text with braces is cut apart here", 'put it in quotes: "{{ name }}", "${env:NAME}"'
    if "mapping values are not allowed" in problem:
        return "a colon stands where none is expected", "check the indentation; text with a colon goes in quotes"
    if "unexpected end of stream" in problem:
        return "a quote is not closed", "close it, or double it where it belongs to the text"
    if "escape" in problem:
        return "this backslash means nothing in double quotes", "use single quotes, or write \\\\"
    if "did not find expected" in problem:
        return f"the structure breaks off here{since}: {problem.removeprefix('did not find ')}", "check the indentation"
    return f"this is not YAML: {problem}{since}", "check the line and the one above it"


def scalar(text: str) -> Any:
    """Give the value of unquoted text by YAML 1.2; an internal mark for a number that is too long to be meant."""
    if text in _WORDS:
        return _WORDS[text]
    if not (text[0].isdigit() or text[0] in "-."):
        return text
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= MAX_DIGITS else _DROPPED
    if _BASED.fullmatch(text):
        return int(text, 0) if len(text) <= MAX_DIGITS else _DROPPED
    found = _NUMBER.fullmatch(text)
    if not found:
        return text
    exponent = found[4] or "0"
    if len(text) > MAX_DIGITS or len(exponent) > 4 or abs(int(exponent)) > 400:  # noqa: PLR2004 - the range of a double
        return _DROPPED
    return Decimal(text)
