"""Systems that are called by JSON-RPC or XML-RPC, described by a manifest: the ``Connector`` and how it is opened.

The flows are those of the REST connector; each of their requests becomes a call on its way out (``rpc_service``), each
result an answer on its way in. Credentials, retries, limits, time-outs and proxies are those of the same transport.
"""

from collections.abc import Mapping

from tallystick.connectors import rest
from tallystick.connectors.http.limits import REAL_TIMING, Timing
from tallystick.connectors.http.message import Request
from tallystick.connectors.http.transport import HttpTransport
from tallystick.connectors.rpc_service import Said, Service, compile_methods
from tallystick.connectors.translated import TranslatedConnector
from tallystick.core.ports import Flow, Secrets
from tallystick.project.manifest import Manifest


class RpcConnector(TranslatedConnector[Said]):
    """A system that is called. Performs no I/O: its flows yield ``Request`` and are sent ``Response``."""

    def __init__(self, inner: rest.RestConnector, service: Service) -> None:
        super().__init__(inner)
        self._service = service

    def below(self, parents: Mapping[str, str | int]) -> "RpcConnector":
        """Give the same system as it is seen below one record: its calls are filled with the ids of those above."""
        return RpcConnector(self._inner.below(parents), self._service)

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

    def _words(self, answer: Said) -> str | None:
        return None if answer.fault is None else str(answer.fault)


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
