"""Where schemas, metadata and samples may come from, and which credentials are used for them."""

import json
import logging

import pytest
from graphql import build_schema, introspection_from_schema
from tests.systems.odata_twin import METADATA
from tests.systems.soap_server import Reply, opened_door

from tallystick.cli.describe_graphql import describe_graph
from tallystick.cli.describe_odata import describe_metadata
from tallystick.cli.describe_samples import describe_answers
from tallystick.core.error import AccessError, Garbled, ProjectError
from tallystick.project.manifest import Manifest

logging.getLogger("graphql").setLevel(logging.ERROR)
SDL = "type Thing { id: ID! name: String } type Query { things(first: Int): [Thing!]! thing(id: ID!): Thing }"
SCHEMA = json.dumps({"data": introspection_from_schema(build_schema(SDL))}).encode()


@pytest.fixture
def site():
    """A web server that gives one page, whatever is asked, and remembers who asked."""
    with opened_door() as door:
        asked = []

        def show(method, path, headers, body):
            asked.append((method, path, {name.lower(): value for name, value in headers.items()}))
            return door.page

        door.meet, door.forward = (lambda headers, body: None), show
        door.asked, door.page = asked, Reply(200, {"Content-Type": "application/json"}, SCHEMA)
        yield door


def known(url, monkeypatch):
    monkeypatch.setenv("STORE_TOKEN", "t0ps3cret")
    return Manifest.model_validate({
        "protocol": "graphql", "base_url": url, "owner": "ops", "limits": {"in_flight": 2},
        "auth": {"type": "bearer", "token": "${env:STORE_TOKEN}"},
    })  # fmt: skip


def test_a_schema_is_asked_of_the_system(site, tmp_path):
    """The address that is asked is the one that is written down."""
    manifest = describe_graph(f"{site.url}graphql", "", tmp_path, None)
    assert manifest.base_url == f"{site.url}graphql"
    assert manifest.objects["things"].get.path == "thing"
    assert "authorization" not in site.asked[0][2]


def test_known_credentials_are_used_for_their_own_host_and_kept(site, tmp_path, monkeypatch):
    """What a person wrote of how the system is reached stays."""
    manifest = describe_graph(f"{site.url}graphql", "", tmp_path, known(f"{site.url}graphql", monkeypatch))
    assert site.asked[0][2]["authorization"] == "Bearer t0ps3cret"
    assert (manifest.auth.type, manifest.owner, manifest.limits.in_flight) == ("bearer", "ops", 2)
    assert "t0ps3cret" not in manifest.model_dump_json()


def test_known_credentials_are_not_shown_to_another_host(site, tmp_path, monkeypatch):
    """A description elsewhere is asked for as a stranger."""
    describe_graph(f"{site.url}graphql", "", tmp_path, known("https://elsewhere.example.com/graphql", monkeypatch))
    assert "authorization" not in site.asked[0][2]


@pytest.mark.parametrize(
    ("page", "kind", "words"),
    [(Reply(200, {}, b'{"errors": [{"message": "introspection is not allowed"}]}'), Garbled, "not tell its schema"),
     (Reply(400, {}, b'{"errors": [{"message": "introspection is not allowed"}]}'), Garbled, "not tell its schema"),
     (Reply(401, {}, b"{}"), AccessError, "credentials")],
)  # fmt: skip
def test_a_system_that_does_not_tell_says_why(site, tmp_path, page, kind, words):
    """The system's own words are shown, and what to do instead."""
    site.page = page
    with pytest.raises(kind, match=words) as caught:
        describe_graph(f"{site.url}graphql", "", tmp_path, None)
    assert "introspection is not allowed" in caught.value.detail or kind is AccessError


def test_a_schema_in_a_file_needs_nobody(tmp_path):
    """It may be written in the schema language."""
    (tmp_path / "schema.graphql").write_text(SDL)
    manifest = describe_graph(str(tmp_path / "schema.graphql"), "https://x.example.com/graphql", tmp_path, None)
    assert manifest.description == "schema.graphql"
    assert manifest.base_url == "https://x.example.com/graphql"
    with pytest.raises(ProjectError, match="cannot be read"):
        describe_graph(str(tmp_path / "other.graphql"), "", tmp_path, None)


@pytest.mark.parametrize("ending", ["", "/", "/$metadata"])
def test_metadata_is_asked_of_the_service(site, tmp_path, ending):
    """By the address of the service or by that of its metadata."""
    site.page = Reply(200, {"Content-Type": "application/xml"}, METADATA.encode())
    manifest = describe_metadata(f"{site.url}odata{ending}", "", tmp_path, None)
    assert manifest.base_url == f"{site.url}odata"
    assert manifest.description == f"{site.url}odata/$metadata"
    assert [path for _, path, _ in site.asked] == ["/odata/$metadata"]


def test_samples_are_asked_for_and_then_looked_at_closer(site, tmp_path, monkeypatch):
    """With the credentials that are known, by reading requests that are counted, and no secrets in what is written."""
    site.page = Reply(200, {"Content-Type": "application/json"}, b'[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]')
    urls = [f"{site.url}api/things", f"{site.url}api/others?api_key=s3cret"]
    manifest = describe_answers(urls, "", tmp_path, known(site.url, monkeypatch))
    assert [path for _, path, _ in site.asked][:2] == ["/api/things", "/api/others?api_key=s3cret"]
    assert {method for method, _, _ in site.asked} == {"GET"}
    assert {headers["authorization"] for _, _, headers in site.asked} == {"Bearer t0ps3cret"}
    assert any(note.startswith(f"{len(site.asked)} reading requests") for note in manifest.notes)
    assert list(manifest.objects) == ["things", "others"]
    assert "s3cret" not in manifest.model_dump_json()
