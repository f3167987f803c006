"""WSDL 1.1 and 2.0 -> manifest: what a web service's own description says, and how sure that is.

Pure but for ``fetch``, which gives imported documents. The order of work: read (``wsdl_read``), types (``wsdl_types``),
operations (``wsdl_calls``), what they do (``wsdl_deeds``), the objects (``wsdl_objects``). The messages that the
objects need go into the manifest whole, so the WSDL is not needed to run.
"""

import re
from collections.abc import Iterable
from typing import Final

from tallystick.connectors.describe.openapi_words import singular, snake, words_of
from tallystick.connectors.describe.wsdl_arguments import credentials_in
from tallystick.connectors.describe.wsdl_calls import Calls, read_calls
from tallystick.connectors.describe.wsdl_deeds import Act, is_save, read_act
from tallystick.connectors.describe.wsdl_objects import describe_object
from tallystick.connectors.describe.wsdl_parts import Complex
from tallystick.connectors.describe.wsdl_read import Documents, Fetch, read_documents
from tallystick.connectors.describe.wsdl_shapes import Inside, plain_parts, sides_of, walk
from tallystick.connectors.describe.wsdl_types import Types
from tallystick.connectors.soap_xml import local
from tallystick.core.error import Problem, ProjectError
from tallystick.project.manifest import Fact, Manifest, ObjectSpec, Operation
from tallystick.project.manifest_soap import SoapCall, SoapError, SoapFaults, SoapSpec, read_member

_SHOWN: Final = 12
_MESSAGE: Final = frozenset({"TYPE", "ID", "NUMBER", "MESSAGE"})
_ABSENT: Final = re.compile(
    r"not_?found|no_?such|unknown|does_?not_?exist|missing_?(?:object|record|entity)", re.IGNORECASE
)
_DUPLICATE: Final = re.compile(r"duplicate|already_?exists|not_?unique", re.IGNORECASE)
_STALE: Final = re.compile(r"concurren|stale|optimistic|version_?conflict|conflict", re.IGNORECASE)
_ACCESS: Final = re.compile(r"auth|access|permission|session|login|security|credential", re.IGNORECASE)
_THROTTLED: Final = re.compile(r"limit|throttl|too_?many", re.IGNORECASE)
_UNCLEAR: Final = re.compile(
    r"system|unexpected|internal|server|technical|generic|soapfault|^(?:fault|exception|error)$|service", re.IGNORECASE
)


def describe_wsdl(document: bytes, *, source: str = "", base_url: str = "", fetch: Fetch | None = None) -> Manifest:
    """Turn a WSDL into a manifest.

    ``source`` is where it came from (kept in the manifest and in messages), ``base_url`` the service's address if
    another than the WSDL says. Every entry that was found is labelled in ``facts``; what stays open is in ``notes``.

    Raises:
        ProjectError: it is no WSDL, or offers nothing by SOAP; the message says why.
    """
    documents = read_documents(document, source, fetch)
    types = Types(documents.schemas)
    calls = read_calls(documents, types)
    if not calls.calls:
        told = [*calls.notes, *(documents.notes if documents.newer else ())]
        why = told[-1] if told else "It binds no operation to SOAP."
        hint = "ask the owner of the system for the WSDL of its SOAP service"
        raise ProjectError("the WSDL cannot be used", [Problem(source or "description", 1, 1, why, hint)], hint=hint)
    return _Description(documents, types, calls, source, base_url).manifest()


