"""REST systems, described by a manifest: the ``Connector`` and how it is opened.

A vendor is data. What the manifest says is compiled once (``rest_object``); reading, writing and batches are flows in
``rest_read``, ``rest_write`` and ``rest_bulk``; how requests travel is the business of ``http``.
"""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tallystick.connectors import rest_actions
from tallystick.connectors.http.address import Hosts, ascii_host
from tallystick.connectors.http.auth import open_auth
from tallystick.connectors.http.limits import REAL_TIMING, Timing
from tallystick.connectors.http.markup import as_json
from tallystick.connectors.http.scrub import Scrub
from tallystick.connectors.http.transport import HttpTransport
from tallystick.connectors.rest_bulk import create_many, update_many
from tallystick.connectors.rest_call import Surroundings
from tallystick.connectors.rest_claims import capabilities_of, schema_of
from tallystick.connectors.rest_object import RestObject, operations_of
from tallystick.connectors.rest_parts import read_page
from tallystick.connectors.rest_read import ask_page, find_records, get_record
from tallystick.connectors.rest_write import delete_record, try_create, try_update
from tallystick.connectors.tunnel import Tunnel
from tallystick.core.error import Error, ProjectError
from tallystick.core.path import Path
from tallystick.core.ports import (
    Capabilities,
    Flow,
    NotThere,
    Page,
    Position,
    Secrets,
    Sighting,
    Update,
    Wish,
    Written,
)
from tallystick.core.record import Raw
from tallystick.core.schema import ObjectType
from tallystick.project.children import names_above
from tallystick.project.manifest import Manifest, Network
from tallystick.project.spelling import ParameterText, rewrite, spell_fixed

T = TypeVar("T")
_REFERENCE: Final = re.compile(r"\$\{[^}]*\}")


