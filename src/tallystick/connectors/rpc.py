"""Systems that are called by JSON-RPC or XML-RPC, described by a manifest: the ``Connector`` and how it is opened.

The flows are those of the REST connector; each of their requests becomes a call on its way out (``rpc_service``), each
result an answer on its way in. Credentials, retries, limits, time-outs and proxies are those of the same transport.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from tallystick.connectors import rest
from tallystick.connectors.http.limits import REAL_TIMING, Timing
from tallystick.connectors.http.message import Request
from tallystick.connectors.http.transport import HttpTransport
from tallystick.connectors.rpc_service import Said, Service, compile_methods
from tallystick.core.error import Error
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


class RpcConnector:
    """A system that is called. Performs no I/O: its flows yield ``Request`` and are sent ``Response``."""

    def __init__(self, inner: rest.RestConnector, service: Service) -> None:
        self._inner = inner
        self._service = service

    def below(self, parents: Mapping[str, str | int]) -> "RpcConnector":
        """Give the same system as it is seen below one record: its calls are filled with the ids of those above."""
        return RpcConnector(self._inner.below(parents), self._service)

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
        """Run a flow of REST as calls."""
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
            return _in_its_words(result, said)
        except Error as error:
            _say_plainly(error, said)
            raise
        finally:
            flow.close()

    def _exchanged(self, request: Request) -> Flow[Said]:
        service = self._service
        if service.session is None:
            service.accept((yield service.sign_in()))
        session = service.session
        said = service.understand(request, (yield service.spell(request)))
        if not (said.is_signed_out and service.signs_in):
            return said
        # Nobody was let in, so nothing was done: it is asked again in a new session, once.
        if service.session is session:
            service.session = None
            service.accept((yield service.sign_in()))
        return service.understand(request, (yield service.spell(request)))


def _in_its_words(result: T, said: Said | None) -> T:
    """Let the proof that a record is not there be the system's own words, where it used any."""
    if isinstance(result, NotThere) and said is not None and said.fault is not None:
        place = result.evidence.partition(": ")[0]
        proof: Any = replace(result, evidence=f"{place}: {said.fault}")
        return proof  # type: ignore[no-any-return] # the same type with another text
    return result


def _say_plainly(error: Error, said: Said | None) -> None:
    """Leave out of an error the status that its fault was given here: the system never sent it."""
    if said is not None and said.fault is not None:
        error.detail = error.detail.removeprefix(f"status {said.response.status}: ")


def open_system(
    name: str, manifest: Manifest, secrets: Secrets, timing: Timing = REAL_TIMING
) -> tuple[RpcConnector, HttpTransport]:
    """Open a system: resolve its secrets, compile its manifest, make its transport. Nothing is sent yet.

    Raises:
        ProjectError: the manifest cannot be used; the message says which entry.
    """
    as_rest, methods = compile_methods(manifest)
    inner, transport = rest.open_system(name, as_rest, secrets, timing)
    return RpcConnector(inner, Service(manifest.rpc, methods, inner.around)), transport
