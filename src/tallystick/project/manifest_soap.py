"""What the manifest of a web service (SOAP) says beyond its objects: messages, their types, faults, sign-in.

``describe`` writes it from the service's WSDL, so nothing of the WSDL is needed later, and a person may correct each
entry. Messages are JSON to everybody else: an object's operations, paths and parameters mean what they mean for REST,
with ``path`` naming the operation of the service.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator

from tallystick.project.model_base import Model

XSD: Final = "xs:"
_ELEMENT: Final = re.compile(
    r"(?P<type>[^\s\[\]]+)(?P<many>\[\])?(?P<marks>(?: (?:required|nillable|attribute))*)(?: of (?P<namespace>\S*))?"
)


@dataclass(frozen=True, slots=True)
class SoapMember:
    """One element or attribute of a type, read from its text. ``namespace`` is ``None`` where it is the type's own."""

    type: str
    is_many: bool = False
    is_required: bool = False
    is_nillable: bool = False
    is_attribute: bool = False
    namespace: str | None = None


def read_member(text: str) -> SoapMember:
    """Read how a member is written: ``xs:int``, ``Address[]``, ``xs:string required nillable of urn:other``.

    Raises:
        ValueError: it is not written like that.
    """
    found = _ELEMENT.fullmatch(text.strip())
    if found is None:
        raise ValueError("write a type, [] for several, and then required, nillable, attribute or of NAMESPACE")
    marks = found["marks"].split()
    return SoapMember(
        found["type"],
        is_many=bool(found["many"]),
        is_required="required" in marks,
        is_nillable="nillable" in marks,
        is_attribute="attribute" in marks,
        namespace=found["namespace"],
    )


def write_member(member: SoapMember) -> str:
    """Write a member as text; ``read_member`` gives it back."""
    marks = (("required", member.is_required), ("nillable", member.is_nillable), ("attribute", member.is_attribute))
    words = [member.type + ("[]" if member.is_many else ""), *(word for word, holds in marks if holds)]
    return " ".join(words if member.namespace is None else [*words, f"of {member.namespace}"])


def _checked(text: str) -> str:
    read_member(text)
    return text


class SoapType(Model):
    """One type of a service's messages."""

    name: str = ""
    """Its name in the service's schema, where it is not the key."""
    namespace: str = ""
    qualified: bool = True
    """Its elements are in its namespace; otherwise they are in none."""
    value: str = ""
    """The type of its text, where it has text beside attributes; the text stands under ``value``."""
    elements: dict[str, Annotated[str, AfterValidator(_checked)]] = {}
    """In the order in which they are sent: ``xs:int``, ``Address[]``, ``xs:string required nillable``. ``xs:`` marks
    the built-in types of XML Schema, other names are ``types``, ``[]`` says that several may come."""


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


class SoapError(Model):
    """Messages in an answer, one or a list, of which some say that the call was refused."""

    path: str
    message: str = ""
    """Path of the text in a message, where it is an object."""
    where: dict[str, Annotated[tuple[Any, ...], BeforeValidator(_as_list, json_schema_input_type=Any)]] = {}
    """Only a message with this value (or one of these) at this path is a refusal."""


def _as_error(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


class SoapCall(Model):
    """How one operation of a service is called."""

    action: str = ""
    """The SOAPAction."""
    address: str = ""
    """Where it is sent, where it is not ``base_url``."""
    style: Literal["document", "rpc"] = "document"
    encoded: bool = False
    """Each value is sent with its type, as rpc/encoded services want it."""
    name: str = ""
    """Name of the element that is sent, where it is not the operation's."""
    namespace: str = ""
    """Namespace of the element that is sent."""
    input: str = ""
    """Type of the element that is sent."""
    answer: str = ""
    """Name of the element that is answered."""
    output: str = ""
    """Type of the element that is answered."""
    error: Annotated[SoapError, BeforeValidator(_as_error, json_schema_input_type=str | SoapError)] | None = None
    """How an answer without fault says that the call was refused: the path of a message that is only there then, or
    more exactly ``{path: RETURN.item, message: MESSAGE, where: {TYPE: [E, A]}}``."""


class SoapSecurity(Model):
    """A WS-Security user name token in the header of each message."""

    username: str
    password: str
    """As a reference: ``${env:ERP_PASSWORD}``."""
    digest: bool = False
    """Send a digest of the password with a nonce and the time, instead of the password."""
    timestamp: bool = False
    """Send with each message when it was made and that it is good for five minutes."""


class SoapFaults(Model):
    """What faults mean: words that are looked for in their code, in the names in their detail, and in their text."""

    absent: tuple[str, ...] = ()
    """There is no such record."""
    duplicate: tuple[str, ...] = ()
    """A record with this key exists."""
    stale: tuple[str, ...] = ()
    """The record has changed meanwhile."""
    refused: tuple[str, ...] = ()
    """This record is not wanted, and nothing was changed."""
    access: tuple[str, ...] = ()
    """These credentials do not allow it."""
    throttled: tuple[str, ...] = ()
    """Too many calls."""


class SoapSpec(Model):
    """How a service is spoken to."""

    version: Literal["1.1", "1.2"] = "1.1"
    security: SoapSecurity | None = None
    headers: dict[str, dict[str, Any]] = {}
    """Further headers of each message by name, ``{namespace}Name``: ``{"{urn:erp}Session": {"token": "${env:T}"}}``."""
    faults: SoapFaults = SoapFaults()
    operations: dict[str, SoapCall] = {}
    types: dict[str, SoapType] = {}
