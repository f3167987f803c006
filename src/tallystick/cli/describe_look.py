"""Find out how a system describes itself, when nothing but its address is given. Only reading requests are made."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tallystick.cli.describe_openapi import ask, without_secrets
from tallystick.cli.describe_source import Source
from tallystick.core.error import AccessError, Error, ProjectError

if TYPE_CHECKING:
    from tallystick.connectors.describe.look import Shown
    from tallystick.connectors.http.message import Response
    from tallystick.project.manifest import Manifest

_MOST: Final = 90
_FORBIDDEN: Final = frozenset({401, 403})


@dataclass(slots=True)
class Look:
    """One look around a system: what was asked, and what came of it."""

    known: "Manifest | None"
    folder: Path
    asked: dict[str, str] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)

    def ask(self, url: str) -> "Response | None":
        """Ask an address once; ``None`` where nothing can be had from it."""
        if url in self.asked or len(self.asked) >= _MOST:
            return None
        self.asked[url] = "no answer"
        try:
            response = ask(url, self.known, self.folder)
        except AccessError as failure:
            self._note(url, str(failure), is_closed=True)
            return None
        except Error as failure:
            if not self.asked.keys() - {url}:
                raise  # the very address that was given does not answer at all
            self._note(url, str(failure))
            return None
        self._note(url, f"HTTP {response.status}", is_closed=response.status in _FORBIDDEN)
        return response

    def _note(self, url: str, what: str, *, is_closed: bool = False) -> None:
        self.asked[url] = what
        if is_closed:
            self.closed.append(url)


def look_around(base_url: str, folder: Path, known: "Manifest | None") -> tuple[Source, str]:
    """Find the best source that a system offers of itself, and say in words what was found.

    Its usual places are asked for a description first; then what it answers at its address is followed.

    Raises:
        ProjectError: nothing is found; the error says what was tried.
        AccessError, RemoteError: the address does not answer at all.
    """
    from tallystick.connectors.describe.look import places

    if not base_url.lower().startswith(("http://", "https://")):
        raise ProjectError(f"'{base_url}' is no address", hint="--base-url https://crm.example.com/api")
    look = Look(known, folder)
    pages = _answered(look, places(base_url))
    kept: list[tuple[str, Shown]] = []
    for url, shown in pages:
        if shown.kind in {"openapi", "postman", "wsdl", "odata", "graphql"}:
            return _described(shown.kind, url, base_url, look)
        kept.append((url, shown))
    for _, shown in kept:
        for url, further in _answered(look, shown.addresses):
            if further.kind in {"openapi", "postman", "wsdl", "odata"}:
                return _described(further.kind, url, base_url, look)
            kept.append((url, further))
    listings = _listings(look, kept)
    if not listings:
        raise _nothing(base_url, look)
    told = f"nothing describes it; {len(listings)} addresses list records ({len(look.asked)} asked)"
    return Source("sample", tuple(listings)), told


def _answered(look: Look, urls: Iterable[str]) -> "Iterator[tuple[str, Shown]]":
    from tallystick.connectors.describe.look import recognise

    for url in urls:
        response = look.ask(url)
        if response is not None:
            shown = recognise(url, response.status, response.body)
            if shown.kind:
                yield url, shown


def _described(kind: str, url: str, base_url: str, look: Look) -> tuple[Source, str]:
    name = {"openapi": "an OpenAPI document", "postman": "a Postman collection", "wsdl": "a WSDL",
            "odata": "OData metadata", "graphql": "GraphQL"}[kind]  # fmt: skip
    told = f"found {name} at {without_secrets(url)} ({len(look.asked)} addresses asked)"
    # What the description says of where the system lives goes before where it was looked for.
    return Source(kind, (url,), base_url if kind == "postman" else ""), told


def _listings(look: Look, kept: "list[tuple[str, Shown]]") -> list[str]:
    """Keep the addresses whose answer holds records that can be told apart."""
    from tallystick.connectors.describe.samples import Sample, describe_samples

    found = []
    for url, shown in kept:
        response = ask(url, look.known, look.folder) if shown.kind == "listing" else None
        try:
            if response is not None and describe_samples([Sample(url, response)]).objects:
                found.append(url)
        except ProjectError:
            continue
    return found


def _nothing(base_url: str, look: Look) -> ProjectError:
    if look.closed:
        hint = (
            f"{len(look.closed)} of them want a sign-in: write systems/NAME.yaml with base_url and auth first, "
            "then describe it again with --force"
        )
    else:
        hint = "give a listing with --sample, or its description with --openapi, --wsdl, --odata, --graphql, --postman"
    return ProjectError(
        f"nothing at {without_secrets(base_url)} describes the system: {len(look.asked)} addresses were asked",
        hint=hint,
    )
