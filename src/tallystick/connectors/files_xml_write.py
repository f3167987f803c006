"""Changing records of an XML document: only the pieces that change are spelled anew, all others keep their bytes.

A record is kept with what stands before it (white space, comments), so that it goes and comes with its line.
"""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tallystick.connectors.files_markup import (
    Edit,
    Element,
    are_scalars,
    edited,
    elements,
    escaped,
    escaped_attribute,
    outermost,
)
from tallystick.connectors.files_text import Spelling, find_spelling
from tallystick.core.error import ProjectError, Refused
from tallystick.core.record import Raw

_DECLARED: Final = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
_FILLING: Final = re.compile(r"(?:\s|<!--.*?-->|<\?.*?\?>)*", re.DOTALL)
_MARGIN: Final = re.compile(r"\r?\n[^\S\r\n]*$")
_MANY: Final = r"(y|ies)?(e?s|e?n|er?)?([_-]?(list[es]?|set|records|items|collection|array))?"  # of one company
_NAMESPACE: Final = re.compile(r"xmlns(:.+)?")
_NAME: Final = re.compile(r"[^\W\d][\w.-]*")
Spell = Callable[[str, Any], str]


@dataclass(slots=True)
class Document:
    """A document cut at its records: what stands before the first, the records, what stands behind the last.

    ``around`` are the declarations of namespaces that hold where the records are, ``model`` is one of the records.
    ``tag`` is empty where nothing shows where a record would belong.
    """

    spelling: Spelling
    head: str
    records: list[str]
    tail: str
    around: str
    tag: str
    model: str
    indent: str
    step: str

    def encode(self, text: str) -> bytes:
        """Spell text in the document's encoding; what that has no code for becomes a reference."""
        return text.encode(self.spelling.codec, "xmlcharrefreplace")

    def decode(self, source: bytes) -> str:
        """Read text of the document."""
        return source.decode(self.spelling.codec)


def cut(content: bytes, name: str, place: str) -> Document:
    """Cut a document, which was read before, at its records.

    Raises ``ProjectError`` where it is built so that nobody can say what a change in it would be.
    """
    spelling = _spelling(content, place)
    text = content[len(spelling.mark) :].decode(spelling.codec)
    if "<!DOCTYPE" in text:
        raise _unwritable("it has a document type", place)
    tree = list(elements(text, opaque=name))
    spans = [element for element in tree if element.name == name]
    if not spans:
        return _cut_empty(text, tree, name, spelling)
    above = [e for e in tree if e.start < spans[0].start and e.end > spans[0].end]
    if not above:
        raise _unwritable("its record is the whole document", place)
    inmost = max(above, key=lambda e: e.start)
    begins = max([inmost.inside, *(e.end for e in inmost.children if e.end <= spans[0].start)])
    records = []
    for span in spans:
        if not _FILLING.fullmatch(text, begins, span.start):
            raise _unwritable("something else stands between its records", place)
        records.append(text[begins : span.end])
        begins = span.end
    first = spans[0]
    model = text[first.start : first.end]
    margin = _MARGIN.search(records[0][: len(records[0]) - len(model)])
    indent = margin[0] if margin else ""
    return Document(
        spelling, text[: first.start - len(records[0]) + len(model)], records, text[begins:], _around(text, above),
        first.tag, model, indent, _step(model, indent),
    )  # fmt: skip


