"""A WSDL with all that it imports, read safely: from the bytes given, from its own origin, or not at all.

Nothing is fetched from elsewhere. The schemas that every toolkit refers to (SOAP encoding, ``xml:``, WS-Security ...)
are known here and never fetched. What cannot be had is a note; what makes the description useless is an error that
says what and where.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tallystick.connectors.describe.wsdl_newer import WSDL_2, older_form
from tallystick.connectors.soap_xml import XSD, Element, child, local, namespace, read_xml
from tallystick.core.error import Error, Problem, ProjectError

WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
ENCODINGS: Final = frozenset({"http://schemas.xmlsoap.org/soap/encoding/", "http://www.w3.org/2003/05/soap-encoding"})
_KNOWN: Final = (
    XSD, WSDL, WSDL_2, *ENCODINGS, "http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2005/05/xmlmime",
    "http://www.w3.org/2004/11/xmlmime", "http://www.w3.org/2004/08/xop/include", "http://ws-i.org/profiles/basic/",
    "http://docs.oasis-open.org/wss/", "http://www.w3.org/2005/08/addressing", "http://schemas.xmlsoap.org/ws/",
    "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope", "http://xml.apache.org/xml-soap",
    "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/ns/ws-policy",
)  # fmt: skip
_MOST_DOCUMENTS: Final = 500
_MOST_BYTES: Final = 100_000_000
_HTML: Final = frozenset({"html", "!doctype"})

Fetch = Callable[[str, str], tuple[str, bytes]]
"""Gives address and content of a location that stands in a document of an address; raises ``Error``."""


@dataclass(slots=True)
class Documents:
    """The parts of a description: ``definitions`` of WSDL and ``schemas`` with the namespace that each is about.

    ``newer`` are the documents of a WSDL 2.0, which ``definitions`` then has in the older form.
    """

    definitions: list[Element] = field(default_factory=list)
    schemas: list[tuple[str, Element]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    newer: list[Element] = field(default_factory=list)


def read_documents(document: bytes, source: str, fetch: Fetch | None) -> Documents:
    """Read a WSDL and what it imports.

    Raises:
        ProjectError: it is no WSDL 1.1 or 2.0 that can be read; the message says why.
    """
    root = _root(document, source)
    reading = _Reading(fetch, source)
    reading.take_definitions(root, source)
    found = reading.found
    if found.newer:
        definitions, notes = older_form(found.newer)
        found.definitions.insert(0, definitions)
        found.notes += notes
    return found


def _root(document: bytes, source: str) -> Element:
    try:
        root = read_xml(document, source)
    except Error as error:
        start = document[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        if start.startswith((b"<!doctype html", b"<html")):
            raise _useless("this is a web page, no WSDL", "open it in a browser and look for ?wsdl", source) from None
        if start[:1] in {b"{", b"["} or start.startswith((b"openapi", b"swagger")):
            raise _useless(
                "this is no WSDL but JSON or YAML", "an OpenAPI file is given with --openapi", source
            ) from None
        raise _useless(f"{error.message} ({error.detail})", "is the file whole?", source) from None
    name, space = local(root), namespace(root)
    if name == "schema" and space == XSD:
        raise _useless("this is an XML schema, no WSDL", "give the WSDL that imports it", source)
    if name.lower() == "html":
        raise _useless("this is a web page, no WSDL", "open it in a browser and look for ?wsdl", source)
    if name != "definitions" and not (name == "description" and space == WSDL_2):
        raise _useless(f"this is XML, but its root is '{name}', not 'definitions'", "is it the WSDL?", source)
    return root


def _useless(why: str, hint: str, source: str) -> ProjectError:
    return ProjectError("the WSDL cannot be used", [Problem(source or "description", 1, 1, why, hint)], hint=hint)


class _Reading:
    """One description on its way: every document once."""

    def __init__(self, fetch: Fetch | None, source: str) -> None:
        self.found = Documents()
        self._fetch = fetch
        self._asked: set[tuple[str, str, str]] = set()
        self._seen: set[tuple[str, str]] = {(source, "")}
        self._bytes = 0

    def take_definitions(self, root: Element, source: str) -> None:
        """Take a WSDL and its imports."""
        if namespace(root) == WSDL_2:
            self.found.newer.append(root)
        else:
            if namespace(root) != WSDL:
                self.found.notes.append(f"The WSDL is in the namespace '{namespace(root)}'; it was read like WSDL 1.1.")
            self.found.definitions.append(root)
        types = child(root, "types")
        for schema in types if types is not None else ():
            if local(schema) == "schema":
                self._take_schema(schema, source, str(schema.get("targetNamespace") or ""))
        for each in root:
            if local(each) in {"import", "include"}:
                self._take_import(each, source)

    def _take_import(self, element: Element, source: str) -> None:
        got = self._have(str(element.get("location") or ""), source, str(element.get("namespace") or ""))
        if got is None:
            return
        address, root = got
        if local(root) in {"definitions", "description"}:
            self.take_definitions(root, address)
        elif local(root) == "schema":
            self._take_schema(root, address, str(root.get("targetNamespace") or ""))

    def _take_schema(self, schema: Element, source: str, about: str) -> None:
        self.found.schemas.append((about, schema))
        for each in schema:
            kind = local(each)
            if kind not in {"import", "include", "redefine"}:
                continue
            space = str(each.get("namespace") or "") if kind == "import" else about
            got = self._have(str(each.get("schemaLocation") or ""), source, space)
            if got is None:
                continue
            address, root = got
            if local(root) == "schema":
                # A schema without namespace that is included is about the namespace of the one that includes it.
                own = str(root.get("targetNamespace") or "")
                self._take_schema(root, address, own if kind == "import" else own or about)

    def _have(self, location: str, source: str, space: str) -> tuple[str, Element] | None:
        """Give what stands at a location, once; a note where it cannot be had."""
        if not location or space.startswith(_KNOWN):
            return None
        if self._fetch is None:
            self.found.notes.append(f"'{location}' is imported and was not given; what it declares is not known.")
            return None
        if len(self._asked) > _MOST_DOCUMENTS or self._bytes > _MOST_BYTES:
            raise _useless("it imports too much", f"more than {_MOST_DOCUMENTS} documents or 100 MB", source)
        if (location, space, source) in self._asked:
            return None
        self._asked.add((location, space, source))
        try:
            address, content = self._fetch(source, location)
        except Error as error:
            why = error.message + (f" ({error.detail})" if error.detail else "")
            self.found.notes.append(f"'{location}' is imported and could not be had: {why}.")
            return None
        if (address, space) in self._seen:
            return None
        self._seen.add((address, space))
        self._bytes += len(content)
        try:
            return address, read_xml(content, address)
        except Error as error:
            self.found.notes.append(f"'{location}' is imported and cannot be read: {error.message} ({error.detail}).")
            return None
