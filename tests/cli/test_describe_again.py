"""`tally describe NAME --again`: what a system says otherwise than before, and what that means for the mappings."""

import json
import sqlite3
from contextlib import closing

import pytest
import yaml
from tests.connectors.soap.wsdls import ACCOUNTS
from tests.systems.odata_twin import METADATA

from tallystick.cli import exits

MAPPING = """\
left: {system: shop, object: customers}
right: {system: erp, object: partners}
match:
  - {on: email, normalise: email}
fields:
  name: {left: name, right: partner_name}
  email: {left: email, right: mail}
  city: {left: city, right: town, direction: to_right}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: ignore}
owner: ops
"""
ERP = "create table partners (id integer primary key, partner_name text not null, mail text unique, town text)"


def record(**more):
    return {
        "type": "object",
        "required": ["name"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "name": {"type": "string", "maxLength": 80},
            "email": {"type": "string"},
            "city": {"type": "string", "maxLength": 40},
            "fax": {"type": "string", "maxLength": 20},
            "kind": {"type": "string", "enum": ["a", "b"]},
        }
        | more,
    }


def shop(version="1.0", fields=None, required=("name",)):
    """An OpenAPI document of a shop with customers."""
    schema = record(**(fields or {}))
    schema["properties"] = {name: each for name, each in schema["properties"].items() if each is not None}
    schema["required"] = list(required)
    one = {"content": {"application/json": {"schema": schema}}}
    many = {"content": {"application/json": {"schema": {"type": "array", "items": schema}}}}
    pages = [{"name": n, "in": "query", "schema": {"type": "integer"}} for n in ("page", "per_page")]
    item = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Shop", "version": version},
        "servers": [{"url": "https://shop.example/api"}],
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
        "security": [{"key": []}],
        "paths": {
            "/customers": {
                "get": {"parameters": pages, "responses": {"200": many}},
                "post": {"requestBody": one, "responses": {"201": one}},
            },
            "/customers/{id}": {
                "parameters": [item],
                "get": {"responses": {"200": one}},
                "patch": {"requestBody": one, "responses": {"200": one}},
                "delete": {"responses": {"204": {}}},
            },
        },
    }


@pytest.fixture
def tally(tmp_path, command):
    """The command line in an empty project."""

    def run(*words):
        return command("--project", str(tmp_path), *words)

    assert run("init").code == 0
    return run