class _Description:
    """One service on its way to a manifest."""

    def __init__(self, documents: Documents, types: Types, calls: Calls, source: str, base_url: str) -> None:
        self._types = types
        self._calls = calls
        self._source = source
        self._given_url = base_url
        self._title = _title(documents)
        self._sides = [sides_of(call, types) for call in calls.calls.values()]
        self._facts: dict[str, Fact] = {}
        self._notes = [*documents.notes, *calls.notes, *_demands(documents)]

    def manifest(self) -> Manifest:
        """Describe the objects, then the service."""
        objects = self._objects()
        used = dict.fromkeys(name for spec in objects.values() for name in _operations(spec))
        if not objects:
            self._notes.append("No operation looks like a listing or reading of records; write objects by hand.")
            used = dict.fromkeys(self._calls.calls)
        self._tell_left(used)
        self._facts["base_url"] = Fact(label="declared", because="service of the WSDL")
        if self._given_url:
            self._facts["base_url"] = Fact(label="confirmed", because="given by hand")
        faults = self._faults(used)
        return Manifest(
            protocol="soap",
            title=self._title,
            base_url=self._given_url or self._calls.address,
            description=self._source,
            soap=SoapSpec(
                version=self._calls.version,
                faults=faults,
                operations={name: self._with_error(self._calls.calls[name].spec) for name in used},
                types={key: made.written() for key, made in self._reached(used).items()},
            ),
            objects=objects,
            facts=self._facts,
            notes=tuple(dict.fromkeys([*self._notes, *self._types.notes])),
        )

    def _objects(self) -> dict[str, ObjectSpec]:
        system = re.sub(r"\W+", "_", snake(self._title)).upper().strip("_") or "SERVICE"
        credentials = {name: f"${{env:{system}_{snake(name).upper()}}}" for name in sorted(credentials_in(self._sides))}
        if credentials:
            named = ", ".join(credentials.values())
            self._notes.append(f"Nearly every operation takes {', '.join(credentials)}: give them as {named}.")
        groups: dict[str, list[Act]] = {}
        for sides in self._sides:
            act = read_act(sides)
            if act is not None:
                groups.setdefault(self._group(act, groups), []).append(act)
        objects: dict[str, ObjectSpec] = {}
        for acts in groups.values():
            described = describe_object(acts, self._types, credentials)
            if described is None:
                continue
            name = "_".join(acts[0].words)
            objects[name] = described.spec
            self._facts |= {f"objects.{name}.{key}": fact for key, fact in described.facts.items()}
            self._notes += [f"{name}: {note}" for note in described.notes]
        return objects

    @staticmethod
    def _group(act: Act, groups: dict[str, list[Act]]) -> str:
        """Find the object that an act is about: a name may say the kind of record with or without its area."""
        if act.noun in groups:
            return act.noun
        return next((noun for noun, acts in groups.items() if singular(acts[0].words[-1]) == act.noun), act.noun)

    def _tell_left(self, used: Iterable[str]) -> None:
        left = [name for name in self._calls.calls if name not in set(used)]
        saves = [name for name in left if is_save(name)]
        if saves:
            self._notes.append(
                f"{', '.join(saves[:_SHOWN])}: create or change, whichever fits. As update it could make a record anew "
                "that was deleted meanwhile; write it into the manifest if that is wanted."
            )
        if left:
            shown = ", ".join(left[:_SHOWN])
            self._notes.append(f"{len(left)} operation(s) are not used: {shown}{' ...' if len(left) > _SHOWN else ''}")

    def _faults(self, used: Iterable[str]) -> SoapFaults:
        """Sort the declared faults by their names. They are refusals by contract, so nothing was done."""
        names = dict.fromkeys(name for each in used for name in self._calls.calls[each].faults)
        found: dict[str, list[str]] = {}
        for name in names:
            kind = next((kind for kind, pattern in _KINDS.items() if pattern.search(name)), "refused")
            if kind != "unclear":
                found.setdefault(kind, []).append(name)
        if found:
            self._facts["soap.faults"] = Fact(label="inferred", because="names of the declared faults")
        return SoapFaults(**{kind: tuple(each) for kind, each in found.items()})

    def _with_error(self, spec: SoapCall) -> SoapCall:
        """Name the messages in an answer that tell a refusal: those with a type, a number and a text, as SAP's have."""
        for found in walk(spec.output, self._types):
            if isinstance(found, Inside) and plain_parts(self._types.complex, found.type).keys() >= _MESSAGE:
                error = SoapError(path=found.text, message="MESSAGE", where={"TYPE": ("E", "A")})
                return spec.model_copy(update={"error": error})
        return spec

    def _reached(self, used: Iterable[str]) -> dict[str, Complex]:
        """Give the types that the used messages are made of, those of whole messages first."""
        waiting = [key for name in used for key in _message_types(self._calls, name)]
        found: dict[str, Complex] = {}
        while waiting:
            key = waiting.pop(0)
            made = self._types.complex.get(key)
            if made is None or key in found:
                continue
            found[key] = made
            waiting += [read_member(text).type for text in made.written().elements.values()]
            waiting += [each for each in self._types.derived_of(key) if each not in found]
        return found


def _demands(documents: Documents) -> Iterable[str]:
    """Say what the service's policies want of messages."""
    names = {local(node) for root in (*documents.definitions, *documents.newer) for node in root.iter()}
    if "UsernameToken" in names:
        yield "A policy of the service wants a user name token: set soap.security."
    if names & {"SymmetricBinding", "AsymmetricBinding", "X509Token", "SamlToken", "IssuedToken", "KerberosToken"}:
        yield "A policy of the service wants signed or encrypted messages, or tokens of others, which is not supported."
    if names & {"UsingAddressing", "Addressing"}:
        yield "The service speaks of WS-Addressing; if it wants its headers, give them in soap.headers."


def _message_types(calls: Calls, name: str) -> tuple[str, str]:
    spec = calls.calls[name].spec
    return spec.input, spec.output


def _operations(spec: ObjectSpec) -> Iterable[str]:
    for operation in (spec.list, spec.get, spec.create, spec.update, spec.delete):
        if isinstance(operation, Operation):
            yield operation.path


def _title(documents: Documents) -> str:
    for root in documents.definitions:
        for node in root:
            if local(node) == "service" and node.get("name"):
                return " ".join(word.capitalize() for word in words_of(str(node.get("name"))))
    return str(documents.definitions[0].get("name") or "")


_KINDS: Final = {
    "absent": _ABSENT,
    "duplicate": _DUPLICATE,
    "stale": _STALE,
    "access": _ACCESS,
    "throttled": _THROTTLED,
    "unclear": _UNCLEAR,
}
