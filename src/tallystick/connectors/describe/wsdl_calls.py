"""The operations of a service, however its WSDL spreads them over messages, port types, bindings and ports."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from tallystick.connectors.describe.wsdl_parts import Complex, Name, Part
from tallystick.connectors.describe.wsdl_read import WSDL, Documents
from tallystick.connectors.describe.wsdl_types import Types
from tallystick.connectors.soap_xml import Element, child, local, namespace, qualify, text_of
from tallystick.project.manifest_soap import SoapCall, SoapMember

SOAP: Final[dict[str, Literal["1.1", "1.2"]]] = {
    "http://schemas.xmlsoap.org/wsdl/soap/": "1.1",
    "http://schemas.xmlsoap.org/wsdl/soap12/": "1.2",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One operation. ``faults`` are the names that its declared refusals go by."""

    name: str
    spec: SoapCall
    faults: tuple[str, ...] = ()
    about: str = ""


@dataclass(slots=True)
class Port:
    """A place where operations of a binding are offered."""

    version: Literal["1.1", "1.2"]
    address: str
    binding: Element


@dataclass(slots=True)
class Calls:
    """What the service offers in one version of SOAP, at ``address`` mostly."""

    version: Literal["1.1", "1.2"] = "1.1"
    address: str = ""
    calls: dict[str, Call] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_calls(documents: Documents, types: Types) -> Calls:
    """Read all operations; those that cannot be called are left out with a note."""
    return _Reading(documents, types).calls()


