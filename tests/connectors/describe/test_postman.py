"""Postman collections of four styles, and what is made of them: calls, paging, ids, access, and never a secret."""

import json
from pathlib import Path

import pytest

from tallystick.connectors.describe.postman import describe_postman
from tallystick.connectors.describe.text import manifest_yaml
from tallystick.core.error import ProjectError
from tallystick.project.manifest_auth import (
    ApiKeyAuth,
    AwsAuth,
    BasicAuth,
    BearerAuth,
    ClientCredentialsAuth,
    DigestAuth,
    NoAuth,
    PasswordGrantAuth,
    RefreshTokenAuth,
)
from tallystick.project.manifest_paging import CursorPaging, OffsetPaging, PagePaging

FOLDER = Path(__file__).parent / "collections"
V21 = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
SECRETS = ("live-9f8e7d6c5b4a39281706", "hunter2", "s3ss10n", "c1i3nt", "ledger-client-4711", "eyJ", "bob")


def saved(name, environment=""):
    """Describe a collection of the folder."""
    values = (FOLDER / environment).read_bytes() if environment else None
    return describe_postman((FOLDER / f"{name}.json").read_bytes(), source=f"{name}.json", environment=values)


def shop(*items, **more):
    """A collection of its own, written down in the test."""
    return {"info": {"name": "Shop", "schema": V21}, "item": list(items), **more}


def request(method="GET", url="https://shop.example/things", answer=None, name="call", **more):
    """One request with at most one saved answer."""
    answers = [] if answer is None else [{"name": "ok", "code": 200, "header": [], "body": json.dumps(answer)}]
    return {"name": name, "request": {"method": method, "url": url, **more}, "response": answers}


THING = {"id": 1, "name": "a"}
LISTED = request(answer=[THING])


def test_a_collection_with_placeholders_is_read_as_its_description_was():
    """Placeholders count as what they stand for, and parameters that are switched off are parameters."""
    found = saved("bookshop")
    books = found.objects["books"]
    assert (found.base_url, found.title) == ("https://api.bookshop.example/v3", "Bookshop API")
    assert found.auth == ApiKeyAuth(type="api_key", name="X-Shop-Key", value="${env:BOOKSHOP_TOKEN}")
    assert found.limits.requests_per_second == 2
    calls = (books.list, books.get, books.create, books.update, books.delete)
    assert [(c.method, c.path) for c in calls] == [
        ("GET", "/books"), ("GET", "/books/{id}"), ("POST", "/books"), ("PATCH", "/books/{id}"),
        ("DELETE", "/books/{id}"),
    ]  # fmt: skip
    assert books.list.record == "data"
    assert books.paging == PagePaging(type="page", page_param="page", size_param="per_page", total="total")
    assert (books.since.param, books.modified, books.id_type) == ("updated_since", "updated_at", "integer")
    assert books.claims.idempotency_header == "Idempotency-Key"
    types = {name: field.type for name, field in books.fields.items()}
    assert types == {
        "id": "integer", "title": "text", "price": "number", "in_print": "boolean", "published_on": "date",
        "updated_at": "instant", "publisher_id": "integer",
    }  # fmt: skip
    assert books.fields["publisher_id"].reference == "publishers"


def test_what_no_saved_body_writes_is_not_taken_as_read_only():
    """An example leaves things out; only what systems keep by themselves counts as theirs, and the rest is told."""
    found = saved("bookshop")
    assert [n for n, f in found.objects["books"].fields.items() if f.read_only] == ["id", "updated_at"]
    assert "in_print, published_on" in found.facts["objects.books.read_only"].because


def test_requests_with_ids_and_keys_left_standing():
    """The id in an address is found again in the answer, and tells which field it is; examples add up."""
    found = saved("clinic")
    patients = found.objects["patients"]
    assert patients.id == "patientNo"
    assert (patients.get.path, patients.update.method, patients.update.path) == (
        "/api/2/patients/{id}", "PUT", "/api/2/patients/{id}",
    )  # fmt: skip
    assert patients.paging == OffsetPaging(type="offset")
    assert patients.fields["weight"].type == "number"
    assert patients.fields["phone"].type == "text"
    assert "name.title" in patients.fields
    assert found.auth == ApiKeyAuth(type="api_key", name="X-Clinic-Token", value="${env:CLINIC_MY_REQUESTS_TOKEN}")
    assert found.network.headers == {"X-Api-Version": "2024-05"}


