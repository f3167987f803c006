"""What a twin's field accepts: said once, used for validation and for the OpenAPI document."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(frozen=True, slots=True)
class Column:
    """One field. Lengths count characters; ``default`` is what a new record gets when it says nothing."""

    name: str
    type: Literal["text", "integer", "number", "boolean", "object"] = "text"
    required: bool = False
    read_only: bool = False
    nullable: bool = True
    min_length: int = 0
    max_length: int | None = None
    pattern: str = ""
    format: str = ""
    options: tuple[str, ...] = ()
    default: Any = None
    decimals: int | None = None
    reference: str = ""
    description: str = ""
    properties: tuple["Column", ...] = ()


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with one field; ``code`` names the rule and ``limit`` its number or list."""

    field: str
    code: Literal[
        "required", "null", "type", "short", "long", "pattern", "email", "option", "decimals", "unknown", "read_only"
    ]
    limit: Any = ""


def complaints(columns: Sequence[Column], record: dict[str, Any], *, new: bool) -> Iterator[Complaint]:
    """Judge the fields that ``record`` has; a ``new`` one must have the required ones. Unknown names are not judged."""
    for column in columns:
        if column.name in record:
            if not column.read_only:
                yield from _judge(column, record[column.name])
        elif new and column.required:
            yield Complaint(column.name, "required")


def _judge(column: Column, value: Any) -> Iterator[Complaint]:
    if value is None:
        if not column.nullable:
            yield Complaint(column.name, "null")
    elif not _is_of(column, value):
        yield Complaint(column.name, "type", column.type)
    elif column.type == "text":
        yield from _judge_text(column, value)
    elif column.decimals is not None and -_exponent(value) > column.decimals:
        yield Complaint(column.name, "decimals", column.decimals)
    elif column.type == "object":
        for inner in complaints(column.properties, value, new=False):
            yield Complaint(f"{column.name}.{inner.field}", inner.code, inner.limit)


def _judge_text(column: Column, value: str) -> Iterator[Complaint]:
    if column.options:
        if value not in column.options:
            yield Complaint(column.name, "option", ", ".join(column.options))
        return
    if len(value) < column.min_length:
        yield Complaint(column.name, "short", column.min_length)
    if column.max_length is not None and len(value) > column.max_length:
        yield Complaint(column.name, "long", column.max_length)
    if value and column.format == "email" and not _EMAIL.fullmatch(value):
        yield Complaint(column.name, "email")
    if value and column.pattern and not re.search(column.pattern, value):
        yield Complaint(column.name, "pattern", column.pattern)


def _is_of(column: Column, value: Any) -> bool:
    match column.type:
        case "text":
            return isinstance(value, str)
        case "integer":
            return type(value) is int
        case "number":
            return type(value) in {int, Decimal}
        case "boolean":
            return type(value) is bool
        case "object":
            return isinstance(value, dict)


def _exponent(number: int | Decimal) -> int:
    exponent = Decimal(number).normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
