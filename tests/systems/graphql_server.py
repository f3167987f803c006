"""The GraphQL services of others' stacks started for a test, behind a door that shows and bends what passes."""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.systems.serving import free_port, require, served
from tests.systems.soap_server import Door, Reply, opened_door

from tallystick.connectors.describe.graphql_schema import INTROSPECTION


def said(answer: Any, status: int = 200, **headers: str) -> Reply:
    """Make a reply by hand."""
    return Reply(status, {"Content-Type": "application/json", **headers}, json.dumps(answer).encode())


def ask(door: Door, query: str, **variables: Any) -> Any:
    """Ask as a stranger would."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    answer = door.forward("POST", "/graphql/", {"Content-Type": "application/json"}, body)
    assert answer.status == 200, answer.body
    content = json.loads(answer.body)
    assert not content.get("errors"), content
    return content["data"]


def introspected(door: Door) -> bytes:
    """Give the schema as the service itself tells it."""
    headers = {"Content-Type": "application/json"}
    return door.forward("POST", "/graphql/", headers, json.dumps({"query": INTROSPECTION}).encode()).body


@contextlib.contextmanager
def served_graphql(folder: Path, stack: str) -> Iterator[Door]:
    """Run ``graphql_<stack>.py`` and its door while the block runs."""
    require("uvicorn", "uvicorn")
    require({"relay": "strawberry", "lists": "ariadne"}[stack], "strawberry-graphql ariadne")
    port = free_port()
    program = Path(__file__).with_name(f"graphql_{stack}.py")
    with served([sys.executable, str(program), str(port)], port, folder / f"{stack}.log"), opened_door(port) as door:
        yield door
