"""Objects that are not simply one resource: of several parts, inside a record, below a parent, or lists of options."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from tallystick.core.schema import OnMissingPart
from tallystick.project.model_base import Model


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


class PartSpec(Model):
    """A further record that belongs to the anchor; its fields are named ``role.field``.

    Either ``link`` or ``found_by`` says how the two belong together.
    """

    object: str
    """The object of this manifest that the part is a record of."""
    link: str = ""
    """Field of the part that holds the anchor's id. Each part then belongs to one anchor and is written with it."""
    found_by: str = ""
    """Field of the anchor that holds the part's id. Several anchors may share the part, so it is only read."""
    where: dict[str, Annotated[tuple[Any, ...], BeforeValidator(_as_list, json_schema_input_type=Any)]] = {}
    """Only a record with this value (or one of these) at this path is the part; a new one gets the first."""
    on_create: dict[str, Any] = {}
    """What a new part gets besides, by path."""
    required: bool = False
    """Every anchor should have this part."""
    on_missing: OnMissingPart = "recreate"
    """A required part was there and is gone: make it again, take the record as deleted, or ask."""
    on_blank: Literal["delete", "keep"] = "delete"
    """A part of which nothing is left but its links and constants: delete it, or keep it empty."""
    on_delete: Literal["delete", "keep"] = "delete"
    """What becomes of the part when the anchor is deleted."""


class InsideSpec(Model):
    """Lines that stand in a list inside another record, each used as a record of its own."""

    object: str
    """The object of this manifest whose records hold the list."""
    path: str
    """Path of the list in such a record."""
    key: str
    """Field of a line that no other line of the same record shares: its own id, its number, an article."""
    holder: str = "holder"
    """The name under which a line shows the id of the record that it stands in."""


class OptionsFrom(Model):
    """Where a system lists the options of a select field: an object of the same manifest, each record an option."""

    object: str
    """The object of this manifest whose records are the options; a listing is all it needs."""
    key: str = ""
    """Path of what the select field stores; the object's id if empty."""
    label: str = ""
    """Path of what people see."""
    active: str = ""
    """Path of a yes or no: whether the option is still offered."""
    inactive: str = ""
    """Path of a yes or no the other way round: archived, hidden, retired."""
    order: str = ""
    """Path of the number that people see them sorted by."""
    within: str = ""
    """Path of the record type, or of another field's option, that the option is offered for."""
    where: dict[str, Annotated[tuple[Any, ...], BeforeValidator(_as_list, json_schema_input_type=Any)]] = {}
    """Only records with this value (or one of these) at this path are options of this field."""
    on_create: dict[str, Any] = {}
    """What a new option gets besides key and label, by path."""


class UnderSpec(Model):
    """Records that are listed and written below another record: ``/orders/{order}/lines``."""

    object: str
    """The object of this manifest whose records they lie below. It may itself lie below another one."""
    holder: str = "parent"
    """What stands for the id of that record in paths, queries and bodies (``{parent}``), and the name of the field
    under which a record shows it. ``{parent.owner.login}`` stands for a field of that record, by its path."""
    shows_changes: bool = False
    """Whatever changes below a record changes that record's own time of change. Then only below changed ones is looked
    for changes."""


OnNewField = Literal["report", "ignore", "accept", "evolve", "freeze", "propose", "stop", "map", "create"]


class FieldsFrom(Model):
    """Where a system lists the fields of an object: another object of the same manifest, each record a field."""

    object: str
    """The object of this manifest whose records are the fields; a listing is all it needs."""
    name: str = ""
    """Path of what a field is called in records; the object's id if empty."""
    id: str = ""
    """Path of the id that a field keeps when it is called otherwise; the object's id if empty."""
    label: str = ""
    """Path of what people see."""
    under: str = ""
    """Where these fields lie in a record: ``properties``."""
    where: dict[str, Annotated[tuple[Any, ...], BeforeValidator(_as_list, json_schema_input_type=Any)]] = {}
    """Only records with this value (or one of these) at this path are fields of this object."""


class MapNew(Model):
    """Which new fields are mapped by rule, and what they are called on the other side."""

    match: str = "*"
    """A pattern for the last step of the field's path: ``cf_*``."""
    to: str = "{name}"
    """``{name}`` is the name as it is, ``{rest}`` what the first ``*`` stands for: ``x_{rest}``."""