@pytest.fixture
def project(tmp_path, tally, monkeypatch):
    """A shop that is described and mapped to a database, and whose description can be written anew."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHOP_TOKEN", "t")

    def say(document):
        (tmp_path / "shop.json").write_text(json.dumps(document))

    say(shop())
    with closing(sqlite3.connect(tmp_path / "erp.db")) as connection, connection:
        connection.execute(ERP)
    assert tally("describe", "shop", "--openapi", "shop.json").code == 0
    assert tally("describe", "erp", "--database", "sqlite:///erp.db").code == 0
    (tmp_path / "mappings/customers.yaml").write_text(MAPPING)
    return say


def found(tally, *words):
    """Give verdict and reason of each change by its place."""
    document = tally("describe", "shop", "--again", "--json", *words).document
    return {each["place"]: each["verdict"] for each in document["changes"]}


def test_what_says_the_same_is_told_as_that(project, tally):
    """The source is known from the file, and nothing is written."""
    outcome = tally("describe", "shop", "--again")
    assert outcome.code == exits.DONE
    assert "it says what it said" in outcome.out


FIELD = "objects.customers.fields"


@pytest.mark.parametrize(
    ("document", "place", "verdict"),
    [
        (shop(fields={"email": None}), f"{FIELD}.email", "breaking"),
        (shop(fields={"fax": None}), f"{FIELD}.fax", "harmless"),
        (shop(fields={"name": {"type": "string", "maxLength": 30}}), f"{FIELD}.name.max_length", "breaking"),
        (shop(fields={"city": {"type": "string", "maxLength": 30}}), f"{FIELD}.city.max_length", "harmless"),
        (shop(fields={"fax": {"type": "string", "maxLength": 5}}), f"{FIELD}.fax.max_length", "harmless"),
        (shop(fields={"name": {"type": "string", "maxLength": 90}}), f"{FIELD}.name.max_length", "harmless"),
        (shop(fields={"city": {"type": "integer"}}), f"{FIELD}.city.type", "breaking"),
        (shop(fields={"name": {"type": "string", "readOnly": True}}), f"{FIELD}.name.read_only", "breaking"),
        (shop(required=("name", "kind")), f"{FIELD}.kind.required", "breaking"),
        (shop(fields={"loyalty": {"type": "string"}}), f"{FIELD}.loyalty", "harmless"),
        (shop(fields={"loyalty": {"type": "string"}}, required=("name", "loyalty")), f"{FIELD}.loyalty", "breaking"),
        (shop(fields={"kind": {"type": "string", "enum": ["a"]}}), f"{FIELD}.kind.options", "harmless"),
    ],
)  # fmt: skip
def test_fields_are_judged_by_what_the_project_does_with_them(project, tally, document, place, verdict):
    """What is written may break where what is only read does not, and what nobody maps cannot."""
    project(document)
    assert found(tally)[place] == verdict
    outcome = tally("describe", "shop", "--again")
    assert outcome.code == (exits.DECIDE if verdict == "breaking" else exits.DONE)


def without(path, *methods):
    document = shop()
    for method in methods:
        del document["paths"][path][method]
    return document


def with_paging():
    document = shop()
    cursor = [{"name": "cursor", "in": "query", "schema": {"type": "string"}}]
    document["paths"]["/customers"]["get"]["parameters"] = cursor
    return document


def with_bearer():
    document = shop()
    document["components"]["securitySchemes"]["key"] = {"type": "http", "scheme": "bearer"}
    return document


def moved():
    document = shop()
    document["paths"] = {path.replace("/customers", "/v2/customers"): each for path, each in document["paths"].items()}
    return document


def renamed():
    document = shop(fields={"id": None, "code": {"type": "string", "readOnly": True}})
    item = {"name": "code", "in": "path", "required": True, "schema": {"type": "string"}}
    document["paths"]["/customers/{code}"] = {**document["paths"].pop("/customers/{id}"), "parameters": [item]}
    return document


@pytest.mark.parametrize(
    ("document", "place", "verdict"),
    [
        (without("/customers/{id}", "patch"), "objects.customers.update", "breaking"),
        (without("/customers/{id}", "delete"), "objects.customers.delete", "harmless"),
        (with_paging(), "objects.customers.paging", "breaking"),
        (with_bearer(), "auth", "breaking"),
        (moved(), "objects.customers.list", "breaking"),
        (renamed(), "objects.customers.id", "breaking"),
        (shop() | {"servers": [{"url": "https://shop.example/api/v2"}]}, "base_url", "breaking"),
        (shop() | {"paths": {}}, "objects.customers", "breaking"),
    ],
)  # fmt: skip
def test_calls_paging_access_and_ids_are_judged(project, tally, document, place, verdict):
    """A call that nothing uses may go: here nothing in the shop is ever deleted."""
    project(document)
    assert found(tally)[place] == verdict


def test_a_further_object_is_harmless_and_can_be_accepted_with_comments_kept(project, tally, tmp_path):
    """What is new goes into the file; what a person wrote there, comments too, stays."""
    file = tmp_path / "systems/shop.yaml"
    file.write_text(f"# ours, do not touch\n{file.read_text()}")
    document = shop("1.1", fields={"loyalty": {"type": "string", "maxLength": 9}})
    document["paths"] |= {
        path.replace("customers", "orders"): each for path, each in shop()["paths"].items()
    }  # fmt: skip
    project(document)
    outcome = tally("describe", "shop", "--again", "--accept", "--json")
    assert outcome.code == exits.DONE
    assert outcome.document["version"] == {"was": "1.0", "now": "1.1"}
    assert set(outcome.document["accepted"]) == {"objects.orders", f"{FIELD}.loyalty"}
    written = file.read_text()
    assert written.startswith("# ours, do not touch\n")
    assert "max_length: 9" in written
    assert found(tally) == {}
    assert "it says what it said" in tally("describe", "shop", "--again").out
    assert tally("lint").code in {exits.DONE, exits.WRONG}


def correct(file, was, now):
    text = file.read_text()
    assert text.count(was) == 1, text
    file.write_text(text.replace(was, now))


def test_what_a_person_corrected_is_told_apart_and_never_taken_back(project, tally, tmp_path):
    """Three-way: described then, written now, described now."""
    file = tmp_path / "systems/shop.yaml"
    correct(file, "max_length: 40", "max_length: 25")
    outcome = tally("describe", "shop", "--again", "--json")
    assert outcome.document["changes"] == []
    assert outcome.document["corrections"] == [f"{FIELD}.city.max_length"]
    project(shop(fields={"city": {"type": "string", "maxLength": 60}}))
    (change,) = tally("describe", "shop", "--again", "--json").document["changes"]
    assert (change["was"], change["written"], change["now"], change["corrected"]) == ("40", "25", "60", True)
    assert tally("describe", "shop", "--again", "--accept").code == exits.DONE
    assert "max_length: 25" in file.read_text()
    assert found(tally) == {}, "what people hold on to is told once"


def test_a_correction_takes_the_edge_off_a_break(project, tally, tmp_path):
    """Who wrote something else knows more than the description: a look is wanted, not a stop."""
    correct(tmp_path / "systems/shop.yaml", "max_length: 80", "max_length: 50")
    project(shop(fields={"name": {"type": "string", "maxLength": 70}}))
    assert found(tally) == {f"{FIELD}.name.max_length": "risky"}


def test_what_is_written_as_it_is_now_is_settled(project, tally, tmp_path):
    """Whoever follows a change by hand hears no more of it."""
    project(shop(fields={"name": {"type": "string", "maxLength": 30}}))
    assert found(tally) == {f"{FIELD}.name.max_length": "breaking"}
    correct(tmp_path / "systems/shop.yaml", "max_length: 80", "max_length: 30")
    assert found(tally) == {}


def test_an_object_that_was_taken_out_stays_out(project, tally, tmp_path):
    """To leave an object or a field out is a correction too."""
    file = tmp_path / "systems/shop.yaml"
    content = yaml.safe_load(file.read_text())
    del content["objects"]["customers"]["fields"]["fax"]
    file.write_text(yaml.safe_dump(content))
    project(shop(fields={"fax": {"type": "integer"}}))
    assert found(tally) == {}


def test_breaking_changes_are_never_accepted(project, tally, tmp_path):
    """`--accept` leaves them to be told again, and the exit code as it is."""
    project(shop(fields={"email": None, "loyalty": {"type": "string"}}))
    outcome = tally("describe", "shop", "--again", "--accept")
    assert outcome.code == exits.DECIDE
    assert "loyalty" in (tmp_path / "systems/shop.yaml").read_text()
    assert found(tally) == {f"{FIELD}.email": "breaking"}


def test_a_file_of_before_is_compared_as_it_is_written(project, tally, tmp_path):
    """Without what was described then, differences are shown and told to be possible corrections."""
    (tmp_path / "systems/.described/shop.json").unlink()
    project(shop(fields={"loyalty": {"type": "string"}, "name": {"type": "string", "maxLength": 90}}))
    outcome = tally("describe", "shop", "--again", "--accept")
    assert "was not kept" in outcome.out
    written = (tmp_path / "systems/shop.yaml").read_text()
    assert "loyalty" in written
    assert "max_length: 80" in written
    assert "max_length: 90" not in written


def test_another_description_can_be_named(project, tally, tmp_path):
    """Before a system is moved to a new version, its description can be tried."""
    (tmp_path / "v2.json").write_text(json.dumps(shop("2.0", fields={"email": None})))
    outcome = tally("describe", "shop", "--against", "v2.json")
    assert outcome.code == exits.DECIDE
    assert "version 1.0 before, 2.0 now" in outcome.out
    assert "customers.email" in outcome.out


def test_a_damaged_memory_and_a_source_that_is_gone_are_told(project, tally, tmp_path):
    """Each with what to do."""
    (tmp_path / "systems/.described/shop.json").write_text("{")
    outcome = tally("describe", "shop", "--again")
    assert (outcome.code, "version control" in outcome.err) == (exits.WRONG, True)
    (tmp_path / "shop.json").unlink()
    assert "cannot be read" in tally("describe", "shop", "--again").err


# --- every kind of source ---------------------------------------------------------------------------------------------

SDL = "type Thing { id: ID! name: String %s } type Query { things(first: Int): [Thing!]! thing(id: ID!): Thing }"
COLLECTION = {
    "info": {"name": "c", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
    "item": [{"name": "l", "request": "https://c.example/things",
              "response": [{"code": 200, "body": '[{"id": 1, "name": "a"}]'}]}],
}  # fmt: skip
MORE = json.dumps(COLLECTION).replace('[{\\"id\\"', '[{\\"extra\\": true, \\"id\\"')
ODATA_MORE = METADATA.replace("<Property ", '<Property Name="extra" Type="Edm.String"/><Property ', 1)


def columns(tmp_path, *further):
    with closing(sqlite3.connect(tmp_path / "base.db")) as connection, connection:
        connection.execute("drop table if exists things")
        connection.execute(f"create table things ({', '.join(('id integer primary key', 'name text', *further))})")


@pytest.mark.parametrize(
    ("option", "before", "after"),
    [
        ("graphql", SDL % "", SDL % "extra: String"),
        ("postman", json.dumps(COLLECTION), MORE),
        ("odata", METADATA, ODATA_MORE),
        ("files", "id,name\n1,a\n2,b\n", "id,name,extra\n1,a,x\n2,b,y\n"),
    ],
)  # fmt: skip
def test_every_kind_of_file_is_read_again(tally, tmp_path, monkeypatch, option, before, after):
    """A field that is new is found in each, and accepted."""
    monkeypatch.chdir(tmp_path)
    source = tmp_path / ("things.csv" if option == "files" else "source.txt")
    source.write_text(before)
    base = () if option == "files" else ("--base-url", "https://x.example/q")
    assert tally("describe", "some", f"--{option}", source.name, *base).code == 0
    assert tally("describe", "some", "--again", "--json").document["changes"] == []
    source.write_text(after)
    told = tally("describe", "some", "--again", "--accept", "--json").document
    assert told["kind"] == option
    assert [each for each in told["accepted"] if each.endswith(".extra")], json.dumps(told, indent=1)
    assert tally("describe", "some", "--again", "--json").document["changes"] == []


def test_a_database_is_asked_again(tally, tmp_path, monkeypatch):
    """By the address that its file has."""
    monkeypatch.chdir(tmp_path)
    columns(tmp_path)
    assert tally("describe", "base", "--database", "sqlite:///base.db").code == 0
    columns(tmp_path, "extra varchar(7)")
    told = tally("describe", "base", "--again", "--accept", "--json").document
    assert told["accepted"] == ["objects.things.fields.extra"]
    assert tally("describe", "base", "--again", "--json").document["as_before"]


def test_a_web_service_is_read_again(tally, tmp_path, monkeypatch):
    """An element more in a type is a field more, and the type's message has it too."""
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "accounts.wsdl"
    source.write_bytes(ACCOUNTS)
    assert tally("describe", "hr", "--wsdl", "accounts.wsdl").code == 0
    text = ACCOUNTS.decode()
    at = text.index("</xs:sequence>", text.index('<xs:complexType name="Account"'))
    source.write_text(f'{text[:at]}<xs:element name="extra" type="xs:string" minOccurs="0"/>{text[at:]}')
    told = tally("describe", "hr", "--again", "--accept", "--json").document
    assert "objects.account.fields.extra" in told["accepted"], json.dumps(told, indent=1)
    assert any(place.startswith("soap.types.") for place in told["accepted"])
    assert tally("describe", "hr", "--again", "--json").document["changes"] == []