class RestConnector:
    """A system with a REST interface. Performs no I/O: its flows yield ``Request`` and are sent ``Response``."""

    def __init__(self, manifest: Manifest, around: Surroundings) -> None:
        specs = manifest.objects
        self._objects = {name: RestObject(name, s, around, names_above(name, specs)) for name, s in specs.items()}
        self._parents: Mapping[str, str | int] = {}
        self._place = around.system
        self._in_json = _reader(manifest)
        self.around = around
        """What its objects share; protocols that speak through this one need it too."""

    def below(self, parents: Mapping[str, str | int]) -> "RestConnector":
        """Give the same system as it is seen below one record: its calls are filled with the ids of those above."""
        connector = copy.copy(self)
        connector._parents = parents  # noqa: SLF001 - its own kind
        return connector

    def objects(self) -> tuple[str, ...]:
        """Name the object types."""
        return tuple(self._objects)

    def schema(self, object_name: str) -> ObjectType:
        """Describe one object type as the manifest has it."""
        return schema_of(self._object(object_name))

    def capabilities(self, object_name: str) -> Capabilities:
        """Say what can be done with an object type, as the manifest has it."""
        return capabilities_of(self._object(object_name))

    def read(
        self,
        object_name: str,
        since: float | None = None,
        position: Position | None = None,
        page_size: int | None = None,
    ) -> Flow[Page]:
        """Read one page of a listing: from the start or at ``position``; only what changed since, where possible."""
        flow = read_page(self._object(object_name), since, position, page_size)
        return self._in_json(_patient(flow) if since is None else flow)

    def sight(self, object_name: str, row: bytes) -> Sighting:
        """Decode one row of a page. Raises ``DataError`` for a record that has no id or is no record."""
        return self._object(object_name).sight(row)

    def get(self, object_name: str, record_id: str) -> Flow[Sighting | NotThere]:
        """Read one record by id."""
        return self._in_json(get_record(self._object(object_name), record_id))

    def find(self, object_name: str, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
        """Find records by a field that the manifest has a filter for; only true matches are given."""
        return self._in_json(find_records(self._object(object_name), path, value))

    def ask(
        self, object_name: str, wish: Wish, position: Position | None = None, page_size: int | None = None
    ) -> Flow[Page]:
        """Read one page as it comes: nothing is compared, repaired or left out."""
        return self._in_json(ask_page(self._object(object_name), wish, position, page_size))

    def create(self, object_name: str, body: Raw, key: str) -> Flow[Written]:
        """Create one record; ``key`` is the idempotency key, sent where the system takes one."""
        return self._in_json(rest_actions.create(self._object(object_name), body, key))

    def update(self, object_name: str, update: Update) -> Flow[Written]:
        """Change one record, on condition of its version where the system can. Raises ``Stale`` or ``Absent``."""
        return self._in_json(rest_actions.update(self._object(object_name), update))

    def delete(self, object_name: str, record_id: str, version: str | None = None) -> Flow[None]:
        """Delete one record, on condition of its version where the system can. Raises ``Stale`` or ``Absent``."""
        return self._in_json(delete_record(self._object(object_name), record_id, version))

    def can_try(self, object_name: str) -> frozenset[str]:
        """Name the writes that the system can check without carrying them out: ``create``, ``update``."""
        calls = self._object(object_name).calls
        return frozenset(name for name in ("create", "update") if f"try_{name}" in calls)

    def try_create(self, object_name: str, body: Raw) -> Flow[None]:
        """Let the system check a new record; nothing is written."""
        kind = self._object(object_name)
        return self._in_json(try_create(kind, rest_actions.split(kind, body)[0]))

    def try_update(self, object_name: str, update: Update) -> Flow[None]:
        """Let the system check a change; nothing is written."""
        kind = self._object(object_name)
        rest, _ = rest_actions.split(kind, update.patch)
        return self._in_json(try_update(kind, replace(update, patch=rest)))

    def create_many(self, object_name: str, bodies: Sequence[tuple[Raw, str]]) -> Flow[Sequence[Written | Error]]:
        """Create several; one outcome each, in order."""
        return self._in_json(create_many(self._object(object_name), bodies))

    def update_many(self, object_name: str, updates: Sequence[Update]) -> Flow[Sequence[Written | Error]]:
        """Change several; one outcome each, in order."""
        return self._in_json(update_many(self._object(object_name), updates))

    def _object(self, name: str) -> RestObject:
        found = self._objects.get(name)
        if found is None:
            raise ProjectError(
                f"there is no object '{name}'",
                hint=f"the manifest has: {', '.join(sorted(self._objects)) or 'none'}",
                place=self._place,
            )
        return found.below(self._parents) if self._parents else found


def _reader(manifest: Manifest) -> Callable[[Flow[T]], Flow[T]]:
    """Give what flows run in: nothing, unless some operation is answered in another way than JSON."""
    for spec in manifest.objects.values():
        for _, operation in operations_of(spec):
            if operation is not None and operation.answer != "json":
                return as_json
    return _untouched


def _patient(flow: Flow[T]) -> Flow[T]:
    """Let what a flow asks for leave the reserve of a quota alone: a listing of everything can wait."""
    try:
        request = next(flow)
        while True:
            try:
                response = yield request.patient()
            except Error as error:
                request = flow.throw(error)
            else:
                request = flow.send(response)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        flow.close()


def _untouched(flow: Flow[T]) -> Flow[T]:
    return flow


def open_system(
    name: str, manifest: Manifest, secrets: Secrets, timing: Timing = REAL_TIMING
) -> tuple[RestConnector, HttpTransport]:
    """Open a REST system: resolve its secrets, compile its manifest, make its transport. Nothing is sent yet.

    Raises:
        ProjectError: the manifest cannot be used; the message says which entry.
    """
    resolve = resolver_of(secrets)
    scrub = Scrub()
    base_url = ascii_host(resolve(manifest.base_url))
    hosts = Hosts.of(base_url, manifest.network.allow_hosts, place=name)
    auth = open_auth(manifest.auth, resolve, scrub, timing, place=name, base_url=base_url)
    network = _signed_in(manifest.network, resolve, scrub)
    around = Surroundings(
        system=name,
        base_url=base_url,
        headers=tuple((header, _secret_header(value, resolve, scrub)) for header, value in network.headers.items()),
        hosts=hosts,
        secret_query=auth.query_names,
        scrub=scrub,
        resolve=lambda text: _learned(text, resolve, scrub),
        zone=_zone(manifest.timezone, name),
        timeout=network.timeout_seconds,
        in_flight=manifest.limits.in_flight,
        max_pages=manifest.limits.max_pages,
        wall=timing.wall,
    )
    transport = HttpTransport(
        hosts=hosts,
        auth=auth,
        limits=manifest.limits,
        network=network,
        proxy=_proxy(network.proxy, resolve, scrub, name),
        tunnel=Tunnel(network.tunnel, name, wait=network.connect_timeout_seconds) if network.tunnel else None,
        timing=timing,
    )
    return RestConnector(manifest, around), transport


def _signed_in(network: Network, resolve: Callable[[str], str], scrub: Scrub) -> Network:
    if not network.client_key_password:
        return network
    return network.model_copy(update={"client_key_password": scrub.learn(resolve(network.client_key_password))})


def resolver_of(secrets: Secrets) -> Callable[[str], str]:
    """Resolve the references inside a text; a text without any is itself."""

    def resolve(text: str) -> str:
        return _REFERENCE.sub(lambda found: secrets.resolve(found[0]), text) if "${" in text else text

    return resolve


def _learned(text: str, resolve: Callable[[str], str], scrub: Scrub) -> str:
    """Resolve a text; what came from a reference is never shown again."""
    return _REFERENCE.sub(lambda found: scrub.learn(resolve(found[0])), text) if "${" in text else text


def _secret_header(value: ParameterText, resolve: Callable[[str], str], scrub: Scrub) -> str:
    filled = rewrite(value, lambda text: _learned(text, resolve, scrub))
    text = spell_fixed(filled)
    return text if filled == value else scrub.learn(text)


def _proxy(text: str, resolve: Callable[[str], str], scrub: Scrub, place: str) -> str:
    proxy = resolve(text)
    if proxy and not re.match(r"(?i)(https?|socks5h?)://[^/\s]+", proxy):
        raise ProjectError(
            "network.proxy is not an address", hint="write it whole: http://proxy.example.com:3128", place=place
        )
    _, at, _ = proxy.rpartition("@")
    if at:
        scrub.learn(proxy)
    return proxy


def _zone(name: str, place: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as cause:
        raise ProjectError(
            f"timezone '{name}' is not known", hint="use a name such as Europe/Berlin or UTC", place=place
        ) from cause