def test_version_2_0_with_folders_that_authenticate_and_an_environment():
    """Text instead of lists; the environment fills the address in, and the sign-in is told."""
    found = saved("freight", "freight.postman_environment.json")
    shipments = found.objects["shipments"]
    assert found.base_url == "https://freight.example:8443"
    assert found.auth == BearerAuth(type="bearer", token="${env:FREIGHT_DESK_TOKEN}")
    assert found.network.headers == {"X-Tenant": "north"}
    assert (shipments.id, shipments.get.path) == ("shipmentId", "/rest/shipments/{id}")
    assert shipments.paging == CursorPaging(type="cursor", next="next_cursor", size_param="limit")
    assert (shipments.create.encoding, shipments.fields["status"].required) == ("form", True)
    assert shipments.fields["driverId"].reference == "drivers"
    assert found.objects["drivers"].get.path == "/rest/drivers/{id}"
    assert any("'Sign in'" in note and "fetches session_token" in note for note in found.notes)


def test_without_the_environment_the_address_is_left_to_a_reference():
    """Nothing is made up where a variable has no value."""
    only = request(url="{{baseUrl}}/things", answer=[THING])
    found = describe_postman(shop(only))
    assert found.base_url == "${env:SHOP_BASE_URL}"
    assert found.objects["things"].list.path == "/things"
    assert any("{{baseUrl}}" in note for note in found.notes)
    assert describe_postman(shop(only), base_url="https://s.example/x").base_url == "https://s.example/x"


def test_a_dialect_of_json_with_a_sign_in_elsewhere():
    """Variables of a folder, a wrapped export, a parameter that every request carries, another host."""
    found = saved("ledger")
    accounts = found.objects["accounts"]
    assert found.base_url == "https://eu.ledger.example/rest"
    assert found.auth == ClientCredentialsAuth(
        type="oauth2_client_credentials", token_url="https://login.ledger.example/oauth/token",
        client_id="${env:LEDGER_CLIENT_ID}", client_secret="${env:LEDGER_CLIENT_SECRET}",
    )  # fmt: skip
    assert accounts.list.path == "/v2/accounts"
    assert accounts.list.query == {"lang": "en"}
    assert accounts.list.headers == {"Accept": "application/vnd.api+json"}
    assert (accounts.create.wrap, accounts.create.body) == ("data", {"type": "accounts"})
    assert (accounts.paging.page_param, accounts.since.param) == ("page[number]", "filter[updated_at][gte]")
    assert (accounts.version, accounts.if_match, accounts.claims.cas_write) == ("header:ETag", "If-Match", True)
    assert list(found.objects) == ["accounts"]
    assert any("GraphQL" in note for note in found.notes)
    assert any("https://login.ledger.example (1)" in note for note in found.notes)


