"""The manifest of a system: how to reach it and how its objects are read and written. Data, not code.

One frozen model gives validation, the JSON Schema for editors, the reference page and the defaults. ``describe``
writes manifests, people correct them, connectors obey them, checks compare them with what the system does.
Secrets are references (``${env:NAME}``, ``${file:PATH}``), resolved last.
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from tallystick.core.schema import Type
from tallystick.project.manifest_absence import Absence
from tallystick.project.manifest_auth import Auth, NoAuth
from tallystick.project.manifest_changes import ChangesSpec
from tallystick.project.manifest_export import ExportSpec
from tallystick.project.manifest_files import FileSpec
from tallystick.project.manifest_graphql import GraphqlSpec
from tallystick.project.manifest_origin import Origin
from tallystick.project.manifest_paging import NoPaging, Paging
from tallystick.project.manifest_rpc import Params, RpcSpec
from tallystick.project.manifest_shapes import (
    FieldsFrom,
    InsideSpec,
    MapNew,
    OnNewField,
    OptionsFrom,
    PartSpec,
    UnderSpec,
)
from tallystick.project.manifest_soap import SoapSpec
from tallystick.project.manifest_tunnel import Tunnelled
from tallystick.project.model_base import Model
from tallystick.project.spelling import ParameterText

# "iso", "unix", "unix_ms", "parts" (year, month, day ... in an object or a list, as in tagged JSON dates), or a date
# pattern (dd.MM.yyyy HH:mm), "json_date" (/Date(ms)/); without an offset they are in the system's ``timezone``
TimeFormat = str


class Since(Model):
    """How to ask only for records changed since an instant."""

    param: str
    format: TimeFormat = "iso"
    inclusive: bool = True
    template: ParameterText = "{}"
    """How the value is spelled around the instant: ``gte:{}``, ``{};``, ``updated_at>{}``."""
    until: str = ""
    """The parameter for the other end: only what was changed before an instant, spelled in the same ``format``."""
    until_template: ParameterText = "{}"


class Sort(Model):
    """How to ask for an order. ``value`` is by the change time or the id, so that pages do not shift."""

    param: str
    value: ParameterText = ""
    fields: tuple[str, ...] = ()
    """Fields that can be sorted by, where known; ``{field}`` and ``{direction}`` in ``template`` spell one."""
    template: str = "{field}"
    descending: str = "-{field}"


class Filter(Model):
    """How to ask for records by a field's value."""

    param: str
    template: ParameterText = "{}"


class Trial(Model):
    """What turns a write into a call that only checks: at least one of the three, or it would write."""

    headers: dict[str, ParameterText] = {}
    query: dict[str, ParameterText | tuple[str, ...]] = {}
    path: str = ""

    @model_validator(mode="after")
    def _refuse_nothing(self) -> "Trial":
        if not (self.headers or self.query or self.path):
            raise ValueError("name the header, the query or the path by which the system only checks")
        return self


class Operation(Model):
    """One call. ``{id}`` in ``path`` or ``query`` is the record's id; ``record`` is where the answer has the record.

    A successful read that has nothing at ``record`` (``data[0]`` of an empty list) found no record.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "MERGE", "DELETE"]
    path: str
    query: dict[str, ParameterText | tuple[str, ...]] = {}
    """Several values for a name are sent as a repeated parameter. A since, sort or filter of the same name replaces
    the value here."""
    headers: dict[str, ParameterText] = {}
    record: str = ""
    wrap: str = ""
    """Path under which the body is put: ``data`` sends ``{"data": {...}}``."""
    body: dict[str, Any] = {}
    """Values sent with every call, under the record's own."""
    beside: dict[str, Any] = {}
    """Values sent beside what ``wrap`` wraps: ``{"session": "${env:SESSION}", "id": "{id}"}``."""
    encoding: Literal["json", "form", "multipart", "xml", "csv"] = "json"
    """How the body is written. XML needs a root element: ``wrap: order``. CSV is a line of names and one for each
    record, without nested values."""
    answer: Literal["json", "xml", "csv"] = "json"
    """What is asked for. XML comes as its elements by name (``record: orders.order``), attributes as ``@name``; CSV as
    a list. All their values are texts."""
    params: Params | None = None
    """RPC: what the method is called with. ``{id}``, ``{record}`` (or a part of it, ``{record.name}``), the names of
    ``body``, and those of parameters that are asked for stand for their values."""
    validate_only: Trial | None = None
    """Create and update: how the same call is only checked and not carried out; `tally plan --validate` uses it."""
    whole: bool = False
    """The call replaces the whole record, so the record as last read is sent with the change applied (R-10.6)."""
    absent: Absence = ()
    """REST, ``get``: what else than 404 and 410 says that there is no such record: statuses (403), words of answers."""


