"""The project and its mappings as they are written down (``tally.yaml``, ``mappings/*.yaml``).

These models only say what may be written; ``build`` turns a mapping into the core's ``ObjectMapping``.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

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
)
from tallystick.project.model_base import Model


def _as_place(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


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
    inverse: dict[str, str] = {}
    """How to write a field that is read by expression: path to expression over ``value``."""
    default: Any = None
    """Written when a new record has no value."""


PlaceEntry = Annotated[PlaceSpec, BeforeValidator(_as_place, json_schema_input_type=str | PlaceSpec)]


class OptionsSpec(Model):
    """Select options: left key to right key, and what happens with one that is not listed."""

    map: dict[str, str]
    unknown: Literal["park", "default", "pass"] = "park"
    default_left: str = ""
    default_right: str = ""


class FieldSpec(Model):
    """One field of a mapping."""

    left: PlaceEntry
    right: PlaceEntry
    direction: Direction | None = None
    conflict: Conflict | None = None
    fallback: Conflict | None = None
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


class MappingSpec(Model):
    """A mapping: ``mappings/NAME.yaml``."""

    left: EndSpec
    right: EndSpec
    direction: Direction = "both"
    match: MatchEntries = ()
    fields: dict[str, FieldSpec] = Field(min_length=1)
    conflict: Conflict = "manual"
    fallback: Conflict = "manual"
    initial: Initial = "ask"
    on_unmatched: OnUnmatchedSpec
    on_delete: OnDeleteSpec
    on_delete_update: OnDeleteUpdate = "ask"
    on_keyless: Literal["ask", "create"] = "ask"
    on_restore: OnRestore = "ask"
    on_scope_exit: OnScopeExit = "freeze"
    on_merge: OnMerge = "ask"
    delete_out_of_scope: bool = False
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


class Project(Model):
    """The project: ``tally.yaml``."""

    name: str
    state: str = "sqlite:///.tally/state.db"
    """Where Tallystick keeps its own state: a SQLAlchemy address; files are relative to the project."""
    environment: str = ""
    """The environment used when none is named."""
    environments: dict[str, Environment] = {}
    owners: dict[str, Owner] = {}
    journal_days: float = Field(30, gt=0)
    tombstone_days: float = Field(400, gt=0)
