"""Records of our own in a system that holds others: what they look like, and which of their fields can be tried."""

from decimal import Decimal
from typing import Any, Final

from tallystick.core.path import parse, read
from tallystick.core.path import write as write_path
from tallystick.core.record import UNKNOWN, Raw
from tallystick.project.manifest import FieldSpec, ObjectSpec

# What systems look at closely, so that free text does not fit.
_PECULIAR: Final = (
    "mail",
    "phone",
    "url",
    "website",
    "domain",
    "country",
    "currency",
    "iban",
    "vat",
    "tax",
    "zip",
    "lang",
)
_DATE: Final = "2026-01-15"
_BY_TYPE: Final[dict[str, Any]] = {
    "boolean": False,
    "date": _DATE,
    "instant": f"{_DATE}T12:00:00Z",
    "local_time": f"{_DATE}T12:00:00",
    "list": [],
    "object": {},
}


def text_fields(spec: ObjectSpec) -> tuple[str, ...]:
    """Name the fields that take free text, the likeliest first."""
    plain = [path for path, field in spec.fields.items() if _takes_free_text(path, field)]
    return tuple(sorted(plain, key=lambda path: (spec.fields[path].unique, not spec.fields[path].required)))


def _takes_free_text(path: str, field: FieldSpec) -> bool:
    is_open = field.type in {"text", "any"} and not (field.options or field.options_from or field.reference)
    is_plain = not (field.pattern or field.format) and not any(word in path.lower() for word in _PECULIAR)
    return is_open and is_plain and not (field.read_only or field.create_only)


def plain_field(spec: ObjectSpec, kind: str, besides: str) -> str:
    """Name a field of a type that can be set to anything of its type and may be blank; empty if there is none."""
    for path, field in spec.fields.items():
        is_settable = not (field.read_only or field.create_only or field.required or field.unique)
        is_free = not (field.options or field.options_from or field.reference or field.pattern)
        # What is called an id points to something, even where the manifest does not say to what.
        is_free = is_free and not path.lower().endswith("id")
        is_plain = kind != "text" or _takes_free_text(path, field)
        if path != besides and field.type == kind and field.nullable and is_settable and is_free and is_plain:
            return path
    return ""


def canary_body(spec: ObjectSpec, text_field: str, token: str, number: int, given: Raw) -> Raw:
    """Make a valid record as far as the manifest tells: what is required or unique, the text field, and ``given``.

    Different numbers give different records; ``token`` tells the canaries of one trial from all others.
    """
    body: Raw = {}
    for path, field in spec.fields.items():
        if path == text_field or (not field.read_only and (field.required or field.unique)):
            write_path(body, parse(path), _value(path, field, token, number))
    for path, value in given.items():
        write_path(body, parse(path), value)
    return body


def _value(path: str, field: FieldSpec, token: str, number: int) -> Any:
    if field.options:
        return next(iter(field.options))
    if field.type in _BY_TYPE:
        return _BY_TYPE[field.type]
    least = int(field.minimum or 0)
    if field.type == "integer":
        return least + number
    if field.type == "number":
        return Decimal(least + number)
    if "mail" in path.lower():
        return f"{token}-{number}@example.com"
    if "phone" in path.lower():
        return f"+4930{int(token, 36) % 10**6:06d}{number % 1000:03d}"
    # The number is in front, so that a short field still tells the records apart.
    return f"{number} canary {token}"[: field.max_length or None]


def lacking_fields(spec: ObjectSpec, given: Raw) -> tuple[str, ...]:
    """Name the required fields whose value cannot be made up: references and documents."""
    return tuple(
        path
        for path, field in spec.fields.items()
        if field.required
        and not field.read_only
        and (field.reference or field.options_from or field.type in {"object", "list"})
        and path not in given
        and read(given, parse(path)) in (UNKNOWN, None)
    )
