"""What the CRM's companies and contacts are made of, and its OpenAPI document."""

from typing import Any, Final

from tallystick.testing.twins.column import Column
from tallystick.testing.twins.openapi import Node, answer, content, header, parameter, record_schema, ref
from tallystick.testing.twins.webhook import EVENTS

MOST_PER_PAGE: Final = 200
USUAL_PER_PAGE: Final = 50
SORTS: Final = ("updatedAt", "-updatedAt", "name", "id")
STATUSES: Final = ("lead", "active", "paused", "lost")
CURRENCIES: Final = ("EUR", "USD", "GBP", "CHF", "PLN", "CZK", "DKK", "SEK")

_ID: Final = Column("id", read_only=True, nullable=False)
_STATUS: Final = Column("status", nullable=False, options=STATUSES, default="lead")
_EMAIL: Final = Column("email", max_length=254, format="email")
_PHONE: Final = Column("phone", max_length=40)
_MARKS: Final = (
    Column("createdAt", read_only=True, nullable=False, format="date-time"),
    Column("updatedAt", read_only=True, nullable=False, format="date-time"),
    Column("version", type="integer", read_only=True, nullable=False),
)

COMPANY: Final = (
    _ID,
    Column("name", required=True, nullable=False, min_length=1, max_length=120),
    Column("vatId", max_length=20, description="VAT identification number"),
    _EMAIL,
    _PHONE,
    Column("contactName", max_length=80),
    Column("postalCode", max_length=12),
    Column("city", max_length=80),
    Column("country", min_length=2, max_length=2, pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2"),
    Column("annualRevenue", type="number", decimals=2),
    Column("currency", options=CURRENCIES, description="ISO 4217 code of annualRevenue"),
    _STATUS,
    Column(
        "customFields",
        type="object",
        nullable=False,
        description="Fields that customers added; unknown names are allowed",
        properties=(
            Column("loyaltyTier", options=("none", "silver", "gold", "platinum")),
            Column("newsletter", type="boolean"),
        ),
    ),
    *_MARKS,
)

CONTACT: Final = (
    _ID,
    Column("firstName", max_length=60),
    Column("lastName", required=True, nullable=False, min_length=1, max_length=60),
    _EMAIL,
    _PHONE,
    Column("jobTitle", max_length=80),
    Column("companyId", reference="companies", description="The company's id"),
    _STATUS,
    Column(
        "customFields",
        type="object",
        nullable=False,
        description="Fields that customers added; unknown names are allowed",
        properties=(Column("newsletter", type="boolean"),),
    ),
    *_MARKS,
)

OBJECTS: Final = {"companies": COMPANY, "contacts": CONTACT}
FILTERS: Final = {"companies": ("email", "vatId"), "contacts": ("email", "companyId")}
_NAMES: Final = {"companies": "Company", "contacts": "Contact"}
_ETAG: Final = {"ETag": header("Version of the record, for If-Match")}
_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message"],
            "properties": {"message": {"type": "string"}, "field": {"type": ["string", "null"]}},
        }
    },
}


def document(url: str, *, require_if_match: bool) -> Node:
    """Give the CRM's OpenAPI 3.1 document."""
    schemas: Node = {"Error": _ERROR, "Webhook": _webhook_schema()}
    paths: Node = {}
    for name, columns in OBJECTS.items():
        title = _NAMES[name]
        schemas[title] = record_schema(columns, "3.1.0", for_what="read")
        schemas[f"{title}Create"] = record_schema(columns, "3.1.0", for_what="create")
        schemas[f"{title}Update"] = record_schema(columns, "3.1.0", for_what="update")
        paths[f"/v1/{name}"] = {"get": _list(name, title), "post": _create(title)}
        paths[f"/v1/{name}/{{id}}"] = _one(title, require_if_match=require_if_match)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Twin CRM", "version": "1.0.0", "description": "A fake CRM for tests."},
        "servers": [{"url": url}],
        "security": [{"bearerAuth": []}],
        "paths": paths | _webhook_paths(),
        "components": {
            "securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
            "responses": {"Error": answer("Refused", ref("Error"))},
        },
    }


def _errors(*statuses: int) -> Node:
    return {str(s): {"$ref": "#/components/responses/Error"} for s in (401, *statuses)}


