"""The types of a service: XML Schema read into members in order, with their facets, lenient where it is not valid.

A complex type gets a key, its own name made unique; a simple one is told by its built-in base and what it restricts.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from tallystick.connectors.describe.wsdl_facets import Simple, narrowed
from tallystick.connectors.describe.wsdl_parts import Complex, Name, Part
from tallystick.connectors.describe.wsdl_read import ENCODINGS
from tallystick.connectors.soap_xml import XSD, Element, child, local, namespace, qualify, text_of
from tallystick.project.manifest_soap import SoapMember

_ANY: Final = "xs:anyType"
_GROUPS: Final = frozenset({"sequence", "choice", "all"})
_DEEPEST: Final = 30
_MOST_DERIVED: Final = 12
_LONGEST_LABEL: Final = 80


class Types:
    """All types that were asked for, and those that they are made of."""

    def __init__(self, schemas: list[tuple[str, Element]]) -> None:
        self.complex: dict[str, Complex] = {}
        self.notes: dict[str, None] = {}
        self._components: dict[str, dict[Name, Element]] = {}
        self._about: dict[Element, str] = {}
        self._schema: dict[Element, Element] = {}
        self._keys: dict[Any, str] = {}
        self._derived: dict[Name, list[Name]] = {}
        self._waiting: list[tuple[Element, Complex, Name | None]] = []
        self._is_filling = False
        for about, schema in schemas:
            self._index(about, schema)

    def _index(self, about: str, schema: Element) -> None:
        self._about[schema] = about
        for node in schema:
            kinds = node if local(node) == "redefine" else [node]
            for each in kinds:
                kind, name = local(each), str(each.get("name") or "")
                if not name:
                    continue
                where = "type" if kind in {"complexType", "simpleType"} else kind
                self._components.setdefault(where, {}).setdefault((about, name), each)
                self._schema[each] = schema
                extension = next((inner for inner in each.iter() if local(inner) == "extension"), None)
                if kind == "complexType" and extension is not None:
                    base = self._name(extension, str(extension.get("base") or ""))
                    self._derived.setdefault(base, []).append((about, name))

    # --- what is asked for ----------------------------------------------------------------------------------------

    def element(self, name: Name) -> tuple[str, Simple | None]:
        """Give the type of a global element: the key of a complex type, or a built-in with its facets."""
        node = self._find("element", name)
        if node is None:
            self.notes[f"The element '{name[1]}' is not declared ('{name[0]}')."] = None
            return _ANY, None
        return self._type_of(node, name[1])

    def named(self, name: Name) -> tuple[str, Simple | None]:
        """Give a type by its name."""
        space, own = name
        if space == XSD or space in ENCODINGS:
            return (_ANY, None) if own in {"anyType", "Array", "Struct"} else (f"xs:{own}", Simple(f"xs:{own}"))
        node = self._find("type", name)
        if node is None:
            self.notes[f"The type '{own}' is not declared ('{space}'); its values are read as they come."] = None
            return _ANY, None
        if local(node) == "simpleType":
            simple = self._simple(node)
            return simple.base, simple
        return self._complex(node, own, name), None

    def add(self, made: Complex) -> str:
        """Take a type that no schema declares; gives its key."""
        key = self._unique(made.key)
        self.complex[key] = replace(made, key=key)
        return key

    def derived_of(self, key: str) -> list[str]:
        """Give the keys of types that extend a type, so far as they were asked for."""
        made = self.complex.get(key)
        names = self._derived.get((made.namespace, made.name), []) if made is not None else []
        return [self._keys[node] for name in names if (node := self._find("type", name)) in self._keys]

    # --- nodes ----------------------------------------------------------------------------------------------------

    def _find(self, kind: str, name: Name) -> Element | None:
        known = self._components.get(kind, {})
        if name in known:
            return known[name]
        # Schemas that forget their prefix or import the wrong namespace mean the only thing of that name.
        same = [node for (_, own), node in known.items() if own == name[1]]
        return same[0] if len(same) == 1 else None

    def _name(self, node: Element, text: str) -> Name:
        space, own = qualify(node, text)
        schema = self._schema_of(node)
        if not space and ":" not in text and schema is not None:
            return self._about.get(schema, ""), own
        return space, own

    def _schema_of(self, node: Element) -> Element | None:
        here = node
        while here is not None and here not in self._about:
            here = here.getparent()
        return here

    def _type_of(self, node: Element, hint: str) -> tuple[str, Simple | None]:
        if (named := node.get("type")) is not None:
            return self.named(self._name(node, str(named)))
        if (inner := child(node, "complexType")) is not None:
            return self._complex(inner, hint, None), None
        if (inner := child(node, "simpleType")) is not None:
            simple = self._simple(inner)
            return simple.base, simple
        return (_ANY, None) if namespace(node) == XSD else ("xs:string", Simple("xs:string"))

    def _simple(self, node: Element, depth: int = 0) -> Simple:
        if depth > _DEEPEST:
            return Simple("xs:string")
        if (restriction := child(node, "restriction")) is not None:
            base = Simple("xs:string")
            if (named := restriction.get("base")) is not None:
                base = self._simple_named(self._name(restriction, str(named)), depth)
            elif (inner := child(restriction, "simpleType")) is not None:
                base = self._simple(inner, depth + 1)
            return narrowed(base, restriction)
        if (union := child(node, "union")) is not None:
            names = str(union.get("memberTypes") or "").split()
            members = [self._simple_named(self._name(union, name), depth) for name in names]
            members += [self._simple(inner, depth + 1) for inner in union if local(inner) == "simpleType"]
            options = tuple(option for member in members for option in member.options)
            return Simple("xs:string", options=options if all(member.options for member in members) else ())
        return Simple("xs:string")

    def _simple_named(self, name: Name, depth: int) -> Simple:
        space, own = name
        if space == XSD or space in ENCODINGS:
            return Simple(f"xs:{own}")
        node = self._find("type", name)
        if node is None or local(node) != "simpleType":
            return Simple("xs:string")
        return self._simple(node, depth + 1)

    def _complex(self, node: Element, hint: str, name: Name | None) -> str:
        if node in self._keys:
            return self._keys[node]
        schema = self._schema_of(node)
        about = self._about.get(schema, "") if schema is not None else ""
        key = self._keys[node] = self._unique(hint)
        is_qualified = schema is not None and schema.get("elementFormDefault") == "qualified"
        made = self.complex[key] = Complex(key, hint, about, is_qualified)
        self._waiting.append((node, made, name))
        if not self._is_filling:
            self._fill()
        return key

    def _fill(self) -> None:
        """Read the members of all types that were asked for, in turn: types lead to types without end."""
        self._is_filling = True
        try:
            while self._waiting:
                node, made, name = self._waiting.pop()
                for part_name, part in self._parts(node, made, 0):
                    there = made.parts.get(part_name)
                    made.parts[part_name] = part if there is None else _both(there, part)
                for derived in self._derived.get(name, [])[:_MOST_DERIVED] if name else ():
                    self.named(derived)
        finally:
            self._is_filling = False

    def _unique(self, hint: str) -> str:
        key, number = hint, 2
        while key in self.complex:
            key, number = f"{hint}_{number}", number + 1
        return key

    def _parts(self, node: Element, made: Complex, depth: int) -> Iterator[tuple[str, Part]]:
        """Give the members that a type, an extension or a restriction has, those of its base first."""
        for each in node:
            kind = local(each)
            if kind in _GROUPS or kind == "group":
                yield from self._particle(each, made, depth, is_many=False, is_required=True)
            elif kind in {"complexContent", "simpleContent"}:
                yield from self._content(each, made, depth)
            elif kind == "attribute":
                yield from self._attribute(each)
            elif kind == "attributeGroup" and each.get("ref"):
                group = self._find("attributeGroup", self._name(each, str(each.get("ref"))))
                if group is not None and depth < _DEEPEST:
                    yield from self._parts(group, made, depth + 1)

    def _content(self, content: Element, made: Complex, depth: int) -> Iterator[tuple[str, Part]]:
        inner = child(content, "extension")
        is_extension = inner is not None
        inner = inner if inner is not None else child(content, "restriction")
        if inner is None or depth > _DEEPEST:
            return
        base = self._name(inner, str(inner.get("base") or ""))
        node = self._find("type", base) if base[0] != XSD and base[0] not in ENCODINGS else None
        if local(content) == "simpleContent":
            if node is not None and local(node) == "complexType":
                yield from self._parts(node, made, depth + 1)
            else:
                made.value = self._simple_named(base, 0).base
        elif node is not None and is_extension:
            yield from self._parts(node, made, depth + 1)
        elif base[0] in ENCODINGS and base[1] == "Array":
            yield from self._array(inner, made, depth)
            return
        yield from self._parts(inner, made, depth + 1)

    def _array(self, node: Element, made: Complex, depth: int) -> Iterator[tuple[str, Part]]:
        """Read an array of rpc/encoded: what it holds stands in an attribute of an attribute."""
        for each in node.iter():
            for name, value in each.attrib.items():
                if str(name).endswith("}arrayType"):
                    key, simple = self.named(self._name(each, str(value).partition("[")[0]))
                    made.is_qualified = False
                    yield "item", Part(SoapMember(key, is_many=True, namespace=""), simple)
                    return
        yield from self._parts(node, made, depth + 1)

    def _particle(
        self, node: Element, made: Complex, depth: int, *, is_many: bool, is_required: bool
    ) -> Iterator[tuple[str, Part]]:  # fmt: skip
        if depth > _DEEPEST:
            return
        kind = local(node)
        is_many = is_many or _is_many(node)
        is_required = is_required and node.get("minOccurs") != "0" and kind != "choice"
        if kind == "group":
            group = self._find("group", self._name(node, str(node.get("ref")))) if node.get("ref") else node
            for inner in group if group is not None else ():
                yield from self._particle(inner, made, depth + 1, is_many=is_many, is_required=is_required)
        elif kind in _GROUPS:
            for inner in node:
                yield from self._particle(inner, made, depth + 1, is_many=is_many, is_required=is_required)
        elif kind == "element":
            yield from self._element(node, made, is_many=is_many, is_required=is_required)

    def _element(
        self, node: Element, made: Complex, *, is_many: bool, is_required: bool
    ) -> Iterator[tuple[str, Part]]:  # fmt: skip
        schema = self._schema_of(node)
        about = self._about.get(schema, "") if schema is not None else ""
        if node.get("ref"):
            space, name = self._name(node, str(node.get("ref")))
            if space == XSD:
                return
            key, simple = self.element((space, name))
        else:
            name = str(node.get("name") or "")
            if not name:
                return
            form = node.get("form") or (schema.get("elementFormDefault") if schema is not None else None)
            space = about if form == "qualified" else ""
            key, simple = self._type_of(node, f"{made.key}.{name}")
        member = SoapMember(
            key,
            is_many=is_many,
            is_required=is_required,
            is_nillable=node.get("nillable") in {"true", "1"},
            namespace=space,
        )
        yield name, Part(member, simple, _label(node))

    def _attribute(self, node: Element) -> Iterator[tuple[str, Part]]:
        found = node
        if (ref := node.get("ref")) is not None:
            space, name = self._name(node, str(ref))
            if space in ENCODINGS:
                return
            found = self._find("attribute", (space, name))
        else:
            space, name = "", str(node.get("name") or "")
        if not name or node.get("use") == "prohibited":
            return
        simple = Simple("xs:string")
        if found is not None:
            key, got = self._type_of(found, name)
            simple = got or Simple(key if key.startswith("xs:") else "xs:string")
        member = SoapMember(simple.base, is_required=node.get("use") == "required", is_attribute=True, namespace=space)
        yield name, Part(member, simple, _label(node))


def _is_many(node: Element) -> bool:
    most = str(node.get("maxOccurs") or "1").strip()
    return most == "unbounded" or (most.isdecimal() and int(most) > 1)


def _both(one: Part, two: Part) -> Part:
    """Join two places of one name: alternatives, or the same element twice."""
    member = replace(
        one.member,
        is_many=one.member.is_many or two.member.is_many,
        is_required=one.member.is_required and two.member.is_required,
        is_nillable=one.member.is_nillable or two.member.is_nillable,
    )
    return replace(one, member=member)


def _label(node: Element) -> str:
    note = child(node, "annotation")
    text = text_of(child(note, "documentation")) if note is not None else ""
    return text if len(text) <= _LONGEST_LABEL else ""
