"""What the manifest of a system that is spoken to by remote procedure calls says beyond its objects.

Operations mean what they mean for REST; ``path`` names the method that is called, and ``params`` is what it is called
with.
"""

from typing import Any, Literal

from tallystick.project.manifest_soap import SoapFaults
from tallystick.project.model_base import Model

Params = tuple[Any, ...] | dict[str, Any]


class RpcLogin(Model):
    """The call that opens a session. It is made before the first call, and again when the session has ended."""

    call: str
    """The method: ``common.db.login``."""
    params: Params = ()
    """What it is called with; secrets are references."""
    address: str = ""
    """Where it is called, where that is not ``base_url``."""
    keep: dict[str, str] = {"session": ""}
    """What is kept of its result, by name and path: ``{user: "[0]", token: "[1]"}``. The names stand in braces in
    ``params`` of every call, and in ``value``."""
    header: str = ""
    """A header that every call then carries: ``Authorization``."""
    value: str = "{session}"
    """What is in that header."""
    base64: bool = False
    """The value is sent in base64."""
    scheme: str = ""
    """A word before the value: ``Session``."""


class RpcFaults(SoapFaults):
    """What faults mean: words that are looked for in their code and in their text."""

    session: tuple[str, ...] = ()
    """The session has ended, or there is none."""


class RpcSpec(Model):
    """How a system is called."""

    version: Literal["json-2.0", "json-1.0", "xml"] = "json-2.0"
    login: RpcLogin | None = None
    faults: RpcFaults = RpcFaults()
    typed_times: bool = True
    """XML-RPC: fields declared ``instant`` or ``local_time`` are sent as ``dateTime.iso8601``, not as text."""
