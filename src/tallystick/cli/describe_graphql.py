"""Get a GraphQL schema, from a file or from the system itself, and describe the system with it."""

import re
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tallystick.cli.describe_openapi import home_of, keep_access, read_description, without_secrets
from tallystick.core.error import Garbled

if TYPE_CHECKING:
    from tallystick.connectors.http.message import Request, Response
    from tallystick.project.manifest import Manifest

_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)
_SAVE: Final = "ask the system's owner for the schema, or turn introspection on, and give the file"


def describe_graph(source: str, base_url: str, folder: Path, known: "Manifest | None") -> "Manifest":
    """Describe the system behind a schema; ``source`` is a file, or the address that the system is asked at.

    ``known`` is what is described of it already: its credentials are used, and kept.

    Raises:
        ProjectError: the schema cannot be read or is none.
        AccessError, RemoteError: the system does not give it.
    """
    from tallystick.connectors.describe.graphql import describe_graphql

    if not _ADDRESS.match(source):
        document, title = read_description(source, folder)
        return describe_graphql(document, source=title, base_url=base_url)
    shown = without_secrets(source)
    described = describe_graphql(_introspect(source, folder, known), source=shown, base_url=base_url or shown)
    return keep_access(described, known)


def _introspect(url: str, folder: Path, known: "Manifest | None") -> bytes:
    from tallystick.connectors.describe.graphql_schema import INTROSPECTION
    from tallystick.connectors.http.message import Request
    from tallystick.connectors.rest import open_system
    from tallystick.project.secrets import ProjectSecrets

    place = without_secrets(url)
    connector, transport = open_system("schema", home_of(url, known), ProjectSecrets(folder))
    own = connector.around.headers

    def ask() -> "Generator[Request, Response, Response]":
        headers = (*own, ("Accept", "application/json"), ("Content-Type", "application/json"))
        body = msgspec.json.encode({"query": INTROSPECTION})
        return (yield Request("POST", url, headers, body, place, repeatable=True))

    try:
        response = transport.run(ask())
    finally:
        transport.close()
    return _checked(response, place)


def _checked(response: "Response", place: str) -> bytes:
    from tallystick.connectors.http.refusal import complaint, refusal
    from tallystick.connectors.http.scrub import Scrub

    message, _ = complaint(response.body, Scrub())
    if not response.succeeded and response.status != 400:  # noqa: PLR2004 - how a refused question is answered
        raise refusal(response, place, Scrub())
    if b"__schema" not in response.body:
        raise Garbled(
            "the system does not tell its schema", detail=message or f"HTTP {response.status}", hint=_SAVE, place=place
        )
    return response.body