class _Reading:
    """One description on its way."""

    def __init__(self, documents: Documents, types: Types) -> None:
        self._types = types
        self._notes: list[str] = []
        self._definitions = documents.definitions
        self._found: dict[str, dict[Name, Element]] = {"message": {}, "portType": {}, "binding": {}}
        for root in documents.definitions:
            about = str(root.get("targetNamespace") or "")
            for node in root:
                if local(node) in self._found:
                    self._found[local(node)].setdefault((about, str(node.get("name"))), node)

    def calls(self) -> Calls:
        ports = list(self._ports())
        if not ports:
            return Calls(notes=[*self._notes, "The WSDL has no binding for SOAP."])
        # Both versions usually lead to the same operations, and every service speaks the older one.
        counted = Counter(port.version for port in ports)
        version: Literal["1.1", "1.2"] = "1.1" if counted["1.1"] else "1.2"
        chosen = [port for port in ports if port.version == version]
        places = Counter(port.address for port in chosen if port.address)
        found = Calls(version, places.most_common(1)[0][0] if places else "", {}, self._notes)
        for port in chosen:
            for call in self._of_binding(port):
                if call.name in found.calls:
                    if call.spec != found.calls[call.name].spec:
                        self._notes.append(f"The operation '{call.name}' exists twice; the first one is used.")
                    continue
                address = "" if port.address in {"", found.address} else port.address
                spec = call.spec.model_copy(update={"address": address})
                found.calls[call.name] = Call(call.name, spec, call.faults, call.about)
        return found

    def _ports(self) -> Iterator[Port]:
        seen: set[Name] = set()
        for root in self._definitions:
            for service in root:
                if local(service) != "service":
                    continue
                for port in service:
                    if local(port) != "port":
                        continue
                    name = qualify(port, str(port.get("binding") or ""))
                    binding = self._get("binding", name)
                    version = _version(binding)
                    if binding is None or version is None:
                        continue
                    seen.add((name[0], name[1]))
                    place = child(port, "address")
                    yield Port(version, str(place.get("location") or "").strip() if place is not None else "", binding)
        if seen:
            return
        for binding in self._found["binding"].values():
            version = _version(binding)
            if version is not None:
                self._notes.append("The WSDL names no service, so the address is not known.")
                yield Port(version, "", binding)

    def _get(self, kind: str, name: Name) -> Element | None:
        known = self._found[kind]
        if name in known:
            return known[name]
        same = [node for (_, own), node in known.items() if own == name[1]]
        return same[0] if len(same) == 1 else None

    def _of_binding(self, port: Port) -> Iterator[Call]:
        binding = port.binding
        port_type = self._get("portType", qualify(binding, str(binding.get("type") or "")))
        if port_type is None:
            self._notes.append(f"The binding '{binding.get('name')}' is for a port type that is not declared.")
            return
        soap = next((each for each in binding if namespace(each) in SOAP and local(each) == "binding"), None)
        style = str(soap.get("style") or "document") if soap is not None else "document"
        abstract = {str(each.get("name")): each for each in port_type if local(each) == "operation"}
        for operation in binding:
            if local(operation) != "operation" or namespace(operation) != WSDL:
                continue
            name = str(operation.get("name") or "")
            if name not in abstract:
                self._notes.append(f"The operation '{name}' is bound, but not declared; it is left out.")
                continue
            call = self._call(name, operation, abstract[name], style)
            if call is not None:
                yield call

    def _call(self, name: str, bound: Element, abstract: Element, style: str) -> Call | None:
        if any("mime" in namespace(each) and local(each) == "multipartRelated" for each in bound.iter()):
            self._notes.append(f"The operation '{name}' has attachments, which are not supported; it is left out.")
            return None
        soap = next((each for each in bound if namespace(each) in SOAP and local(each) == "operation"), None)
        own = str(soap.get("style") or style) if soap is not None else style
        kind: Literal["document", "rpc"] = "rpc" if own == "rpc" else "document"
        sent = self._side(name, bound, abstract, "input", kind)
        if sent is None:
            return None
        answered = self._side(name, bound, abstract, "output", kind) or _Side()
        header = next((each for each in bound.iter() if namespace(each) in SOAP and local(each) == "header"), None)
        if header is not None:
            self._notes.append(
                f"The operation '{name}' declares the header '{header.get('part')}': "
                "give it in soap.headers if it is needed."
            )
        spec = SoapCall(
            action=str(soap.get("soapAction") or "") if soap is not None else "",
            style=kind,
            encoded=sent.is_encoded,
            name="" if sent.element == name else sent.element,
            namespace=sent.namespace,
            input=sent.type,
            answer="" if answered.element == f"{name}Response" else answered.element,
            output=answered.type,
        )
        return Call(name, spec, tuple(self._faults(abstract)), text_of(child(abstract, "documentation")))

    def _side(
        self, name: str, bound: Element, abstract: Element, side: str, style: Literal["document", "rpc"]
    ) -> "_Side | None":  # fmt: skip
        declared = child(abstract, side)
        if declared is None:
            return _Side(name) if side == "input" else None
        message = self._get("message", qualify(declared, str(declared.get("message") or "")))
        if message is None:
            self._notes.append(f"The operation '{name}' has a message that is not declared; it is left out.")
            return None
        place = child(bound, side)
        body = None
        if place is not None:
            body = next((each for each in place.iter() if namespace(each) in SOAP and local(each) == "body"), None)
        parts = [part for part in message if local(part) == "part"]
        if body is not None and body.get("parts") is not None:
            wanted = str(body.get("parts")).split()
            parts = [part for part in parts if str(part.get("name")) in wanted]
        is_encoded = body is not None and body.get("use") == "encoded"
        if style == "rpc":
            space = str(body.get("namespace") or "") if body is not None else ""
            return self._rpc(name if side == "input" else f"{name}Response", parts, space, is_encoded=is_encoded)
        return self._document(name, parts)

    def _rpc(self, name: str, parts: list[Element], space: str, *, is_encoded: bool) -> "_Side":
        made = Complex(name, name, space, is_qualified=False)
        for part in parts:
            if part.get("type") is not None:
                key, simple = self._types.named(qualify(part, str(part.get("type"))))
            else:
                key, simple = self._types.element(qualify(part, str(part.get("element") or "")))
            member = SoapMember(key, is_required=True, is_nillable=is_encoded, namespace="")
            made.parts[str(part.get("name"))] = Part(member, simple)
        return _Side(name, space, self._types.add(made), is_encoded=is_encoded)

    def _document(self, name: str, parts: list[Element]) -> "_Side | None":
        if not parts:
            return _Side()
        if len(parts) > 1 or parts[0].get("element") is None:
            why = "several parts" if len(parts) > 1 else "a part that is no element"
            self._notes.append(f"The operation '{name}' has {why} in its body, which cannot be sent; it is left out.")
            return None
        element = qualify(parts[0], str(parts[0].get("element")))
        key, _ = self._types.element(element)
        return _Side(element[1], element[0], key)

    def _faults(self, abstract: Element) -> Iterator[str]:
        for fault in abstract:
            if local(fault) != "fault":
                continue
            message = self._get("message", qualify(fault, str(fault.get("message") or "")))
            part = child(message, "part") if message is not None else None
            name = str(part.get("element") or part.get("type") or "") if part is not None else ""
            yield name.rpartition(":")[2] or str(fault.get("name") or "")


@dataclass(frozen=True, slots=True)
class _Side:
    element: str = ""
    namespace: str = ""
    type: str = ""
    is_encoded: bool = False


def _version(binding: Element | None) -> Literal["1.1", "1.2"] | None:
    found = (SOAP.get(namespace(each)) for each in (binding if binding is not None else ()) if local(each) == "binding")
    return next((version for version in found if version), None)