class Action(Model):
    """A change that a call of its own makes: closing, publishing, assigning. ``{value}`` in it is the wanted value."""

    field: str
    """Path of the field that shows what the call does."""
    to: tuple[Any, ...] = ()
    """The values that this call brings about; empty: every value but a blank."""
    call: Operation
    first: bool = False
    """The call comes before the other changes of a record, as where a closed one must be opened to be changed."""


class BulkOperation(Operation):
    """One call for several records. Results are joined by position."""

    size: int = Field(100, ge=1)
    items: str = ""
    """Path of the list in the body; empty where the body is the list."""
    results: str = ""
    """Path of the list of results in the answer."""
    error: str = "error"
    """Path in a result that is set when this item was refused."""


class FieldSpec(Model):
    """One field as the system declares it. Lengths count characters."""

    type: Type = "any"
    required: bool = False
    nullable: bool = True
    read_only: bool = False
    create_only: bool = False
    """Can be given to a new record and never be changed."""
    unique: bool = False
    min_length: int | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    format: str = ""
    options: tuple[str, ...] | dict[str, str] = ()
    """The keys of a select field, or keys with their labels."""
    options_from: OptionsFrom | None = None
    """Where the system lists the options of a select field."""
    reference: str = ""
    """The object that this field points to."""
    cascades: bool = False
    """The system deletes this record by itself when the one that the field points to is deleted."""
    label: str = ""
    id: str = ""
    """The system's own id of the field, which stays when the field is called otherwise."""


class Table(Model):
    """Where an object lives in a database."""

    name: str
    schema_name: str = Field("", alias="schema")
    model_config = Model.model_config | {"populate_by_name": True}


class Tombstone(Model):
    """How a record shows that it was deleted: the value at ``path`` is one of ``values`` (any true one if empty)."""

    path: str
    values: tuple[Any, ...] = ()
    query: dict[str, str] = {}
    """What must be asked with so that deleted records are listed. A since or filter of the same name replaces the value
    here: some systems show deleted records whenever they are asked for changes since an instant."""


class Claims(Model):
    """What is claimed of the system beyond its calls (SYNC-SPEC 2). Unset means the weakest. Times in seconds."""

    cas_write: bool = False
    create_idem: Literal["client_id", "key", "extid", "search", "none"] = "none"
    idempotency_header: str = ""
    consistency_seconds: float | None = None
    late_commit_seconds: float | None = None
    granularity_seconds: float = 1
    skew_seconds: float | None = None
    list_order: Literal["keyset", "cursor", "offset", "snapshot"] | None = None
    returns_record: bool = False
    strong_reads: bool = False
    """Reads see every finished write at once: ``consistency_seconds`` and ``late_commit_seconds`` default to 0."""


