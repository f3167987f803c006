"""What examples show: several saved answers or bodies -> one schema with every key that any of them has.

An example proves that a key may be there and of which type its value is; that a key is required, or that there is no
other, it does not prove. Placeholders (``<integer>``, ``{{$guid}}``) count as what they stand for.
"""

import json
import re
from collections.abc import Sequence
from functools import reduce
from typing import Any, Final

from tallystick.connectors.describe.openapi_read import read_loosely
from tallystick.connectors.describe.openapi_refs import Node
from tallystick.connectors.describe.openapi_schema import SHOWN, join_shown
from tallystick.connectors.describe.postman_variables import VARIABLE

_PLACEHOLDER: Final = re.compile(r"<(\w[\w -]*)>")
_STANDS_FOR: Final[dict[str, Node]] = {
    "integer": {"type": "integer"}, "int": {"type": "integer"}, "long": {"type": "integer"},
    "int32": {"type": "integer"}, "int64": {"type": "integer"}, "number": {"type": "number"},
    "float": {"type": "number"}, "double": {"type": "number"}, "decimal": {"type": "number"},
    "boolean": {"type": "boolean"}, "bool": {"type": "boolean"}, "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"}, "string": {"type": "string"},
    "uuid": {"type": "string", "format": "uuid"}, "email": {"type": "string", "format": "email"},
    "uri": {"type": "string", "format": "uri"}, "object": {"type": "object"}, "array": {"type": "array", "items": {}},
}  # fmt: skip
_DYNAMIC: Final[dict[str, Node]] = {
    "$guid": {"type": "string", "format": "uuid"}, "$randomUUID": {"type": "string", "format": "uuid"},
    "$timestamp": {"type": "integer"}, "$isoTimestamp": {"type": "string", "format": "date-time"},
    "$randomInt": {"type": "integer"}, "$randomBoolean": {"type": "boolean"},
    "$randomEmail": {"type": "string", "format": "email"}, "$randomPrice": {"type": "number"},
}  # fmt: skip
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s?(Z|[+-]\d\d:?\d\d)")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_COMMENT: Final = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_BARE: Final = re.compile(r'("(?:\\.|[^"\\])*")|\{\{\s*([^{}]+?)\s*\}\}|(?<=[\[:,])(\s*)<(\w[\w -]*)>')
_DEEPEST: Final = 8
_MOST: Final = 200


def read_example(text: str) -> Any:
    """Decode a body as it is saved: with comments, and variables where numbers should be; ``None`` if it is no JSON."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        plain = _COMMENT.sub(lambda found: found[1] or "", text)
        return read_loosely(_BARE.sub(_quote, plain))


def _quote(found: re.Match[str]) -> str:
    if found[1]:
        return found[1]
    return f'"{{{{{found[2]}}}}}"' if found[2] else f'{found[3] or ""}"<{found[4]}>"'


def schema_from(examples: Sequence[Any]) -> Node:
    """Make the schema that all the examples together show; the empty one where there is none."""
    return _all_of([_shown_by(example, 0) for example in examples[:_MOST]])


def _all_of(shown: Sequence[Node]) -> Node:
    nothing: Node = {}
    return reduce(join_shown, shown, nothing)


def _shown_by(value: Any, depth: int) -> Node:
    match value:
        case None:
            return {"nullable": True}
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case dict():
            inner = value.items() if depth < _DEEPEST else ()
            properties = {str(key): _shown_by(each, depth + 1) for key, each in inner}
            return {"type": "object", SHOWN: True, "properties": properties}
        case list():
            rows = value[:_MOST] if depth < _DEEPEST else []
            return {"type": "array", "items": _all_of([_shown_by(row, depth + 1) for row in rows])}
        case _:
            return type_shown(str(value))


def type_shown(text: str) -> Node:
    """Give the schema of one text: a placeholder counts as what it stands for, an unknown one as anything."""
    if stands := _PLACEHOLDER.fullmatch(text.strip()):
        return dict(_STANDS_FOR.get(stands[1].replace("-", "").lower(), {"type": "string"}))
    if variable := VARIABLE.fullmatch(text.strip()):
        return dict(_DYNAMIC.get(variable[1], {}))
    if _INSTANT.fullmatch(text):
        return {"type": "string", "format": "date-time"}
    return {"type": "string", "format": "date"} if _DATE.fullmatch(text) else {"type": "string"}
