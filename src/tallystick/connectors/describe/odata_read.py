"""The metadata of an OData service (CSDL in XML, versions 2 to 4.01) as entity sets with their types.

Namespaces differ with every version and vendor, so elements are told by their local names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tallystick.connectors.soap_xml import Element, local, read_xml
from tallystick.core.error import Error, ProjectError

_TRUE: Final = frozenset({"true", "1"})
_COLLECTION: Final = "Collection("
_DEEPEST: Final = 20


@dataclass(slots=True)
class Property:
    """A property of a type. ``marks`` are its attributes by local name, vendors' own included."""

    name: str
    type: str
    is_many: bool = False
    nullable: bool = True
    marks: Mapping[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    """Annotations by the last part of their term: ``Computed``, ``Immutable``, ``Label``."""


@dataclass(slots=True)
class EntityType:
    """A type of records; ``links`` are single properties that hold another set's key, by navigation."""

    name: str
    keys: tuple[str, ...] = ()
    properties: dict[str, Property] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    """Full names of the types that properties refer to, by property."""
    is_abstract: bool = False


@dataclass(slots=True)
class EntitySet:
    """A set that can be addressed, with what its marks and annotations say."""

    name: str
    type: EntityType
    marks: Mapping[str, str] = field(default_factory=dict)
    notes: dict[str, dict[str, str]] = field(default_factory=dict)
    """Annotations: the simple values inside them, by the last part of their term."""

    def allows(self, mark: str, term: str, value: str) -> bool:
        """Whether something is not forbidden: by an attribute of the set, or by a value of an annotation."""
        said = self.marks.get(mark) or self.notes.get(term, {}).get(value, "true")
        return said.lower() in _TRUE


@dataclass(slots=True)
class Metadata:
    """All of a service that is looked at. ``version`` is 2, 3 or 4; ``others`` are types that are no records."""

    version: int
    sets: list[EntitySet]
    others: dict[str, EntityType]
    options: dict[str, tuple[str, ...]]


def read_metadata(document: bytes, source: str) -> Metadata:
    """Read the metadata of a service.

    Raises:
        ProjectError: it is none.
    """
    hint = "give the service's $metadata as XML"
    try:
        root = read_xml(document, source)
    except Error as error:
        raise ProjectError(f"the metadata cannot be read: {error.message}", hint=hint, place=source) from error
    if local(root) != "Edmx" or not any(local(each) == "Schema" for each in root.iter()):
        raise ProjectError(f"this is no OData metadata: its root is '{local(root)}'", hint=hint, place=source)
    return _Reading(root).metadata()


class _Reading:
    def __init__(self, root: Element) -> None:
        self._root = root
        self._schemas = [each for each in root.iter() if isinstance(each.tag, str) and local(each) == "Schema"]
        self._aliases = {
            str(each.get("Alias")): str(each.get("Namespace")) for each in self._schemas if each.get("Alias")
        }
        self._nodes: dict[str, Element] = {}
        self._options: dict[str, tuple[str, ...]] = {}
        self._associations: dict[str, Element] = {}
        for schema in self._schemas:
            self._gather(schema)
        self._types: dict[str, EntityType] = {}

    def metadata(self) -> Metadata:
        """Read the types, then the sets of the containers, then what is said of them elsewhere."""
        for name in self._nodes:
            self._types[name] = self._type(name)
        sets = [
            self._set(each, str(container.get("Name")))
            for schema in self._schemas for container in _each(schema, "EntityContainer")
            for each in _each(container, "EntitySet")
        ]  # fmt: skip
        return Metadata(self._version(), [each for each in sets if each is not None], self._types, self._options)

    def _version(self) -> int:
        if str(self._root.get("Version") or "").startswith("4"):
            return 4
        for each in self._root.iter():
            for name, value in each.attrib.items():
                if str(name).endswith("DataServiceVersion") and str(value).startswith("3"):
                    return 3
        return 2

    def _gather(self, schema: Element) -> None:
        space = str(schema.get("Namespace") or "")
        for each in schema:
            if not isinstance(each.tag, str):
                continue
            name = f"{space}.{each.get('Name')}"
            kind = local(each)
            if kind in {"EntityType", "ComplexType"}:
                self._nodes[name] = each
            elif kind == "EnumType":
                self._options[name] = tuple(str(member.get("Name")) for member in _each(each, "Member"))
            elif kind == "Association":
                self._associations[name] = each

    def _full(self, name: str) -> str:
        space, _, last = name.rpartition(".")
        return f"{self._aliases.get(space, space)}.{last}"

    def _type(self, name: str, depth: int = 0) -> EntityType:
        node = self._nodes[name]
        found = EntityType(name, is_abstract=str(node.get("Abstract") or "").lower() in _TRUE)
        parent = self._full(str(node.get("BaseType") or ""))
        if parent in self._nodes and depth < _DEEPEST:
            above = self._type(parent, depth + 1)
            found.keys, found.properties, found.links = above.keys, dict(above.properties), dict(above.links)
        for key in _each(node, "Key"):
            found.keys = tuple(str(each.get("Name")) for each in _each(key, "PropertyRef"))
        for each in _each(node, "Property"):
            made = self._property(each)
            found.properties[made.name] = made
        for each in _each(node, "NavigationProperty"):
            found.links |= self._links(each)
        return found

    def _property(self, node: Element) -> Property:
        written = str(node.get("Type") or "Edm.String")
        is_many = written.startswith(_COLLECTION)
        plain = written[len(_COLLECTION) : -1] if is_many else written
        nullable = str(node.get("Nullable") or "true").lower() in _TRUE
        full = plain if plain.startswith("Edm.") else self._full(plain)
        return Property(str(node.get("Name")), full, is_many, nullable, _marks(node), dict(_annotations(node)))

    def _links(self, node: Element) -> dict[str, str]:
        """Give the properties that hold the key of what a navigation leads to."""
        constraints = list(_each(node, "ReferentialConstraint"))
        kind = str(node.get("Type") or "")
        if kind and not kind.startswith(_COLLECTION):
            return {str(each.get("Property")): self._full(kind) for each in constraints if len(constraints) == 1}
        association = self._associations.get(self._full(str(node.get("Relationship") or "")))
        if association is None:
            return {}
        ends = {str(end.get("Role")): self._full(str(end.get("Type"))) for end in _each(association, "End")}
        for constraint in _each(association, "ReferentialConstraint"):
            [principal], [dependent] = list(_each(constraint, "Principal")), list(_each(constraint, "Dependent"))
            names = [str(each.get("Name")) for each in _each(dependent, "PropertyRef")]
            if len(names) == 1 and dependent.get("Role") == node.get("FromRole"):
                return {names[0]: ends.get(str(principal.get("Role")), "")}
        return {}

    def _set(self, node: Element, container: str) -> EntitySet | None:
        kind = self._types.get(self._full(str(node.get("EntityType") or "")))
        if kind is None:
            return None
        found = EntitySet(str(node.get("Name")), kind, _marks(node), _deep(node))
        ending = f"{container}/{found.name}"
        for schema in self._schemas:
            for each in _each(schema, "Annotations"):
                target = str(each.get("Target") or "")
                if target.endswith(ending):
                    found.notes |= _deep(each)
                elif "/" in target and self._full(target.partition("/")[0]) == kind.name:
                    own = kind.properties.get(target.partition("/")[2])
                    if own is not None:
                        own.notes |= dict(_annotations(each))
        return found


def _each(node: Element, name: str) -> Iterator[Element]:
    return (each for each in node if isinstance(each.tag, str) and local(each) == name)


def _marks(node: Element) -> dict[str, str]:
    return {str(name).rpartition("}")[2]: str(value) for name, value in node.attrib.items()}


def _annotations(node: Element) -> Iterator[tuple[str, str]]:
    for each in _each(node, "Annotation"):
        marks = _marks(each)
        term = marks.pop("Term", "").rpartition(".")[2]
        yield term, marks.get("String") or marks.get("Bool") or marks.get("EnumMember") or "true"


def _deep(node: Element) -> dict[str, dict[str, str]]:
    """Give the simple values inside the annotations of a node, by term and property."""
    found: dict[str, dict[str, str]] = {}
    for each in _each(node, "Annotation"):
        term = str(each.get("Term") or "").rpartition(".")[2]
        values = {"": str(each.get("Bool") or each.get("String") or "true")}
        for inner in each.iter():
            if isinstance(inner.tag, str) and local(inner) == "PropertyValue":
                value = inner.get("Bool") or inner.get("String") or inner.get("Int")
                if value is not None:
                    values[str(inner.get("Property"))] = str(value)
            elif isinstance(inner.tag, str) and local(inner) in {"PropertyPath", "Path"} and inner.text:
                values[inner.text.strip()] = "listed"
        found[term] = values
    return found