def _list(name: str, title: str) -> Node:
    number = {"type": "integer", "minimum": 0, "default": 0}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": USUAL_PER_PAGE}
    page = {
        "type": "object",
        "required": ["data", "meta"],
        "properties": {
            "data": {"type": "array", "items": ref(title)},
            "meta": {"type": "object", "required": ["total"], "properties": {"total": {"type": "integer"}}},
        },
    }
    return {
        "operationId": f"list{title}",
        "summary": f"List {name}",
        "parameters": [
            parameter("offset", number, "How many records to skip"),
            parameter("limit", limit, f"Records per page; more than {MOST_PER_PAGE} are cut to it"),
            parameter("sort", {"type": "string", "enum": list(SORTS), "default": "id"}, "Order; - means descending"),
            parameter(
                "updatedSince", {"type": "string", "format": "date-time"}, "Only records changed at this time or later"
            ),
            *(parameter(f, {"type": "string"}, f"Only records with exactly this {f}") for f in FILTERS[name]),
        ],
        "responses": {"200": answer("One page", page)} | _errors(422),
    }


def _create(title: str) -> Node:
    key = parameter(
        "Idempotency-Key",
        {"type": "string", "maxLength": 255},
        "A repeated request with the same key and body gets the same answer and creates nothing",
        location="header",
    )
    headers = _ETAG | {"Location": header("Path of the new record")}
    return {
        "operationId": f"create{title}",
        "summary": "Create a record",
        "parameters": [key],
        "requestBody": {"required": True, "content": content(ref(f"{title}Create"))},
        "responses": {"201": answer("The record as stored", ref(title), headers)} | _errors(400, 422),
    }


def _one(title: str, *, require_if_match: bool) -> Node:
    match = parameter(
        "If-Match",
        {"type": "string"},
        "ETag of the record as last read; another version is answered with 412",
        location="header",
        required=require_if_match,
    )
    condition = (412, 428) if require_if_match else (412,)
    return {
        "parameters": [parameter("id", {"type": "string"}, "The record's id", location="path")],
        "get": {
            "operationId": f"get{title}",
            "summary": "Read a record; a deleted one is answered with 410",
            "responses": {"200": answer("The record", ref(title), _ETAG)} | _errors(404, 410),
        },
        "patch": {
            "operationId": f"update{title}",
            "summary": "Change the fields that are sent",
            "parameters": [match],
            "requestBody": {"required": True, "content": content(ref(f"{title}Update"))},
            "responses": {"200": answer("The record as stored", ref(title), _ETAG)}
            | _errors(400, 404, 410, *condition, 422),
        },
        "delete": {
            "operationId": f"delete{title}",
            "summary": "Delete a record",
            "parameters": [match],
            "responses": {"204": answer("Deleted")} | _errors(404, 410, *condition),
        },
    }


def _webhook_schema() -> dict[str, Any]:
    events = {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(EVENTS)}}
    return {
        "type": "object",
        "required": ["url", "events"],
        "properties": {
            "id": {"type": "string", "readOnly": True},
            "url": {"type": "string", "format": "uri", "description": "http, on loopback"},
            "secret": {"type": "string", "description": "base64 behind whsec_; made up if absent; shown once"},
            "events": events,
        },
    }


def _webhook_paths() -> Node:
    listed = {"type": "object", "properties": {"data": {"type": "array", "items": ref("Webhook")}}}
    return {
        "/v1/webhooks": {
            "get": {
                "operationId": "listWebhook",
                "summary": "List subscriptions",
                "responses": {"200": answer("All of them", listed)} | _errors(),
            },
            "post": {
                "operationId": "createWebhook",
                "summary": "Subscribe; events are thin and signed as Standard Webhooks says",
                "requestBody": {"required": True, "content": content(ref("Webhook"))},
                "responses": {"201": answer("Subscribed", ref("Webhook"))} | _errors(400, 422),
            },
        },
        "/v1/webhooks/{id}": {
            "parameters": [parameter("id", {"type": "string"}, "The subscription's id", location="path")],
            "delete": {
                "operationId": "deleteWebhook",
                "summary": "Unsubscribe",
                "responses": {"204": answer("Unsubscribed")} | _errors(404),
            },
        },
    }
