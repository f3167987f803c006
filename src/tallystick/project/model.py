"""The project and its mappings as they are written down (``tally.yaml``, ``mappings/*.yaml``).

These models only say what may be written; ``build`` turns a mapping into the core's ``ObjectMapping``.
"""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from tallystick.core.codecs.options import Unknown
from tallystick.core.mapping import Normaliser
from tallystick.core.policy import (
    Blank,
    Conflict,
    Direction,
    Drift,
    Initial,
    Invalid,
    OnCascade,
    OnDelete,
    OnDeleteUpdate,
    OnMerge,
    OnMissingRef,
    OnRestore,
    OnScopeExit,
    OnUnmatched,
    OnUnreadable,
)
from tallystick.core.rule import Then
from tallystick.project.model_base import Model


def _as_place(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


_UNITS = {"m": 60, "h": 3600, "d": 86_400}


def _as_seconds(value: Any) -> Any:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return float(value) * _UNITS["h"]
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([mhd])", value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("time_span", "a time span is a number with m, h or d: 90m, 72h, 3d")
    return float(found[1]) * _UNITS[found[2]]


Duration = Annotated[float, BeforeValidator(_as_seconds, json_schema_input_type=str | float), Field(ge=0)]


class CodecSpec(Model):
    """A codec with its settings: ``{codec: local_time, zone: Europe/Berlin, format: dd.MM.yyyy HH:mm}``."""

    codec: str
    model_config = Model.model_config | {"extra": "allow"}


def _as_codec(value: Any) -> Any:
    return {"codec": value} if isinstance(value, str) else value


# The input types are what may be written: editors get them by the JSON Schema.
CodecEntry = Annotated[CodecSpec, BeforeValidator(_as_codec, json_schema_input_type=str | CodecSpec)]
CodecEntries = Annotated[
    tuple[CodecEntry, ...], BeforeValidator(_as_list, json_schema_input_type=CodecEntry | tuple[CodecEntry, ...])
]


class PlaceSpec(Model):
    """Where a field sits on one side. Shorthand: just the path."""

    path: str = ""
    codec: CodecEntries = ()
    """Translations in reading order: a name, a mapping with settings, or a list of these."""
    expression: str = ""
    """A Jinja expression over the record, instead of ``path``: ``{{ firstName }} {{ lastName }}``."""
    spread: dict[str, str] = {}
    """Paths of the parts of one value, by part, instead of ``path``: ``{first: first_name, last: last_name}``."""
    inverse: dict[str, str] = {}
    """How to write a field that is read by expression: path to expression over ``value``."""
    default: Any = None
    """Written when a new record has no value."""
    missing: Literal["unknown", "blank"] = "unknown"
    """What it means when the path is not in the system's answer."""
    blank_means: Any = None
    """The value that a blank stands for on this side, as the mapping has it; it is written as a blank too."""
    blank_as: Literal["null", "empty"] = "null"
    """How a value that was emptied is written: as null or as empty text."""


PlaceEntry = Annotated[PlaceSpec, BeforeValidator(_as_place, json_schema_input_type=str | PlaceSpec)]


class OptionsSpec(Model):
    """Select options: left key to right key, and what happens with one that is not listed."""

    map: dict[str, str]
    also: dict[str, str] = {}
    """Further keys of the right side, each with the left key that it is read as; they are never written."""
    unknown: Unknown = "park"
    """`park` leaves the field alone on both sides; `ask` makes it a question to the field's owner as well; `create`
    makes the option on the other side, where the system's file says how, and notes it here; `error` lets the whole
    record wait; `default` and `pass` let it through."""
    default_left: str = ""
    default_right: str = ""


class OwnedBySpec(Model):
    """Which side owns a record, by the value of one of the mapping's fields, as the left side's options spell it."""

    field: str
    left: Annotated[tuple[Any, ...], BeforeValidator(_as_list, json_schema_input_type=Any)] = ()
    right: Annotated[tuple[Any, ...], BeforeValidator(_as_list, json_schema_input_type=Any)] = ()


class RuleSpec(Model):
    """A rule that a value or a record must keep before it is written; what is not said is not asked.

    A blank value breaks a rule only where one is required.
    """

    required: bool = False
    """There must be a value."""
    required_if: str = ""
    """There must be a value where this Jinja expression over the mapping's fields is true."""
    that: str = ""
    """A Jinja expression over the mapping's fields, and ``value``, that must be true: ``{{ until >= since }}``."""
    matches: str = ""
    """A pattern that a text must match: ``^[0-9]{5}$``."""
    min_length: int | None = Field(None, ge=0)
    max_length: int | None = Field(None, ge=0)
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    one_of: tuple[Any, ...] = ()
    unique: bool = False
    """No two records of the source may have the same value. Only `tally predict` and the check list see all records, so
    such a rule warns."""
    to: Literal["left", "right", "both"] = "both"
    """The side that the rule guards: whose records are written only if they keep it."""
    then: Then | None = None
    """What happens: `park` lets the record wait (the default), `drop` leaves out the field, `warn` writes and counts
    it, `fix` writes what `fix` makes of the value, `stop` also holds everything else of the mapping on that side."""
    fix: str = ""
    """For ``then: fix``: a Jinja expression over ``value``."""
    message: str = ""
    """What people are told, in your words."""


class RecordRuleSpec(RuleSpec):
    """A rule about several fields."""

    field: str = ""
    """The field that is at fault, and that `drop` leaves out."""


class FieldSpec(Model):
    """One field of a mapping."""

    left: PlaceEntry
    right: PlaceEntry
    direction: Direction | None = None
    conflict: Conflict | None = None
    fallback: Conflict | None = None
    rank: tuple[Any, ...] = ()
    """For ``conflict: rank``: the field's values, the winning ones first, as the left side's options spell them."""
    resolve: str = ""
    """For ``conflict: expression``: a Jinja expression that gives the value for both sides."""
    owned_by: str | OwnedBySpec = ""
    """For ``conflict: owner``: a field and its values, or a Jinja expression that gives ``left`` or ``right``."""
    initial: Initial | None = None
    blank: Blank = "propagate"
    drift: Drift = "report"
    invalid: Invalid = "park"
    options: OptionsSpec | None = None
    reference: str = ""
    """The mapping whose pairs translate this field's id."""
    on_missing_ref: OnMissingRef = "wait"
    on_cascade: OnCascade = "ask"
    """What becomes of a record whose counterpart a system deletes together with the one that this field points to: ask,
    delete it as well, or end the pairing and keep it."""
    rules: tuple[RuleSpec, ...] = ()
    owner: str = ""
    note: str = ""


class EndSpec(Model):
    """One end of a mapping."""

    system: str
    object: str
    where: dict[str, Annotated[tuple[Any, ...], BeforeValidator(_as_list, json_schema_input_type=Any)]] = {}
    """Only records whose value at this path is this one (or one of these) belong to the mapping."""
    on_create: dict[str, Any] = {}
    """What a new record gets besides, by path."""
    archive: dict[str, Any] = {}
    """What is set, by path, when a record is archived instead of deleted."""
    external_id: str = ""
    """Path of a field on this side that keeps the other side's id."""


class MatchSpec(Model):
    """Who is who: records are the same when all these fields agree."""

    on: Annotated[tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=str | tuple[str, ...])]
    normalise: Normaliser = "text"
    fuzzy: bool = False
    """The rule only proposes: what it finds is a question. Rules by `company` always do."""
    region: str = Field("", pattern="^([A-Za-z]{2})?$")
    """The country (DE) of VAT ids and telephone numbers that name none: for `vat` and `phone`."""
    most: int = Field(0, ge=0)
    """A key that more records of a side share is none. 0: 20, and no limit for `exact`, `vat` and `iban`."""