class ObjectSpec(Model):
    """One object type of a system."""

    id: str = "id"
    """Path of the id in a record."""
    id_type: Literal["text", "integer", "address"] = "text"
    """``address``: an address stands there (``_links.self.href``), and its last step is the id."""
    list: Operation | None = None
    """The listing; its ``record`` is the path to the array of records."""
    get: Operation | None = None
    create: Operation | None = None
    update: Operation | None = None
    delete: Operation | None = None
    actions: dict[str, Action] = {}
    """Changes with calls of their own, by name. A field is set by the first action that is for its value, in this
    order, and by create and update where none is. A new record is made first and then brought there."""
    create_bulk: BulkOperation | None = None
    update_bulk: BulkOperation | None = None
    export: ExportSpec | None = None
    """A job that lists everything; ``list`` then reads what changed, where ``since`` says how."""
    table: Table | None = None
    file: FileSpec | None = None
    """Files: the file that the records are in."""
    paging: Paging = NoPaging()
    since: Since | None = None
    changes: ChangesSpec | None = None
    """A database: the log that says which rows changed and which were deleted. It is asked before ``since`` is."""
    sort: Sort | None = None
    filters: dict[str, Filter] = {}
    """Fields (by path) that a listing can be asked for by value."""
    version: str = ""
    """Path of the version in a record, or ``header:ETag``."""
    if_match: str = ""
    """Header that makes a write conditional on the version, usually ``If-Match``."""
    condition: Operation | None = None
    """Read directly before a conditional write where the record last seen carried no version; ``get`` if unset."""
    clear: Literal["null", "empty"] = "null"
    """How a field is cleared: by a null, or by an empty text where nulls are ignored."""
    modified: str = ""
    """Path of the time of the last change."""
    modified_format: TimeFormat = "iso"
    created: str = ""
    """Path of the time of creation, spelled as ``modified_format`` says."""
    deleted: Tombstone | None = None
    quotes: Literal["plain", "doubled", "escaped"] = "plain"
    """How a ' or " in a value is written where the value stands between such marks: ``('{id}')``, ``name eq '{}'``."""
    omits_blank: bool = False
    """Records leave out fields that are blank. Otherwise a missing field is unknown and never written."""
    fields: dict[str, FieldSpec] = {}
    """By path."""
    fields_from: FieldsFrom | None = None
    """Where the system lists the fields of this object, those that no record shows too, and their ids."""
    on_new_field: OnNewField = "report"
    """`tally drift` tells of fields that are not written here, leaves them out, or writes them here (`accept`,
    `evolve`); it shows what they may be on the other side (`propose`), maps them there by ``map_new`` (`map`), and adds
    them there where they are missing (`create`). With `freeze` a run goes on and wants a person, with `stop` it writes
    nothing here until somebody has decided."""
    map_new: MapNew = MapNew()
    """Which new fields `map` and `create` are about, and what they are called on the other side."""
    adds_fields: bool = False
    """A database: `create` of the object on the other side may add columns to this table."""
    claims: Claims = Claims()
    anchor: str = ""
    """For an object of several parts: the object of this manifest that gives it its id. It has no calls of its own."""
    parts: dict[str, PartSpec] = {}
    """The other records that make up one of these, by role."""
    inside: InsideSpec | None = None
    """For lines in a list inside another record: where they are. Such an object has fields and nothing else."""
    under: UnderSpec | None = None
    """For records with calls of their own below another record: which one, and what stands for its id."""


class LimitHeaders(Model):
    """Headers in which a system says what is left, where they have other names than the usual ones."""

    remaining: str = ""
    """How many calls are left."""
    used: str = ""
    """How many were made; ``limit`` then says of how many. A value like ``32/40`` says both."""
    limit: str = ""
    reset: str = ""
    """When there are more: seconds, or an instant."""
    per: Literal["day", "burst"] = "day"
    """What they count: the quota of a day, or of a shorter time."""


def _share(given: Any) -> Any:
    """Read ``20%`` as 0.2."""
    if isinstance(given, str) and given.strip().endswith("%"):
        return float(given.strip()[:-1]) / 100
    return given