@pytest.mark.parametrize("name", ["bookshop", "clinic", "ledger", "freight"])
def test_no_secret_and_every_fact_with_its_evidence(name):
    """What stands in the files as a key, a password or a session never stands in the manifest."""
    environment = "freight.postman_environment.json" if name == "freight" else ""
    found = saved(name, environment)
    written = manifest_yaml(found)
    assert not [secret for secret in SECRETS if secret in written]
    for path, fact in found.facts.items():
        if fact.label == "declared":
            assert fact.because.startswith("from the collection"), path
    assert "from the collection's example" in written


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ({"type": "bearer", "bearer": [{"key": "token", "value": "x"}]},
         BearerAuth(type="bearer", token="${env:SHOP_TOKEN}")),
        ({"type": "basic", "basic": {"username": "x", "password": "y"}},
         BasicAuth(type="basic", username="${env:SHOP_USER}", password="${env:SHOP_PASSWORD}")),
        ({"type": "apikey", "apikey": [{"key": "key", "value": "k"}, {"key": "in", "value": "query"}]},
         ApiKeyAuth(type="api_key", name="k", value="${env:SHOP_TOKEN}", location="query")),
        ({"type": "oauth2", "oauth2": [{"key": "headerPrefix", "value": "Desk-token"}]},
         BearerAuth(type="bearer", token="${env:SHOP_TOKEN}", scheme="Desk-token")),
        ({"type": "oauth2", "oauth2": [
            {"key": "grant_type", "value": "authorization_code_with_pkce"},
            {"key": "authUrl", "value": "https://id.example/in?audience=x"},
            {"key": "accessTokenUrl", "value": "https://id.example/token"},
            {"key": "clientSecret", "value": "never-shown"},
        ]},
         RefreshTokenAuth(type="oauth2_refresh_token", token_url="https://id.example/token",
                          authorize_url="https://id.example/in", keep_in=".tally/shop.token",
                          client_id="${env:SHOP_CLIENT_ID}", client_secret="${env:SHOP_CLIENT_SECRET}")),
        ({"type": "oauth2", "oauth2": [{"key": "grant_type", "value": "password_credentials"},
                                       {"key": "accessTokenUrl", "value": "https://id.example/token"}]},
         PasswordGrantAuth(type="oauth2_password", token_url="https://id.example/token",
                           username="${env:SHOP_USER}", password="${env:SHOP_PASSWORD}")),
        ({"type": "awsv4", "awsv4": [{"key": "region", "value": "eu-west-1"}, {"key": "service", "value": "es"},
                                     {"key": "secretKey", "value": "never-shown"}]},
         AwsAuth(type="aws_sigv4", access_key="${env:SHOP_AWS_ACCESS_KEY_ID}",
                 secret_key="${env:SHOP_AWS_SECRET_ACCESS_KEY}", region="eu-west-1", service="es")),
        ({"type": "awsv4", "awsv4": [{"key": "region", "value": "{{r}}"}]},
         AwsAuth(type="aws_sigv4", access_key="${env:SHOP_AWS_ACCESS_KEY_ID}",
                 secret_key="${env:SHOP_AWS_SECRET_ACCESS_KEY}", region="${env:SHOP_AWS_REGION}",
                 service="execute-api")),
        ({"type": "digest", "digest": []},
         DigestAuth(type="digest", username="${env:SHOP_USER}", password="${env:SHOP_PASSWORD}")),
        ({"type": "noauth"}, NoAuth()),
        ({"type": "hawk", "hawk": []}, NoAuth()),
    ],
)  # fmt: skip
def test_kinds_of_authentication(auth, expected):
    """Each kind as it is built in; what is not is told."""
    found = describe_postman(shop(LISTED, auth=auth))
    assert found.auth == expected
    assert any("Hawk" in note for note in found.notes) == (auth["type"] == "hawk")


@pytest.mark.parametrize(
    ("header", "expected"),
    [("Bearer {{t}}", BearerAuth(type="bearer", token="${env:SHOP_TOKEN}")),
     ("Token abc", BearerAuth(type="bearer", token="${env:SHOP_TOKEN}", scheme="Token")),
     ("Basic eHg6eQ==", BasicAuth(type="basic", username="${env:SHOP_USER}", password="${env:SHOP_PASSWORD}")),
     ("{{t}}", ApiKeyAuth(type="api_key", name="Authorization", value="${env:SHOP_TOKEN}"))],
)  # fmt: skip
def test_a_header_that_was_typed_says_how_to_authenticate(header, expected):
    """Where the collection has no authentication of its own."""
    found = describe_postman(shop(request(answer=[THING], header=[{"key": "Authorization", "value": header}])))
    assert found.auth == expected


def test_the_innermost_authentication_counts_and_the_usual_one_is_chosen():
    """A folder's for its requests; one that few requests use is told and not taken."""
    own = {"type": "basic", "basic": []}
    rest = [request(url=f"https://shop.example/{n}s", answer=[THING], name=n) for n in ("cat", "dog", "cow", "hen")]
    odd = {"name": "odd", "auth": own, "item": [request(url="https://shop.example/keys", answer=[THING], name="keys")]}
    found = describe_postman(shop(*rest, odd, auth={"type": "bearer", "bearer": []}))
    assert found.auth.type == "bearer"
    assert any(note.endswith("otherwise than the others: keys") for note in found.notes)


