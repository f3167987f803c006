"""Bytes of an API description -> plain dictionaries, lists and scalars; JSON or YAML, whatever the file is called.

API descriptions are other people's texts. YAML is read by the rules of YAML 1.2, so that ``no``, dates and ``12:30``
stay text. A key that is written twice is noted and its last value kept. Aliases share one object; what they would
expand to is counted, so that no file can be small on disk and endless to walk.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Final

import yaml

from tallystick.core.error import Problem, ProjectError

MAX_BYTES: Final = 64_000_000
MAX_DEPTH: Final = 200
MAX_NODES: Final = 20_000_000
SHOWN_DUPLICATES: Final = 5


def read_description(document: bytes, *, source: str = "") -> tuple[dict[str, Any], list[str]]:
    """Decode a description and say in words what was odd about it.

    Raises:
        ProjectError: it is too large, neither JSON nor YAML, nested too deeply, or no mapping at all.
    """
    if len(document) > MAX_BYTES:
        raise _unreadable(source, f"it has {len(document):,} bytes; at most {MAX_BYTES:,} are read")
    text = _decode_text(document, source)
    notes: list[str] = []
    found = _read_json(text, notes) if text.lstrip()[:1] in {"{", "["} else None
    if found is None:
        found = _YamlReader(source, notes).read(text)
    elif _is_deep(found):
        raise _unreadable(source, f"it is nested deeper than {MAX_DEPTH}")
    if not isinstance(found, dict):
        raise _unreadable(source, _guess(text), hint="give the address or file of the OpenAPI document itself")
    return found, notes


def _is_deep(found: Any) -> bool:
    level = [found]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for node in level
            for inner in (node.values() if isinstance(node, dict) else node)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def read_loosely(text: str) -> Any:
    """Decode an example that is written as text, with the trailing commas people leave; ``None`` if it is none."""
    try:
        return json.loads(text)
    except RecursionError:
        return None
    except ValueError:
        pass
    try:
        return _YamlReader("", []).read(text)
    except ProjectError:
        return None


def _decode_text(document: bytes, source: str) -> str:
    # JSON and YAML may be UTF-16 or UTF-32; both then start with a mark or with a null byte beside an ASCII sign.
    encoding = "utf-8-sig"
    if document[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encoding = "utf-16"
    elif document[:1] == b"\0" or document[1:2] == b"\0":
        encoding = "utf-16-be" if document[:1] == b"\0" else "utf-16-le"
    try:
        return document.decode(encoding)
    except UnicodeDecodeError as error:
        raise _unreadable(source, f"byte {error.start + 1} is no {encoding} text") from error


def _read_json(text: str, notes: list[str]) -> Any:
    duplicates: list[str] = []

    def merge(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        merged = dict(pairs)
        if len(merged) < len(pairs):
            seen: set[str] = set()
            duplicates.extend(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # the idiom
        return merged

    try:
        found = json.loads(text, object_pairs_hook=merge, parse_constant=str)
    except (ValueError, RecursionError):
        return None  # YAML's flow style looks like JSON; its reader gives the better message too
    _note_duplicates(duplicates, notes)
    return found


def _note_duplicates(duplicates: list[str], notes: list[str]) -> None:
    if duplicates:
        shown = ", ".join(f"'{key}'" for key in dict.fromkeys(duplicates[:SHOWN_DUPLICATES]))
        notes.append(f"The description writes {len(duplicates)} key(s) twice ({shown}); the last value counts.")


def _unreadable(source: str, why: str, *, line: int = 0, column: int = 0, hint: str = "") -> ProjectError:
    problem = Problem(source or "description", line, column, why, hint)
    return ProjectError("the API description cannot be read", [problem], hint=hint)


def _guess(text: str) -> str:
    if re.match(r"\s*<(!doctype html|html)", text, re.IGNORECASE):
        return "this is a web page"
    return "this is XML" if text.lstrip().startswith("<") else "this is no mapping of keys to values"


# --- YAML -----------------------------------------------------------------------------------------------------------

_Loader: Final[Any] = getattr(yaml, "CLoader", yaml.Loader)  # only its event parser is used: nothing is constructed
_NUMBER: Final = re.compile(
    r"[-+]?(?:0|[0-9]+)|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
)
_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAX_DIGITS: Final = 400


def read_scalar(text: str) -> Any:
    """Give the value of a plain YAML 1.2 scalar: null, boolean, integer, float or else the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "0123456789-+." or len(text) > _MAX_DIGITS or not _NUMBER.fullmatch(text):
        return text
    if text[:2] in {"0o", "0x"}:
        return int(text, 0)
    return int(text) if text.lstrip("+-").isdigit() else float(text)


class _YamlReader:
    """Builds values straight from parser events; a third faster than through nodes, and every limit is in one place."""

    def __init__(self, source: str, notes: list[str]) -> None:
        self.source = source
        self.notes = notes
        self.duplicates: list[str] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.nodes = 0

    def read(self, text: str) -> Any:
        """Read the first document of ``text``. Raises ``ProjectError`` with line and column."""
        loader = _Loader(_printable(text))
        try:
            return self._document(loader.get_event)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            raise _unreadable(self.source, _why(error, text), line=line, column=column) from error
        finally:
            loader.dispose()
            _note_duplicates(self.duplicates, self.notes)

    def _document(self, next_event: Callable[[], Any]) -> Any:
        event = next_event()
        while not isinstance(event, yaml.NodeEvent):
            if isinstance(event, yaml.StreamEndEvent):
                raise _unreadable(self.source, "it is empty")
            event = next_event()
        return self._node(event, next_event, 0)

    def _node(self, event: Any, next_event: Callable[[], Any], depth: int) -> Any:
        before = self.nodes
        self.nodes += 1
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        anchor = event.anchor
        if isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0] and event.tag is None
            value: Any = read_scalar(event.value) if plain else event.value
        elif depth >= MAX_DEPTH:
            mark = event.start_mark
            raise _unreadable(
                self.source, f"it is nested deeper than {MAX_DEPTH}", line=mark.line + 1, column=mark.column + 1
            )
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
            while not isinstance(event := next_event(), yaml.SequenceEndEvent):
                value.append(self._node(event, next_event, depth + 1))
        else:
            value = self._mapping(next_event, depth)
        if anchor:
            self.anchors[anchor] = (value, self.nodes - before)
        return value

    def _mapping(self, next_event: Callable[[], Any], depth: int) -> dict[str, Any]:
        built: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := next_event(), yaml.MappingEndEvent):
            # Keys are text whatever they look like: a status 200 or a country NO is a name here.
            key = event.value if isinstance(event, yaml.ScalarEvent) else str(self._node(event, next_event, depth + 1))
            value = self._node(next_event(), next_event, depth + 1)
            if key == "<<":
                for part in value if isinstance(value, list) else [value]:
                    merged = part | merged if isinstance(part, dict) else merged
            else:
                if key in built:
                    self.duplicates.append(key)
                built[key] = value
        return merged | built if merged else built

    def _alias(self, event: Any) -> Any:
        value, size = self.anchors.get(event.anchor, (None, 0))
        self.nodes += size
        if self.nodes > MAX_NODES:
            raise _unreadable(self.source, f"its aliases expand to more than {MAX_NODES:,} values")
        return value


def _printable(text: str) -> str:
    # YAML forbids control characters, descriptions contain them all the same (pasted prose).
    return re.sub(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", text)


def _why(error: yaml.MarkedYAMLError, text: str) -> str:
    guess = _guess(text)
    return guess if text.lstrip().startswith("<") else f"neither JSON nor YAML: {error.problem or error.context}"