def _cut_empty(text: str, tree: list[Element], name: str, spelling: Spelling) -> Document:
    """Find where records belong in a document that has none: in its only element, or in the one called like many."""
    root = tree[-1]
    many = re.compile(re.escape(name.removesuffix("y")) + _MANY, re.IGNORECASE)
    bare = [e for e in tree if not e.children and many.fullmatch(e.name)]
    home = root if not root.children else bare[0] if len(bare) == 1 else None
    if home is None:
        return Document(spelling, text, [], "", "", "", "", "", "")
    above = [e for e in tree if e.start <= home.start and e.end >= home.end]
    prefix = home.tag[: -len(home.name)]
    margin = "\n" + "  " * len(above)
    if home.is_one_tag:
        head = text[: home.start] + re.sub(r"\s*/>$", ">", text[home.start : home.end])
        tail = f"{margin[:-2]}</{home.tag}>{text[home.end :]}"
    else:
        inside = text[home.inside : home.close]
        head, tail = text[: home.close].rstrip(), (inside if not inside.strip() and inside else margin[:-2])
        tail += text[home.close :]
    return Document(spelling, head, [], tail, _around(text, above), prefix + name, "", margin, "  ")


def _spelling(content: bytes, place: str) -> Spelling:
    declared = _DECLARED.match(content[:200])
    found = find_spelling(content[:4], declared[1].decode() if declared else "utf-8", place)
    codecs.lookup(found.codec)
    return found


def _around(text: str, above: list[Element]) -> str:
    """Give the declarations of namespaces of these elements, the inmost of each prefix."""
    known: dict[str, str] = {}
    for element in sorted(above, key=lambda each: each.start):
        for name, (start, end) in element.attributes.items():
            if _NAMESPACE.fullmatch(name):
                known[name] = text[start:end]
    return "".join(f' {name}="{value}"' if '"' not in value else f" {name}='{value}'" for name, value in known.items())


def _step(model: str, indent: str) -> str:
    """Give by how much the fields of a record are further in; empty where they all stand on one line."""
    element = outermost(model)
    if not element.children or "\n" not in indent:
        return "  " if "\n" in indent else ""
    between = model[element.inside : element.children[0].start]
    return between.rpartition("\n")[2].removeprefix(indent.rpartition("\n")[2]) if "\n" in between else ""


def _unwritable(why: str, place: str) -> ProjectError:
    return ProjectError(
        f"this document can only be read: {why}", hint="remove 'write' from the file in the manifest", place=place
    )


