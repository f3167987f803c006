"""Init, describe, lint and map: files are written with care, and what is wrong in them is shown where it stands."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import CRM_MANIFEST, MAPPING, Outcome, World

from tallystick.cli import exits

API: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Tiny CRM", "version": "1"},
    "servers": [{"url": "https://crm.example.com/v1"}],
    "paths": {
        "/companies": {
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer"}},
                    {"name": "offset", "in": "query", "schema": {"type": "integer"}},
                ],
                "responses": {
                    "200": {
                        "description": "all",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Company"}}
                            }
                        },
                    }
                },
            }
        },
        "/companies/{id}": {
            "get": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "responses": {
                    "200": {
                        "description": "one",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Company"}}},
                    }
                },
            }
        },
    },
    "components": {
        "schemas": {
            "Company": {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
        }
    },
}


@pytest.fixture
def empty(tmp_path: Path, command: Callable[..., Outcome]) -> World:
    """Give a project without systems."""
    world = World(tmp_path / "new", command)
    world.succeed("init")
    return world


@contextlib.contextmanager
def serving(answers: dict[str, tuple[int, bytes]]) -> Iterator[str]:
    """Serve fixed answers by path on loopback; give the address."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers[self.path.partition("?")[0]]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_init_writes_a_project_that_lints_and_touches_nothing_twice(empty: World) -> None:
    assert empty.succeed("lint").out == "nothing to complain about\n"
    project = empty.folder / "tally.yaml"
    project.write_text("name: mine\n")
    assert "nothing was written" in empty.succeed("init").out
    assert project.read_text() == "name: mine\n"


def test_a_database_is_described_and_never_overwritten_unasked(databases: World) -> None:
    databases.succeed("init")
    source = f"sqlite:///{databases.folder}/erp.db"
    told = databases.succeed("describe", "erp", "--database", source).out
    assert "partners" in told
    file = databases.folder / "systems" / "erp.yaml"
    assert "up to date" in databases.succeed("describe", "erp", "--database", source).out
    mine = file.read_text().replace("title: erp", "title: Our ERP")
    file.write_text(mine)
    outcome = databases.tally("describe", "erp", "--database", source)
    assert outcome.code == exits.DECIDE
    assert "-title: Our ERP" in outcome.out
    assert file.read_text() == mine
    databases.succeed("describe", "erp", "--database", source, "--force")
    assert "title: erp" in file.read_text()


def test_a_password_never_gets_into_a_manifest(databases: World, monkeypatch: pytest.MonkeyPatch) -> None:
    databases.succeed("init")
    outcome = databases.tally("describe", "erp", "--database", "postgresql://me:geheim@127.0.0.1:1/erp")
    assert outcome.code == exits.WRONG
    assert "${env:ERP_DATABASE}" in outcome.err
    assert "geheim" not in outcome.out + outcome.err
    monkeypatch.setenv("ERP_DATABASE", f"sqlite:///{databases.folder}/erp.db")
    databases.succeed("describe", "erp", "--database", "${env:ERP_DATABASE}")
    assert 'url: "${env:ERP_DATABASE}"' in (databases.folder / "systems" / "erp.yaml").read_text()


