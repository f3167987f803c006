"""Only its address is known: what a system offers of itself is found, by reading requests alone, and described."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from tests.cli.conftest import World

from tallystick.cli import exits
from tallystick.connectors.describe.look import places, recognise

ROWS = [{"id": 1, "name": "Anker", "updated_at": "2026-01-02T03:04:05Z"}, {"id": 2, "name": "Birke"}]
OPENAPI = {
    "openapi": "3.0.3",
    "info": {"title": "Desk", "version": "1"},
    "paths": {
        "/tickets": {
            "get": {
                "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {
                    "type": "array", "items": {"type": "object", "properties": {"id": {"type": "integer"}}}}}}}}
            }
        }
    },
}  # fmt: skip
GRAPHQL_ASKS = {"errors": [{"message": "Must provide query string."}]}


class System:
    """A server on a socket that answers what it was given, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str, bytes]] = {}
        self.asked: list[tuple[str, str]] = []
        system = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version: ClassVar[str] = "HTTP/1.1"

            def do_GET(self) -> None:
                system.asked.append((self.command, self.path))
                status, kind, body = system.answers.get(self.path, (404, "text/plain", b"no"))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815 - the server's own names

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def says(self, path: str, answer: Any, kind: str = "application/json", status: int = 200) -> None:
        body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.answers[path] = (status, kind, body)


@pytest.fixture
def system() -> Any:
    made = System()
    yield made
    made.server.shutdown()
    made.server.server_close()


def described(world: World, base_url: str) -> dict[str, Any]:
    world.succeed("describe", "desk", "--base-url", base_url)
    found = yaml.safe_load((world.folder / "systems" / "desk.yaml").read_text())
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("where", ["/openapi.json", "/v3/api-docs", "/api/schema/", "/swagger/v1/swagger.json"])
@pytest.mark.parametrize("spelled", [json.dumps(OPENAPI), yaml.safe_dump(OPENAPI)], ids=["json", "yaml"])
def test_a_description_is_found_where_programs_put_it(world: World, system: System, where: str, spelled: str) -> None:
    system.says(where, spelled)
    found = described(world, f"{system.url}/api/v9")
    assert list(found["objects"]) == ["tickets"]
    assert found["described"] == {**found["described"], "kind": "openapi", "sources": [system.url + where]}
    assert {method for method, _ in system.asked} == {"GET"}


@pytest.mark.parametrize(
    ("page", "pointer"),
    [
        ("<html><script>SwaggerUIBundle({url: '/hidden/spec.json', x: 1})</script></html>", None),
        ('<html><redoc spec-url="spec.json"></redoc></html>', None),
        ("<html><script>window.ui({configUrl: '/hidden/config'})</script></html>", {"url": "/hidden/spec.json"}),
    ],
)
def test_a_page_for_people_leads_to_the_description(world: World, system: System, page: str, pointer: Any) -> None:
    """Swagger UI, Redoc, and a configuration that names the document."""
    system.says("/hidden/", page, "text/html")
    system.says("/hidden/spec.json", OPENAPI)
    if pointer:
        system.says("/hidden/config", pointer)
    if pointer:
        outcome = world.tally("describe", "desk", "--base-url", f"{system.url}/hidden/config")
        assert outcome.code == exits.DONE
        return
    assert list(described(world, f"{system.url}/hidden/")["objects"]) == ["tickets"]


@pytest.mark.parametrize(
    "root",
    [
        {"users": "{url}/users/", "tickets": "{url}/tickets/"},
        {"_links": {"self": {"href": "/"}, "users": {"href": "/users/{?page,size}"}, "tickets": {"href": "/tickets/"}}},
        {"resources": {"a": "/users/", "b": {"url": "/tickets/"}, "gone": "/gone", "else": "https://example.com/x"}},
    ],
)
def test_a_root_that_lists_addresses_is_followed_one_level(world: World, system: System, root: Any) -> None:
    """As frameworks and HAL systems have it; what is no listing, and other hosts, are left out."""
    system.says("/", json.loads(json.dumps(root).replace("{url}", system.url)))
    system.says("/users/", {"count": 2, "next": None, "results": ROWS})
    system.says("/tickets/", ROWS)
    found = described(world, f"{system.url}/")
    assert sorted(found["objects"]) == ["tickets", "users"]
    assert {method for method, _ in system.asked} == {"GET"}


def test_a_graphql_system_is_told_by_what_it_asks_for(world: World, system: System) -> None:
    """Whether it gives its schema is another matter."""
    system.says("/graphql", GRAPHQL_ASKS, status=400)
    outcome = world.tally("describe", "desk", "--base-url", system.url)
    assert "GraphQL" in outcome.out + outcome.err
    assert outcome.code != exits.DONE
    assert ("POST", "/graphql") in system.asked


def test_nothing_found_says_what_was_tried_and_what_to_do(world: World, system: System) -> None:
    outcome = world.tally("describe", "desk", "--base-url", system.url)
    assert outcome.code == exits.WRONG
    assert "addresses were asked" in outcome.err
    assert "--sample" in outcome.err
    assert not (world.folder / "systems" / "desk.yaml").exists()


def test_a_system_that_wants_a_sign_in_says_so_and_is_asked_with_it(world: World, system: System) -> None:
    for path in ("/", "/openapi.json"):
        system.says(path, "no", "text/plain", 401)
    outcome = world.tally("describe", "desk", "--base-url", system.url)
    assert "want a sign-in" in outcome.err


def test_nobody_there_is_no_lack_of_a_description(world: World, system: System) -> None:
    system.server.shutdown()
    system.server.server_close()
    outcome = world.tally("describe", "desk", "--base-url", system.url)
    assert outcome.code not in {exits.DONE, exits.WRONG}
    assert "addresses were asked" not in outcome.err


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"a": [1]}', "{broken", "plain words: openapi is nice"])
def test_what_describes_nothing_is_recognised_as_nothing(text: str) -> None:
    assert recognise("http://x.test/a", 200, text.encode()).kind == ""


def test_each_place_is_asked_once_below_the_address_and_at_the_root() -> None:
    found = places("https://x.test/api/")
    assert len(found) == len(set(found))
    assert found[0] == "https://x.test/api/"
    assert {"https://x.test/api/openapi.json", "https://x.test/openapi.json", "https://x.test/api?wsdl"} <= set(found)


def test_files_of_the_project_are_left_alone(world: World, system: System, tmp_path: Path) -> None:
    """A system that is described already is not overwritten."""
    system.says("/openapi.json", OPENAPI)
    before = (world.folder / "systems" / "crm.yaml").read_text()
    outcome = world.tally("describe", "crm", "--base-url", system.url)
    assert outcome.code != exits.DONE
    assert (world.folder / "systems" / "crm.yaml").read_text() == before
