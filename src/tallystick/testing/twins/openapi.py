"""Pieces of OpenAPI documents, made from the same columns that validate."""

from collections.abc import Sequence
from typing import Any, Literal

from tallystick.testing.twins.column import Column

Version = Literal["3.0.3", "3.1.0"]
Node = dict[str, Any]
_TYPES = {"text": "string", "integer": "integer", "number": "number", "boolean": "boolean", "object": "object"}


def column_schema(column: Column, version: Version) -> Node:
    """Describe one field; null is spelled as the version of the standard wants it."""
    node: Node = {"type": _TYPES[column.type]}
    if column.nullable and version == "3.1.0":
        node["type"] = [node["type"], "null"]
    elif column.nullable:
        node["nullable"] = True
    if column.options:
        node["enum"] = [*column.options, None] if column.nullable else list(column.options)
    node |= {key: limit for key, limit in (("minLength", column.min_length), ("maxLength", column.max_length)) if limit}
    if column.decimals is not None:
        node["multipleOf"] = float(f"1e-{column.decimals}")
    if column.type == "object":
        node["properties"] = {c.name: column_schema(c, version) for c in column.properties}
        node["additionalProperties"] = True
    for key in ("pattern", "format", "default", "description"):
        if value := getattr(column, key):
            node[key] = value
    if column.read_only:
        node["readOnly"] = True
    return node


def record_schema(
    columns: Sequence[Column], version: Version, *, for_what: Literal["read", "create", "update"]
) -> Node:
    """Describe a record: all fields when read, the writable ones when written, the required ones when created."""
    shown = [c for c in columns if for_what == "read" or not c.read_only]
    node: Node = {"type": "object", "properties": {c.name: column_schema(c, version) for c in shown}}
    if for_what == "read":
        node["required"] = [c.name for c in shown]
    elif for_what == "create" and (required := [c.name for c in shown if c.required]):
        node["required"] = required
    return node


def ref(name: str) -> Node:
    """Point to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def content(schema: Node) -> Node:
    """Wrap a schema as JSON content."""
    return {"application/json": {"schema": schema}}


def answer(description: str, schema: Node | None = None, headers: Node | None = None) -> Node:
    """Describe one answer."""
    node: Node = {"description": description}
    if headers:
        node["headers"] = headers
    if schema:
        node["content"] = content(schema)
    return node


def parameter(name: str, schema: Node, description: str, *, location: str = "query", required: bool = False) -> Node:
    """Describe one parameter."""
    return {"name": name, "in": location, "required": required or location == "path", "schema": schema} | {
        "description": description
    }


def header(description: str, kind: str = "string") -> Node:
    """Describe one header of an answer."""
    return {"description": description, "schema": {"type": kind}}