class Scribe:
    """Spells records of one document. ``spell`` gives the text of a value by its path, or raises ``Refused``."""

    def __init__(self, document: Document, spell: Spell) -> None:
        self._document = document
        self._spell = spell
        self._model = outermost(document.model) if document.model else None

    def make(self, body: Raw) -> str:
        """Spell a new record, with its fields in the order that the others have them."""
        if not self._document.tag:
            hint = "put a first record into the file by hand"
            raise Refused("nothing in the file shows where a record belongs", hint=hint)
        order = [child.name for child in self._model.children] if self._model else []
        named = sorted(body, key=lambda name: order.index(name) if name in order else len(order))
        margin = self._document.indent
        rendered = self._render(self._document.tag, {name: body[name] for name in named}, "", margin, self._model)
        return margin + rendered

    def change(self, source: str, patch: Raw) -> str:
        """Spell a record with some values changed."""
        filling = _FILLING.match(source)
        start = filling.end() if filling else 0
        record = source[start:]
        return source[:start] + edited(record, self._edits(record, outermost(record), patch, "", self._document.indent))

    def _edits(self, text: str, element: Element, patch: Raw, path: str, margin: str) -> list[Edit]:
        edits: list[Edit] = []
        added: list[str] = []
        for name, value in patch.items():
            below = f"{path}.{name}" if path else name
            if name.startswith("@"):
                edits.append(self._attribute(element, name, value, below))
            elif name == "#text":
                end = element.children[0].start if element.children else element.close
                edits += self._content(element, end, self._text(below, value))
            else:
                found = element.called(name)
                edits += self._child(text, found, value, below, margin + self._document.step)
                added += self._added(element, found, name, value, below, margin)
        if added:
            edits += self._insert(element, added, margin)
        return edits

    def _attribute(self, element: Element, name: str, value: Any, path: str) -> Edit:
        spelled = "" if value is None else escaped_attribute(self._spell(path, value), path)
        for known, (start, end) in element.attributes.items():
            if known.rpartition(":")[2] == name[1:] and not _NAMESPACE.fullmatch(known):
                return start, end, spelled.replace("'", "&apos;")
        end = element.inside - (2 if element.is_one_tag else 1)
        return end, end, "" if value is None else f' {_checked(name[1:], path)}="{spelled}"'

    def _child(self, text: str, found: list[Element], value: Any, path: str, margin: str) -> list[Edit]:
        """Change what is there of one name; what is not there is added elsewhere."""
        if isinstance(value, list):
            return [(_line_start(text, each.start), each.end, "") for each in found]
        if not found:
            return []
        if len(found) > 1:
            raise _cannot(path, f"there are {len(found)} of it; give a list")
        [child] = found
        if isinstance(value, dict):
            return self._edits(text, child, value, path, margin)
        if child.children:
            raise _cannot(path, "it has fields of its own")
        return self._content(child, child.close, self._text(path, value))

    def _added(
        self, element: Element, found: list[Element], name: str, value: Any, path: str, margin: str
    ) -> list[str]:
        inner = margin + self._document.step
        tag = found[0].tag if found else self._tag(element, name, path)
        if isinstance(value, list):
            if not are_scalars(value) and not all(isinstance(each, dict) for each in value):
                raise _cannot(path, "a list holds either values or records")
            return [self._render(tag, each, path, inner, None) for each in value]
        return [] if found or value is None else [self._render(tag, value, path, inner, None)]

    def _insert(self, element: Element, added: list[str], margin: str) -> list[Edit]:
        inner = margin + self._document.step if self._document.step else ""
        lines = "".join(inner + each for each in added)
        if element.is_one_tag:
            return [(element.end - 2, element.end, f">{lines}{margin if inner else ''}</{element.tag}>")]
        at = element.children[-1].end if element.children else element.close
        return [(at, at, lines + ("" if element.children or not inner else margin))]

    def _content(self, element: Element, end: int, content: str) -> list[Edit]:
        if not element.is_one_tag:
            return [(element.inside, end, content)]
        return [(element.end - 2, element.end, f">{content}</{element.tag}>")] if content else []

    def _text(self, path: str, value: Any) -> str:
        return "" if value is None else escaped(self._spell(path, value), path)

    def _tag(self, element: Element, name: str, path: str) -> str:
        """Spell a new element's name with the prefix of its siblings, or else of what it stands in."""
        near = element.children[0] if element.children else element
        return near.tag[: -len(near.name)] + _checked(name, path)

    def _render(self, tag: str, value: Any, path: str, margin: str, model: Element | None) -> str:
        """Spell a whole element; what is blank is left out."""
        if not isinstance(value, dict):
            return f"<{tag}>{self._text(path, value)}</{tag}>"
        prefix = tag[: tag.rfind(":") + 1]
        tags = {child.name: child.tag for child in model.children} if model else {}
        inner = margin + self._document.step if self._document.step else ""
        attributes, parts, text = "", [], ""
        for name, each in value.items():
            below = f"{path}.{name}" if path else name
            if each is None:
                continue
            if name.startswith("@"):
                attributes += f' {_checked(name[1:], below)}="{escaped_attribute(self._spell(below, each), below)}"'
            elif name == "#text":
                text = self._text(below, each)
            else:
                child = tags.get(name) or prefix + _checked(name, below)
                items = each if isinstance(each, list) else [each]
                parts += [inner + self._render(child, item, below, inner, None) for item in items]
        close = margin if parts and inner else ""
        return f"<{tag}{attributes}>{text}{''.join(parts)}{close}</{tag}>"


def _line_start(text: str, at: int) -> int:
    """Go back over the white space before a place."""
    while at and text[at - 1].isspace():
        at -= 1
    return at


def _checked(name: str, path: str) -> str:
    if not _NAME.fullmatch(name):
        raise _cannot(path, f"'{name}' is no name of an element")
    return name


def _cannot(path: str, why: str) -> Refused:
    return Refused(f"'{path}' cannot be written", detail=why, field=path)
