"""The options of a field, with the words that people see where the description has them.

An enumeration lists keys. What they mean stands in extensions, or as a list in the prose: ``* `b` - Bronze``,
``0: open, 1: closed``.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from tallystick.connectors.describe.openapi_refs import as_list, as_text
from tallystick.connectors.describe.openapi_schema import Shape
from tallystick.connectors.describe.openapi_sort import enum_text

MAX_OPTIONS: Final = 1000
_LABELLED: Final = 60  # a list in prose is written by hand
_LONGEST: Final = 80
_PROSE: Final = 4000
_DASHES: Final = "\N{EN DASH}\N{EM DASH}"
_LISTS: Final = ("x-enumNames", "x-enum-varnames", "x-enum-descriptions")


def options_of(shape: Shape) -> tuple[str, ...] | dict[str, str]:
    """Give the keys, or keys and labels where every key has its own."""
    owner = shape.keywords if "enum" in shape.keywords else (shape.items or {})
    raw = as_list(owner.get("enum"))[:MAX_OPTIONS]
    keys = [enum_text(value) for value in raw if value is not None and not isinstance(value, dict | list)]
    labels = next((as_list(owner[x]) for x in _LISTS if x in owner), [])
    if len(labels) == len(raw) == len(keys) and all(isinstance(label, str) for label in labels):
        return dict(zip(keys, labels, strict=True))
    keys = list(dict.fromkeys(keys))
    told = [_listed(text, keys) for text in (owner.get("description"), shape.keywords.get("description"))]
    return next((found for found in told if found), tuple(keys))


def is_list_of(text: Any, options: tuple[str, ...] | dict[str, str]) -> bool:
    """Tell whether a description says nothing but what the options mean, so that it is no name of the field."""
    listed = _listed(text, list(options)) if options else {}
    return (
        bool(listed)
        and re.match(r"\s*(?:[*\-•]\s*)?[`'\"]?" + re.escape(next(iter(listed))), as_text(text)) is not None
    )


def _listed(text: Any, keys: Sequence[str]) -> dict[str, str]:
    """Give the label of each key from a list in prose; nothing unless all keys have one and no two the same."""
    if not isinstance(text, str) or not keys or len(keys) > _LABELLED or len(text) > _PROSE:
        return {}
    found: dict[str, str] = {}
    for key in keys:
        quoted = rf"(?:`{re.escape(key)}`|'{re.escape(key)}'|\"{re.escape(key)}\"|{re.escape(key)})"
        means = rf"\s*(?:[:={_DASHES}]|-(?=\s))\s*([^\n,;]{{1,{_LONGEST}}})"
        told = re.search(rf"(?:^|[\n*•,;(]|\s-)\s*{quoted}{means}", text)
        label = told[1].strip(" .*`'\")") if told else ""
        if not label:
            return {}
        found[key] = label
    return found if len(set(found.values())) == len(found) else {}
