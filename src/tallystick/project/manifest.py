"""The manifest of a system: how to reach it and how its objects are read and written. Data, not code.

One frozen model gives validation, the JSON Schema for editors, the reference page and the defaults. ``describe``
writes manifests, people correct them, connectors obey them, checks compare them with what the system does.
Secrets are references (``${env:NAME}``, ``${file:PATH}``), resolved last.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from tallystick.core.schema import Type
from tallystick.project.manifest_files import FileSpec
from tallystick.project.manifest_graphql import GraphqlSpec
from tallystick.project.manifest_shapes import InsideSpec, PartSpec
from tallystick.project.manifest_soap import SoapSpec
from tallystick.project.model_base import Model
from tallystick.project.spelling import ParameterText

# --- access -------------------------------------------------------------------------------------------------------


class NoAuth(Model):
    """The system asks for no credentials."""

    type: Literal["none"] = "none"


class ApiKeyAuth(Model):
    """A fixed key in a header or in the query."""

    type: Literal["api_key"]
    name: str
    """Name of the header or query parameter."""
    value: str
    """The key, as a reference: ``${env:CRM_KEY}``."""
    location: Literal["header", "query"] = "header"


class BasicAuth(Model):
    """User name and password in each request."""

    type: Literal["basic"]
    username: str
    password: str


class BearerAuth(Model):
    """A fixed token in the Authorization header; ``scheme`` where a system wants another word than Bearer."""

    type: Literal["bearer"]
    token: str
    scheme: str = "Bearer"


class ClientCredentialsAuth(Model):
    """OAuth 2.0 client credentials; the token is fetched and refreshed by one request at a time."""

    type: Literal["oauth2_client_credentials"]
    token_url: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...] = ()
    send_in: Literal["header", "body"] = "header"
    """Where the client's name and secret go: HTTP basic, or the form."""
    extra: dict[str, str] = {}
    """Further form fields, such as ``audience``."""


Auth = Annotated[NoAuth | ApiKeyAuth | BasicAuth | BearerAuth | ClientCredentialsAuth, Field(discriminator="type")]

# --- paging -------------------------------------------------------------------------------------------------------


class _Capped(Model):
    """Every way of paging may end at a limit of the system's own."""

    cap: int | None = Field(None, ge=1)
    """How many records one listing gives at most, however many there are (often 1000 or 10000). What is cut off there
    is read in parts by the time of change: by ``sort``, or by ``since`` with ``until``."""


class NoPaging(_Capped):
    """The listing comes in one answer."""

    type: Literal["none"] = "none"


class OffsetPaging(_Capped):
    """``offset`` and ``limit``, counted in records."""

    type: Literal["offset"]
    offset_param: str = "offset"
    limit_param: str = "limit"
    limit: int = Field(100, ge=1)
    max_limit: int | None = None
    total: str = ""
    """Path to the number of all records in the answer, or ``header:NAME``; lets pages be read side by side."""


class PagePaging(_Capped):
    """Numbered pages."""

    type: Literal["page"]
    page_param: str = "page"
    first: int = 1
    size_param: str = ""
    size: int = Field(100, ge=1)
    max_size: int | None = None
    total: str = ""
    """Path to the number of all records, or ``header:NAME``."""
    pages: str = ""
    """Path to the number of pages, or ``header:NAME``."""


class CursorPaging(_Capped):
    """An opaque token from the answer (or the last record's id) asks for the next page."""

    type: Literal["cursor"]
    cursor_param: str = "cursor"
    next: str = ""
    """Path to the next token in the answer, or ``header:NAME``. Empty with ``from_last`` set."""
    from_last: str = ""
    """Path in the last record whose value is the next token (``starting_after``)."""
    has_more: str = ""
    """Path to a boolean that says whether more follows."""
    size_param: str = ""
    size: int = Field(100, ge=1)
    max_size: int | None = None


class LinkPaging(_Capped):
    """A ``Link: <...>; rel="next"`` header."""

    type: Literal["link"]
    size_param: str = ""
    size: int = Field(100, ge=1)
    max_size: int | None = None


