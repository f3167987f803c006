"""Web services (SOAP), described by a manifest: the ``Connector`` and how it is opened.

A service is REST with other clothes: the flows are those of the REST connector, and each of their requests becomes an
envelope on its way out (``soap_service``), each answer JSON on its way in. Credentials, retries, limits, time-outs,
proxies and sizes are those of the same transport.
"""

from collections.abc import Mapping

from tallystick.connectors import rest
from tallystick.connectors.http.limits import REAL_TIMING, Timing
from tallystick.connectors.http.message import Request
from tallystick.connectors.http.transport import HttpTransport
from tallystick.connectors.soap_service import Said, Service
from tallystick.connectors.translated import TranslatedConnector
from tallystick.core.error import ProjectError
from tallystick.core.ports import Flow, Secrets
from tallystick.project.manifest import Manifest


class SoapConnector(TranslatedConnector[Said]):
    """A system with a web service. Performs no I/O: its flows yield ``Request`` and are sent ``Response``."""

    def __init__(self, inner: rest.RestConnector, service: Service) -> None:
        super().__init__(inner)
        self._service = service

    def below(self, parents: Mapping[str, str | int]) -> "SoapConnector":
        """Give the same service as it is seen below one record: its messages are filled with the ids of those above."""
        return SoapConnector(self._inner.below(parents), self._service)

    def oddities(self) -> tuple[str, ...]:
        """Say how the service's answers so far contradicted its description and were understood all the same."""
        return tuple(self._service.oddities.values())

    def _exchanged(self, request: Request) -> Flow[Said]:
        service = self._service
        operation = service.operation_of(request)
        response = yield service.spell(request, operation)
        said = service.understand(request, operation, response)
        if said.fault is None or not said.fault.is_about_action:
            return said
        for action in service.other_actions(operation):
            # The service did not even know what was wanted, so nothing was done and it may be asked again.
            other = service.understand(request, operation, (yield service.spell(request, operation, action)))
            if other.fault is None or not other.fault.is_about_action:
                service.learn_action(operation, action)
                return other
        return said

    def _words(self, answer: Said) -> str | None:
        return None if answer.fault is None else str(answer.fault)


def open_system(
    name: str, manifest: Manifest, secrets: Secrets, timing: Timing = REAL_TIMING
) -> tuple[SoapConnector, HttpTransport]:
    """Open a web service: resolve its secrets, compile its manifest, make its transport. Nothing is sent yet.

    Raises:
        ProjectError: the manifest cannot be used; the message says which entry.
    """
    if manifest.soap is None:
        raise ProjectError(
            "the manifest does not say what the messages of the service are",
            hint="describe the system from its WSDL: tally describe NAME --wsdl FILE",
            place=name,
        )
    inner, transport = rest.open_system(name, manifest, secrets, timing)
    return SoapConnector(inner, Service(manifest, inner.around)), transport
