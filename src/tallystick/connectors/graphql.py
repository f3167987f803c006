"""GraphQL systems, described by a manifest: the ``Connector`` and how it is opened.

A system is REST with other clothes: the flows are those of the REST connector, and each of their requests becomes a
document with variables on its way out (``graphql_service``), each answer plain data on its way in. Credentials,
retries, limits, time-outs, proxies and sizes are those of the same transport.
"""

from tallystick.connectors import rest
from tallystick.connectors.graphql_answer import Said
from tallystick.connectors.graphql_service import Service
from tallystick.connectors.http.limits import REAL_TIMING, Timing
from tallystick.connectors.http.message import Request
from tallystick.connectors.http.transport import HttpTransport
from tallystick.connectors.translated import TranslatedConnector
from tallystick.core.error import ProjectError
from tallystick.core.ports import Flow, Secrets
from tallystick.project.manifest import Manifest


class GraphqlConnector(TranslatedConnector[Said]):
    """A system with a GraphQL interface. Performs no I/O: its flows yield ``Request`` and are sent ``Response``."""

    def __init__(self, inner: rest.RestConnector, service: Service) -> None:
        super().__init__(inner)
        self._service = service

    def oddities(self) -> tuple[str, ...]:
        """Say what the system refused so far and took in another way."""
        return tuple(self._service.oddities.values())

    def _exchanged(self, request: Request) -> Flow[Said]:
        service = self._service
        operation = service.operation_of(request)
        while True:
            said = service.understand(request, operation, (yield service.spell(request, operation)))
            if not (said.is_too_much and request.repeatable and service.ask_for_less(request, operation)):
                return said

    def _words(self, answer: Said) -> str | None:
        return "" if answer.refusals else None


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
