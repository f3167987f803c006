"""What a system says its records look like: fields, types, limits, options, references."""

from dataclasses import dataclass, field
from typing import Literal

Type = Literal["text", "integer", "number", "boolean", "date", "instant", "local_time", "list", "object", "any"]


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select field; ``key`` is what is stored, ``label`` what people see.

    A choice that is not ``active`` stands in old records and is not offered any more. ``within`` is the value (a record
    type, another field's option) that it is offered for; empty where it always is.
    """

    key: str
    label: str = ""
    active: bool = True
    within: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object type, at ``path`` in its raw record. Lengths count characters; ``None`` means unknown.

    A ``create_only`` field is given to a new record and never changed. Where a field ``cascades``, the system deletes a
    record by itself when the one that the field points to is deleted. The ``id`` is the system's own, and outlives a
    new name.
    """

    path: str
    type: Type = "any"
    required: bool = False
    nullable: bool = True
    read_only: bool = False
    create_only: bool = False
    unique: bool = False
    min_length: int | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    format: str = ""
    options: tuple[Option, ...] = ()
    reference: str = ""
    cascades: bool = False
    label: str = ""
    id: str = ""


OnMissingPart = Literal["recreate", "delete", "ask"]


@dataclass(frozen=True, slots=True)
class Part:
    """A further record that belongs to each record of a type; its fields stand under its ``role``.

    ``on_missing`` says what it means that a ``required`` part, once there, is gone (SYNC-SPEC 13.1).
    """

    role: str
    required: bool = False
    on_missing: OnMissingPart = "recreate"


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One kind of record in a system; ``parts`` are the records that one consists of besides its own."""

    name: str
    fields: tuple[Field, ...] = ()
    key: tuple[str, ...] = ("id",)
    parts: tuple[Part, ...] = ()
    by_path: dict[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the fields by path."""
        object.__setattr__(self, "by_path", {f.path: f for f in self.fields})