MatchEntries = Annotated[
    tuple[MatchSpec, ...], BeforeValidator(_as_list, json_schema_input_type=MatchSpec | tuple[MatchSpec, ...])
]


class BrakesSpec(Model):
    """Limits above which a plan is held; shares are 0 to 1 of the linked records."""

    delete_count: int = 10
    delete_share: float = Field(0.05, ge=0, le=1)
    delete_per_day: int = 500
    empty_side_from: int = 10
    shrink_share: float = Field(0.8, ge=0, le=1)
    update_share: float = Field(0.3, ge=0, le=1)
    update_from: int = 50
    blank_count: int = 10
    blank_share: float = Field(0.02, ge=0, le=1)
    create_count: int = 100
    create_share: float = Field(0.2, ge=0, le=1)
    duplicate_share: float = Field(0.01, ge=0, le=1)


class OnUnmatchedSpec(Model):
    """What happens to a record without counterpart."""

    left: OnUnmatched
    right: OnUnmatched


class OnDeleteSpec(Model):
    """What happens on the other side when a record of this side was deleted."""

    left: OnDelete
    right: OnDelete


class DeleteGraceSpec(Model):
    """How long a deletion on this side rests before it is carried over: ``72h``, ``3d``, ``90m``; a number is hours."""

    left: Duration = 0
    right: Duration = 0


