"""What is said about the system as a whole: access, address, limits, headers, versions."""

import json

import pytest

from tallystick.connectors.describe.openapi import describe_openapi
from tallystick.project.manifest_auth import ApiKeyAuth, BasicAuth, BearerAuth, ClientCredentialsAuth, NoAuth

TOKEN = "${env:ACME_SHOP_TOKEN}"


def secured(api, *, security=None, **schemes):
    return api.describe(
        api.collection(), components={"securitySchemes": schemes}, **({"security": security} if security else {})
    )


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ({"type": "http", "scheme": "bearer"}, BearerAuth(type="bearer", token=TOKEN)),
        (
            {"type": "http", "scheme": "bearer", "bearerFormat": "Token abc"},
            BearerAuth(type="bearer", token=TOKEN, scheme="Token"),
        ),
        (
            {"type": "apiKey", "in": "header", "name": "Authorization", "description": 'With required prefix "Key"'},
            BearerAuth(type="bearer", token=TOKEN, scheme="Key"),
        ),
        (
            {"type": "http", "scheme": "basic"},
            BasicAuth(type="basic", username="${env:ACME_SHOP_USER}", password="${env:ACME_SHOP_PASSWORD}"),
        ),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, ApiKeyAuth(type="api_key", name="X-Key", value=TOKEN)),
        (
            {"type": "apiKey", "in": "query", "name": "key"},
            ApiKeyAuth(type="api_key", name="key", value=TOKEN, location="query"),
        ),
        (
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://a.example/t"}}},
            ClientCredentialsAuth(
                type="oauth2_client_credentials",
                token_url="https://a.example/t",
                client_id="${env:ACME_SHOP_CLIENT_ID}",
                client_secret="${env:ACME_SHOP_CLIENT_SECRET}",
            ),
        ),
        ({"type": "oauth2", "flows": {"authorizationCode": {}}}, BearerAuth(type="bearer", token=TOKEN)),
    ],
)
def test_declared_schemes(api, scheme, expected):
    manifest = secured(api, only=scheme)
    assert manifest.auth == expected
    assert manifest.facts["auth"].label == "declared"


def test_all_declared_ways_are_told_and_the_unattended_one_is_chosen(api):
    code = {"type": "oauth2", "flows": {"authorizationCode": {}}}
    manifest = secured(
        api, a=code, b={"type": "http", "scheme": "basic"}, c={"type": "apiKey", "in": "header", "name": "K"}
    )
    assert manifest.auth.type == "api_key"
    for kind in ("oauth2:authorizationCode", "basic", "apikey-header:K"):
        assert kind in manifest.facts["auth"].because


def test_keys_that_are_asked_for_together_travel_as_headers(api):
    keys = {name: {"type": "apiKey", "in": "header", "name": f"X-{name}"} for name in ("App", "Grant")}
    manifest = secured(api, security=[{"App": [], "Grant": []}], **keys)
    assert manifest.auth.name == "X-App"
    assert manifest.network.headers == {"X-Grant": "${env:ACME_SHOP_X_GRANT}"}


def test_ordinary_parameters_that_are_credentials(api):
    paths = api.collection()
    for item in paths.values():
        item["parameters"] = [
            {"name": "login", "in": "query", "schema": {}},
            {"name": "authtoken", "in": "query", "schema": {}},
        ]
    manifest = api.describe(paths)
    assert "apikey-query:authtoken" in manifest.facts["auth"].because
    assert manifest.facts["auth"].label == "inferred"


@pytest.mark.parametrize(
    ("prose", "kind"),
    [
        ("Send `Authorization: Bearer TOKEN` with each request", "bearer"),
        ("We use HTTP basic authentication", "basic"),
        ("Put the key in the `X-Api-Key` header", "api_key"),
    ],
)
def test_prose_gives_a_hint(api, prose, kind):
    manifest = api.describe(api.collection(), info={"title": "x", "description": prose})
    assert manifest.auth.type == kind
    assert manifest.facts["auth"].label == "inferred"


def test_no_word_about_access_is_no_auth_with_a_note(api):
    manifest = api.describe(api.collection())
    assert isinstance(manifest.auth, NoAuth)
    assert any("authentication" in note for note in manifest.notes)


