"""The documents tell the truth: about records, parameters and refusals."""

import re
from decimal import Decimal
from typing import Any

import pytest

from tallystick.testing.twins.pair import seed_pair

METHODS = {"get", "post", "patch", "delete"}


def resolve(document: Any, node: Any) -> Any:
    while "$ref" in node:
        found = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def faults_of(document: Any, schema: Any, value: Any, at: str = "") -> list[str]:
    """Judge a value by a schema: the keywords that the twins use, in both versions of the standard."""
    schema = resolve(document, schema)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if value is None:
        return [] if schema.get("nullable") or "null" in kinds else [f"{at} is null"]
    python = {"string": str, "integer": int, "number": (int, Decimal), "boolean": bool, "object": dict, "array": list}
    wrong = [] if any(isinstance(value, python[k]) for k in kinds if k != "null") else [f"{at} is no {kinds}"]
    if "enum" in schema and value not in schema["enum"]:
        wrong.append(f"{at} is {value}")
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 1e9):
            wrong.append(f"{at} has {len(value)} characters")
        if not re.search(schema.get("pattern", ""), value):
            wrong.append(f"{at} does not match")
    elif isinstance(value, list):
        wrong += [f for n, v in enumerate(value) for f in faults_of(document, schema["items"], v, f"{at}[{n}]")]
    elif isinstance(value, dict):
        properties = schema.get("properties", {})
        wrong += [f"{at}.{k} is missing" for k in schema.get("required", []) if k not in value]
        if schema.get("additionalProperties") is not True:
            wrong += [f"{at}.{k} is not declared" for k in value if k not in properties]
        for key in value.keys() & properties.keys():
            wrong += faults_of(document, properties[key], value[key], f"{at}.{key}")
    return wrong


def answer_schema(document: Any, path: str, method: str, status: int) -> Any:
    node = resolve(document, document["paths"][path][method]["responses"][str(status)])
    return node["content"]["application/json"]["schema"]


def test_every_reference_leads_somewhere_and_names_are_unique(to_crm, to_erp):
    for client in (to_crm, to_erp):
        document = client("GET", "/openapi.json", headers={"Authorization": "", "X-Api-Key": ""}).json
        names = []

        def walk(node, document=document, names=names):
            if isinstance(node, dict):
                if "$ref" in node:
                    assert resolve(document, node)
                names += [node["operationId"]] if "operationId" in node else []
            for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
                walk(inner)

        walk(document)
        assert len(names) == len(set(names)) > 4
        assert document["servers"][0]["url"].startswith("http://127.0.0.1:")


def test_records_and_pages_are_as_declared(crm, erp, to_crm, to_erp):
    """Of all records, only those that were planted bad on purpose break the schema."""
    planted = seed_pair(crm, erp, records=400)
    bad = {p.erp_id for p in planted.plants if p.kind == "bad"}
    for client, path in ((to_crm, "/v1/companies"), (to_crm, "/v1/contacts"), (to_erp, "/api/partner")):
        document = client.get("/openapi.json").json
        page = client.get(path, **({"limit": 200} if path.startswith("/v1") else {"page_size": 400})).json
        rows = page.get("data") or page["items"]
        row_schema = resolve(document, answer_schema(document, path, "get", 200))["properties"]
        row_schema = (row_schema.get("data") or row_schema["items"])["items"]
        wrong = {str(r["id"]): faults_of(document, row_schema, r) for r in rows}
        assert {i for i, found in wrong.items() if found} <= bad
        good = [r for r in rows if not wrong[str(r["id"])]]
        key = "data" if "data" in page else "items"
        assert faults_of(document, answer_schema(document, path, "get", 200), page | {key: good}) == []
    assert any(wrong.values())


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/companies", {"name": "A", "customFields": {"newsletter": True}}, 201),
        ("/v1/companies", {"name": ""}, 422),
        ("/v1/contacts", {"lastName": "A"}, 201),
        ("/v1/webhooks", {"url": "http://127.0.0.1:9/", "events": ["contact.created"]}, 201),
        ("/api/partner", {"art": "firma", "name1": "A"}, 201),
        ("/api/partner", {"art": "firma"}, 400),
        ("/api/partner/stapel", {"partner": [{"art": "firma", "name1": "A"}, {}]}, 200),
    ],
)
def test_answers_to_writes_are_as_declared(to_crm, to_erp, path, body, status):
    client = to_crm if path.startswith("/v1") else to_erp
    document = client.get("/openapi.json").json
    reply = client("POST", path, body)
    assert reply.status == status
    assert faults_of(document, answer_schema(document, path, "post", status), reply.json) == []


def test_what_is_required_to_create_is_refused_if_it_is_missing(to_crm, to_erp):
    for client, path in ((to_crm, "/v1/companies"), (to_crm, "/v1/contacts"), (to_erp, "/api/partner")):
        document = client.get("/openapi.json").json
        body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        full = {"name": "A", "lastName": "A"} if client is to_crm else {"art": "firma", "name1": "A"}
        required = resolve(document, body)["required"]
        assert required
        for field in required:
            assert client("POST", path, {k: v for k, v in full.items() if k != field}).status in {400, 422}
        assert client("POST", path, full).status == 201


def test_declared_page_limits_are_real(crm, erp, to_crm, to_erp):
    crm.put_all("companies", [{"name": "A"}] * 300, [1_700_000_000] * 300)
    erp.put_all("partner", [{"art": "firma", "name1": "A"}] * 600, [1_700_000_000] * 600)
    for client, path, name, key in (
        (to_crm, "/v1/companies", "limit", "data"),
        (to_erp, "/api/partner", "page_size", "items"),
    ):
        parameters = client.get("/openapi.json").json["paths"][path]["get"]["parameters"]
        schema = next(p["schema"] for p in parameters if p["name"] == name)
        assert len(client.get(path).json[key]) == schema["default"]
        assert len(client.get(path, **{name: schema["maximum"]}).json[key]) == schema["maximum"]


def test_the_version_condition_is_declared_as_strict_as_it_is(connect):
    from tallystick.testing.twins.crm import CrmTwin

    for strict in (True, False):
        with CrmTwin(require_if_match=strict) as twin:
            one = connect(twin).get("/openapi.json").json["paths"]["/v1/companies/{id}"]
            for method in ("patch", "delete"):
                [match] = one[method]["parameters"]
                assert (match["name"], match["required"]) == ("If-Match", strict)
                assert ("428" in one[method]["responses"]) is strict