def test_another_way_to_sign_in_is_seen_in_a_collection_too(tally, tmp_path, monkeypatch):
    """What a person wrote of it stays apart from what the collection says."""
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "c.json"
    source.write_text(json.dumps(COLLECTION | {"auth": {"type": "bearer", "bearer": []}}))
    assert tally("describe", "some", "--postman", "c.json").code == 0
    source.write_text(json.dumps(COLLECTION | {"auth": {"type": "basic", "basic": []}}))
    (change,) = tally("describe", "some", "--again", "--json").document["changes"]
    assert (change["place"], change["what"]) == ("auth", "auth")
    assert "bearer" in change["was"]
    assert "basic" in change["now"]


def test_what_was_described_is_found_from_anywhere(tally, tmp_path, monkeypatch):
    """A file beside the project and a database in it are found wherever the command is started."""
    beside, project = tmp_path.parent / f"{tmp_path.name}-beside", tmp_path
    beside.mkdir()
    (beside / "some.graphql").write_text(SDL % "")
    monkeypatch.chdir(beside)
    assert tally("describe", "some", "--graphql", "some.graphql", "--base-url", "https://x.example/q").code == 0
    monkeypatch.chdir(project)
    columns(project)
    assert tally("describe", "base", "--database", "sqlite:///base.db").code == 0
    (project / "inner").mkdir()
    monkeypatch.chdir(project / "inner")
    for name in ("some", "base"):
        assert tally("describe", name, "--again", "--json").document["as_before"], name


