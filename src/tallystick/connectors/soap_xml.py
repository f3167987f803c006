"""XML from strangers, read without their tricks: no document types, no entities, nothing fetched, limited depth.

Also the names that SOAP is made of.
"""

from typing import Any, Final

from lxml import etree

from tallystick.core.error import Garbled

ENVELOPES: Final = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
NIL: Final = f"{{{XSI}}}nil"
TYPE: Final = f"{{{XSI}}}type"
Element = Any  # lxml has no types of its own
_TRUE: Final = frozenset({"true", "1"})


def read_xml(text: bytes, place: str = "") -> Element:
    """Read an XML document and give its root.

    Raises:
        Garbled: it is none, or has a document type, which could hide entities and files.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as wrong:
        raise Garbled("this is not XML", detail=str(wrong)[:200], place=place) from None
    if root is None:
        raise Garbled("this is not XML", detail="nothing is in it", place=place)
    if root.getroottree().docinfo.internalDTD is not None:
        raise Garbled(
            "the XML has a document type, which is not accepted",
            detail="it could name entities and files of this machine",
            place=place,
        )
    return root


def local(element: Element) -> str:
    """Give the name of an element without its namespace."""
    return str(etree.QName(element).localname)


def namespace(element: Element) -> str:
    """Give the namespace of an element, empty where it is in none."""
    return str(etree.QName(element).namespace or "")


def child(element: Element, name: str) -> Element | None:
    """Give the first child with a local name, whatever its namespace."""
    return next((each for each in element if local(each) == name), None)


def text_of(element: Element | None) -> str:
    """Give all text in an element, white space made single."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def is_nil(element: Element) -> bool:
    """Tell whether an element says that it is null."""
    return str(element.get(NIL, "")).strip() in _TRUE


def qualify(element: Element, name: str) -> tuple[str, str]:
    """Read a name such as ``tns:Customer`` where it stands; gives namespace and local name."""
    prefix, colon, rest = name.strip().rpartition(":")
    return (str(element.nsmap.get(prefix if colon else None) or "")), rest
