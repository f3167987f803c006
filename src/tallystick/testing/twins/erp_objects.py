"""What the ERP's partners are made of, and its OpenAPI document. The system is German, so its words are."""

from typing import Final

from tallystick.testing.twins.column import Column
from tallystick.testing.twins.openapi import Node, answer, content, header, parameter, record_schema, ref

MOST_PER_PAGE: Final = 500
USUAL_PER_PAGE: Final = 100
MOST_PER_BATCH: Final = 100
KINDS: Final = ("firma", "person")
STATUSES: Final = ("Interessent", "Aktiv", "Pausiert", "Verloren")
CURRENCIES: Final = ("€", "$", "£", "CHF")
FILTERS: Final = ("ust_id", "email", "fremdschluessel", "art")
TIME_PATTERN: Final = r"^\d{2}\.\d{2}\.\d{4} \d{2}:\d{2}:\d{2}$"
AMOUNT_PATTERN: Final = r"^-?(\d{1,3}(\.\d{3})*|\d+),\d{2}$"

_LOCAL: Final = "TT.MM.JJJJ hh:mm:ss, Ortszeit Europe/Berlin"

PARTNER: Final = (
    Column("id", type="integer", read_only=True, nullable=False),
    Column("art", required=True, nullable=False, options=KINDS, description="Firma oder Person"),
    Column("name1", required=True, nullable=False, min_length=1, max_length=40, description="Firmen- oder Nachname"),
    Column("vorname", max_length=40, description="Nur bei Personen"),
    Column("ansprechpartner", max_length=60),
    Column("email", max_length=80, format="email"),
    Column("telefon", max_length=30, pattern=r"^[0-9+()/ .-]*$"),
    Column("plz", max_length=10),
    Column("ort", max_length=40),
    Column("land", min_length=2, max_length=2, pattern="^[A-Z]{2}$", description="Ländercode nach ISO 3166-1"),
    Column("umsatz", pattern=AMOUNT_PATTERN, max_length=20, description="Betrag mit Dezimalkomma: 1.234,50"),
    Column("waehrung", options=CURRENCIES, description="Währung des Umsatzes"),
    Column("status", nullable=False, options=STATUSES, default="Interessent"),
    Column("ust_id", max_length=14, description="Umsatzsteuer-Identifikationsnummer"),
    Column("firma_id", type="integer", reference="partner", description="Firma, zu der die Person gehört (Partner)"),
    Column(
        "kundennummer", nullable=False, min_length=1, max_length=12,
        description="Eindeutig; wird vergeben, wenn sie fehlt",
    ),
    Column("fremdschluessel", min_length=1, max_length=64, description="Schlüssel im Fremdsystem; eindeutig"),
    Column("angelegt_am", read_only=True, nullable=False, pattern=TIME_PATTERN, description=_LOCAL),
    Column("geaendert_am", read_only=True, nullable=False, pattern=TIME_PATTERN, description=_LOCAL),
    Column("lfd_nr", type="integer", read_only=True, nullable=False, description="Version des Datensatzes"),
    Column("geloescht", type="boolean", read_only=True, nullable=False, description="Gelöscht, aber noch lesbar"),
)  # fmt: skip

_COMPLAINTS: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["feld", "meldung"],
        "properties": {"feld": {"type": "string"}, "meldung": {"type": "string"}},
    },
}
_ETAG_HINT: Final = 'Version, die geändert werden soll: "<lfd_nr>"; eine andere ergibt 412'


def document(url: str) -> Node:
    """Give the ERP's OpenAPI 3.0 document."""
    schemas: Node = {
        "Partner": record_schema(PARTNER, "3.0.3", for_what="read"),
        "PartnerNeu": record_schema(PARTNER, "3.0.3", for_what="create"),
        "PartnerAenderung": record_schema(PARTNER, "3.0.3", for_what="update"),
        "Fehler": {"type": "object", "required": ["fehler"], "properties": {"fehler": _COMPLAINTS}},
    }
    # Unknown fields are refused, and the document says so.
    schemas["PartnerNeu"]["additionalProperties"] = False
    schemas["PartnerAenderung"]["additionalProperties"] = False
    return {
        "openapi": "3.0.3",
        "info": {"title": "Twin ERP", "version": "7.2", "description": "Ein nachgestelltes ERP für Tests."},
        "servers": [{"url": url}],
        "security": [{"schluessel": []}],
        "paths": {
            "/api/partner": {"get": _list(), "post": _create()},
            "/api/partner/stapel": {"post": _batch()},
            "/api/partner/{id}": _one(),
        },
        "components": {
            "securitySchemes": {"schluessel": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}},
            "schemas": schemas,
            "responses": {
                "Fehler": answer("Abgelehnt", ref("Fehler")),
                "ZuVieleAnfragen": answer(
                    "Zu viele Anfragen", ref("Fehler"), {"Retry-After": header("Sekunden", "integer")}
                ),
            },
        },
    }