def test_an_api_is_described_from_a_file_and_from_an_address(empty: World) -> None:
    file = empty.folder / "api.json"
    file.write_text(json.dumps(API))
    card = empty.succeed("describe", "crm", "--openapi", str(file), "--json").document["card"]
    assert card["objects"]["companies"]["operations"] == ["list", "get"]
    assert card["objects"]["companies"]["paging"] == "offset"
    assert "description: api.json" in (empty.folder / "systems" / "crm.yaml").read_text()
    with serving({"/openapi.json": (200, json.dumps(API).encode()), "/no": (403, b""), "/html": (404, b"")}) as url:
        told = empty.succeed("describe", "web", "--openapi", f"{url}/openapi.json?api_key=geheim").out
        assert "companies" in told
        assert "geheim" not in (empty.folder / "systems" / "web.yaml").read_text()
        for path in ("/no", "/html"):
            assert empty.tally("describe", "bad", "--openapi", url + path).code == exits.SYSTEM
    assert "companies" in empty.succeed("describe", "crm").out
    assert not (empty.folder / "systems" / "bad.yaml").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("../evil", "--database", "sqlite:///x.db"),
        ("crm", "--database", "sqlite:///x.db", "--openapi", "x.json"),
        ("crm", "--openapi", "/nowhere/api.json"),
        ("crm", "--openapi", "tally.yaml"),
        ("crm", "--database", "oracle://host/x"),
        ("crm", "--database", "${env:TALLY_TEST_NOT_SET}"),
        ("nobody",),
    ],
)
def test_a_source_that_cannot_be_described_is_the_users_to_correct(
    empty: World, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(empty.folder)
    outcome = empty.tally("describe", *arguments)
    assert outcome.code == exits.WRONG
    assert "what to do" in outcome.err
    assert [p.name for p in (empty.folder / "systems").iterdir()] == ["README.md"]


def test_lint_shows_the_line_a_caret_and_what_to_do(world: World) -> None:
    world.write("mappings/companies.yaml", MAPPING.replace("on_unmatched", "on_unmached").replace("phone:", "phon e:"))
    outcome = world.tally("lint")
    assert outcome.code == exits.WRONG
    lines = outcome.out.splitlines()
    at = next(i for i, line in enumerate(lines) if "on_unmached" in line)
    assert lines[at].startswith("mappings/companies.yaml:9:1: ")
    assert lines[at + 1] == "    on_unmached: {left: create, right: create}"
    assert lines[at + 2] == "    ^"
    assert "did you mean 'on_unmatched'?" in lines[at + 3]


def test_lint_gives_all_problems_of_all_files_as_one_document(world: World) -> None:
    world.write("mappings/companies.yaml", MAPPING.replace("on_delete: {left", "on_delete: {lefft"))
    world.write("systems/crm.yaml", CRM_MANIFEST + "limits: {burst: none}\n")
    outcome = world.tally("lint", "--json")
    assert outcome.code == exits.WRONG
    files = {p["file"] for p in outcome.document["problems"]}
    assert files == {"mappings/companies.yaml", "systems/crm.yaml"}
    assert outcome.document["errors"] == len([p for p in outcome.document["problems"] if p["severity"] == "error"])


def test_warnings_fail_only_where_that_was_asked(world: World) -> None:
    world.write("tally.yaml", "name: shop\nowners: {ops: {name: Operations}, idle: {name: Nobody}}\n")
    assert "0 errors, 1 warning" in world.succeed("lint").out
    assert world.tally("lint", "--strict").code == exits.WRONG


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("auth: {type: basic, username: me, password: hunter2!}\n", "hunter2!"),
        ("auth: {type: api_key, name: X-Key, value: hunter2!}\n", "hunter2!"),
        ("network: {headers: {Authorization: Bearer abcdefgh12345678abcdefgh}}\n", "abcdefgh12345678abcdefgh"),
        ("passwort: hunter2!\nauth: {type: bearer, tokken: x, token: hunter2!}\n", "token: hunter2!"),
    ],
)
def test_no_complaint_shows_a_secret_that_stands_in_a_file(world: World, text: str, secret: str) -> None:
    world.write("systems/crm.yaml", CRM_MANIFEST + text)
    for verb in ("lint", "plan"):
        outcome = world.tally(verb)
        assert secret not in outcome.out + outcome.err


def test_every_verb_tells_all_problems_of_the_files(world: World) -> None:
    world.write("mappings/companies.yaml", "left: {system: crmm}\nfields: 3\n")
    for verb in ("plan", "run", "status", "problems"):
        outcome = world.tally(verb)
        assert outcome.code == exits.WRONG
        assert outcome.err.count("mappings/companies.yaml:") >= 4
        problems = world.tally(verb, "--json").document["error"]["problems"]
        assert {"file", "line", "column", "message", "hint", "severity"} == set(problems[0])


def test_a_draft_is_a_mapping_that_lints(world: World) -> None:
    file = world.folder / "mappings" / "draft.yaml"
    (world.folder / "mappings" / "companies.yaml").unlink()
    world.succeed("map", "draft", "crm.companies", "erp.partners", "draft")
    assert "email" in file.read_text()
    world.succeed("lint")
    mine = file.read_text() + "# mine\n"
    file.write_text(mine)
    assert world.tally("map", "draft", "crm.companies", "erp.partners", "draft").code == exits.DECIDE
    assert file.read_text() == mine


@pytest.mark.parametrize(
    "arguments",
    [("crm", "erp.partners", "x"), ("crmm.companies", "erp.partners", "x"), ("crm.companies", "erp.partners", "../x")],
)
def test_a_draft_of_nothing_is_refused(world: World, arguments: tuple[str, ...]) -> None:
    assert world.tally("map", "draft", *arguments).code == exits.WRONG


def test_a_newcomer_gets_from_nothing_to_two_systems_in_step(databases: World) -> None:
    folder = databases.folder
    databases.succeed("init", "--name", "shop")
    for name in ("crm", "erp"):
        databases.succeed("describe", name, "--database", f"sqlite:///{folder}/{name}.db")
    databases.succeed("map", "draft", "crm.companies", "erp.partners", "companies")
    databases.write("mappings/companies.yaml", MAPPING.replace("owner: ops\n", ""))
    databases.succeed("lint")
    databases.succeed("plan")
    databases.succeed("apply")
    assert databases.succeed("plan", "--json").document["plan"]["is_empty"]
    databases.execute("crm", "update companies set name = 'Beta Ltd' where email = 'beta@example.com'")
    databases.execute("erp", "update partners set telephone = '77' where mail = 'mueller@example.com'")
    databases.succeed("run")
    assert databases.erp()["beta@example.com"] == ("Beta Ltd", "2")
    assert databases.crm()["mueller@example.com"][1] == "77"
    assert "5 linked pairs" in databases.succeed("status").out
    assert "in step" in databases.succeed("why", "crm/companies/2").out
    assert "long@example.com" not in databases.erp()
    assert "too long" in databases.succeed("problems").out