class NextUrlPaging(_Capped):
    """The whole address of the next page is in the answer."""

    type: Literal["next_url"]
    next: str
    """Path to the address in the answer, or ``header:NAME``."""
    size_param: str = ""
    size: int = Field(100, ge=1)
    max_size: int | None = None


Paging = Annotated[
    NoPaging | OffsetPaging | PagePaging | CursorPaging | LinkPaging | NextUrlPaging, Field(discriminator="type")
]

# --- objects ------------------------------------------------------------------------------------------------------

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
    encoding: Literal["json", "form"] = "json"
    whole: bool = False
    """The call replaces the whole record, so the record as last read is sent with the change applied (R-10.6)."""


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
    reference: str = ""
    """The object that this field points to."""
    cascades: bool = False
    """The system deletes this record by itself when the one that the field points to is deleted."""
    label: str = ""


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
    """What must be asked with so that deleted records are listed."""


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
    create_bulk: BulkOperation | None = None
    update_bulk: BulkOperation | None = None
    table: Table | None = None
    file: FileSpec | None = None
    """Files: the file that the records are in."""
    paging: Paging = NoPaging()
    since: Since | None = None
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
    """How a ' in a value is written where the value stands between such marks: ``('{id}')``, ``name eq '{}'``."""
    omits_blank: bool = False
    """Records leave out fields that are blank. Otherwise a missing field is unknown and never written."""
    fields: dict[str, FieldSpec] = {}
    """By path."""
    claims: Claims = Claims()
    anchor: str = ""
    """For an object of several parts: the object of this manifest that gives it its id. It has no calls of its own."""
    parts: dict[str, PartSpec] = {}
    """The other records that make up one of these, by role."""
    inside: InsideSpec | None = None
    """For lines in a list inside another record: where they are. Such an object has fields and nothing else."""


class Limits(Model):
    """How gently the system wants to be treated. One bucket serves reads, writes and probes."""

    requests_per_second: float | None = Field(None, gt=0)
    burst: int = Field(10, ge=1)
    in_flight: int = Field(8, ge=1, le=256)
    longest_wait_seconds: float = Field(60, ge=0)
    """A longer Retry-After ends the run and is kept as a date, instead of being waited for."""
    response_bytes: int = 50_000_000
    max_pages: int = 100_000


class Network(Model):
    """How to get there."""

    timeout_seconds: float = Field(30, gt=0)
    connect_timeout_seconds: float = Field(10, gt=0)
    proxy: str = ""
    ca_file: str = ""
    headers: dict[str, ParameterText] = {}
    """Sent with every request."""
    allow_hosts: tuple[str, ...] = ()
    """Further hosts that redirects and next links may lead to; normally only the host of ``base_url``."""


class Fact(Model):
    """How sure one entry of the manifest is and why. Keys are paths in the manifest: ``objects.companies.paging``."""

    label: Literal["declared", "inferred", "confirmed", "contradicted"]
    because: str = ""
    on: str = ""
    """Date of the last evidence, ISO."""


class Manifest(Model):
    """A system: ``systems/NAME.yaml``."""

    protocol: Literal["rest", "graphql", "soap", "sql", "files", "memory"]
    title: str = ""
    base_url: str = ""
    """REST: the address that all paths are added to. GraphQL and SOAP: the address of the service."""
    url: str = ""
    """SQL: a SQLAlchemy address, or a reference to one. Files: the folder they are in."""
    description: str = ""
    """Where the API description is: a file in the project or an address."""
    timezone: str = "UTC"
    """The zone of time stamps that carry none."""
    auth: Auth = NoAuth()
    limits: Limits = Limits()
    network: Network = Network()
    graphql: GraphqlSpec | None = None
    """GraphQL: root fields, arguments and selections."""
    soap: SoapSpec | None = None
    """SOAP: the messages of the service."""
    objects: dict[str, ObjectSpec] = {}
    facts: dict[str, Fact] = {}
    notes: tuple[str, ...] = ()
    """What a description left open, in words."""
    owner: str = ""
    technical_contact: str = ""