# --- address ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("servers", "given", "expected"),
    [
        ([{"url": "https://a.example/v1/"}], "", "https://a.example/v1"),
        (
            [{"url": "https://{host}.example/{v}", "variables": {"host": {"default": "a"}, "v": {"default": "v2"}}}],
            "",
            "https://a.example/v2",
        ),
        ([{"url": "https://sandbox.a.example"}, {"url": "https://a.example"}], "", "https://a.example"),
        ([{"url": "/api/v1"}], "https://a.example", "https://a.example/api/v1"),
        ([{"url": "/api/v1"}], "", "/api/v1"),
        ([{"url": "https://a.example"}], "http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ([{"url": "a.example/v1"}], "", "https://a.example/v1"),
        ([{"url": "a.example/v1"}], "https://b.example", "https://b.example"),
        ([{"url": "localhost:8055"}], "", "http://localhost:8055"),
        ([{"url": "localhost:8055"}], "https://a.example/api", "https://a.example/api"),
        ([{"url": "app:8055/v1"}], "", "https://app:8055/v1"),
        ([], "https://a.example/x", "https://a.example/x"),
    ],
)
def test_where_the_system_lives(api, servers, given, expected):
    assert describe_openapi(api.document(api.collection(), servers=servers), base_url=given).base_url == expected


def test_the_source_completes_a_relative_address(api):
    document = api.document(api.collection(), servers=[{"url": "/api"}])
    assert describe_openapi(document, source="https://a.example/docs/openapi.json").base_url == "https://a.example/api"


@pytest.mark.parametrize("more", [{"servers": [{"url": "/"}]}, {}])
def test_without_an_address_the_system_lives_where_its_description_does(api, more):
    document = api.document(api.collection(), **more)
    assert describe_openapi(document, source="http://a.example:81/docs/openapi.json").base_url == "http://a.example:81"
    manifest = describe_openapi(document, source="openapi.json")
    assert manifest.base_url == ""
    assert any("base_url" in note for note in manifest.notes)


def test_swagger_2_is_read_like_the_others(api):
    document = {
        "swagger": "2.0",
        "info": {"title": "Old Shop"},
        "host": "old.example",
        "basePath": "/v1",
        "schemes": ["http", "https"],
        "securityDefinitions": {"o": {"type": "oauth2", "flow": "application", "tokenUrl": "https://old.example/t"}},
        "definitions": {"Part": {"properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}},
        "paths": {
            "/parts": {
                "get": {
                    "parameters": [{"name": "page", "in": "query", "type": "integer"}],
                    "responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Part"}}}},
                },
                "post": {
                    "consumes": ["application/x-www-form-urlencoded"],
                    "parameters": [
                        {"name": "name", "in": "formData", "type": "string", "required": True, "maxLength": 5}
                    ],
                    "responses": {"200": {"schema": {"$ref": "#/definitions/Part"}}},
                },
            },
            "/parts/{id}": {
                "put": {
                    "parameters": [{"name": "b", "in": "body", "schema": {"$ref": "#/definitions/Part"}}],
                    "responses": {},
                }
            },
        },
    }
    manifest = describe_openapi(json.dumps(document).encode())
    spec = manifest.objects["parts"]
    assert (manifest.base_url, manifest.auth.type) == ("https://old.example/v1", "oauth2_client_credentials")
    assert (spec.id_type, spec.paging.type, spec.create.encoding, spec.update.method) == (
        "integer",
        "page",
        "form",
        "PUT",
    )
    assert (spec.fields["name"].required, spec.fields["name"].max_length) == (True, 5)


# --- limits -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prose", "rate"),
    [
        ("You may send 240 requests per minute.", 4),
        ("The limit is 10 requests/second", 10),
        ("at most **3,600** calls per hour", 1),
        ("You can perform 240 (two hundred forty) requests per minute and 8 requests per second", 4),
        ("We limit requests per second.", None),
        ("Each user makes 100 requests.", None),
        ("Requests are paged, 50 per page. Please wait a minute", None),
        ("", None),
    ],
)
def test_a_rate_is_taken_only_from_a_stated_number(api, prose, rate):
    manifest = api.describe(api.collection(), info={"title": "x", "description": prose})
    assert manifest.limits.requests_per_second == rate
    assert ("limits" in manifest.facts) is (rate is not None)