def _errors(*statuses: int) -> Node:
    refused = {str(s): {"$ref": "#/components/responses/Fehler"} for s in (401, *statuses)}
    return refused | {"429": {"$ref": "#/components/responses/ZuVieleAnfragen"}}


def _list() -> Node:
    size = {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": USUAL_PER_PAGE}
    since = {"type": "string", "pattern": TIME_PATTERN, "example": "31.01.2025 09:00:00"}
    page = {
        "type": "object",
        "required": ["items", "next_cursor"],
        "properties": {
            "items": {"type": "array", "items": ref("Partner")},
            "next_cursor": {"type": "string", "nullable": True, "description": "Leer auf der letzten Seite"},
        },
    }
    filters = {name: {"type": "string"} for name in FILTERS} | {"art": {"type": "string", "enum": list(KINDS)}}
    return {
        "operationId": "partnerListe",
        "summary": "Partner auflisten, in der Reihenfolge ihrer Nummer",
        "parameters": [
            parameter("cursor", {"type": "string"}, "next_cursor der vorigen Seite"),
            parameter("page_size", size, "Partner je Seite"),
            parameter("geaendert_seit", since, f"Nur Partner, die seitdem geändert wurden (einschließlich); {_LOCAL}"),
            parameter("mit_geloeschten", {"type": "integer", "enum": [0, 1], "default": 0}, "1: auch gelöschte"),
            *(
                parameter(name, schema, f"Nur Partner mit genau diesem Wert in {name}")
                for name, schema in filters.items()
            ),
        ],
        "responses": {"200": answer("Eine Seite", page)} | _errors(400),
    }


def _create() -> Node:
    return {
        "operationId": "partnerAnlegen",
        "summary": "Partner anlegen",
        "requestBody": {"required": True, "content": content(ref("PartnerNeu"))},
        "responses": {"201": answer("Der Partner, wie er gespeichert ist", ref("Partner"))} | _errors(400, 409),
    }


def _one() -> Node:
    match = parameter("If-Match", {"type": "string"}, _ETAG_HINT, location="header")
    stored = {"200": answer("Der Partner, wie er gespeichert ist", ref("Partner"))}
    return {
        "parameters": [parameter("id", {"type": "integer"}, "Nummer des Partners", location="path")],
        "get": {
            "operationId": "partnerLesen",
            "summary": "Partner lesen, auch gelöschte",
            "responses": {"200": answer("Der Partner", ref("Partner"))} | _errors(404),
        },
        "patch": {
            "operationId": "partnerAendern",
            "summary": "Die gesendeten Felder ändern",
            "parameters": [match],
            "requestBody": {"required": True, "content": content(ref("PartnerAenderung"))},
            "responses": stored | _errors(400, 404, 409, 412),
        },
        "delete": {
            "operationId": "partnerLoeschen",
            "summary": "Partner als gelöscht kennzeichnen",
            "parameters": [match],
            "responses": stored | _errors(404, 412),
        },
    }


def _batch() -> Node:
    items = {"type": "array", "minItems": 1, "maxItems": MOST_PER_BATCH, "items": ref("PartnerNeu")}
    result = {
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"type": "integer"}, "partner": ref("Partner"), "fehler": _COMPLAINTS},
    }
    results = {"type": "array", "items": result, "description": "Je Eintrag eines, in derselben Reihenfolge"}
    return {
        "operationId": "partnerStapel",
        "summary": "Mehrere Partner anlegen; jeder für sich",
        "requestBody": {
            "required": True,
            "content": content({"type": "object", "required": ["partner"], "properties": {"partner": items}}),
        },
        "responses": {"200": answer("Ergebnisse", {"type": "object", "properties": {"ergebnisse": results}})}
        | _errors(400),
    }
