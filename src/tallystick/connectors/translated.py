"""REST with other clothes: a connector whose flows are those of REST, each request translated on its way out.

SOAP, GraphQL and RPC are built on it. What they add is how a request is written, how an answer is understood, and what
of a refusal are the system's own words.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from tallystick.connectors import rest
from tallystick.connectors.http.message import Request, Response
from tallystick.core.error import Error
from tallystick.core.path import Path
from tallystick.core.ports import Capabilities, Flow, NotThere, Page, Position, Sighting, Update, Wish, Written
from tallystick.core.record import Raw
from tallystick.core.schema import ObjectType


class Answer(Protocol):
    """What came back, understood: as REST would have said it."""

    @property
    def response(self) -> Response:
        """The answer as one of REST. Where the system refused without a status, the status was given here."""


T = TypeVar("T")
A = TypeVar("A", bound=Answer)


class TranslatedConnector(ABC, Generic[A]):
    """A system that is spoken to in another way. Performs no I/O: its flows yield ``Request`` and get ``Response``."""

    def __init__(self, inner: rest.RestConnector) -> None:
        self._inner = inner

    @abstractmethod
    def _exchanged(self, request: Request) -> Flow[A]:
        """Write a request of REST as the system wants it, and understand what comes back."""

    @abstractmethod
    def _words(self, answer: A) -> str | None:
        """Give the system's own words of a refusal; empty where it has none, ``None`` where it did not refuse."""

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
        """Run a flow of REST in the system's own way."""
        answer: A | None = None
        try:
            request: Request = next(flow)
            while True:
                try:
                    answer = yield from self._exchanged(request)
                except Error as error:
                    request = flow.throw(error)
                else:
                    request = flow.send(answer.response)
        except StopIteration as end:
            result: T = end.value
            return self._in_its_words(result, answer)
        except Error as error:
            if answer is not None and self._words(answer) is not None:
                # The system never sent the status that its refusal was given here.
                error.detail = error.detail.removeprefix(f"status {answer.response.status}: ")
            raise
        finally:
            flow.close()

    def _in_its_words(self, result: T, answer: A | None) -> T:
        """Let the proof that a record is not there be the system's own words, where it used any."""
        words = self._words(answer) if answer is not None else None
        if isinstance(result, NotThere) and words:
            place = result.evidence.partition(": ")[0]
            proof: Any = replace(result, evidence=f"{place}: {words}")
            return proof  # type: ignore[no-any-return] # the same type with another text
        return result