class MappingSpec(Model):
    """A mapping: ``mappings/NAME.yaml``."""

    left: EndSpec
    right: EndSpec
    direction: Direction = "both"
    match: MatchEntries = ()
    fields: dict[str, FieldSpec] = Field(min_length=1)
    conflict: Conflict = "manual"
    fallback: Conflict = "manual"
    owned_by: str | OwnedBySpec = ""
    """For ``conflict: owner``, of all fields that say nothing themselves."""
    initial: Initial = "ask"
    on_unmatched: OnUnmatchedSpec
    on_delete: OnDeleteSpec
    delete_grace: DeleteGraceSpec = DeleteGraceSpec()
    on_delete_update: OnDeleteUpdate = "ask"
    on_keyless: Literal["ask", "create"] = "ask"
    on_unreadable: OnUnreadable = "park"
    """What becomes of a new record of which a value cannot be read: it waits, or is created without that value."""
    on_restore: OnRestore = "ask"
    on_scope_exit: OnScopeExit = "freeze"
    on_merge: OnMerge = "ask"
    delete_out_of_scope: bool = False
    rules: tuple[RecordRuleSpec, ...] = ()
    """Rules about several fields; those about one stand at the field."""
    brakes: BrakesSpec = BrakesSpec()
    full_compare_hours: float = Field(24, gt=0)
    newest_margin_seconds: float = Field(301, ge=0)
    owner: str = ""
    note: str = ""


class Owner(Model):
    """Somebody who can be asked."""

    name: str
    email: str = ""
    deputy: str = ""


class Environment(Model):
    """What differs in one environment (staging, production): entries of systems, by system and path.

    ``systems: {crm: {base_url: https://sandbox.example}}`` overlays ``systems/crm.yaml``.
    """

    systems: dict[str, dict[str, Any]] = {}
    state: str = ""
    kind: Literal["production", "staging"] = "production"
    """On ``staging``, records of our own may be made and deleted again (`tally check --canary`)."""


class Google(Model):
    """The service account by which mapping sheets are kept in Google Sheets."""

    key: str
    """The JSON key file of the account, as a reference: ``${file:.tally/google.json}``."""
    address: str = "https://sheets.googleapis.com"
    """Where the interface of Google Sheets answers."""
    proxy: str = ""
    """The proxy on the way there; as a reference if it carries a password."""
    ca_file: str = ""


class Project(Model):
    """The project: ``tally.yaml``."""

    name: str
    state: str = "sqlite:///.tally/state.db"
    """Where Tallystick keeps its own state: a SQLAlchemy address; files are relative to the project."""
    environment: str = ""
    """The environment used when none is named."""
    environments: dict[str, Environment] = {}
    owners: dict[str, Owner] = {}
    google: Google | None = None
    journal_days: float = Field(30, gt=0)
    """How long overwritten values and the values of deleted records are kept; so long can a run be undone."""
    tombstone_days: float = Field(400, gt=0)
    """How long the ids of deleted records are remembered."""