@pytest.mark.parametrize("kind", ["database", "openapi", "postman", "odata"])
def test_a_manifest_that_tells_no_source_is_compared_by_what_it_has(tally, tmp_path, monkeypatch, kind):
    """Written by hand, or by a former version: the protocol and the content of the file tell the kind."""
    monkeypatch.chdir(tmp_path)
    text = {"openapi": json.dumps(shop()), "postman": json.dumps(COLLECTION), "odata": METADATA, "database": ""}[kind]
    (tmp_path / "source.txt").write_text(text)
    columns(tmp_path)
    place = "sqlite:///base.db" if kind == "database" else "source.txt"
    base = () if kind == "database" else ("--base-url", "https://x.example/q")
    assert tally("describe", "some", f"--{kind}", place, *base).code == 0
    file = tmp_path / "systems/some.yaml"
    content = yaml.safe_load(file.read_text())
    del content["described"]
    file.write_text(yaml.safe_dump(content))
    told = tally("describe", "some", "--again", "--json").document
    assert told["kind"] == kind
    assert {each["verdict"] for each in told["changes"]} <= {"harmless"}


def test_a_manifest_that_tells_nothing_asks_for_the_source(tally, tmp_path):
    """What to do is said."""
    (tmp_path / "systems/own.yaml").write_text("protocol: rest\nbase_url: https://x.example\n")
    outcome = tally("describe", "own", "--again")
    assert (outcome.code, "--against" in outcome.err) == (exits.WRONG, True)
