"""Where the pieces of an XML text stand, so that a few of them can be replaced and all others keep their every byte.

The text has been read by a parser before: it is well-formed, and has no document type. Only then is what is found
here what a parser would find.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.core.error import Refused

_TOKEN: Final = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    r"|<(?P<close>/?)(?P<tag>[^\s/>!?]+)(?P<rest>(?:[^\"'>/]|\"[^\"]*\"|'[^']*'|/(?!>))*)(?P<empty>/?)>",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(r"([^\s=]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.DOTALL)
_REFUSED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
Edit = tuple[int, int, str]


@dataclass(slots=True)
class Element:
    """One element, by places in the text: its opening tag ends at ``inside``, its closing one begins at ``close``.

    Both are ``end`` for an element that is only one tag. ``attributes`` have their values' places by name.
    """

    tag: str
    start: int
    inside: int
    close: int = 0
    end: int = 0
    attributes: dict[str, tuple[int, int]] = field(default_factory=dict)
    children: "list[Element]" = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name without the prefix of a namespace."""
        return local(self.tag)

    @property
    def is_one_tag(self) -> bool:
        """Whether it is spelled as one tag, ``<name/>``."""
        return self.inside == self.end

    def called(self, name: str) -> "list[Element]":
        """Give the children of a name."""
        return [child for child in self.children if child.name == name]


def local(tag: str) -> str:
    """Give a name without the prefix of a namespace."""
    return tag.rpartition(":")[2]


def elements(text: str, opaque: str = "") -> Iterator[Element]:
    """Give every element of a text when it ends, with its children; the outermost one comes last.

    What is inside an element called ``opaque`` is passed over.
    """
    above: list[Element] = []
    hidden = 0
    for found in _TOKEN.finditer(text):
        tag = found["tag"]
        if tag is None:
            continue
        if hidden > 1 or (hidden and not found["close"]):
            hidden += -1 if found["close"] else int(not found["empty"])
            continue
        if found["close"]:
            hidden = 0
            element = above.pop()
            element.close, element.end = found.start(), found.end()
        else:
            element = Element(tag, found.start(), found.end(), attributes=_attributes(text, found))
            if above:
                above[-1].children.append(element)
            if not found["empty"]:
                above.append(element)
                hidden = int(bool(opaque) and element.name == opaque)
                continue
            element.close = element.end = element.inside
        yield element


def _attributes(text: str, tag: re.Match[str]) -> dict[str, tuple[int, int]]:
    found = _ATTRIBUTE.finditer(text, tag.start("rest"), tag.end("rest"))
    return {each[1]: each.span(2 if each[2] is not None else 3) for each in found}


def outermost(text: str) -> Element:
    """Give the one element that a text consists of."""
    *_, last = elements(text)
    return last


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Replace pieces of a text; of two that begin at the same place the one that comes first stands first."""
    parts, at = [], 0
    for start, end, instead in sorted(edits, key=lambda edit: edit[:2]):
        parts += [text[at:start], instead]
        at = end
    return "".join([*parts, text[at:]])


def escaped(value: str, name: str) -> str:
    """Spell text so that it is read back as it is, inside quotes too. Raises ``Refused`` for what XML cannot hold."""
    if found := _REFUSED.search(value):
        why = f"XML has no character U+{ord(found[0]):04X}"
        raise Refused(f"'{name}' cannot be written", detail=why, field=name)
    for plain, spelled in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\r", "&#13;")):
        value = value.replace(plain, spelled)
    return value


def escaped_attribute(value: str, name: str) -> str:
    """Spell text for an attribute, where a parser would take line ends and tabs for spaces."""
    return escaped(value, name).replace("\n", "&#10;").replace("\t", "&#9;")


def are_scalars(values: Sequence[Any]) -> bool:
    """Whether none of these has anything inside."""
    return not any(isinstance(value, dict | list) for value in values)
