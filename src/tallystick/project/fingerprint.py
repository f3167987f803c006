"""Fingerprints of what a mapping means and of which records it is about: equal in every process and on every machine.

They are made of the built mapping, not of the text: comments and shorthands do not count, while a
changed time zone in a manifest does. A changed one makes the next run compare in full.
"""

import dataclasses
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from decimal import Decimal
from enum import Enum
from types import FunctionType
from typing import Any

from tallystick.core.mapping import End, FieldMapping, ObjectMapping, Place
from tallystick.core.path import render
from tallystick.core.record import encode_raw, fingerprint


def mapping_fingerprint(mapping: ObjectMapping) -> int:
    """Fingerprint of how records translate and match: fields, places, codecs, directions, match rules."""
    return _hash(
        {
            "fields": [_translation(f) for f in mapping.fields],
            "match": _plain(mapping.match),
            "external": [render(mapping.left.external_id), render(mapping.right.external_id)],
            "unreadable": mapping.policy.on_unreadable,
        }
        | ({"rules": _plain(mapping.rules)} if mapping.rules else {})
    )


def field_fingerprints(mapping: ObjectMapping) -> dict[str, int]:
    """Fingerprint how each field translates, by name, and what both sides can take; nothing else of the mapping."""
    return {
        f.name: _hash([_translation(f), _limits(mapping.left, f.left), _limits(mapping.right, f.right)])
        for f in mapping.fields
    }


def _limits(end: End, place: Place) -> Any:
    spec = end.schema.by_path.get(render(place.path)) if place.path else None
    return None if spec is None else [spec.type, spec.format, spec.max_length]


def _translation(field: FieldMapping) -> dict[str, Any]:
    return {
        "name": field.name,
        "left": _plain(field.left),
        "right": _plain(field.right),
        "direction": field.policy.direction,
        "invalid": field.policy.invalid,
        "defaults": [_plain(field.default_left), _plain(field.default_right)],
    }


def scope_fingerprint(mapping: ObjectMapping) -> int:
    """Fingerprint of which records belong to the mapping: systems, objects and conditions of both ends."""
    return _hash([_scope(mapping.left), _scope(mapping.right)])


def consent_fingerprints(mapping: ObjectMapping) -> dict[str, int]:
    """Fingerprint what wants a person's look after a change: the scope, the key, what a deletion leads to (R-12.6)."""
    policy = mapping.policy
    ends = (mapping.left, mapping.right)
    deletion = [policy.on_delete_left, policy.on_delete_right, policy.on_delete_update, policy.delete_out_of_scope,
                policy.on_scope_exit, *(_plain(end.archive) for end in ends)]  # fmt: skip
    return {
        "scope": scope_fingerprint(mapping),
        "key": _hash([_plain(mapping.match), *(render(end.external_id) for end in ends)]),
        "deletion": _hash(deletion),
    }


def _scope(end: End) -> Any:
    # Conditions hold together, so their order means nothing.
    return [end.system, end.object, sorted(str(encode_raw(_plain(condition))) for condition in end.where)]


def _hash(value: Any) -> int:
    return fingerprint(encode_raw(value))


def _plain(value: Any) -> Any:  # noqa: PLR0911 - one return per kind reads as the table it is
    """Make JSON of a value such that equal values give equal JSON."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Enum):
        return ["enum", type(value).__name__, value.name]
    if isinstance(value, int | float | Decimal | date):
        return [type(value).__name__, str(value)]
    if isinstance(value, Mapping):
        # In a list of options the first of two equal ones counts, so the order means something.
        return ["map", [[_plain(k), _plain(v)] for k, v in value.items()]]
    if isinstance(value, AbstractSet):
        return ["set", sorted((_plain(v) for v in value), key=repr)]
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, FunctionType | type):
        return ["code", value.__module__, value.__qualname__]
    if hasattr(value, "source") and hasattr(value, "evaluate"):
        return ["expression", value.source]
    return [type(value).__qualname__, _settings(value)]


def _settings(value: Any) -> Any:
    """Give what makes an object differ from others of its class: its declared, compared, stored settings."""
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.compare}
    name = getattr(value, "name", None)
    stored = (
        {k: _plain(v) for k, v in vars(value).items() if not k.startswith("_")} if hasattr(value, "__dict__") else {}
    )
    return [name if isinstance(name, str) else getattr(value, "key", ""), dict(sorted(stored.items()))]