def test_rate_headers_without_a_number_are_only_told(api):
    manifest = api.listed(api.operation({"type": "array", "items": api.CUSTOMER}, headers={"X-RateLimit-Limit": {}}))
    assert manifest.limits.requests_per_second is None
    assert "X-RateLimit-Limit" in manifest.facts["limits"].because


def test_a_bare_429_says_nothing(api):
    paths = api.collection()
    paths["/customers"]["get"]["responses"]["429"] = {"description": "Too many requests"}
    assert "limits" not in api.describe(paths).facts


# --- headers, versions, hooks -------------------------------------------------------------------------------


def test_headers_that_every_call_needs(api):
    paths = api.collection()
    fixed = {"name": "Api-Version", "in": "header", "required": True, "schema": {"default": "2024-01-01"}}
    free = {"name": "X-Tenant", "in": "header", "required": True, "schema": {"type": "string"}}
    for item in paths.values():
        item["parameters"] = [fixed, free]
    headers = api.describe(paths).network.headers
    assert headers == {"Api-Version": "2024-01-01", "X-Tenant": "${env:ACME_SHOP_X_TENANT}"}


def test_versions_and_idempotency_are_declared_or_absent(api):
    plain = api.one(api.collection())
    assert (plain.version, plain.if_match, plain.claims.create_idem) == ("", "", "none")
    paths = api.collection()
    paths["/customers/{id}"]["get"] = api.operation(api.CUSTOMER, headers={"ETag": {}})
    paths["/customers/{id}"]["patch"]["parameters"] = [{"name": "If-Match", "in": "header", "schema": {}}]
    paths["/customers"]["post"]["parameters"] = [{"name": "Idempotency-Key", "in": "header", "schema": {}}]
    spec = api.one(paths)
    assert (spec.version, spec.if_match, spec.claims.cas_write) == ("header:ETag", "If-Match", True)
    assert (spec.claims.create_idem, spec.claims.idempotency_header) == ("key", "Idempotency-Key")


def test_web_hooks_are_noted(api):
    paths = api.collection() | {"/webhooks": {"post": api.operation(None, api.NEW)}}
    notes = describe_openapi({**api.document(paths), "openapi": "3.1.0", "webhooks": {"customer.created": {}}}).notes
    assert any("customer.created" in note for note in notes)
    assert any("/webhooks" in note for note in notes)


def test_media_types_may_be_written_once_and_referred_to(api):
    """OpenAPI 3.2: an entry of ``content`` is a reference to ``components.mediaTypes``."""
    paths = api.collection()
    wanted = describe_openapi(api.document(paths)).objects["customers"].fields
    kept = {}
    for item in paths.values():
        for operation in item.values():
            for holder in (operation.get("requestBody", {}), *operation.get("responses", {}).values()):
                for kind, media in holder.get("content", {}).items():
                    name = f"M{len(kept)}"
                    kept[name] = media
                    holder["content"][kind] = {"$ref": f"#/components/mediaTypes/{name}"}
    assert len(kept) > 2
    document = {**api.document(paths), "openapi": "3.2.0", "components": {"mediaTypes": kept}}
    assert describe_openapi(document).objects["customers"].fields == wanted


@pytest.mark.parametrize(
    ("kinds", "encoding"),
    [
        (["multipart/form-data"], "multipart"),
        (["multipart/form-data", "application/x-www-form-urlencoded"], "form"),
        (["multipart/form-data", "application/json"], "json"),
    ],
)
def test_a_form_in_parts_is_sent_only_where_nothing_simpler_is_taken(api, kinds, encoding):
    paths = api.collection()
    [media] = paths["/customers"]["post"]["requestBody"]["content"].values()
    paths["/customers"]["post"]["requestBody"]["content"] = dict.fromkeys(kinds, media)
    assert api.one(paths).create.encoding == encoding


def test_no_operations_and_odd_versions_are_noted():
    manifest = describe_openapi({"openapi": "9.9", "info": None, "paths": []})
    assert manifest.objects == {}
    assert any("9.9" in note for note in manifest.notes)
    assert any("no operations" in note for note in manifest.notes)
