"""WSDL 2.0 -> the form of WSDL 1.1, which everything after reads: interfaces, bindings to SOAP, endpoints.

Messages of 2.0 are single elements, so what comes out is document/literal. What has no such form (other transports,
answers without a question, contents that are not declared) is left out with its reason.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from tallystick.connectors.soap_xml import Element, child, local, namespace, qualify

WSDL_2: Final = "http://www.w3.org/ns/wsdl"
_WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
_SOAP_2: Final = "http://www.w3.org/ns/wsdl/soap"
_SOAP: Final = {"1.1": "http://schemas.xmlsoap.org/wsdl/soap/", "1.2": "http://schemas.xmlsoap.org/wsdl/soap12/"}
_OVER_HTTP: Final = frozenset({
    "", "http://www.w3.org/2003/05/soap/bindings/HTTP/", "http://www.w3.org/2006/01/soap11/bindings/HTTP/",
    "http://www.w3.org/2006/01/soap11/bindings/HTTP",
})  # fmt: skip
_ASKED: Final = frozenset({"", "in-out", "in-only", "robust-in-only", "in-opt-out"})
_BY_GET: Final = "soap-response"
Name = tuple[str, str]


def older_form(roots: Sequence[Element]) -> tuple[Element, list[str]]:
    """Write the documents of one WSDL 2.0 as one WSDL 1.1; gives it, and what could not be taken over."""
    translation = _Translation(roots)
    translation.translate()
    return translation.made, translation.notes


@dataclass(slots=True)
class _Interface:
    """The operations and faults of an interface, those it extends with it."""

    operations: dict[str, Element] = field(default_factory=dict)
    faults: dict[str, Element] = field(default_factory=dict)


class _Translation:
    def __init__(self, roots: Sequence[Element]) -> None:
        self.notes: list[str] = []
        self._roots = roots
        self._found: dict[str, dict[Name, Element]] = {"interface": {}, "binding": {}}
        for root in roots:
            about = str(root.get("targetNamespace") or "")
            for node in root:
                if namespace(node) == WSDL_2 and local(node) in self._found:
                    self._found[local(node)].setdefault((about, str(node.get("name"))), node)
        self._about = str(roots[0].get("targetNamespace") or "")
        self.made = etree.Element(f"{{{_WSDL}}}definitions", nsmap={None: _WSDL, "t": self._about or "urn:none"})
        self.made.set("targetNamespace", self._about or "urn:none")
        self._bound: dict[tuple[Name, Name], str] = {}

    def translate(self) -> None:
        """Write every service with its endpoints; without a service, every binding."""
        for service, interface in self._services():
            written = etree.Element(f"{{{_WSDL}}}service", name=str(service.get("name") or ""))
            for endpoint in service:
                if local(endpoint) == "endpoint" and namespace(endpoint) == WSDL_2:
                    self._endpoint(written, endpoint, interface)
            if len(written):
                self.made.append(written)
        if not self._bound:
            for name, binding in self._found["binding"].items():
                self._bind(name, binding, ("", ""))

    def _services(self) -> Iterator[tuple[Element, Name]]:
        for root in self._roots:
            for node in root:
                if local(node) == "service" and namespace(node) == WSDL_2:
                    yield node, qualify(node, str(node.get("interface") or ""))

    def _endpoint(self, service: Element, endpoint: Element, interface: Name) -> None:
        name = qualify(endpoint, str(endpoint.get("binding") or ""))
        binding = self._found["binding"].get(name)
        if binding is None:
            self.notes.append(f"The endpoint '{endpoint.get('name')}' is for a binding that is not declared.")
            return
        written = self._bind(name, binding, interface)
        if written:
            port = etree.SubElement(
                service, f"{{{_WSDL}}}port", name=str(endpoint.get("name") or ""), binding=f"t:{written}"
            )
            etree.SubElement(port, f"{{{_soap_of(binding)}}}address", location=str(endpoint.get("address") or ""))

    # --- bindings ---------------------------------------------------------------------------------------------------

    def _bind(self, name: Name, binding: Element, interface: Name) -> str:
        """Write a binding for its interface, once; gives its name, nothing where it is not for SOAP over HTTP."""
        own = str(binding.get("interface") or "")
        about = qualify(binding, own) if own else interface
        if (name, about) in self._bound:
            return self._bound[name, about]
        self._bound[name, about] = ""
        kind = str(binding.get("type") or "")
        protocol = str(binding.get(f"{{{_SOAP_2}}}protocol") or "")
        if kind != _SOAP_2:
            what = "plain HTTP" if kind.endswith("/http") else f"'{kind}'"
            self.notes.append(f"The binding '{name[1]}' is for {what}, not for SOAP; it is left out.")
            return ""
        if protocol not in _OVER_HTTP:
            self.notes.append(f"The binding '{name[1]}' sends SOAP by '{protocol}', not by HTTP; it is left out.")
            return ""
        if about not in self._found["interface"]:
            self.notes.append(f"The binding '{name[1]}' is for an interface that is not declared.")
            return ""
        self._bound[name, about] = title = f"{name[1]}{len(self._bound)}"
        self._write(title, binding, self._interface(about, ()))
        return title

    def _write(self, title: str, binding: Element, interface: _Interface) -> None:
        soap = _soap_of(binding)
        port_type = etree.SubElement(self.made, f"{{{_WSDL}}}portType", name=title)
        written = etree.SubElement(self.made, f"{{{_WSDL}}}binding", name=title, type=f"t:{title}")
        etree.SubElement(written, f"{{{soap}}}binding", style="document")
        told = {
            qualify(each, str(each.get("ref") or ""))[1]: each
            for each in binding
            if local(each) == "operation" and namespace(each) == WSDL_2
        }
        usual = str(binding.get(f"{{{_SOAP_2}}}mepDefault") or "")
        for name, operation in interface.operations.items():
            bound = told.get(name)
            mep = str(bound.get(f"{{{_SOAP_2}}}mep") or usual) if bound is not None else usual
            reason = _hindrance(operation, mep)
            if reason:
                self.notes.append(f"The operation '{name}' {reason}; it is left out.")
                continue
            self._operation(title, port_type, operation, interface)
            one = etree.SubElement(written, f"{{{_WSDL}}}operation", name=name)
            action = str(bound.get(f"{{{_SOAP_2}}}action") or "") if bound is not None else ""
            etree.SubElement(one, f"{{{soap}}}operation", soapAction=action)
            for side in ("input", "output"):
                etree.SubElement(etree.SubElement(one, f"{{{_WSDL}}}{side}"), f"{{{soap}}}body", use="literal")
            self._tell_headers(name, bound)

    def _tell_headers(self, name: str, bound: Element | None) -> None:
        for each in bound.iter() if bound is not None else ():
            if namespace(each) == _SOAP_2 and local(each) == "header":
                self.notes.append(
                    f"The operation '{name}' declares the header '{each.get('element')}': "
                    "give it in soap.headers if it is needed."
                )

    # --- interfaces -------------------------------------------------------------------------------------------------

    def _interface(self, name: Name, trail: tuple[Name, ...]) -> _Interface:
        """Gather an interface with all that it extends, its own operations first."""
        found = _Interface()
        node = self._found["interface"].get(name)
        if node is None or name in trail:
            return found
        for each in node:
            if local(each) == "operation":
                found.operations.setdefault(str(each.get("name")), each)
            elif local(each) == "fault":
                found.faults.setdefault(str(each.get("name")), each)
        for base in str(node.get("extends") or "").split():
            inner = self._interface(qualify(node, base), (*trail, name))
            found.operations = {**inner.operations, **found.operations}
            found.faults = {**inner.faults, **found.faults}
        return found

    def _operation(self, title: str, port_type: Element, operation: Element, interface: _Interface) -> None:
        name = str(operation.get("name"))
        written = etree.SubElement(port_type, f"{{{_WSDL}}}operation", name=name)
        documentation = child(operation, "documentation")
        if documentation is not None:
            etree.SubElement(written, f"{{{_WSDL}}}documentation").text = "".join(documentation.itertext())
        for side in ("input", "output"):
            declared = child(operation, side)
            if declared is not None:
                message = self._message(f"{title}.{name}.{side}", declared)
                etree.SubElement(written, f"{{{_WSDL}}}{side}", message=f"t:{message}")
        for each in operation:
            if local(each) == "outfault":
                called = qualify(each, str(each.get("ref") or ""))[1]
                fault = interface.faults.get(called)
                if fault is not None:
                    message = self._message(f"{title}.{name}.{called}", fault)
                    etree.SubElement(written, f"{{{_WSDL}}}fault", name=called, message=f"t:{message}")

    def _message(self, title: str, declared: Element) -> str:
        message = etree.SubElement(self.made, f"{{{_WSDL}}}message", name=title)
        element = _element_of(declared)
        if element != "#none" and not element.startswith("#"):
            space, name = qualify(declared, element)
            prefixes = {"e": space} if space else {}
            part = etree.SubElement(message, f"{{{_WSDL}}}part", nsmap=prefixes, name="parameters")
            part.set("element", f"e:{name}" if space else name)
        return title


def _soap_of(binding: Element) -> str:
    version = str(binding.get(f"{{{_SOAP_2}}}version") or "1.2")
    return _SOAP.get(version, _SOAP["1.2"])


def _element_of(declared: Element) -> str:
    return str(declared.get("element") or "#none").strip()


def _hindrance(operation: Element, mep: str) -> str:
    """Say why an operation cannot be called; empty if it can."""
    pattern = str(operation.get("pattern") or "").rstrip("/").rpartition("/")[2]
    if pattern not in _ASKED:
        return f"goes by the pattern '{pattern}', in which the service speaks first"
    if mep.rstrip("/").rpartition("/")[2] == _BY_GET:
        return "is asked by GET without a message"
    for side in ("input", "output"):
        declared = child(operation, side)
        element = _element_of(declared) if declared is not None else "#none"
        if element.startswith("#") and element != "#none":
            return f"has an {side} whose content is not declared ({element})"
    return ""