@pytest.mark.parametrize(
    ("root", "words"),
    [({"id": "1", "name": "old", "order": [], "requests": []}, "version 1"),
     ({"name": "e", "values": []}, "Postman environment"),
     ({"openapi": "3.0.0", "paths": {}}, "OpenAPI document"),
     ({"info": {}}, "no list 'item'")],
)  # fmt: skip
def test_what_is_no_collection_is_refused_with_its_name(root, words):
    """The reason and what to do instead."""
    with pytest.raises(ProjectError) as caught:
        describe_postman(root, source="given.json")
    assert words in caught.value.problems[0].message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("body", "words"),
    [({"mode": "graphql", "graphql": {"query": "{ a }"}}, "GraphQL"),
     ({"mode": "raw", "raw": "<Envelope/>"}, "XML")],
)  # fmt: skip
def test_a_collection_of_another_protocol_is_referred(body, words):
    """A collection can be full of requests and still be no REST system's."""
    with pytest.raises(ProjectError, match=words):
        describe_postman(shop(request("POST", body=body)))


def test_a_folder_without_requests_is_refused():
    """An empty collection describes nothing."""
    with pytest.raises(ProjectError, match="no requests"):
        describe_postman(shop({"name": "f", "item": []}))


@pytest.mark.parametrize(
    ("step", "path"),
    [(":thingId", "/things/{id}"), ("{{thing_id}}", "/things/{id}"), ("8412", "/things/{id}"),
     ("6f1f7a52-5e1c-4b0e-9a53-6e3c1f0a2b11", "/things/{id}"), ("cus_9s6XKzkNRiz8i3", "/things/{id}"),
     ("{{thing_id}}.json", "/things/{id}.json")],
)  # fmt: skip
def test_every_spelling_of_one_record(step, path):
    """Path variables of three kinds, and ids that somebody left standing."""
    found = describe_postman(shop(LISTED, request(url=f"https://shop.example/things/{step}", answer=THING)))
    assert found.objects["things"].get.path == path


def test_words_and_versions_in_a_path_are_no_ids():
    """A version stays what it is, filled in where a variable says it."""
    variable = [{"key": "v", "value": "2024-01"}, {"key": "area", "value": "public/shop"}]
    found = describe_postman(
        shop(request(url="https://shop.example/api/7/{{v}}/{{area}}/things", answer=[THING]), variable=variable)
    )
    assert found.objects["things"].list.path == "/api/7/2024-01/public/shop/things"


def test_variables_are_filled_from_the_inside_out_and_secrets_never():
    """A folder changes what the collection says; a name that speaks of a secret is left, wherever it stands."""
    folder = {
        "name": "f", "variable": [{"key": "host", "value": "inner.example"}],
        "item": [request(url="https://{{host}}/things/x?sig={{signature}}", answer=[THING])],
    }  # fmt: skip
    variable = [{"key": "host", "value": "outer.example"}, {"key": "signature", "value": "s1gn4tur3"}]
    found = describe_postman(shop(folder, variable=variable))
    assert found.base_url == "https://inner.example"
    assert "s1gn4tur3" not in manifest_yaml(found)
    assert any("signature" in note for note in found.notes)


def test_a_sign_in_within_the_address_is_left_out():
    """Whoever wrote user and password before the host gave a secret away; it ends here."""
    found = describe_postman(shop(request(url="https://joe:pa55w0rd@shop.example/things", answer=[THING])))
    assert found.base_url == "https://shop.example"
    assert "pa55w0rd" not in manifest_yaml(found)


def test_odd_parts_are_passed_over():
    """What is null, empty or of another type than agreed ends no description."""
    blank = request(url={"raw": None, "query": [None, {"key": None}]}, header="x", body={"mode": 4})
    plain = {"request": "https://shop.example/plain"}
    odd = [None, 5, {}, {"request": None}, plain, {"item": None}, request(url=None), blank]
    found = describe_postman(shop(LISTED, *odd, variable=[None, {"key": 3}], auth="x", event=None))
    assert next(iter(found.objects)) == "things"