class Limits(Model):
    """How gently the system wants to be treated. One bucket serves reads, writes and probes."""

    requests_per_second: float | None = Field(None, gt=0)
    burst: int = Field(10, ge=1)
    adaptive: bool = True
    """Requests get fewer while the system says that there are too many (429), and more again while it does not; never
    more than ``requests_per_second``."""
    in_flight: int = Field(8, ge=1, le=256)
    per_day: int | None = Field(None, ge=1)
    """Calls within 24 hours, of all runs and processes that share the project's state."""
    reserve: Annotated[float, BeforeValidator(_share)] = Field(0, ge=0, lt=1)
    """The share of the day's calls (``20%``) that listings of everything leave for changes, writes and single reads."""
    account: str = ""
    """Systems of one project with the same word here share one quota of a day; normally each system has its own."""
    headers: LimitHeaders = LimitHeaders()
    longest_wait_seconds: float = Field(60, ge=0)
    """A longer Retry-After ends the run and is kept as a date, instead of being waited for."""
    response_bytes: int = 50_000_000
    max_pages: int = 100_000


class Network(Model):
    """How to get there."""

    timeout_seconds: float = Field(30, gt=0)
    connect_timeout_seconds: float = Field(10, gt=0)
    proxy: str = ""
    tunnel: Tunnelled = None
    """For web systems, and for databases but SQLite and ODBC. Not beside a proxy."""
    ca_file: str = ""
    client_cert: str = ""
    """A certificate that says who we are (mutual TLS): the path of a PEM file, which may hold the key as well."""
    client_key: str = ""
    """The path of its private key."""
    client_key_password: str = ""
    """As a reference."""
    headers: dict[str, ParameterText] = {}
    """Sent with every request."""
    answers: dict[str, str] = {}
    """Headers that answers must have if they have them at all, such as the version of the interface; a read that is
    answered with another value is refused, before anything is written."""
    allow_hosts: tuple[str, ...] = ()
    """Further hosts that redirects and next links may lead to; normally only the host of ``base_url``."""


class Expiry(Model):
    """Something that ends by itself: a token, a secret, a licence. ``tally check --calendar`` lists it."""

    what: str
    on: date
    """The last day on which it works."""


class Fact(Model):
    """How sure one entry of the manifest is and why. Keys are paths in the manifest: ``objects.companies.paging``."""

    label: Literal["declared", "inferred", "confirmed", "contradicted"]
    because: str = ""
    on: str = ""
    """Date of the last evidence, ISO."""


class Manifest(Model):
    """A system: ``systems/NAME.yaml``."""

    protocol: Literal["rest", "soap", "graphql", "rpc", "sql", "files", "memory"]
    title: str = ""
    base_url: str = ""
    """REST: the address that all paths are added to. GraphQL, SOAP, RPC: the address of the service."""
    url: str = ""
    """SQL: a SQLAlchemy address, ``odbc:`` and a source or connection string, or a reference. Files: the folder."""
    description: str = ""
    """Where the API description is: a file in the project or an address."""
    described: Origin | None = None
    """What this was described from, and in which version; `tally describe NAME --again` compares with it."""
    timezone: str = "UTC"
    """The zone of time stamps that carry none."""
    auth: Auth = NoAuth()
    limits: Limits = Limits()
    network: Network = Network()
    expires: tuple[Expiry, ...] = ()
    """What ends on a known day and no system tells: tokens, secrets, licences."""
    graphql: GraphqlSpec | None = None
    """GraphQL: root fields, arguments and selections."""
    soap: SoapSpec | None = None
    """SOAP: the messages of the service."""
    rpc: RpcSpec = RpcSpec()
    """RPC: which kind of calls, how to sign in, and what faults mean."""
    objects: dict[str, ObjectSpec] = {}
    facts: dict[str, Fact] = {}
    notes: tuple[str, ...] = ()
    """What a description left open, in words."""
    owner: str = ""
    technical_contact: str = ""
