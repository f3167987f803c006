"""GraphQL systems, described by a manifest: the ``Connector`` and how it is opened.

A system is REST with other clothes: the flows are those of the REST connector, and each of their requests becomes a
document with variables on its way out (``graphql_service``), each answer plain data on its way in. Credentials,
retries, limits, time-outs, proxies and sizes are those of the same transport.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from tallystick.connectors import rest
from tallystick.connectors.graphql_answer import Said
from tallystick.connectors.graphql_service import Service
from tallystick.connectors.http.limits import REAL_TIMING, Timing
from tallystick.connectors.http.message import Request
from tallystick.connectors.http.transport import HttpTransport
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
from tallystick.project.manifest import Manifest

T = TypeVar("T")


class GraphqlConnector:
    """A system with a GraphQL interface. Performs no I/O: its flows yield ``Request`` and are sent ``Response``."""

    def __init__(self, inner: rest.RestConnector, service: Service) -> None:
        self._inner = inner
        self._service = service

    def oddities(self) -> tuple[str, ...]:
        """Say what the system refused so far and took in another way."""
        return tuple(self._service.oddities.values())

    def objects(self) -> tuple[str, ...]:
        """Name the object types."""
        return self._inner.objects()

    def schema(self, object_name: str) -> ObjectType:
        """Describe one object type as the manifest has it."""
        return self._inner.schema(object_name)

    def capabilities(self, object_name: str) -> Capabilities:
        """Say what can be done with an object type, as the manifest has it."""
        return self._inner.capabilities(object_name)

    def read(
        self,
        object_name: str,
        since: float | None = None,
        position: Position | None = None,
        page_size: int | None = None,
    ) -> Flow[Page]:
        """Read one page of a listing: from the start or at ``position``; only what changed since, where possible."""
        return self._spoken(self._inner.read(object_name, since, position, page_size))

    def sight(self, object_name: str, row: bytes) -> Sighting:
        """Decode one row of a page. Raises ``DataError`` for a record that has no id or is no record."""
        return self._inner.sight(object_name, row)

    def get(self, object_name: str, record_id: str) -> Flow[Sighting | NotThere]:
        """Read one record by id."""
        return self._spoken(self._inner.get(object_name, record_id))

    def find(self, object_name: str, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
        """Find records by a field that the manifest has a filter for; only true matches are given."""
        return self._spoken(self._inner.find(object_name, path, value))

    def ask(
        self, object_name: str, wish: Wish, position: Position | None = None, page_size: int | None = None
    ) -> Flow[Page]:
        """Read one page as it comes: nothing is compared, repaired or left out."""
        return self._spoken(self._inner.ask(object_name, wish, position, page_size))

    def create(self, object_name: str, body: Raw, key: str) -> Flow[Written]:
        """Create one record; ``key`` is the idempotency key, sent where the system takes one."""
        return self._spoken(self._inner.create(object_name, body, key))

    def update(self, object_name: str, update: Update) -> Flow[Written]:
        """Change one record. Raises ``Stale`` or ``Absent`` where the system says so."""
        return self._spoken(self._inner.update(object_name, update))

    def delete(self, object_name: str, record_id: str, version: str | None = None) -> Flow[None]:
        """Delete one record. Raises ``Stale`` or ``Absent`` where the system says so."""
        return self._spoken(self._inner.delete(object_name, record_id, version))

    def create_many(self, object_name: str, bodies: Sequence[tuple[Raw, str]]) -> Flow[Sequence[Written | Error]]:
        """Create several; one outcome each, in order."""
        return self._spoken(self._inner.create_many(object_name, bodies))

    def update_many(self, object_name: str, updates: Sequence[Update]) -> Flow[Sequence[Written | Error]]:
        """Change several; one outcome each, in order."""
        return self._spoken(self._inner.update_many(object_name, updates))

    def _spoken(self, flow: Flow[T]) -> Flow[T]:
        """Run a flow of REST in documents."""
        said: Said | None = None
        try:
            request: Request = next(flow)
            while True:
                try:
                    said = yield from self._exchanged(request)
                except Error as error:
                    request = flow.throw(error)
                else:
                    request = flow.send(said.response)
        except StopIteration as end:
            result: T = end.value
            return result
        except Error as error:
            if said is not None and said.refusals:
                # The system never sent the status that its errors were given here.
                error.detail = error.detail.removeprefix(f"status {said.response.status}: ")
            raise
        finally:
            flow.close()

    def _exchanged(self, request: Request) -> Flow[Said]:
        service = self._service
        operation = service.operation_of(request)
        while True:
            said = service.understand(request, operation, (yield service.spell(request, operation)))
            if not (said.is_too_much and request.repeatable and service.ask_for_less(request, operation)):
                return said


def open_system(
    name: str, manifest: Manifest, secrets: Secrets, timing: Timing = REAL_TIMING
) -> tuple[GraphqlConnector, HttpTransport]:
    """Open a GraphQL system: resolve its secrets, compile its manifest, make its transport. Nothing is sent yet.

    Raises:
        ProjectError: the manifest cannot be used; the message says which entry.
    """
    if manifest.graphql is None:
        raise ProjectError(
            "the manifest does not say what the system can be asked",
            hint="describe the system from its schema: tally describe NAME --graphql URL",
            place=name,
        )
    inner, transport = rest.open_system(name, manifest, secrets, timing)
    return GraphqlConnector(inner, Service(manifest, inner.around)), transport
