"""What complex types of a schema are made of, once read: members in order, and how a manifest writes them."""

from dataclasses import dataclass, field, replace

from tallystick.connectors.describe.wsdl_facets import Simple
from tallystick.project.manifest_soap import SoapMember, SoapType, write_member

Name = tuple[str, str]
"""Namespace and local name."""


@dataclass(frozen=True, slots=True)
class Part:
    """One member of a complex type; ``simple`` tells more where its value is plain."""

    member: SoapMember
    simple: Simple | None = None
    label: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether its value is one plain value."""
        return self.simple is not None and not self.member.is_many


@dataclass(slots=True)
class Complex:
    """A complex type. ``parts`` are in the order in which they are sent."""

    key: str
    name: str
    namespace: str
    is_qualified: bool
    value: str = ""
    parts: dict[str, Part] = field(default_factory=dict)

    def written(self) -> SoapType:
        """Give it as the manifest has it."""
        own = self.namespace if self.is_qualified else ""
        elements = {}
        for name, part in self.parts.items():
            member = part.member
            is_usual = member.namespace == ("" if member.is_attribute else own)
            elements[name] = write_member(replace(member, namespace=None) if is_usual else member)
        return SoapType(
            name="" if self.name == self.key else self.name,
            namespace=self.namespace,
            qualified=self.is_qualified,
            value=self.value,
            elements=elements,
        )
